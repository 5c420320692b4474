# The ImageNet runs of ch. 10.5: results -> table, figures, page. The runs themselves are those of train.smk.


rule imagenet_table:
    input:
        summaries=runs(IMAGENET),
        cells=configurations(IMAGENET),
        code=behind("report.imagenet.__main__"),
    output:
        table=report(
            f"{report_of(IMAGENET)}.csv",
            category="ImageNet, ch. 10.5",
            subcategory="Tables",
            labels={"table": "per cell"},
            caption="../report/imagenet_table.rst",
        ),
        runs=report(
            f"{report_of(IMAGENET)}_runs.csv",
            category="ImageNet, ch. 10.5",
            subcategory="Tables",
            labels={"table": "per run"},
            caption="../report/imagenet_table.rst",
        ),
        curves=f"{report_of(IMAGENET)}_curves.csv",
    log:
        f"{report_log(IMAGENET)}/table.log",
    benchmark:
        f"{report_log(IMAGENET)}/table.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=IMAGENET.shown,
        seeds=IMAGENET.seeds,
    shell:
        "python -m report.imagenet table --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {output.table} --runs {output.runs} --curves {output.curves} > {log} 2>&1"


rule imagenet_figures:
    input:
        table=rules.imagenet_table.output.table,
        runs=rules.imagenet_table.output.runs,
        curves=rules.imagenet_table.output.curves,
        code=behind("report.imagenet.__main__"),
    output:
        figure=report(
            f"{report_of(IMAGENET)}.svg",
            category="ImageNet, ch. 10.5",
            subcategory="Figures",
            labels={"figure": "accuracy"},
            caption="../report/imagenet_figure.rst",
        ),
        curves=report(
            f"{report_of(IMAGENET)}_curves.svg",
            category="ImageNet, ch. 10.5",
            subcategory="Figures",
            labels={"figure": "training loss"},
            caption="../report/imagenet_loss.rst",
        ),
    log:
        f"{report_log(IMAGENET)}/figures.log",
    benchmark:
        f"{report_log(IMAGENET)}/figures.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.imagenet figure --table {input.table} --runs {input.runs} --curves {input.curves} "
        "--out {output.figure} --out-curves {output.curves} > {log} 2>&1"


rule imagenet_document:
    input:
        table=rules.imagenet_table.output.table,
        runs=rules.imagenet_table.output.runs,
        curves=rules.imagenet_table.output.curves,
        figure=rules.imagenet_figures.output.figure,
        figure_curves=rules.imagenet_figures.output.curves,
        summaries=runs(IMAGENET),
        cells=configurations(IMAGENET),
        code=behind("report.imagenet.__main__"),
    output:
        pdf=report(
            f"{report_of(IMAGENET)}.pdf",
            category="ImageNet, ch. 10.5",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/imagenet.rst",
        ),
        markdown=f"{report_of(IMAGENET)}.md",
    log:
        f"{report_log(IMAGENET)}/document.log",
    benchmark:
        f"{report_log(IMAGENET)}/document.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=IMAGENET.shown,
        seeds=IMAGENET.seeds,
    shell:
        "python -m report.imagenet document --results {params.results} --cells {params.cells} "
        "--seeds {params.seeds} --table {input.table} --runs {input.runs} --curves {input.curves} "
        "--figure {input.figure} --figure-curves {input.figure_curves} "
        "--out {output.pdf} --markdown {output.markdown} > {log} 2>&1"


# The target: `snakemake imagenet`.
rule imagenet:
    input:
        rules.imagenet_table.output,
        rules.imagenet_figures.output,
        rules.imagenet_document.output,
