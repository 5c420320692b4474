"""Names of optimizers in reports: every one of a recipe has its own, and what is around it is said."""

import pytest
import yaml

from report.runs.optimizers import TITLES, title
from train.config import schema

NAMES = yaml.safe_load((schema.SCHEMAS / "recipe.schema.yaml").read_text())["properties"]["optimizer"]["properties"]
NAMES = NAMES["name"]["enum"]


def test_every_name_has_a_title_of_its_own():
    assert TITLES.keys() <= {*NAMES}
    titles = [title({"name": name, "momentum": 0.9}) for name in NAMES if name != "momentum"]
    assert len({*titles}) == len(titles)
    assert {"AdamW", "SGD with momentum", "Lion", "Muon", "LAMB"} <= {*titles}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"name": "sgd", "momentum": 0.0}, "SGD"),
        ({"name": "lion", "lookahead": {"period": 5, "rate": 0.5}}, "Lion in lookahead of five steps by 0.5"),
        ({"name": "adam", "sam": {"radius": 0.05}}, "Adam by SAM’s gradient at 0.05"),
        (
            {"name": "lamb", "rate_scaling": {"by": "square-root", "of_batch": 64}},
            "LAMB with a rate for batches of 64 that grows with the square root of the batch",
        ),
    ],
)
def test_what_is_around_it_is_said(block, said):
    assert title(block) == said
    assert title(block, "mine.py:turn").startswith("`mine.py:turn`")
