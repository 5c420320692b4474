# Claims of the document that no recipe can express, tried on small problems: `snakemake claims` runs every file of
# config/trials and config/examples and sets one page on all. One alone: `snakemake results/trials/few-shot.json`. The
# document's examples have pages of their own, too: `snakemake examples`, or one by its name.
from train.config.schema import ConfigError
from train.trials.settings import read as read_trial

EXAMPLES = {path.stem: path for path in sorted(Path("config/examples").glob("*.yaml"))}
TRIALS_IN = {path.stem: path for path in sorted(Path("config/trials").glob("*.yaml"))} | EXAMPLES
try:
    TRIAL_SETTINGS = {name: read_trial(path) for name, path in TRIALS_IN.items()}
except ConfigError as error:
    raise WorkflowError(str(error)) from None
#: The module of each trial, by the name of its file.
TRIAL_MODULES = {name: f"train.trials.{one.trial}" for name, one in TRIAL_SETTINGS.items()}
#: Where the copy of a person's own lies that a trial needs, by the trial's name; ``None`` where there is none.
COPIES = {name: one.data.lies() for name, one in TRIAL_SETTINGS.items() if one.data}
#: The trials whose claims can be tried here.
CLAIMED = {name: path for name, path in TRIALS_IN.items() if COPIES.get(name, path)}
if taken := sorted({*EXAMPLES} & {*PLAN.experiments, "examples", "claims"}):
    raise WorkflowError(f"config/examples/{taken[0]}.yaml: the name is another target, expected another one")
TRIALS_SMOKE = str(config.get("recipe", "")).startswith("smoke")
TRIALS = "results/trials-smoke" if TRIALS_SMOKE else "results/trials"
TRIAL_RESULT = f"{TRIALS}/{{trial}}.json"
CLAIMS = "reports/claims-smoke" if TRIALS_SMOKE else "reports/claims"
EXAMPLE = "reports/examples-smoke" if TRIALS_SMOKE else "reports/examples"

# One that a target needs is missed before any job starts; what is fetched is fetched by the job.
for result in snake.asked(snake.command_line())[0]:
    name = Path(result).stem
    if result == TRIAL_RESULT.format(trial=name) and name in COPIES and TRIAL_SETTINGS[name].data.path:
        try:
            TRIAL_SETTINGS[name].data.place(TRIALS_IN[name])
        except ConfigError as error:
            raise WorkflowError(str(error)) from None


rule trial:
    input:
        settings=lambda wildcards: TRIALS_IN[wildcards.trial],
        data=lambda wildcards: str(COPIES.get(wildcards.trial) or "") or [],
        code=lambda wildcards: closure("train.commands.settings:trial", TRIAL_MODULES[wildcards.trial]),
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
    # The variants of an example are shared among them; of other trials there are enough to keep every core at work.
    threads: lambda wildcards: 2 if wildcards.trial in EXAMPLES else 1
    resources:
        mem_mb=lambda wildcards, threads: 2000 * threads,
    params:
        smoke="--smoke" if TRIALS_SMOKE else "",
        # A smoke run compiles for far longer than it computes.
        quick=(
            "XLA_FLAGS='--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false' "
            if TRIALS_SMOKE
            else ""
        ),
        cache=lambda wildcards, output: f".cache/{Path(output[0]).with_suffix('')}",
    shell:
        "{params.quick}JAX_PLATFORMS=cpu PJRT_NPROC=1 OMP_NUM_THREADS=1 "
        "exec python -m train trial {input.settings} --out {output} --cache {params.cache} {params.smoke} "
        "--jobs {threads} --parent $PPID > {log} 2>&1"


rule claims:
    input:
        trials=[*CLAIMED.values()],
        results=expand(TRIAL_RESULT, trial=CLAIMED),
        records=[] if TRIALS_SMOKE else COMPARED,
        code=behind("report.trials.__main__:_claims", "report.comparison.report"),
    output:
        table=f"{CLAIMS}.csv",
        runs=f"{CLAIMS}_runs.csv",
        terms=f"{CLAIMS}_terms.csv",
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
        comparisons=lambda wildcards, input: " ".join(str(Path(path).parent) for path in input.records),
    shell:
        "python -m report.trials claims --trials {input.trials} --results {input.results} "
        "--comparisons {params.comparisons} --out {params.stem} > {log} 2>&1"


rule example:
    input:
        trial=lambda wildcards: EXAMPLES[wildcards.example],
        results=TRIAL_RESULT.format(trial="{example}"),
        code=behind("report.trials.__main__:_example"),
    output:
        table=f"{EXAMPLE}/{{example}}.csv",
        runs=f"{EXAMPLE}/{{example}}_runs.csv",
        figure=f"{EXAMPLE}/{{example}}.svg",
        built=f"{EXAMPLE}/{{example}}_built.svg",
        page=f"{EXAMPLE}/{{example}}.md",
        pdf=report(
            f"{EXAMPLE}/{{example}}.pdf",
            category="Vocabulary",
            subcategory="Examples",
            labels={"example": "{example}"},
            caption="../report/example.rst",
        ),
    log:
        "logs/examples/{example}.log",
    benchmark:
        "logs/examples/{example}.benchmark.tsv"
    wildcard_constraints:
        example="|".join(EXAMPLES) or "(?!)",
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.trials example --trial {input.trial} --results {input.results} --out {params.stem} > {log} 2>&1"


rule examples:
    input:
        expand(f"{EXAMPLE}/{{example}}.pdf", example=EXAMPLES),


for name in EXAMPLES:

    rule:
        name:
            name
        input:
            f"{EXAMPLE}/{name}.pdf",
