# The ImageNet runs of ch. 10.5: results -> tables, figures, page. The runs themselves are those of train.smk.


# The target: `snakemake imagenet`.
rule imagenet:
    input:
        summaries=runs(IMAGENET),
        cells=configurations(IMAGENET),
        code=behind("report.__main__:_page", "report.imagenet.page"),
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
        figure=report(
            f"{report_of(IMAGENET)}.svg",
            category="ImageNet, ch. 10.5",
            subcategory="Figures",
            labels={"figure": "accuracy"},
            caption="../report/imagenet_figure.rst",
        ),
        figure_curves=report(
            f"{report_of(IMAGENET)}_curves.svg",
            category="ImageNet, ch. 10.5",
            subcategory="Figures",
            labels={"figure": "training loss"},
            caption="../report/imagenet_loss.rst",
        ),
        markdown=f"{report_of(IMAGENET)}.md",
        pdf=report(
            f"{report_of(IMAGENET)}.pdf",
            category="ImageNet, ch. 10.5",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/imagenet.rst",
        ),
    log:
        f"{report_log(IMAGENET)}/page.log",
    benchmark:
        f"{report_log(IMAGENET)}/page.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=IMAGENET.shown,
        seeds=IMAGENET.seeds,
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report page imagenet --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {params.stem} > {log} 2>&1"
