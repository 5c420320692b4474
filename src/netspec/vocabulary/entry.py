"""The rows of the vocabulary: what each term is called, where it stands in the document and where in the code.

``reference/vocabulary_terms.csv`` has a row for each of the document's terms, ``reference/vocabulary_errata.csv`` one
for each sentence, formula or listing of it that is wrong. Nothing here imports what a row points to.
"""

from __future__ import annotations

import csv
import importlib
import io
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

#: What a term may be to us, and what that means.
STATUSES = {
    "here": "part of a network or of the trainer",
    "alias": "a library has it; ours adds the description and what must hold",
    "written": "written for the vocabulary",
    "simulated": "written as a simulation of what needs other hardware or a physical system",
    "trained": "only training can judge it; its experiment comes with the claims",
    "fact": "a word that is explained, with nothing to execute",
    "unsupported": "speculation, a vendor's name or a patent: what is claimed, without evidence",
}

#: Statuses of terms that can be imported and have properties.
EXECUTABLE = ("here", "alias", "written", "simulated")

#: The chapters of the edition in their order: the key that rows carry, and the title.
FAMILIES = {
    "activations": "Activation functions",
    "norms": "Normalisation",
    "pooling": "Pooling",
    "gates": "Gated layers",
    "layers": "Layers and adapters",
    "convolutions": "Convolutions",
    "recurrent": "Recurrent networks",
    "attention": "Attention",
    "masks": "Masks and the flow of data",
    "positions": "Positions",
    "embeddings": "Embeddings",
    "tokens": "Tokens",
    "losses": "Losses",
    "regularisers": "Regularisation and augmentation",
    "optimizers": "Optimizers",
    "schedules": "Schedules of the rate",
    "scaling": "Precision, parallelism, compression",
    "blocks": "Blocks",
    "architectures": "Architectures",
    "graphs": "Graphs",
    "spiking": "Spiking neurons",
    "continuous": "Continuous time",
    "generative": "Generative models",
    "meta": "Learning to learn",
    "associative": "Memories, maps and other algebras",
    "quantum": "Quantum and optical networks",
    "space": "Points, rays and volumes",
    "reasoning": "Reasoning examples",
    "minds": "Models of other minds",
    "personas": "Personas",
    "safety": "Guardrails",
    "words": "Words",
    "speculation": "Speculation and patents",
}


@dataclass(frozen=True)
class Entry:
    """One term of the document.

    ``line`` and ``section`` are those of the document; ``where`` is an importable path (empty for words and
    speculation); ``formula`` plain text and ``typeset`` the same in typst's notation; ``also`` other names and
    abbreviations; ``duplicate_of`` the id of the entry that says the same, where this one only repeats it; ``source``
    the papers. Of what ``needs_training``, formulas and properties show that it computes what it should, and only a
    trial whether it does what is said of it.
    """

    id: str
    name: str
    family: str
    kind: str
    section: str
    line: int
    status: str
    where: str
    formula: str
    typeset: str
    summary: str
    also: tuple[str, ...]
    source: str
    related: tuple[str, ...]
    duplicate_of: str
    needs_training: bool

    @property
    def executable(self) -> bool:
        """Whether it can be imported and is held to properties; what only repeats another term is not counted."""
        return self.status in EXECUTABLE and not self.duplicate_of

    def load(self) -> Any:
        """What :attr:`where` points to, imported now. Raises :class:`LookupError` where there is nothing to import."""
        if not self.where:
            raise LookupError(f"{self.id} is {self.status}: there is nothing to import")
        return imported(self.where)


@dataclass(frozen=True)
class Erratum:
    """Something that the document prints and that is wrong.

    ``shown`` says how: ``computed`` (by ``evidence``: the path of a function of ours, or empty where a property of
    the term catches the printed form, whose :class:`~netspec.vocabulary.term.Mistake` names the line), ``executed``
    (the listing was run, ``evidence`` is what happened), or ``cited`` (``evidence`` is the source).
    """

    term: str
    line: int
    printed: str
    right: str
    shown: str
    evidence: str


SHOWN = ("computed", "executed", "cited")


@cache
def entries() -> dict[str, Entry]:
    """All terms by id, family by family and in the order of the document."""
    return {entry.id: entry for entry in map(_entry, table("vocabulary_terms.csv"))}


@cache
def errata() -> tuple[Erratum, ...]:
    """All errors of the document, in its order."""
    rows: list[dict[str, Any]] = [row | {"line": int(row["line"])} for row in table("vocabulary_errata.csv")]
    return tuple(sorted((Erratum(**row) for row in rows), key=lambda erratum: erratum.line))


def imported(path: str) -> Any:
    """The object at a dotted path; its module is the longest part that can be imported."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        try:
            found: Any = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(f"no module in {path!r}")


def _entry(row: dict[str, str]) -> Entry:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(Entry)}
    for name in ("also", "related"):
        values[name] = tuple(part.strip() for part in row[name].split(";") if part.strip())
    return Entry(**values | {"line": int(row["line"]), "needs_training": row["needs_training"] == "yes"})


def table(file: str) -> list[dict[str, str]]:
    """The rows of a CSV file of ``netspec/reference``."""
    return list(csv.DictReader(io.StringIO((files("netspec.reference") / file).read_text(encoding="utf-8"))))
