# The executable edition: every table and curve of the chapters, recomputed beside the printed figure.
# `snakemake --cores 4 reports/ablation.pdf` runs the main job; README.md shows the other targets.
from snakemake.utils import min_version

min_version("9.14")


include: "workflow/rules/config.smk"


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/params.smk"
include: "workflow/rules/gradcheck.smk"
include: "workflow/rules/experiment.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/vocabulary.smk"
include: "workflow/rules/recorded.smk"
include: "workflow/rules/trials.smk"
include: "workflow/rules/parity.smk"
include: "workflow/rules/bench.smk"


rule all:
    default_target: True
    input:
        PLAN.report(PLAN.main)[-1],


rule data:
    input:
        STORE.format(dataset=PLAN.experiments[PLAN.main].dataset["name"]),


include: "workflow/rules/targets.smk"
