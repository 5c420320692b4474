# Claims of the document that no recipe can express, tried on small problems: `snakemake claims` runs every file of
# config/trials and sets one page on all. A name alone runs one: `snakemake results/trials/few-shot.json`.
from train.trials.settings import read as settings_of_trial

TRIAL_FILES = {path.stem: str(path) for path in sorted(Path("config/trials").glob("*.yaml"))}
TRIALS_SMOKE = str(config.get("recipe", "")).startswith("smoke")
TRIALS = "results/trials-smoke" if TRIALS_SMOKE else "results/trials"
CLAIMS = "reports/claims-smoke" if TRIALS_SMOKE else "reports/claims"


def trial_of(name):
    """The module of the trial that a file of config/trials runs."""
    return settings_of_trial(Path(TRIAL_FILES[name])).trial


rule trial:
    input:
        settings="config/trials/{trial}.yaml",
        code=lambda wildcards: closure("train.__main__:_trial", f"train.trials.{trial_of(wildcards.trial)}"),
    output:
        TRIALS + "/{trial}.json",
    log:
        "logs/trials/{trial}.log",
    benchmark:
        "logs/trials/{trial}.benchmark.tsv"
    wildcard_constraints:
        trial="|".join(TRIAL_FILES) or "(?!)",
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
        trials=list(TRIAL_FILES.values()),
        results=[f"{TRIALS}/{name}.json" for name in TRIAL_FILES],
        code=behind("report.trials.__main__:_page"),
    output:
        table=CLAIMS + ".csv",
        runs=CLAIMS + "_runs.csv",
        figure=CLAIMS + ".svg",
        page=CLAIMS + ".md",
        pdf=report(
            CLAIMS + ".pdf",
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
