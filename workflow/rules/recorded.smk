# Results that are kept in the repository, and their reports: `snakemake recorded` trains nothing.
from report.errors import ReportError
from report.record import about, options_of
from train.config.schema import is_name

#: What kind each record is.
try:
    RECORDED = {
        path.parent.name: about(path.parent)["kind"]
        for path in sorted(Path("results/recorded").glob("*/about.json"))
        if is_name(path.parent.name)
    }
except ReportError as error:
    raise WorkflowError(str(error)) from None


rule recorded_ablation:
    input:
        lambda wildcards: sorted(str(p) for p in Path("results/recorded", wildcards.record).glob("**/*.*")),
        code=behind("report.__main__"),
    output:
        table="reports/recorded/{record}.csv",
        runs="reports/recorded/{record}_runs.csv",
        curves="reports/recorded/{record}_curves.csv",
        figure="reports/recorded/{record}.svg",
        figure_curves="reports/recorded/{record}_curves.svg",
        markdown="reports/recorded/{record}.md",
        pdf=report(
            "reports/recorded/{record}.pdf",
            category="Recorded",
            labels={"record": "{record}"},
            caption="../report/recorded.rst",
        ),
    log:
        "logs/recorded/{record}.log",
    benchmark:
        "logs/recorded/{record}.benchmark.tsv"
    wildcard_constraints:
        record="|".join(name for name, kind in RECORDED.items() if kind == "training") or "(?!)",
    conda:
        "../envs/netspec.yaml"
    params:
        what=lambda wildcards: options_of(Path("results/recorded", wildcards.record)),
        tables=lambda wildcards, output: f"--runs {output.runs} --curves {output.curves}",
    shell:
        "(python -m report table {params.what} {params.tables} --out {output.table} "
        "&& python -m report figure --table {output.table} {params.tables} "
        "--out {output.figure} --out-curves {output.figure_curves} "
        "&& python -m report document {params.what} {params.tables} --table {output.table} --figure {output.figure} "
        "--figure-curves {output.figure_curves} --out {output.pdf} --markdown {output.markdown}) > {log} 2>&1"


rule recorded_networks:
    input:
        lambda wildcards: sorted(str(p) for p in Path("results/recorded", wildcards.record).glob("*.json")),
        code=behind("report.networks.__main__:_report"),
    output:
        table="reports/recorded/{record}.csv",
        markdown="reports/recorded/{record}.md",
        pdf=report(
            "reports/recorded/{record}.pdf",
            category="Recorded",
            labels={"record": "{record}"},
            caption="../report/recorded.rst",
        ),
    log:
        "logs/recorded/{record}.log",
    benchmark:
        "logs/recorded/{record}.benchmark.tsv"
    wildcard_constraints:
        record="|".join(name for name, kind in RECORDED.items() if kind == "networks") or "(?!)",
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.networks --records results/recorded/{wildcards.record} --out {output.pdf} > {log} 2>&1"


rule recorded_steps:
    input:
        steps=lambda wildcards: sorted(
            str(path)
            for path in Path("results/recorded", wildcards.record).glob("*.json")
            if path.name != "about.json"
        ),
        about="results/recorded/{record}/about.json",
        code=behind("report.bench"),
    output:
        table="reports/recorded/{record}.csv",
        page="reports/recorded/{record}.md",
    log:
        "logs/recorded/{record}.log",
    benchmark:
        "logs/recorded/{record}.benchmark.tsv"
    wildcard_constraints:
        record="|".join(name for name, kind in RECORDED.items() if kind == "steps") or "(?!)",
    localrule: True
    conda:
        "../envs/netspec.yaml"
    shell:
        "python -m report.bench {input.steps} --out {output.table} --page {output.page} > {log} 2>&1"


rule recorded:
    input:
        [f"reports/recorded/{name}.{'md' if kind == 'steps' else 'pdf'}" for name, kind in RECORDED.items()],
