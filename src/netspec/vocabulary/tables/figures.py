"""Every figure of every table: printed, ours, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from netspec.columns import column
from netspec.vocabulary.entry import errata, table

#: What a table may be.
KINDS = {
    "computed": "recomputed here",
    "fact": "facts about publications, with what sources say",
    "trained": "needs training; what was tried stands on pages of its own",
}

#: Verdicts on a figure.
VERDICTS = ("agrees", "differs", "partly", "words", "fact", "tried", "not yet")


@dataclass(frozen=True)
class Ours:
    """What comes out for one figure: ``verdict`` is ``agrees``, ``differs`` or ``partly``, ``why`` how it was made."""

    text: str
    verdict: str
    why: str = ""


@dataclass(frozen=True)
class Figure:
    """One cell of a table: a row of ``tables.csv``."""

    table: str = column("short name of the table")
    title: str = column("what it is about")
    kind: str = column("computed, fact or trained")
    line: int = column("line of the document")
    row: str = column("its row")
    heading: str = column("its column")
    printed: str = column("what is printed")
    ours: str = column("what comes out")
    verdict: str = column("agrees, differs, partly; words (nothing to compute), fact, tried, or not yet")
    why: str = column("how ours was computed, what a source says, or where it is tried")


#: One table computed: what comes out by row and column of the document. Cells that it leaves out are words.
Computed = Callable[[], dict[tuple[str, str], Ours]]

#: Title and kind of each table, in the order of the document's lines; of a computed one the path of its function.
TABLES: dict[str, tuple[str, str, str]] = {
    "o3_example_numbers": ("The scratchpad example", "computed", "reasoning.scratchpad"),
    "example_performance_claims": ("Claims for the reasoning examples", "trained", ""),
    "tot_path_scores": ("Scores of the four paths", "computed", "reasoning.path_scores"),
    "tot_score_weights": ("Weights of the path score", "computed", "reasoning.score_weights"),
    "cot_tot_comparison": ("Chains and trees of thought", "trained", ""),
    "bert_dimensions": ("Dimensions of BERT", "computed", "networks.bert"),
    "dendrite_branches": ("Branches of the dendritic convolution", "computed", "layers.dendrites"),
    "som_numbers": ("The stacked self-organising map", "computed", "reasoning.stacked_map"),
    "contents": ("The document’s list of contents", "computed", "contents.listed"),
    "sections_missing_from_contents": ("Sections that the contents miss", "computed", "contents.missed"),
    "models_using_claims": ("Models said to use a component", "fact", ""),
    "complexity_claims": ("Complexities", "computed", "complexity.claims"),
    "moe_hyperparameters": ("Mixtures of experts in use", "fact", ""),
    "dilated_receptive_field": ("Receptive field of a dilated convolution", "computed", "layers.dilated"),
    "mha_heads_by_model": ("Attention heads by model", "computed", "networks.heads"),
    "gqa_by_model": ("Query and key/value heads by model", "computed", "networks.grouped_heads"),
    "performance_claims": ("Claims of speed and size", "trained", ""),
    "activation_constants": ("Constants of activation functions", "computed", "layers.activations"),
    "optimizer_defaults": ("Defaults of optimizers", "computed", "optimization.defaults"),
    "optimizer_typical_ranges": ("Typical ranges of optimizers’ settings", "trained", ""),
    "lamb_use_when": ("When to use LAMB", "trained", ""),
    "lamb_hyperparameters": ("Settings of LAMB", "trained", ""),
    "lamb_vs_other_optimizers": ("LAMB beside other optimizers", "trained", ""),
    "lars_vs_lamb": ("LARS and LAMB", "trained", ""),
    "lamb_bert_large_results": ("LAMB on BERT-large", "fact", ""),
    "lamb_debugging": ("When LAMB goes wrong", "trained", ""),
    "optimizer_state_memory": ("Memory of an optimizer’s state", "computed", "optimization.state_memory"),
    "lr_schedules": ("Landmarks of schedules", "computed", "optimization.schedules"),
    "gnn_expressiveness": ("What graph networks can tell apart", "computed", "graphs.expressiveness"),
    "gin_optimizer_pairing": ("Optimizers for GIN", "trained", ""),
    "gin_hyperparameters": ("Settings of GIN", "trained", ""),
    "gin_variants": ("Variants of GIN", "computed", "graphs.variants"),
    "transformer_hyperparameters": ("Dimensions of transformers", "computed", "networks.transformers"),
    "transformer_variants": ("Encoders and decoders", "fact", ""),
    "gpt3_hyperparameters": ("Dimensions of GPT-3", "computed", "networks.gpt3"),
    "gpt_evolution": ("Sizes of GPT", "computed", "networks.gpt"),
    "t5_task_formats": ("Task prefixes of T5", "fact", ""),
    "t5_hyperparameters": ("Dimensions of T5", "computed", "networks.t5"),
    "llama_changes_over_gpt": ("What LLaMA changes", "computed", "networks.llama_changes"),
    "llama2_70b_hyperparameters": ("Dimensions of LLaMA-2-70B", "computed", "networks.llama2_70b"),
    "model_family_sizes": ("Sizes of model families", "computed", "networks.family_sizes"),
    "guardrail_thresholds": ("Thresholds of guardrails", "trained", ""),
    "layer_optimizer_pairing": ("Layers and their optimizers", "trained", ""),
    "theoretical_breakthroughs": ("Speculation", "fact", ""),
    "open_alternatives": ("Open alternatives", "fact", ""),
    "licences": ("Licences", "fact", ""),
    "patent_timeline": ("Expiry of patents", "fact", ""),
    "references": ("References", "fact", ""),
}


#: What supports the tables of facts, where no cell of theirs is contradicted.
SOURCES = {
    "models_using_claims": "as listed by the document; what is contradicted stands among the errata",
    "moe_hyperparameters": "Fedus et al. 2021 [arXiv:2101.03961]; Lepikhin et al. 2020 [arXiv:2006.16668]",
    "lamb_bert_large_results": "You et al. 2020 [arXiv:1904.00962], tables 1 and 2",
    "transformer_variants": "Devlin et al. 2019; Radford et al. 2018; Raffel et al. 2020; Lewis et al. 2020",
    "t5_task_formats": "Raffel et al. 2020 [arXiv:1910.10683], app. D",
    "theoretical_breakthroughs": "no evidence is given",
    "open_alternatives": "Gu and Dao 2023; Peng et al. 2023; Sun et al. 2023; Poli et al. 2023; Lewis et al. 2020",
    "licences": "the texts of these licences",
    "patent_timeline": "no patent is named",
    "references": "as listed by the document; titles were not looked up",
}


def figures() -> list[Figure]:
    """All figures, table by table."""
    found: list[Figure] = []
    for name, (title, kind, path) in TABLES.items():
        ours = computed(path) if path else {}
        for row in printed(name):
            made = ours.get((row["row"], row["column"])) or _not_computed(kind, row)
            place = (row["row"], row["column"], row["value"])
            found.append(Figure(name, title, kind, int(row["line"]), *place, made.text, made.verdict, made.why))
    return found


def printed(name: str) -> list[dict[str, str]]:
    """The figures of one table as the document has them."""
    return [row for row in _rows() if row["table"] == name]


def computed(path: str) -> dict[tuple[str, str], Ours]:
    """What the function of one table gives."""
    module, name = path.split(".")
    function: Computed = getattr(import_module(f"netspec.vocabulary.tables.{module}"), name)
    return function()


def _not_computed(kind: str, row: dict[str, str]) -> Ours:
    if kind == "fact":
        return Ours("", "fact", _said_elsewhere(row))
    return Ours("", "words" if kind == "computed" else "not yet", row["note"])


def _said_elsewhere(row: dict[str, str]) -> str:
    """What contradicts a fact: an erratum of the term that its row names, or the note of its cell; else its support."""
    wrong = [
        erratum
        for erratum in errata()
        if (erratum.term, erratum.line, erratum.shown) == (row["row"], int(row["line"]), "cited")
        and _names(erratum.printed) & _names(row["value"])
    ]
    if wrong:
        return "; ".join(f"contradicted: {erratum.right} ({erratum.evidence})" for erratum in wrong)
    return row["note"] or SOURCES[row["table"]]


def compared(theirs: object, ours: object, why: str = "") -> Ours:
    """Ours beside a figure that must be the same."""
    return Ours(str(ours), "agrees" if str(theirs) == str(ours) else "differs", why)


def _names(text: str) -> set[str]:
    """Words with a capital letter, as models have."""
    return {word for word in re.findall(r"[\w-]{3,}", text) if word != word.lower()}


@cache
def _rows() -> list[dict[str, str]]:
    return table("vocabulary_tables.csv")
