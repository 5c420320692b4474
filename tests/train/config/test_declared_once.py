"""What a recipe's schema declares is what the table of keys in config/README.md says, and what parsing gives."""

import dataclasses
import json
import re
from pathlib import Path

import yaml

from train.config import cell, parse_cell, recipes, schema

ROOT = Path(__file__).parents[3]


def declared(kind="recipe"):
    """Schemas of all keys, those of blocks under dotted names."""
    found = {}
    for name, about in yaml.safe_load((schema.SCHEMAS / f"{kind}.schema.yaml").read_text())["properties"].items():
        inner = about.get("properties")
        found |= {f"{name}.{key}": value for key, value in inner.items()} if inner else {}
        found |= {} if inner and "default" not in about else {name: about}
    return found


def documented():
    """The third column of the table of recipes by the keys in the first."""
    text = (ROOT / "config/README.md").read_text()
    table = text.split("## recipes/")[1].split("## cells/")[0]
    rows = [re.split(r"(?<!\\\\)\|", line)[1:-1] for line in table.splitlines() if line.startswith("| `")]
    return {key: row[2].strip() for row in rows for key in re.findall(r"`([^`]+)`", row[0])}


def test_every_key_is_documented_with_its_default():
    assert documented() == {key: default_of(about) for key, about in declared().items()}


def default_of(about):
    """A default as the table has it; that of an option by who has it, where those are few."""
    own = {name: value for name, value in about.get("for", {}).items() if value != "required"}
    if len(own) > 3:
        return "by name"
    if own:
        named = {name: name if name == "others" else f"`{name}`" for name in own}
        return ", ".join(f"{named[name]} {quoted(value)}" for name, value in own.items())
    return quoted(about["default"]) if "default" in about else ""


def quoted(value):
    """A value of YAML as code."""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def test_a_default_is_one_that_could_be_written():
    for key, about in declared().items():
        if "default" in about:
            schema._complain(schema._Validator(about), about["default"], key, partial=False)


def test_what_is_left_out_is_what_the_default_says(digits_cells):
    """Leaving out every key at its default, in blocks, too, gives the same cell; the resolved one is complete."""
    whole = digits_cells["bare"]
    left = {"accumulate", "ema_decay", "on_divergence", "precision", "dropout", "stochastic_depth", "purpose"}
    short = {key: value for key, value in whole.items() if key not in left}
    short["schedule"] = {key: whole["schedule"][key] for key in ("granularity", "warmup_epochs")}
    assert recipes.merge(short, {}) == whole
    defaults = {key: about["default"] for key, about in declared().items() if "default" in about}
    resolved = parse_cell(whole)
    for key in left:
        assert getattr(resolved, key) == whole[key] == defaults[key]


def test_no_second_statement_of_a_default():
    """Where the schema has a default, the typed cell has none, but for keys that older cells lack."""
    fields = {field.name: field for field in dataclasses.fields(cell.Cell)}
    stated = [key for key, about in declared().items() if "default" in about and "." not in key]
    assert [key for key in stated if fields[key].default is not dataclasses.MISSING] == ["purpose"]
