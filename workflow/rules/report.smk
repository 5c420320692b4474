# Results -> tables, figures, page. Reports read results only through summary.json, metrics.csv and cell.json.


rule ablation_preview:
    input:
        cells=configurations(ABLATION, "settings"),
        store=STORE.format(dataset=ABLATION.dataset["name"]),
        code=behind("train.__main__:_preview", *provenance.LEARNERS),
    output:
        report(
            expand(f"{report_of(ABLATION)}/{{cell}}.png", cell=ABLATION.shown),
            category="Augmentation ablation",
            subcategory="Augmented samples",
            caption="../report/preview.rst",
        ),
    log:
        f"{report_log(ABLATION)}/preview.log",
    benchmark:
        f"{report_log(ABLATION)}/preview.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        out=subpath(output[0], parent=True),
    shell:
        "JAX_PLATFORMS=cpu python -m train preview --cell {input.cells} --data {input.store} --out {params.out} "
        "--rows 1 --columns 12 > {log} 2>&1"


# The target: `snakemake ablation`.
rule ablation:
    input:
        summaries=runs(ABLATION),
        cells=configurations(ABLATION),
        previews=rules.ablation_preview.output,
        code=behind("report.__main__:_page", "report.ablation.page"),
    output:
        table=report(
            f"{report_of(ABLATION)}.csv",
            category="Augmentation ablation",
            subcategory="Tables",
            labels={"table": "per cell"},
            caption="../report/table.rst",
        ),
        runs=report(
            f"{report_of(ABLATION)}_runs.csv",
            category="Augmentation ablation",
            subcategory="Tables",
            labels={"table": "per run"},
            caption="../report/table.rst",
        ),
        curves=f"{report_of(ABLATION)}_curves.csv",
        figure=report(
            f"{report_of(ABLATION)}.svg",
            category="Augmentation ablation",
            subcategory="Figures",
            labels={"figure": "difference from bare"},
            caption="../report/figure.rst",
        ),
        figure_curves=report(
            f"{report_of(ABLATION)}_curves.svg",
            category="Augmentation ablation",
            subcategory="Figures",
            labels={"figure": "validation curves"},
            caption="../report/curves.rst",
        ),
        markdown=f"{report_of(ABLATION)}.md",
        pdf=report(
            f"{report_of(ABLATION)}.pdf",
            category="Augmentation ablation",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/ablation.rst",
        ),
    log:
        f"{report_log(ABLATION)}/page.log",
    benchmark:
        f"{report_log(ABLATION)}/page.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=ABLATION.shown,
        seeds=ABLATION.seeds,
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report page ablation --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {params.stem} --previews {input.previews} > {log} 2>&1"
