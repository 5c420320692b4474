# CSV -> table, figure, page. Reports read results only through summary.json, metrics.csv and cell.json.


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


rule ablation_table:
    input:
        summaries=runs(ABLATION),
        cells=configurations(ABLATION),
        code=behind("report.__main__:_table"),
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
    log:
        f"{report_log(ABLATION)}/table.log",
    benchmark:
        f"{report_log(ABLATION)}/table.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=ABLATION.shown,
        seeds=ABLATION.seeds,
    shell:
        "python -m report table --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {output.table} --runs {output.runs} --curves {output.curves} > {log} 2>&1"


rule ablation_figures:
    input:
        table=rules.ablation_table.output.table,
        runs=rules.ablation_table.output.runs,
        curves=rules.ablation_table.output.curves,
        code=behind("report.__main__:_figure"),
    output:
        figure=report(
            f"{report_of(ABLATION)}.svg",
            category="Augmentation ablation",
            subcategory="Figures",
            labels={"figure": "difference from bare"},
            caption="../report/figure.rst",
        ),
        curves=report(
            f"{report_of(ABLATION)}_curves.svg",
            category="Augmentation ablation",
            subcategory="Figures",
            labels={"figure": "validation curves"},
            caption="../report/curves.rst",
        ),
    log:
        f"{report_log(ABLATION)}/figures.log",
    benchmark:
        f"{report_log(ABLATION)}/figures.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report figure --table {input.table} --runs {input.runs} --curves {input.curves} "
        "--out {output.figure} --out-curves {output.curves} > {log} 2>&1"


rule ablation:
    input:
        table=rules.ablation_table.output.table,
        runs=rules.ablation_table.output.runs,
        curves=rules.ablation_table.output.curves,
        figure=rules.ablation_figures.output.figure,
        figure_curves=rules.ablation_figures.output.curves,
        previews=rules.ablation_preview.output,
        summaries=runs(ABLATION),
        cells=configurations(ABLATION),
        code=behind("report.__main__:_document"),
    output:
        pdf=report(
            f"{report_of(ABLATION)}.pdf",
            category="Augmentation ablation",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/ablation.rst",
        ),
        markdown=f"{report_of(ABLATION)}.md",
    log:
        f"{report_log(ABLATION)}/document.log",
    benchmark:
        f"{report_log(ABLATION)}/document.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=ABLATION.shown,
        seeds=ABLATION.seeds,
    shell:
        "python -m report document --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--table {input.table} --runs {input.runs} --curves {input.curves} --figure {input.figure} "
        "--figure-curves {input.figure_curves} --previews {input.previews} "
        "--out {output.pdf} --markdown {output.markdown} > {log} 2>&1"
