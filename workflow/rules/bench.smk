# Our training step beside PyTorch's: `snakemake bench`, and `snakemake bench --forcerun bench_step` to measure again.
#: Experiment, cell, and examples per step, as many as two cores finish in seconds.
BENCHED = {
    "resnet-34": ("imagenette", "resnet-34", 16),
    "mobilenet-v2": ("imagenette", "mobilenet-v2", 16),
    "efficientnet-b0": ("imagenette", "efficientnet-b0", 16),
    "convnext-tiny": ("imagenette", "convnext-tiny", 8),
    "vit-tiny": ("imagenette", "vit-tiny", 32),
    "tinygpt-nano": ("language", "nano", 32),
    "unet": ("pets", "unet", 4),
    "yolo": ("voc", "persons", 16),
}


def benched(wildcards):
    """The experiment and the name of a cell that is timed."""
    experiment, cell, _ = BENCHED[wildcards.bench]
    return PLAN.experiments[experiment], cell


# It takes every core, so that nothing else of this workflow runs beside it.
rule bench_step:
    input:
        cell=lambda wildcards: f"results/{benched(wildcards)[0].label}/{benched(wildcards)[1]}/cell.json",
        code=lambda wildcards: provenance.code_of(
            benched(wildcards)[0].cells[benched(wildcards)[1]]["model"], "train.__main__:_bench_step"
        ),
    output:
        "results/bench/{bench}.json",
    log:
        "logs/bench/{bench}.log",
    benchmark:
        "logs/bench/{bench}.benchmark.tsv"
    wildcard_constraints:
        bench="|".join(BENCHED),
    conda:
        "../envs/netspec.yaml"
    threads: lambda wildcards: workflow.resource_settings.cores or 1
    resources:
        gpu=lambda wildcards: allocation.gpus(1, benched(wildcards)[0].device, place()),
        mem_mb=6000,
    params:
        size=lambda wildcards, resources: 512 if resources.gpu else BENCHED[wildcards.bench][2],
    shell:
        "PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "python -m train bench-step --cell {input.cell} --batch-size {params.size} > {output} 2> {log}"


rule bench:
    input:
        steps=expand("results/bench/{bench}.json", bench=BENCHED),
        code=behind("report.bench.__main__:_report"),
    output:
        table="reports/bench.csv",
        page="reports/bench.md",
        pdf="reports/bench.pdf",
    log:
        "logs/bench/table.log",
    benchmark:
        "logs/bench/table.benchmark.tsv"
    localrule: True
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.bench {input.steps} --out {params.stem} > {log} 2>&1 " "&& cat {output.page}"
