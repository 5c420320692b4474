# Architectures compared: results -> tables, figures, page. The runs themselves are those of train.smk.


# The target: `snakemake zoo`.
rule zoo:
    input:
        summaries=runs(ZOO),
        cells=configurations(ZOO),
        code=behind("report.__main__:_page", "report.zoo.page"),
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
        figure=report(
            f"{report_of(ZOO)}.svg",
            category="Architectures",
            subcategory="Figures",
            labels={"figure": "accuracy against size"},
            caption="../report/zoo_figure.rst",
        ),
        figure_curves=report(
            f"{report_of(ZOO)}_curves.svg",
            category="Architectures",
            subcategory="Figures",
            labels={"figure": "validation curves"},
            caption="../report/curves.rst",
        ),
        markdown=f"{report_of(ZOO)}.md",
        pdf=report(
            f"{report_of(ZOO)}.pdf",
            category="Architectures",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/zoo.rst",
        ),
    log:
        f"{report_log(ZOO)}/page.log",
    benchmark:
        f"{report_log(ZOO)}/page.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=ZOO.shown,
        seeds=ZOO.seeds,
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report page zoo --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {params.stem} > {log} 2>&1"
