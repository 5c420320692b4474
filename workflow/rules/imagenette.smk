# The networks of ch. 10.3: results and lowered training steps -> tables, figures, page. The runs are those of train.smk.
LOWERED = expand("results/lowered/{network}.mlir", network=lowered_networks(IMAGENETTE))


# The program of a training step of 32 images, whose length the book prints.
rule lower_train_step:
    input:
        code=lambda wildcards: provenance.code_of(find_network(wildcards.network), "netspec.cli.lowering:run"),
    output:
        "results/lowered/{network}.mlir",
    log:
        "logs/lowered/{network}.log",
    benchmark:
        "logs/lowered/{network}.benchmark.tsv"
    wildcard_constraints:
        network="|".join(re.escape(spec.slug.lower()) for spec in catalogue.specs()),
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        name=lambda wildcards: find_network(wildcards.network),
        architecture=lambda wildcards: provenance.architecture_of(find_network(wildcards.network)),
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC={threads} "
        "python -m netspec lower {params.name:q} --step train --batch 32 -o {output} > {log} 2>&1"


# The target: `snakemake imagenette`.
rule imagenette:
    input:
        summaries=runs(IMAGENETTE),
        cells=configurations(IMAGENETTE),
        lowered=LOWERED,
        code=behind("report.__main__:_page", "report.imagenette.page"),
    output:
        table=report(
            f"{report_of(IMAGENETTE)}.csv",
            category="Networks of ch. 10.3",
            subcategory="Tables",
            labels={"table": "per cell"},
            caption="../report/imagenette_table.rst",
        ),
        runs=report(
            f"{report_of(IMAGENETTE)}_runs.csv",
            category="Networks of ch. 10.3",
            subcategory="Tables",
            labels={"table": "per run"},
            caption="../report/imagenette_table.rst",
        ),
        curves=f"{report_of(IMAGENETTE)}_curves.csv",
        figure=report(
            f"{report_of(IMAGENETTE)}.svg",
            category="Networks of ch. 10.3",
            subcategory="Figures",
            labels={"figure": "accuracy"},
            caption="../report/imagenette_figure.rst",
        ),
        figure_curves=report(
            f"{report_of(IMAGENETTE)}_curves.svg",
            category="Networks of ch. 10.3",
            subcategory="Figures",
            labels={"figure": "validation curves"},
            caption="../report/curves.rst",
        ),
        markdown=f"{report_of(IMAGENETTE)}.md",
        pdf=report(
            f"{report_of(IMAGENETTE)}.pdf",
            category="Networks of ch. 10.3",
            subcategory="Report",
            labels={"report": "the page"},
            caption="../report/imagenette.rst",
        ),
    log:
        f"{report_log(IMAGENETTE)}/page.log",
    benchmark:
        f"{report_log(IMAGENETTE)}/page.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.cells[0]).parents[1],
        cells=IMAGENETTE.shown,
        seeds=IMAGENETTE.seeds,
        stem=subpath(output.pdf, strip_suffix=".pdf"),
        lowered=lambda wildcards, input: Path(input.lowered[0]).parent,
    shell:
        "python -m report page imagenette --results {params.results} --cells {params.cells} --seeds {params.seeds} "
        "--out {params.stem} --lowered {params.lowered} > {log} 2>&1"
