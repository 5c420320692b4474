# The vocabulary: every term held to its properties, the document's errors shown, its tables recomputed -> CSV -> reports.
#: Jobs that the families are dealt out to, on one thread each.
VOCABULARY_PARTS = 2


rule vocabulary_check:
    input:
        code=behind("report.vocabulary.__main__:_check", *vocabulary.modules()),
    output:
        properties=temp("reports/vocabulary/properties{part}.csv"),
        mistakes=temp("reports/vocabulary/mistakes{part}.csv"),
    log:
        "logs/vocabulary/check{part}.log",
    benchmark:
        "logs/vocabulary/check{part}.benchmark.tsv"
    wildcard_constraints:
        part="|".join(str(part) for part in range(1, VOCABULARY_PARTS + 1)),
    conda:
        "../envs/netspec.yaml"
    params:
        parts=VOCABULARY_PARTS,
    shell:
        "XLA_FLAGS='--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false' JAX_PLATFORMS=cpu "
        "PJRT_NPROC=1 python -m report.vocabulary check --part {wildcards.part}/{params.parts} "
        "--out {output.properties} --mistakes {output.mistakes} > {log} 2>&1"


rule vocabulary_document:
    input:
        properties=[f"reports/vocabulary/properties{part}.csv" for part in range(1, VOCABULARY_PARTS + 1)],
        mistakes=[f"reports/vocabulary/mistakes{part}.csv" for part in range(1, VOCABULARY_PARTS + 1)],
        code=behind("report.vocabulary.__main__:_document", *vocabulary.modules()),
    output:
        tables=report(
            expand("reports/vocabulary/{table}.csv", table=["terms", "properties", "mistakes", "errata"]),
            category="Vocabulary",
            subcategory="Tables",
            caption="../report/vocabulary_table.rst",
        ),
        page="reports/vocabulary/vocabulary.md",
        errata="reports/vocabulary/errata.md",
        pdf=report(
            expand("reports/vocabulary/{page}.pdf", page=["vocabulary", "errata"]),
            category="Vocabulary",
            subcategory="Report",
            caption="../report/vocabulary.rst",
        ),
    log:
        "logs/vocabulary/document.log",
    benchmark:
        "logs/vocabulary/document.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        folder=subpath(output.page, parent=True),
    shell:
        "JAX_PLATFORMS=cpu python -m report.vocabulary document --results {input.properties} "
        "--mistakes {input.mistakes} --out {params.folder} > {log} 2>&1"


rule vocabulary_tables:
    input:
        # Trials and examples that can be run here.
        claims=lambda wildcards: [
            str(path) for path in [*sorted(Path("config/experiments").glob("*.yaml")), *CLAIMED.values()]
        ],
        code=behind("report.vocabulary.__main__:_tables", *vocabulary.modules()),
    output:
        table=report(
            "reports/vocabulary/tables.csv",
            category="Vocabulary",
            subcategory="Tables",
            caption="../report/vocabulary_table.rst",
        ),
        page="reports/vocabulary/tables.md",
        pdf=report(
            "reports/vocabulary/tables.pdf",
            category="Vocabulary",
            subcategory="Report",
            caption="../report/vocabulary.rst",
        ),
    log:
        "logs/vocabulary/tables.log",
    benchmark:
        "logs/vocabulary/tables.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        folder=subpath(output.pdf, parent=True),
    shell:
        "XLA_FLAGS='--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false' JAX_PLATFORMS=cpu "
        "PJRT_NPROC=1 python -m report.vocabulary tables --claims {input.claims} --out {params.folder} > {log} 2>&1"


# Apart from the report, which Snakemake would delete with the job that fails.
rule vocabulary_verdict:
    input:
        tables=rules.vocabulary_document.output.tables,
        code=behind("report.vocabulary.__main__:_verdict"),
    output:
        verdict="reports/vocabulary/verdict.txt",
    log:
        "logs/vocabulary/verdict.log",
    benchmark:
        "logs/vocabulary/verdict.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.vocabulary verdict --results {input.tables[1]} --errata {input.tables[3]} "
        "--out {output.verdict} 2>&1 | tee {log}"


# The target: `snakemake vocabulary`.
rule vocabulary:
    input:
        rules.vocabulary_document.output,
        rules.vocabulary_tables.output,
        rules.vocabulary_verdict.output,
