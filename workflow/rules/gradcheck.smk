# The backward passes: closed forms and modules, each against other ways to the same number -> CSV -> report.
# On one thread each and on the CPU, so that the two long jobs fit two cores and the last digits do not depend on them.
#: Jobs that the networks are dealt out to.
NETWORK_PARTS = 4


rule gradcheck_statements:
    input:
        code=behind("report.gradcheck.__main__:_statements"),
    output:
        table="reports/gradcheck/statements.csv",
        mutants=report(
            "reports/gradcheck/mutants.csv",
            category="Gradient check",
            subcategory="Tables",
            labels={"table": "wrong formulas"},
            caption="../report/gradcheck_table.rst",
        ),
    log:
        "logs/gradcheck/statements.log",
    benchmark:
        "logs/gradcheck/statements.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC=1 python -m report.gradcheck statements "
        "--out {output.table} --mutants {output.mutants} > {log} 2>&1"


rule gradcheck_modules:
    input:
        code=behind("report.gradcheck.__main__:_modules", *provenance.all_modules()),
    output:
        table="reports/gradcheck/modules.csv",
    log:
        "logs/gradcheck/modules.log",
    benchmark:
        "logs/gradcheck/modules.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC=1 python -m report.gradcheck modules --out {output.table} > {log} 2>&1"


rule gradcheck_networks:
    input:
        code=behind("report.gradcheck.__main__:_networks", *provenance.all_modules()),
    output:
        table="reports/gradcheck/networks{part}.csv",
    log:
        "logs/gradcheck/networks{part}.log",
    benchmark:
        "logs/gradcheck/networks{part}.benchmark.tsv"
    wildcard_constraints:
        part="|".join(str(part) for part in range(1, NETWORK_PARTS + 1)),
    conda:
        "../envs/netspec.yaml"
    params:
        parts=NETWORK_PARTS,
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC=1 python -m report.gradcheck networks --part {wildcards.part}/{params.parts} "
        "--out {output.table} > {log} 2>&1"


rule gradcheck_train_step:
    input:
        code=behind("report.gradcheck.__main__:_train_step", *provenance.all_modules()),
    output:
        table="reports/gradcheck/train_step.csv",
    log:
        "logs/gradcheck/train_step.log",
    benchmark:
        "logs/gradcheck/train_step.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "XLA_FLAGS=--xla_force_host_platform_device_count=4 JAX_PLATFORMS=cpu "
        "python -m report.gradcheck train-step --out {output.table} > {log} 2>&1"


rule gradcheck_document:
    input:
        statements=rules.gradcheck_statements.output.table,
        modules=rules.gradcheck_modules.output.table,
        networks=[f"reports/gradcheck/networks{part}.csv" for part in range(1, NETWORK_PARTS + 1)],
        train_step=rules.gradcheck_train_step.output.table,
        mutants=rules.gradcheck_statements.output.mutants,
        code=behind("report.gradcheck.__main__:_document"),
    output:
        table=report(
            "reports/gradcheck.csv",
            category="Gradient check",
            subcategory="Tables",
            labels={"table": "theorems and modules"},
            caption="../report/gradcheck_table.rst",
        ),
        page="reports/gradcheck.md",
        pdf=report(
            "reports/gradcheck.pdf",
            category="Gradient check",
            subcategory="Report",
            labels={"report": "all pages"},
            caption="../report/gradcheck.rst",
        ),
    log:
        "logs/gradcheck/document.log",
    benchmark:
        "logs/gradcheck/document.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.gradcheck document --results {input.statements} {input.modules} {input.networks} "
        "{input.train_step} --mutants {input.mutants} --out {params.stem} > {log} 2>&1"


# Apart from the report, which Snakemake would delete with the job that fails.
rule gradcheck_verdict:
    input:
        report=rules.gradcheck_document.output.pdf,
        table=rules.gradcheck_document.output.table,
        mutants=rules.gradcheck_statements.output.mutants,
        code=behind("report.gradcheck.__main__:_verdict"),
    output:
        verdict="reports/gradcheck/verdict.txt",
    log:
        "logs/gradcheck/verdict.log",
    benchmark:
        "logs/gradcheck/verdict.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.gradcheck verdict --results {input.table} --mutants {input.mutants} "
        "--out {output.verdict} 2>&1 | tee {log}"


# The target: `snakemake gradcheck`.
rule gradcheck:
    input:
        rules.gradcheck_document.output,
        rules.gradcheck_verdict.output,
