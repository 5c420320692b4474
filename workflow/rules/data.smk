# Decode and resize the data set once.


rule prepare_data:
    output:
        store=directory(STORE),
    log:
        "logs/{dataset}/prepare.log",
    benchmark:
        "logs/{dataset}/prepare.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        settings=dataset_settings,
        config="config/datasets/{dataset}.yaml",
    shell:
        "python -m train prepare --dataset {params.config} --out {output.store} > {log} 2>&1"
