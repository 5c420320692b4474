# One run per cell and seed. Checkpoints are not outputs: Snakemake would delete them when a job fails.


# Two files: settings.json decides a run, cell.json also describes the cell, so that a new description retrains nothing.
rule resolve_cell:
    output:
        f"{RESULTS}/{{cell}}/{{file}}.json",
    log:
        f"logs/{LABEL}/{{cell}}/{{file}}.log",
    benchmark:
        f"logs/{LABEL}/{{cell}}/{{file}}.benchmark.tsv"
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
        cell=f"{RESULTS}/{{cell}}/settings.json",
        store=STORE,
        code=training_code,
    output:
        summary=report(
            f"{RESULTS}/{{cell}}/seed{{seed}}/summary.json",
            category="Runs",
            subcategory="{cell}",
            labels={"cell": "{cell}", "seed": "{seed}", "file": "summary"},
            caption="../report/summary.rst",
        ),
        metrics=f"{RESULTS}/{{cell}}/seed{{seed}}/metrics.csv",
        weights=f"{RESULTS}/{{cell}}/seed{{seed}}/weights.npz",
    log:
        f"logs/{LABEL}/{{cell}}/seed{{seed}}.log",
    benchmark:
        f"logs/{LABEL}/{{cell}}/seed{{seed}}.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        gpu=int(USES_GPU),
        mem_mb=2000,
    params:
        architecture=lambda wildcards: provenance.architecture_of(CELLS[wildcards.cell]["model"]),
        out=subpath(output.summary, parent=True),
        checkpoints=f".cache/checkpoints/{LABEL}/{{cell}}/seed{{seed}}",
        platform=PLATFORM,
    shell:
        # XLA and its thread pools size themselves by PJRT_NPROC; results depend on it in the last bits.
        # `exec`, so that a signal to the job reaches the trainer, which saves where it is.
        "{params.platform} PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "exec python -m train fit --cell {input.cell} --seed {wildcards.seed} --data {input.store} "
        "--out {params.out} --checkpoints {params.checkpoints} > {log} 2>&1"
