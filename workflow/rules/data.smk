# Decode and resize the data set once.


rule prepare_data:
    output:
        store=directory(STORE),
    log:
        f"logs/{DATASET}/prepare.log",
    benchmark:
        f"logs/{DATASET}/prepare.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        settings=dataset_settings,
        config=f"config/datasets/{DATASET}.yaml",
    shell:
        "python -m train prepare --dataset {params.config} --out {output.store} > {log} 2>&1"
