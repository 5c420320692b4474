# Claims of the document that no recipe can express, tried on small problems: `snakemake claims` runs every file of
# config/trials and sets one page on all. A name alone runs one: `snakemake results/trials/few-shot.json`.
from train.config.schema import ConfigError
from train.trials.settings import read as read_trial

try:
    #: The module of each trial, by the name of its file.
    TRIAL_MODULES = {
        path.stem: f"train.trials.{read_trial(path).trial}"
        for path in sorted(Path("config/trials").glob("*.yaml"))
    }
except ConfigError as error:
    raise WorkflowError(str(error)) from None
TRIALS_SMOKE = str(config.get("recipe", "")).startswith("smoke")
TRIALS = "results/trials-smoke" if TRIALS_SMOKE else "results/trials"
TRIAL_RESULT = f"{TRIALS}/{{trial}}.json"
CLAIMS = "reports/claims-smoke" if TRIALS_SMOKE else "reports/claims"


rule trial:
    input:
        settings="config/trials/{trial}.yaml",
        code=lambda wildcards: closure("train.__main__:_trial", TRIAL_MODULES[wildcards.trial]),
    output:
        TRIAL_RESULT,
    log:
        "logs/trials/{trial}.log",
    benchmark:
        "logs/trials/{trial}.benchmark.tsv"
    wildcard_constraints:
        trial="|".join(TRIAL_MODULES) or "(?!)",
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        smoke="--smoke" if TRIALS_SMOKE else "",
        cache=lambda wildcards, output: f".cache/{Path(output[0]).with_suffix('')}",
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "exec python -m train trial {input.settings} --out {output} --cache {params.cache} {params.smoke} "
        "--parent $PPID > {log} 2>&1"


rule claims:
    input:
        trials=expand("config/trials/{trial}.yaml", trial=TRIAL_MODULES),
        results=expand(TRIAL_RESULT, trial=TRIAL_MODULES),
        code=behind("report.trials.__main__:_report"),
    output:
        table=f"{CLAIMS}.csv",
        runs=f"{CLAIMS}_runs.csv",
        figure=f"{CLAIMS}.svg",
        page=f"{CLAIMS}.md",
        pdf=report(
            f"{CLAIMS}.pdf",
            category="Vocabulary",
            subcategory="Claims tried",
            caption="../report/claims.rst",
        ),
    log:
        "logs/trials/report.log",
    benchmark:
        "logs/trials/report.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.trials --trials {input.trials} --results {input.results} --out {params.stem} > {log} 2>&1"
