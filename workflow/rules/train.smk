# One run per cell and seed. Checkpoints are not outputs: Snakemake would delete them when a job fails.


# Two files: settings.json decides a run, cell.json also describes the cell, so that a new description retrains nothing.
rule resolve_cell:
    output:
        "results/{label}/{cell}/{file}.json",
    log:
        "logs/{label}/{cell}/{file}.log",
    benchmark:
        "logs/{label}/{cell}/{file}.benchmark.tsv"
    wildcard_constraints:
        file="settings|cell",
    localrule: True
    conda:
        "../envs/netspec.yaml"
    params:
        cell=resolved,
    shell:
        "printf '%s\n' {params.cell:q} > {output} 2> {log}"


rule train:
    input:
        cell="results/{label}/{cell}/settings.json",
        store=store_of,
        code=lambda wildcards: provenance.code_of(cell_of(wildcards)["model"]),
    output:
        summary=report(
            "results/{label}/{cell}/seed{seed}/summary.json",
            category="Runs",
            subcategory="{cell}",
            labels={"cell": "{cell}", "seed": "{seed}", "file": "summary"},
            caption="../report/summary.rst",
        ),
        metrics="results/{label}/{cell}/seed{seed}/metrics.csv",
        weights="results/{label}/{cell}/seed{seed}/weights.npz",
    log:
        "logs/{label}/{cell}/seed{seed}.log",
    benchmark:
        "logs/{label}/{cell}/seed{seed}.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        gpu=gpus_of,
        mem_mb=memory_of,
    params:
        architecture=lambda wildcards: provenance.architecture_of(cell_of(wildcards)["model"]),
        out=subpath(output.summary, parent=True),
        checkpoints=".cache/checkpoints/{label}/{cell}/seed{seed}",
        platform=device_variable,
    shell:
        # XLA and its thread pools size themselves by PJRT_NPROC; results depend on it in the last bits.
        # `exec`, so that a signal to the job reaches the trainer, which saves where it is, and $PPID is its parent, too:
        # where Snakemake is killed, it stops. The number of GPUs is no parameter: another one retrains nothing.
        "{params.platform} PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "exec python -m train fit --cell {input.cell} --seed {wildcards.seed} --data {input.store} "
        "--out {params.out} --checkpoints {params.checkpoints} --gpus {resources.gpu} --parent $PPID > {log} 2>&1"
