# Fetch, decode and resize a data set once.


rule prepare_data:
    input:
        code=behind("train.commands.data:prepare"),
    output:
        # The last file of the store to be written; the arrays or records beside it come and go with it.
        store=STORE,
    log:
        "logs/{dataset}/prepare.log",
    benchmark:
        "logs/{dataset}/prepare.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        settings=dataset_settings,
        config="config/datasets/{dataset}.yaml",
        out=subpath(output.store, parent=True),
    shell:
        "exec python -m train prepare --dataset {params.config} --out {params.out} --parent $PPID > {log} 2>&1"


# A target per data set: `snakemake prepare_imagenette` downloads and prepares Imagenette.
for dataset in PLAN.datasets:

    rule:
        name:
            f"prepare_{dataset}"
        input:
            STORE.format(dataset=dataset),
