# What people ask for by name, and what they are told: the last file, since it has to know all rules.
import os

from snakemake.logging import logger

from train.workflow import snake

# A target per cell, for all its seeds: `snakemake zoo/swin`, and `snakemake swin` where one experiment has a swin.
for target, meant in PLAN.meant.items():
    if len(meant) == 1 and not workflow.is_rule(target):

        rule:
            name:
                target
            input:
                PLAN.runs(*meant[0]),


# `reports/ablation.pdf` asks for the report of whatever is configured, which has a file of its own.
for target, path in PLAN.other_names.items():

    rule:
        name:
            target
        input:
            path,


def outputs():
    """Everything that can be asked for by name, the runs that the configuration has among it."""
    yield from (str(file) for rule in workflow.rules if not rule.has_wildcards() for file in rule.output)
    yield from PLAN.files()
    yield from (path for name in PLAN.experiments for path in PLAN.report(name))
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
        or (
            (not run or run.groups()[:2] in PLAN.cells)
            and (
                any(path in rule.output for rule in workflow.rules if not rule.has_wildcards())
                or any(rule.is_producer(path) for rule in workflow.rules if rule.has_wildcards())
            )
        )
    )


if workflow.is_main_process:
    asked, taken = snake.asked(snake.command_line())
    wrong = snake.mistakes(
        asked,
        taken,
        is_known,
        lambda name: name in PLAN.other_names
        or (workflow.is_rule(name) and not workflow.get_rule(name).output),
        lambda name: targets.mistake(name, [*named(), *outputs()], PLAN.meant),
    )
    if wrong:
        raise WorkflowError("\n".join(wrong))
    for name in PLAN.other_names.keys() & set(asked):
        logger.info(f"{name} of this configuration is {PLAN.other_names[name]}")
    if snake.clear_stale_locks():
        logger.info("Removed the locks of a Snakemake that was killed here.")
    logger.addHandler(snake.RunWatcher(logger.info, lambda: workflow.dryrun))
