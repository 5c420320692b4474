# Our training step beside PyTorch's: `snakemake bench`, and `snakemake bench --forcerun bench_step` to measure again.
BENCH = PLAN.experiments["imagenette"]
#: Images per step, as many as two cores finish in seconds.
BENCHED = {"resnet-34": 16, "mobilenet-v2": 16, "efficientnet-b0": 16, "convnext-tiny": 8, "vit-tiny": 32}


# It takes every core, so that nothing else of this workflow runs beside it.
rule bench_step:
    input:
        cell=f"results/{BENCH.label}/{{cell}}/cell.json",
        code=lambda wildcards: provenance.code_of(
            BENCH.cells[wildcards.cell]["model"], "train.__main__:_bench_step"
        ),
    output:
        "results/bench/{cell}.json",
    log:
        "logs/bench/{cell}.log",
    benchmark:
        "logs/bench/{cell}.benchmark.tsv"
    wildcard_constraints:
        cell="|".join(BENCHED),
    conda:
        "../envs/netspec.yaml"
    threads: lambda wildcards: workflow.resource_settings.cores or 1
    resources:
        gpu=lambda wildcards: allocation.gpus(1, BENCH.device, place()),
        mem_mb=6000,
    params:
        size=lambda wildcards, resources: 512 if resources.gpu else BENCHED[wildcards.cell],
    shell:
        "PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "python -m train bench-step --cell {input.cell} --batch-size {params.size} > {output} 2> {log}"


rule bench:
    input:
        steps=expand("results/bench/{cell}.json", cell=BENCHED),
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
