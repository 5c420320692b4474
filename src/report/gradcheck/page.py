"""The page on the gradient check."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netspec.gradcheck import checks, networks, primitives
from netspec.gradcheck.results import Catch, Result
from report.engine import citation
from report.engine.formats import NONE, count, listing, minus, scaled, spelled, words
from report.engine.page import Block, Cell, Column, Page, Section, Table
from report.gradcheck.verdict import failure


def _power(value: float) -> str:
    """A power of ten as a person writes it."""
    return "10" + str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


#: The group of the claims about the training step.
STEP = "training step"

TITLE = "Every backward pass, checked"

QUESTION = (
    "Chapter 10 proves in Lean that the backward pass of a Vision Transformer is its derivative, theorem by theorem. "
    "Here the closed forms of these theorems, and of the layers that the chapter names as proved before it, are "
    "functions of a few lines each; composites are joined from them by the chapter’s three rules (chain, additive "
    "fan-in, product). Each is compared with three other ways to the same number. Then the modules that networks are "
    "built of, and small networks as a whole, are followed along their tensors. Nothing here is a proof: it is what a "
    "wrong formula would not survive."
)

METHOD = (
    (
        "jax.vjp",
        "The closed form’s vector-Jacobian product against reverse-mode differentiation of the forward, in float64.",
    ),
    (
        "Differences",
        "Against central differences of ⟨dy, F⟩ along one random direction and along single coordinates, extrapolated "
        "(Ridders 1982), the step chosen where truncation and rounding together are least. For modules, along a random "
        "direction through each input and each parameter tensor.",
    ),
    (
        "Jacobian",
        "The stated Jacobian, or that assembled from one backward per output, entry by entry against forward-mode "
        f"differentiation, where it has at most {count(checks.ENTRIES)} entries.",
    ),
    (
        "Structure",
        "What the statement claims besides: linearity in the cotangent, exact zeros, rows that sum to one, VJPs "
        "orthogonal to constants, the identity of no blocks, the theorem’s own formula for a composite, the "
        "subgradient taken at a kink.",
    ),
    (
        "Error",
        "The largest difference over the largest entry of the tensor. Each cell shows, for the comparison that comes "
        "nearest to its tolerance, the error and, below it, the tolerance.",
    ),
    (
        "Tolerance",
        "Derived for each case. u = 2⁻⁵³; n counts the rounding errors that a number collects on its way (a sum of k "
        "terms counts k), for modules read off the compiled program’s longest path; A is how much a relative change of "
        "argument and cotangent grows on its way to the gradient. Two ways to one number differ by at most 2·n·u·A; a "
        "difference quotient with step h carries 2·n·u·A·Σ|dy·F|/h and the truncation that its extrapolation "
        f"estimates (for modules A = 1). Both are taken {checks.SAFETY} times, since A and that estimate are measured, "
        "not bounded. What involves no rounding is exact and has tolerance 0. A tolerance above "
        f"{_power(checks.CEILING)} would no longer tell right from wrong and counts as a failure.",
    ),
    (
        "Networks",
        f"Every network that the chapters give in a tiny form, with inputs halved until an example takes at most "
        f"{scaled(networks.LARGEST)[0].rstrip('0').rstrip('.')} million multiply-adds, a side would "
        "be one or the layers do not accept less. In "
        f"training mode with dropout and stochastic depth at rate {networks.DROPOUT:g}, masks held fixed, and with "
        "statistics of the batch; those that hold batch norm also in evaluation mode. Rounding errors are taken "
        "as independent: on the way to terms t of f, n of them add up to √n·u·√Σt² (Higham & Mary 2019). The quotient "
        "rests on two steps, h and h/2, between which and zero the slopes on both sides tell of no kink; where "
        f"kinks leave too much uncertain, another direction is drawn, up to {primitives.DIRECTIONS} in all.",
    ),
    (
        "Kinks",
        "ReLU and max-pooling are compared away from their kinks. At a kink ReLU takes the subgradient 0, and "
        "max-pooling gives all to the first of equal entries in row-major order; both are checked as structure, and "
        "against the functions that the networks use.",
    ),
    (
        "Data",
        "Random shapes and normal entries from fixed seeds, and ill-conditioned kinds: logits around 700 or far apart "
        "with a near tie, variances of 10⁻⁶, entries around 1000. Modules have random parameters, none neutral, and "
        "are checked in both modes where they hold batch norm. No layer of the catalogue has dropout; networks "
        "may. The structure module runs one round, in networks too: between rounds it withholds the gradient of "
        "rotations, as published, which differences see.",
    ),
    (
        "Training step",
        "Of a Vision Transformer of one block, by every parameter tensor: the loss on smoothed and mixed labels, parts "
        "of a batch added up, a batch split over virtual devices, all in float64; and bfloat16 against float32 in "
        "norm, where k roundings to bfloat16 add up to √k·2⁻⁸ (Higham & Mary 2019), taken as often as the others.",
    ),
    (
        "Wrong formulas",
        "Each replaces one function while one statement is checked, composites included, and must be noticed by "
        "differences or structure, without another implementation to compare with.",
    ),
)

#: Where every table ends: what lies behind the tolerance, and whether it holds.
LAST = (Column("Why", quiet=True), Column(""))
TOLERANCE = Column("Tolerance", left=False, quiet=True)

STATEMENT_HEADER = (
    "", Column("Statement and closed form", "1fr"), Column("Cases", "4cm"), "jax.vjp", "Differences",
    "Jacobian", "Structure", *LAST,
)  # fmt: skip
MODULE_HEADER = (
    Column("Layer"), Column("Instance", "1fr"), Column("Mode"), "Tensors", "Error", TOLERANCE, *LAST,
)  # fmt: skip
NETWORK_HEADER = (
    Column("Network"), Column("Input"), Column("Mode"), "Tensors", Column("Nearest its tolerance", "1fr"), "Error",
    TOLERANCE, *LAST,
)  # fmt: skip
STEP_HEADER = (Column(""), Column("Claim", "1fr"), "Tensors", "Error", TOLERANCE, *LAST)
MUTANT_HEADER = (
    "", Column("Statement"), Column("What is wrong", "1fr"), Column("Function replaced"), "By differences",
    "By structure", "Error", Column(""),
)  # fmt: skip


def page(results: Sequence[Result], mutants: Sequence[Catch]) -> Page:
    """The report of these results."""

    def of(group: str) -> list[Result]:
        return [result for result in results if result.group == group]

    tables = {
        "Theorems 46 to 81": (STATEMENT_HEADER, map(_statement, of("theorem"))),
        "The layers of the earlier chapters": (STATEMENT_HEADER, map(_statement, of("earlier chapter"))),
        "The modules of the catalogue": (MODULE_HEADER, map(_module, of("module"))),
        "Tiny networks as a whole": (NETWORK_HEADER, map(_network, of("network"))),
        "The training step": (STEP_HEADER, map(_step, of(STEP))),
        "Wrong formulas, each planted and looked for": (MUTANT_HEADER, map(_mutant, mutants)),
    }
    wide: list[Block] = []
    for title, (header, rows) in tables.items():
        wide += [Section(title), Table("", header, list(rows))]
    return Page(
        title=TITLE,
        subtitle="",
        question=QUESTION,
        book=citation.sentence("10"),
        blocks=[
            Section("What the checks say", sentences=findings(results, mutants)),
            Section("How it is checked", facts=METHOD),
        ],
        wide=wide,
        footer=TITLE,
        data=("*.csv", "*/mutants.csv"),
    )


_GROUPS = (
    ("theorem", "theorem"),
    ("earlier chapter", "layer"),
    ("module", "module"),
    ("network", "network"),
    (STEP, "claim"),
)


def findings(results: Sequence[Result], mutants: Sequence[Catch]) -> list[str]:
    """The sentences that the numbers make."""
    failed = [r for r in results if r.verdict != "pass"]
    sentences = []
    for group, noun in _GROUPS:
        rows = [r for r in results if r.group == group]
        passed, where = [r for r in rows if r.verdict == "pass"], " of the earlier chapters"
        tail = {
            "earlier chapter": where,
            "module": " of the catalogue (both modes counted)",
            "network": " checked as a whole (both modes counted)",
            STEP: " about the training step",
        }.get(group, "")
        made = count(sum(r.checks for r in rows))
        verdict = "all pass" if len(passed) == len(rows) else f"{len(rows) - len(passed)} FAIL"
        sentences.append(f"{words(len(rows), noun).capitalize()}{tail}: {made} comparisons, {verdict}.")
    if failed:
        sentences.append(f"Failed: {'; '.join(map(failure, failed))}.")
    nearest = max((r for r in results if r.key != "bfloat16"), key=lambda r: r.largest_share)
    if nearest.largest_share > 0:
        share, factor = f"{nearest.largest_share:.1%}", f"{1 / nearest.largest_share:.0f}"
        sentences.append(
            f"In float64 no error is more than {share} of its tolerance ({_name(nearest)}): at least a factor {factor} "
            "lies between."
        )
    missed = [m for m in mutants if m.verdict != "caught"]
    alone = sum(m.by_differences == 0 for m in mutants)
    sentences.append(
        f"Of {words(len(mutants), 'wrong formula')} planted, "
        + ("all are caught" if not missed else f"{len(missed)} are missed: {listing(m.mistake for m in missed)}")
        + f"; {spelled(alone)} of them by structure alone, at kinks."
    )
    return sentences


def _name(result: Result) -> str:
    return f"theorem {result.key}" if result.group == "theorem" else result.title


def figure(value: float | None) -> str:
    """An error or a tolerance with two digits; a dash where there is none."""
    if value is None:
        return NONE
    return "0" if value == 0 else minus(f"{value:.1e}")


def _statement(r: Result) -> list[str | Cell]:
    pairs = (
        (r.vjp_error, r.vjp_tolerance),
        (r.differences_error, r.differences_tolerance),
        (r.jacobian_error, r.jacobian_tolerance),
        (r.structure_error, r.structure_tolerance),
    )
    key = r.key if r.group == "theorem" else ""
    claim = Cell(r.statement, lead=f"{r.title}.", below=f"`{r.closed_form}`")
    cases = Cell(count(r.cases), below=r.kinds, between="·")
    why, verdict = _last(r)
    return [key, claim, cases, *(_within(*pair) for pair in pairs), why.replace(", ", ",\n"), verdict]


def _within(error: float | None, tolerance: float | None) -> Cell:
    """An error, and below it its tolerance."""
    return Cell(NONE) if error is None else Cell(figure(error), below=figure(tolerance), between="≤")


def _module(r: Result) -> list[str | Cell]:
    return [_named(r), r.title, r.kinds, count(r.checks), *_error(r), *_last(r)]


def _network(r: Result) -> list[str | Cell]:
    # Room to break between the parts of a path.
    return [_named(r), r.title, r.kinds, count(r.checks), r.where.replace(".", ".\u200b"), *_error(r), *_last(r)]


def _step(r: Result) -> list[str | Cell]:
    return [_named(r), r.title, count(r.checks), *_error(r), *_last(r)]


def _named(r: Result) -> Cell:
    return Cell("", lead=r.key)


def _error(r: Result) -> list[str]:
    return [figure(r.differences_error), figure(r.differences_tolerance)]


def _last(r: Result) -> tuple[str, Cell]:
    """The end of a row: a failure must not look like the word beside it."""
    passed = r.verdict == "pass"
    return r.why, Cell(r.verdict if passed else r.verdict.upper(), alarm=not passed)


def _mutant(m: Catch) -> list[str | Cell]:
    key = m.key if m.key.isdigit() else ""
    found = [count(m.by_differences), count(m.by_structure), figure(m.error)]
    return [key, m.title, m.mistake, f"`{m.function}`", *found, Cell(m.verdict, alarm=m.verdict != "caught")]
