# Results that are kept in the repository, and their reports: `snakemake recorded` trains nothing.
from report.engine.errors import ReportError
from report.kept.about import about, options_of, report_of, trials_of
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
#: Archives of recorded comparisons, whose claims join those of the trials: of a comparison that was made again by a longer
#: recipe those of the first, or each of its claims would count twice.
COMPARED = [
    f"results/recorded/{name}/results.tar.xz"
    for name, kind in RECORDED.items()
    if kind == "comparison" and not name.endswith("-long")
]


rule recorded_training:
    input:
        lambda wildcards: sorted(str(p) for p in Path("results/recorded", wildcards.record).glob("**/*.*")),
        code=lambda wildcards: closure(
            "report.__main__:_page", f"report.{report_of(Path('results/recorded', wildcards.record))}.page"
        ),
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
        kind=lambda wildcards: report_of(Path("results/recorded", wildcards.record)),
        what=lambda wildcards: options_of(Path("results/recorded", wildcards.record)),
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report page {params.kind} {params.what} --out {params.stem} > {log} 2>&1"


rule recorded_comparison:
    input:
        packed="results/recorded/{record}/results.tar.xz",
        about="results/recorded/{record}/about.json",
        code=lambda wildcards: closure(
            "report.__main__:_page",
            f"report.{about(Path('results/recorded', wildcards.record))['report']}.page",
        ),
    output:
        multiext(
            "reports/recorded/{record}",
            ".csv",
            "_runs.csv",
            "_curves.csv",
            "_claims.csv",
            ".svg",
            "_curves.svg",
            ".md",
        ),
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
        record="|".join(name for name, kind in RECORDED.items() if kind == "comparison") or "(?!)",
    conda:
        "../envs/netspec.yaml"
    params:
        kind=lambda wildcards: about(Path("results/recorded", wildcards.record))["report"],
        record=subpath(input.packed, parent=True),
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report page {params.kind} --record {params.record} --out {params.stem} > {log} 2>&1"


rule recorded_claims:
    input:
        about="results/recorded/{record}/about.json",
        trials=lambda wildcards: trials_of(Path("results/recorded", wildcards.record), "yaml"),
        results=lambda wildcards: trials_of(Path("results/recorded", wildcards.record), "json"),
        records=COMPARED,
        code=behind("report.trials.__main__:_claims", "report.comparison.report"),
    output:
        multiext("reports/recorded/{record}", ".csv", "_runs.csv", "_terms.csv", ".svg", ".md"),
        pdf=report(
            "reports/recorded/{record}.pdf",
            category="Recorded",
            labels={"record": "{record}"},
            caption="../report/claims.rst",
        ),
    log:
        "logs/recorded/{record}.log",
    benchmark:
        "logs/recorded/{record}.benchmark.tsv"
    wildcard_constraints:
        record="|".join(name for name, kind in RECORDED.items() if kind == "claims") or "(?!)",
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
        comparisons=lambda wildcards, input: " ".join(str(Path(path).parent) for path in input.records),
    shell:
        "python -m report.trials claims --trials {input.trials} --results {input.results} "
        "--comparisons {params.comparisons} --out {params.stem} > {log} 2>&1"


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
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.networks --results results/recorded/{wildcards.record} --out {params.stem} > {log} 2>&1"


rule recorded_steps:
    input:
        steps=lambda wildcards: sorted(
            str(path)
            for path in Path("results/recorded", wildcards.record).glob("*.json")
            if path.name != "about.json"
        ),
        about="results/recorded/{record}/about.json",
        code=behind("report.bench.__main__:_report"),
    output:
        table="reports/recorded/{record}.csv",
        page="reports/recorded/{record}.md",
        pdf="reports/recorded/{record}.pdf",
    log:
        "logs/recorded/{record}.log",
    benchmark:
        "logs/recorded/{record}.benchmark.tsv"
    wildcard_constraints:
        record="|".join(name for name, kind in RECORDED.items() if kind == "steps") or "(?!)",
    localrule: True
    conda:
        "../envs/netspec.yaml"
    params:
        stem=subpath(output.pdf, strip_suffix=".pdf"),
    shell:
        "python -m report.bench {input.steps} --out {params.stem} > {log} 2>&1"


rule recorded:
    input:
        expand("reports/recorded/{record}.pdf", record=RECORDED),
