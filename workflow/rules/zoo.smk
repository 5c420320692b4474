# Architectures compared: results -> table, figures, page. The runs themselves are those of train.smk.


rule zoo_table:
    input:
        summaries=runs(ZOO),
        cells=configurations(ZOO),
        code=behind("report.zoo.__main__:_table"),
    output:
        table=report(
            f"{report_of(ZOO)}.csv",
            category="Architectures",
            subcategory="Tables",
            labels={"table": "per architecture"},
            caption="../report/zoo_table.rst",
        ),
        runs=report(
            f"{report_of(ZOO)}_runs.csv",
            category="Architectures",
            subcategory="Tables",
            labels={"table": "per run"},
            caption="../report/zoo_table.rst",
        ),
        curves=f"{report_of(ZOO)}_curves.csv",
    log:
        f"{report_log(ZOO)}/table.log",
    benchmark:
        f"{report_log(ZOO)}/table.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=ZOO.shown,
        seeds=ZOO.seeds,
    shell:
        "python -m report.zoo table --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {output.table} --runs {output.runs} --curves {output.curves} > {log} 2>&1"


rule zoo_figures:
    input:
        table=rules.zoo_table.output.table,
        runs=rules.zoo_table.output.runs,
        curves=rules.zoo_table.output.curves,
        code=behind("report.zoo.__main__:_figure"),
    output:
        figure=report(
            f"{report_of(ZOO)}.svg",
            category="Architectures",
            subcategory="Figures",
            labels={"figure": "accuracy against size"},
            caption="../report/zoo_figure.rst",
        ),
        curves=report(
            f"{report_of(ZOO)}_curves.svg",
            category="Architectures",
            subcategory="Figures",
            labels={"figure": "validation curves"},
            caption="../report/curves.rst",
        ),
    log:
        f"{report_log(ZOO)}/figures.log",
    benchmark:
        f"{report_log(ZOO)}/figures.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.zoo figure --table {input.table} --runs {input.runs} --curves {input.curves} "
        "--out {output.figure} --out-curves {output.curves} > {log} 2>&1"


rule zoo_document:
    input:
        table=rules.zoo_table.output.table,
        runs=rules.zoo_table.output.runs,
        curves=rules.zoo_table.output.curves,
        figure=rules.zoo_figures.output.figure,
        figure_curves=rules.zoo_figures.output.curves,
        summaries=runs(ZOO),
        cells=configurations(ZOO),
        code=behind("report.zoo.__main__:_document"),
    output:
        pdf=report(
            f"{report_of(ZOO)}.pdf",
            category="Architectures",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/zoo.rst",
        ),
        markdown=f"{report_of(ZOO)}.md",
    log:
        f"{report_log(ZOO)}/document.log",
    benchmark:
        f"{report_log(ZOO)}/document.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=ZOO.shown,
        seeds=ZOO.seeds,
    shell:
        "python -m report.zoo document --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--table {input.table} --runs {input.runs} --curves {input.curves} --figure {input.figure} "
        "--figure-curves {input.figure_curves} --out {output.pdf} --markdown {output.markdown} > {log} 2>&1"


# The target: `snakemake zoo`.
rule zoo:
    input:
        rules.zoo_table.output,
        rules.zoo_figures.output,
        rules.zoo_document.output,
