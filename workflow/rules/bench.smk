# Our training step beside PyTorch's: `snakemake bench`, and `snakemake bench --forcerun bench_step` to measure again.
from train.workflow.plan import BENCHED


# It takes every core, so that nothing else of this workflow runs beside it.
rule bench_step:
    input:
        cell=lambda wildcards: PLAN.benched(wildcards.bench).file,
        code=lambda wildcards: provenance.code_of(
            PLAN.benched(wildcards.bench).model,
            "train.commands.measure:bench_step",
            PLAN.benched(wildcards.bench).task,
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
        gpu=lambda wildcards: allocation.gpus(1, PLAN.benched(wildcards.bench).device, place()),
        mem_mb=6000,
    params:
        size=lambda wildcards, resources: 512 if resources.gpu else PLAN.benched(wildcards.bench).examples,
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
