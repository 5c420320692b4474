# Decode and resize the data set once.


def dataset_settings(wildcards):
    """What decides the prepared images. Data that cannot be read is reported before any job starts."""
    try:
        if not Path(STORE).exists():
            train_config.check_path(EXPERIMENT.dataset)
    except ConfigError as error:
        raise WorkflowError(str(error)) from None
    return train_config.prepared_as(EXPERIMENT.dataset)


rule prepare_data:
    output:
        store=directory(STORE),
    params:
        settings=dataset_settings,
        config=f"config/datasets/{DATASET}.yaml",
    log:
        f"logs/{DATASET}/prepare.log",
    benchmark:
        f"logs/{DATASET}/prepare.benchmark.tsv"
    shell:
        "python -m train prepare --dataset {params.config} --out {output.store} > {log} 2>&1"
