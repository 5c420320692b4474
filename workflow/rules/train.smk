# One run per cell and seed. Checkpoints are not outputs: Snakemake would delete them when a job fails.


rule resolve_cell:
    output:
        f"{RESULTS}/{{cell}}/cell.json",
    params:
        cell=lambda wildcards: train_config.cell_json(EXPERIMENT.cells[wildcards.cell]),
    log:
        f"logs/{DATASET}/{{cell}}/resolve.log",
    benchmark:
        f"logs/{DATASET}/{{cell}}/resolve.benchmark.tsv"
    localrule: True
    shell:
        "printf '%s\n' {params.cell:q} > {output} 2> {log}"


# The cell file is `ancient`: its fingerprint, a parameter, says when to retrain, so that a new description does not.
rule train:
    input:
        cell=ancient(f"{RESULTS}/{{cell}}/cell.json"),
        store=STORE,
        code=lambda wildcards: provenance.code_of(EXPERIMENT.cells[wildcards.cell]["model"]),
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
    params:
        fingerprint=lambda wildcards: train_config.fingerprint(EXPERIMENT.cells[wildcards.cell]),
        out=subpath(output.summary, parent=True),
        checkpoints=f".cache/checkpoints/{DATASET}/{{cell}}/seed{{seed}}",
        platform="" if USES_GPU or EXPERIMENT.device == "auto" else "JAX_PLATFORMS=cpu",
    threads: 1
    resources:
        gpu=int(USES_GPU),
        mem_mb=2000,
    log:
        f"logs/{DATASET}/{{cell}}/seed{{seed}}.log",
    benchmark:
        f"logs/{DATASET}/{{cell}}/seed{{seed}}.benchmark.tsv"
    shell:
        # XLA and its thread pools size themselves by PJRT_NPROC; results depend on it in the last bits.
        "{params.platform} PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "python -m train fit --cell {input.cell} --seed {wildcards.seed} --data {input.store} "
        "--out {params.out} --checkpoints {params.checkpoints} > {log} 2>&1"
