# The catalogue counted: netspec -> CSV and Markdown -> figure -> report. Nothing here depends on the experiment.
PARAMS = "reports/params"


rule params_tables:
    input:
        code=behind("report.params.__main__:_tables"),
    output:
        table=report(
            f"{PARAMS}/params.csv",
            category="Parameter tables",
            subcategory="Tables",
            labels={"table": "every variant"},
            caption="../report/params_table.rst",
        ),
        other_forms=report(
            f"{PARAMS}/other_forms.csv",
            category="Parameter tables",
            subcategory="Tables",
            labels={"table": "other forms and systems"},
            caption="../report/params_table.rst",
        ),
        parts=f"{PARAMS}/parts.csv",
        index=f"{PARAMS}/params.md",
        chapter=directory(f"{PARAMS}/chapter"),
        domains=directory(f"{PARAMS}/domains"),
        entries=directory(f"{PARAMS}/entries"),
    log:
        "logs/params/tables.log",
    benchmark:
        "logs/params/tables.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        out=subpath(output.table, parent=True),
    shell:
        "python -m report.params tables --out {params.out} > {log} 2>&1"


rule params_figure:
    input:
        table=rules.params_tables.output.table,
        code=behind("report.params.__main__:_figure"),
    output:
        figure=report(
            f"{PARAMS}/params.svg",
            category="Parameter tables",
            subcategory="Figures",
            labels={"figure": "the catalogue at a glance"},
            caption="../report/params_figure.rst",
        ),
    log:
        "logs/params/figure.log",
    benchmark:
        "logs/params/figure.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.params figure --table {input.table} --out {output.figure} > {log} 2>&1"


rule params_document:
    input:
        table=rules.params_tables.output.table,
        other_forms=rules.params_tables.output.other_forms,
        parts=rules.params_tables.output.parts,
        figure=rules.params_figure.output.figure,
        code=behind("report.params.__main__:_document"),
    output:
        pdf=report(
            f"{PARAMS}/params.pdf",
            category="Parameter tables",
            subcategory="Report",
            labels={"report": "all pages"},
            caption="../report/params.rst",
        ),
    log:
        "logs/params/document.log",
    benchmark:
        "logs/params/document.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.params document --table {input.table} --other-forms {input.other_forms} "
        "--parts {input.parts} --figure {input.figure} --out {output.pdf} > {log} 2>&1"


# The target: `snakemake param_tables`.
rule param_tables:
    input:
        rules.params_tables.output,
        rules.params_figure.output,
        rules.params_document.output,
