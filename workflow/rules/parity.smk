# Networks beside what reference implementations recorded: `snakemake parity`, by default on the cases in tests/, or
# on a folder of one's own: `snakemake parity --config parity_cases=DIR`.
#: Jobs that the cases are dealt out to.
PARITY_PARTS = 2
PARITY_CASES = config.get("parity_cases") or f"{workflow.basedir}/tests/netspec/modules/parity"


rule parity_compare:
    input:
        code=behind(
            "report.parity.__main__:_compare", *provenance.all_modules(), *provenance.published_modules()
        ),
    output:
        "results/parity/part{part}.json",
    log:
        "logs/parity/part{part}.log",
    benchmark:
        "logs/parity/part{part}.benchmark.tsv"
    wildcard_constraints:
        part="[0-9]+",
    conda:
        "../envs/netspec.yaml"
    resources:
        mem_mb=6000,
    params:
        cases=PARITY_CASES,
        parts=PARITY_PARTS,
    shell:
        "JAX_PLATFORMS=cpu PJRT_NPROC=1 python -m report.parity compare {params.cases:q} --part {wildcards.part} "
        "--parts {params.parts} --out {output} > {log} 2>&1"


rule parity:
    input:
        parts=expand("results/parity/part{part}.json", part=range(1, PARITY_PARTS + 1)),
        code=behind("report.parity.__main__:_page"),
    output:
        table="reports/parity.csv",
        unseen="reports/parity_unseen.csv",
        page="reports/parity.md",
        pdf="reports/parity.pdf",
    log:
        "logs/parity/report.log",
    benchmark:
        "logs/parity/report.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.parity page {input.parts} --out {params.stem} > {log} 2>&1"
