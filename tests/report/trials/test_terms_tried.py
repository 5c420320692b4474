"""Terms are counted by the claims about them, with what repeats them, and what nothing has tried is said."""

from netspec.vocabulary import entries
from report.trials import terms

MARKED = [entry.id for entry in entries().values() if entry.needs_training and not entry.duplicate_of]
DECIDED = [
    ("few-shot", {"term": "maml", "line": 4357}, "supported"),
    ("few-shot", {"term": ["maml", "protonet"], "line": 4366}, "refuted"),
    ("attention", {"term": "retnet-arch", "line": 4666}, "undecided"),
    ("attention", {"term": "retnet", "line": 2573}, "refuted"),
    ("optimizers", {"term": "lamb", "line": 3203}, "supported"),
    ("other", {"line": 1}, "supported"),
]


def test_each_term_has_the_verdicts_of_its_claims():
    found = {one.entry.id: one for one in terms.judged(DECIDED)}
    assert found["maml"].verdicts == {"supported": 1, "refuted": 1} and found["maml"].trials == ("few-shot",)
    assert found["protonet"].verdicts == {"refuted": 1}
    assert found["retnet"].verdicts == {"undecided": 1, "refuted": 1} and "retnet-arch" not in found
    assert found["lamb"].verdicts == {"supported": 1} and not found["lamb"].entry.needs_training
    assert {*found} == {*MARKED, "lamb"}


def test_the_sentence_counts_those_that_only_training_can_judge():
    assert len(MARKED) == 112
    said = terms.counted(terms.judged(DECIDED))
    assert "Of 112 terms" in said and "3 have a verdict" in said
    assert "3 of those a claim is supported or refuted; so has one other term." in said
    undecided = [(trial, claim, "undecided") for trial, claim, _ in DECIDED]
    assert "0 of those a claim is supported or refuted" in terms.counted(terms.judged(undecided))


def test_what_was_not_tried_is_told_with_its_line():
    found = terms.judged(DECIDED)
    rows = [dict(zip(terms.COLUMNS, map(str, row), strict=True)) for row in terms.rows(found)]
    assert [int(row["line"]) for row in rows] == sorted(int(row["line"]) for row in rows)
    assert sum(row["trials"] == "" for row in rows) == len(MARKED) - 3
    told = terms.left(found).lead
    assert told.startswith(f"{len(MARKED) - 3} terms") and "Kolmogorov-Arnold networks (KAN) (4894)" in told
    assert "MAML" not in told and "Retention" not in told
    assert len(terms.table(found).rows) == 4
    (vain,) = terms.left(found).sentences
    assert "nothing is claimed that can be tested" in vain and "Consciousness-aware tokenization" in vain
    everything = [("all", {"term": one, "line": 1}, "supported") for one in MARKED]
    assert terms.left(terms.judged(everything)).lead == "Every term that only training can judge was tried."
