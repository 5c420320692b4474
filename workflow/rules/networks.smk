# Every variant of the catalogue as a flax module: traced, and below a hundred million parameters run forward and
# backward. One job per network, so that a single one can be run again: results/networks/lenet-5.json.
from netspec import catalogue
from report.networks.rows import RUN_BELOW

#: Names of the catalogue's variants by the name of their file.
NETWORKS = {spec.slug.lower(): spec.name for spec in catalogue.specs() if spec.provenance.role == "variant"}


rule run_network:
    input:
        code=lambda wildcards: provenance.code_of(NETWORKS[wildcards.network], "netspec.cli.running:run"),
    output:
        "results/networks/{network}.json",
    log:
        "logs/networks/{network}.log",
    benchmark:
        "logs/networks/{network}.benchmark.tsv"
    wildcard_constraints:
        network="|".join(NETWORKS),
    conda:
        "../envs/netspec.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        name=lambda wildcards: NETWORKS[wildcards.network],
        architecture=lambda wildcards: provenance.architecture_of(NETWORKS[wildcards.network]),
        # Forward and backward, or for a network too large for most machines the trace alone.
        how=lambda wildcards: (
            "--backward" if catalogue.find(NETWORKS[wildcards.network]).params < RUN_BELOW else "--abstract"
        ),
    shell:
        # Networks run beside each other, each on its own thread, as the trainer's cells do.
        "JAX_PLATFORMS=cpu PJRT_NPROC={threads} OMP_NUM_THREADS={threads} "
        "python -m netspec run {params.name:q} {params.how} --json > {output} 2> {log}"


rule networks_report:
    input:
        networks=expand("results/networks/{network}.json", network=NETWORKS),
        code=behind("report.networks.__main__:_report"),
    output:
        table=report(
            "reports/networks.csv",
            category="Networks",
            labels={"table": "every variant, built and run"},
            caption="../report/networks.rst",
        ),
        markdown="reports/networks.md",
        pdf=report(
            "reports/networks.pdf",
            category="Networks",
            labels={"report": "every variant, built and run"},
            caption="../report/networks.rst",
        ),
    log:
        "logs/networks/report.log",
    benchmark:
        "logs/networks/report.benchmark.tsv"
    conda:
        "../envs/netspec.yaml"
    params:
        results=lambda wildcards, input: Path(input.networks[0]).parent,
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.networks --results {params.results} --out {params.stem} > {log} 2>&1"


# The target: `snakemake networks`.
rule networks:
    input:
        rules.networks_report.output,
