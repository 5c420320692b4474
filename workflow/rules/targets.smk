# What people ask for by name, and what they are told: the last file, since it has to know all rules.
import os

from snakemake.logging import logger

from train.workflow import snake

#: Experiments and cells by the targets that may mean them.
MEANT = targets.cells(EXPERIMENTS)
#: Reports of this configuration by the names that those of the experiments' own configurations have.
OTHER_NAMES = {
    name: path for e in EXPERIMENTS.values() for name, path in targets.other_names(e, REPORTS[e.name]).items()
}


# A target per cell, for all its seeds: `snakemake zoo/swin`, and `snakemake swin` where one experiment has a swin.
for target, meant in MEANT.items():
    if len(meant) == 1 and not workflow.is_rule(target):

        rule:
            name:
                target
            input:
                runs(EXPERIMENTS[meant[0][0]], meant[0][1]),


# `reports/ablation.pdf` asks for the report of whatever is configured, which has a file of its own.
for target, path in OTHER_NAMES.items():

    rule:
        name:
            target
        input:
            path,


def outputs():
    """Everything that can be asked for by name, the runs that the configuration has among it."""
    yield from (str(file) for rule in workflow.rules if not rule.has_wildcards() for file in rule.output)
    for experiment in EXPERIMENTS.values():
        yield from runs(experiment, *experiment.cells)
        yield from (
            f"{results(experiment)}/{cell}/{file}.json"
            for cell in experiment.cells
            for file in ("cell", "settings")
        )
    yield from expand(STORE, dataset=DATASETS)
    yield from expand("results/networks/{network}.json", network=NETWORKS)


def named():
    """Names of the rules that make nothing themselves, which are there to be asked for."""
    return [rule.name for rule in workflow.rules if not rule.has_wildcards()]


def is_known(name):
    """Whether a rule or file of this name can be asked for."""
    path = os.path.relpath(name)
    run = re.fullmatch("results/([^/]+)/([^/]+)/(seed.*/.*|cell.json|settings.json)", path)
    return (
        workflow.is_rule(name)
        or "://" in name
        or ((not run or run.groups()[:2] in CELLS) and any(rule.is_producer(path) for rule in workflow.rules))
    )


if workflow.is_main_process:
    asked, taken = snake.asked(snake.command_line())
    wrong = snake.mistakes(
        asked,
        taken,
        is_known,
        lambda name: name in OTHER_NAMES or (workflow.is_rule(name) and not workflow.get_rule(name).output),
        lambda name: targets.mistake(name, [*named(), *outputs()], MEANT),
    )
    if wrong:
        raise WorkflowError("\n".join(wrong))
    for name in OTHER_NAMES.keys() & set(asked):
        logger.info(f"{name} of this configuration is {OTHER_NAMES[name]}")
    if snake.clear_stale_locks():
        logger.info("Removed the locks of a Snakemake that was killed here.")
    logger.addHandler(snake.RunWatcher(logger.info, lambda: workflow.dryrun))
