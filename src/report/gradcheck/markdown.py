"""The report as a Markdown page."""

from __future__ import annotations

from netspec.gradcheck.results import Catch, Result
from report.gradcheck.document import Content
from report.markdown_table import table
from report.params.records import columns


def page(c: Content) -> str:
    """The whole report, with what the columns of the CSV files mean."""
    parts = [f"# {c.title}", c.question, c.book, _list(c.findings), "## How it is checked"]
    parts.append(_list(f"**{term}**: {text}" for term, text in c.method))
    for title, statements in c.statements:
        rows = [
            [
                s.key,
                f"**{s.title}.** {s.text} `{s.closed_form}`",
                s.cases,
                *(" ≤ ".join(pair) if pair[0] != "–" else "–" for pair in s.figures),
                s.why,
                s.verdict,
            ]
            for s in statements
        ]
        parts += [f"## {title}", table(c.statement_header, rows)]
    parts += ["## The modules of the catalogue", table(c.module_header, c.modules, left=3)]
    parts += ["## Tiny networks as a whole", table(c.network_header, c.networks, left=3)]
    parts += ["## The training step", table(c.step_header, c.steps)]
    parts += ["## Wrong formulas", table(c.mutant_header, c.mutants, left=4)]
    for name, row in (("gradcheck.csv", Result), ("gradcheck/mutants.csv", Catch)):
        meanings = [[f"`{column}`", meaning] for column, meaning in columns(row).items()]
        parts += [f"## Columns of `{name}`", table(["Column", "Meaning"], meanings)]
    files = ("gradcheck.pdf", "gradcheck.csv", "gradcheck/mutants.csv")
    parts += ["---", "Files: " + " · ".join(f"[{name}]({name})" for name in files)]
    return "\n\n".join(parts) + "\n"


def _list(items) -> str:
    return "\n".join(f"- {item}" for item in items)
