# An experiment, whichever: its cells resolved, one run per cell and seed, its report. Experiments are files in
# config/experiments; each is a target by its name.


# Two files: settings.json decides a run, cell.json also describes the cell, so that a new description retrains nothing.
rule resolve_cell:
    output:
        "results/{label}/{cell}/{file}.json",
    log:
        "logs/{label}/{cell}/{file}.log",
    benchmark:
        "logs/{label}/{cell}/{file}.benchmark.tsv"
    wildcard_constraints:
        file="settings|cell",
    localrule: True
    conda:
        "../envs/netspec.yaml"
    params:
        cell=resolved,
    shell:
        "printf '%s\n' {params.cell:q} > {output} 2> {log}"


# Checkpoints are not outputs: Snakemake would delete them when a job fails.
rule train:
    input:
        cell="results/{label}/{cell}/settings.json",
        store=store_of,
        start=lambda wildcards: starts_of([cell_of(wildcards)], [wildcards.seed]),
        code=lambda wildcards: provenance.code_of(**decided_by(cell_of(wildcards))),
    output:
        summary=report(
            "results/{label}/{cell}/seed{seed}/summary.json",
            category="Runs",
            subcategory="{cell}",
            labels={"cell": "{cell}", "seed": "{seed}", "file": "summary"},
            caption="../report/summary.rst",
        ),
        metrics="results/{label}/{cell}/seed{seed}/metrics.csv",
        weights="results/{label}/{cell}/seed{seed}/weights.npz",
    log:
        "logs/{label}/{cell}/seed{seed}.log",
    benchmark:
        "logs/{label}/{cell}/seed{seed}.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        gpu=gpus_of,
        mem_mb=memory_of,
    params:
        architecture=lambda wildcards: provenance.architecture_of(
            cell_of(wildcards)["model"], cell_of(wildcards).get("start")
        ),
        out=subpath(output.summary, parent=True),
        checkpoints=".cache/checkpoints/{label}/{cell}/seed{seed}",
        platform=lambda wildcards: PLATFORMS[DEVICES[wildcards.label]],
    shell:
        # XLA and its thread pools size themselves by PJRT_NPROC; results depend on it in the last bits.
        # `exec`, so that a signal to the job reaches the trainer, which saves where it is, and $PPID is its parent, too:
        # where Snakemake is killed, it stops. The number of GPUs is no parameter: another one retrains nothing.
        "{params.platform} PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "exec python -m train fit --cell {input.cell} --seed {wildcards.seed} --data {input.store} "
        "--out {params.out} --checkpoints {params.checkpoints} --gpus {resources.gpu} --parent $PPID > {log} 2>&1"


# The same for all rates and seeds of a variant or several, in one process: an experiment asks for it by `together`. A run that is
# asked for by itself is trained by the rule above.
for name, group in TOGETHER.items():

    rule:
        name:
            f"{name} together"
        input:
            cells=group.settings,
            store=STORE.format(dataset=group.dataset),
            start=starts_of(cells_in(group), group.seeds),
            code=lambda wildcards, group=group: code_behind(group),
        output:
            summaries=group.files("summary.json"),
            metrics=group.files("metrics.csv"),
            weights=group.files("weights.npz"),
        log:
            f"logs/{group.label}/{group.name}.log",
        benchmark:
            f"logs/{group.label}/{group.name}.benchmark.tsv"
        conda:
            "../envs/netspec.yaml"
        threads: 1
        resources:
            gpu=lambda wildcards, group=group: gpus_in(group.label),
            mem_mb=lambda wildcards, attempt, group=group: max(
                attempt * allocation.memory_mb(cell, 0) for cell in tasks_in(group).values()
            ),
        params:
            architecture=list(
                dict.fromkeys(
                    provenance.architecture_of(c["model"], c.get("start")) for c in cells_in(group)
                )
            ),
            seeds=group.seeds,
            label=group.label,
            platform=PLATFORMS[DEVICES[group.label]],
        shell:
            "{params.platform} PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
            "exec python -m train fit --cell {input.cells} --seed {params.seeds} --data {input.store} "
            "--out 'results/{params.label}/{{cell}}/seed{{seed}}' "
            "--checkpoints '.cache/checkpoints/{params.label}/{{cell}}/seed{{seed}}' --gpus {resources.gpu} --parent $PPID "
            "> {log} 2>&1"

    workflow.ruleorder(f"{name} together", "train")


# What a comparison is to decide, beside its results.
rule resolve_comparison:
    output:
        "results/comparisons/{report}.json",
    log:
        "logs/comparisons/{report}.log",
    benchmark:
        "logs/comparisons/{report}.benchmark.tsv"
    localrule: True
    conda:
        "../envs/netspec.yaml"
    params:
        about=lambda wildcards: told_of(PLAN.reported[wildcards.report]),
    shell:
        "printf '%s\n' {params.about:q} > {output} 2> {log}"


# What the variants of a comparison of attentions cost at growing length. It takes every core, as it times.
rule measure_lengths:
    input:
        cells=reported(lambda name: list(PLAN.variants(name).values())),
        code=lambda wildcards: sorted(
            {
                path
                for cell in PLAN.variants(PLAN.reported[wildcards.report].name).values()
                for path in provenance.code_of(
                    PLAN.model_at(cell), "train.commands.measure:bench_lengths", "language"
                )
            }
        ),
    output:
        "results/comparisons/{report}-lengths.json",
    log:
        "logs/comparisons/{report}-lengths.log",
    benchmark:
        "logs/comparisons/{report}-lengths.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    threads: lambda wildcards: workflow.resource_settings.cores or 1
    resources:
        mem_mb=6000,
    params:
        names=lambda wildcards: list(PLAN.variants(PLAN.reported[wildcards.report].name)),
        lengths=lambda wildcards: PLAN.reported[wildcards.report].compared["lengths"],
        architectures=lambda wildcards: [
            provenance.architecture_of(PLAN.model_at(cell))
            for cell in PLAN.variants(PLAN.reported[wildcards.report].name).values()
        ],
    shell:
        "PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "python -m train bench-lengths --cell {input.cells} --names {params.names} --lengths {params.lengths} > {output} 2> {log}"


# How long a step of each variant takes. It takes every core, so that nothing runs beside it, and computes on one.
rule measure_steps:
    input:
        cells=reported(PLAN.timed),
        # After the runs, whose compiled programs it finds.
        summaries=reported(PLAN.runs),
        code=lambda wildcards: sorted(
            {
                path
                for cell in PLAN.timed(PLAN.reported[wildcards.report].name)
                for path in (
                    *provenance.code_of(**decided_by(PLAN.cells[tuple(cell.split("/")[1:3])])),
                    *closure("train.commands.measure:bench_turns"),
                )
            }
        ),
    output:
        "results/comparisons/{report}-steps.json",
    log:
        "logs/comparisons/{report}-steps.log",
    benchmark:
        "logs/comparisons/{report}-steps.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    threads: lambda wildcards: workflow.resource_settings.cores or 1
    resources:
        mem_mb=6000,
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC=1 OMP_NUM_THREADS=1 "
        "python -m train bench-turns --cell {input.cells} > {output} 2> {log}"


rule report_experiment:
    input:
        cells=reported(PLAN.configurations),
        about=reported(PLAN.about),
        lengths=reported(PLAN.lengths),
        steps=reported(PLAN.steps),
        summaries=reported(PLAN.runs),
        lowered=reported(PLAN.lowered),
        previews=reported(PLAN.previews),
        code=lambda wildcards: closure(
            "report.__main__:_page", f"report.{PLAN.reported[wildcards.report].report}.page"
        ),
    output:
        table=report(
            "reports/{report}.csv",
            category="Experiments",
            subcategory="{report}",
            labels={"file": "table per cell"},
            caption="../report/table.rst",
        ),
        runs=report(
            "reports/{report}_runs.csv",
            category="Experiments",
            subcategory="{report}",
            labels={"file": "table per run"},
            caption="../report/table.rst",
        ),
        curves="reports/{report}_curves.csv",
        figure=report(
            "reports/{report}.svg",
            category="Experiments",
            subcategory="{report}",
            labels={"file": "figure"},
            caption="../report/figure.rst",
        ),
        figure_curves=report(
            "reports/{report}_curves.svg",
            category="Experiments",
            subcategory="{report}",
            labels={"file": "validation curves"},
            caption="../report/curves.rst",
        ),
        markdown="reports/{report}.md",
        pdf=report(
            "reports/{report}.pdf",
            category="Experiments",
            subcategory="{report}",
            labels={"file": "all pages"},
            caption="../report/experiment.rst",
        ),
    log:
        "logs/reports/{report}.log",
    benchmark:
        "logs/reports/{report}.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        kind=lambda wildcards: PLAN.reported[wildcards.report].report,
        # Of a comparison, its file says it.
        what=lambda wildcards, input: (
            f"--about {input.about}" if input.about else PLAN.reported[wildcards.report].arguments
        ),
        out=subpath(output.pdf, strip_suffix=".pdf"),
        lowered=lambda wildcards, input: "--lowered results/lowered" if input.lowered else "",
        previews=lambda wildcards, input: f"--previews {input.previews}" if input.previews else "",
    shell:
        "python -m report page {params.kind} {params.what} "
        "--out {params.out} {params.lowered} {params.previews} > {log} 2>&1"


# Targets: `snakemake zoo` makes the report of the experiment zoo, whatever is configured for it.
for name in PLAN.experiments:

    rule:
        name:
            name
        input:
            PLAN.report(name),


# Samples that the network is shown, for the reports that have them: one job, since all cells show the same pictures.
for name, experiment in PLAN.experiments.items():
    if PLAN.previews(name):

        rule:
            name:
                f"{name}_preview"
            input:
                cells=PLAN.configurations(name, "settings"),
                store=STORE.format(dataset=experiment.dataset["name"]),
                code=behind("train.commands.use:preview", *provenance.LEARNERS.values()),
            output:
                report(
                    PLAN.previews(name),
                    category="Experiments",
                    subcategory=experiment.stem,
                    caption="../report/preview.rst",
                ),
            log:
                f"logs/reports/{experiment.stem}-preview.log",
            benchmark:
                f"logs/reports/{experiment.stem}-preview.benchmark.tsv"
            conda:
                "../envs/netspec.yaml"
            params:
                out=subpath(output[0], parent=True),
            shell:
                "JAX_PLATFORMS=cpu python -m train preview --cell {input.cells} --data {input.store} --out {params.out} "
                "--rows 1 --columns 12 > {log} 2>&1"


# The program of a training step of 32 images, whose length ch. 10.3 prints.
rule lower_train_step:
    input:
        code=lambda wildcards: provenance.code_of(network_of(wildcards.network), "netspec.cli.lowering:run"),
    output:
        "results/lowered/{network}.mlir",
    log:
        "logs/lowered/{network}.log",
    benchmark:
        "logs/lowered/{network}.benchmark.tsv"
    wildcard_constraints:
        network="[a-z0-9_.-]+",
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        name=lambda wildcards: network_of(wildcards.network),
        architecture=lambda wildcards: provenance.architecture_of(network_of(wildcards.network)),
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC={threads} "
        "python -m netspec lower {params.name:q} --step train --batch 32 -o {output} > {log} 2>&1"
