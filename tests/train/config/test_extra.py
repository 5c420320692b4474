"""Parts of a person's own: each kind becomes a variant, its text decides the result, and mistakes are one error."""

import dataclasses

import jax.numpy as jnp
import optax
import pytest

from train import config
from train.config import extra
from train.config.models import model_of
from train.config.schema import ConfigError
from train.optimizer import make_optimizer
from train.tasks import task_of

MINE = """
import optax
import netspec
from netspec.layers.attention import Attention

MyAttention = Attention(positions="alibi")
Wide = netspec.find("ViT-Digits")
signs = optax.scale_by_sign() if hasattr(optax, "scale_by_sign") else optax.identity()

def plain_descent(rate):
    return optax.sgd(rate)

number = 3
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The folder of ``mine.py``, which is the current one."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.py"


def test_each_kind_takes_the_place_of_its_part(mine):
    found = extra.variants(["mine.py:MyAttention", "mine.py:Wide", "mine.py:plain_descent"], "Base", "here")
    assert {name: cell["recipe"] for name, cell in found.items()} == {
        "my-attention": {"model": "Base with mine.py:MyAttention"},
        "wide": {"model": "mine.py:Wide"},
        "plain-descent": {"own_optimizer": "mine.py:plain_descent"},
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("nowhere.py:X", r"here: nowhere.py: cannot be read"),
        ("mine.py:MyAtention", r"here: mine.py has no 'MyAtention'; did you mean MyAttention\?"),
        ("mine.py:number", r"here: mine.py:number is int, expected a NetSpec, an Attention, an optax transformation"),
        ("mine.py", r"here: mine.py: expected FILE.py:NAME"),
    ],
)
def test_a_wrong_file_name_or_kind_is_one_error(given, says, mine):
    with pytest.raises(ConfigError, match=says) as error:
        extra.variants(given, "Base", "here")
    assert "\n" not in str(error.value)


def test_an_attention_is_that_of_all_blocks(mine):
    name = "TinyGPT (Shakespeare demo) with mine.py:MyAttention"
    assert [layer.attention.positions for layer in model_of(name).layers if hasattr(layer, "attention")] == ["alibi"]
    plain = model_of("TinyGPT (Shakespeare demo)")
    assert model_of(name).params == plain.params
    from netspec import SpecError

    with pytest.raises(SpecError, match="has no layer with attention"):
        model_of("ResNet-18 with mine.py:MyAttention")
    with pytest.raises(SpecError, match="is int, expected a value of netspec's Attention"):
        model_of("TinyGPT (Shakespeare demo) with mine.py:number")


def test_an_optimizer_of_ones_own_is_the_one_that_steps(mine, short_cell):
    cell = dataclasses.replace(short_cell("bare"), own_optimizer="mine.py:plain_descent")
    schedule = dataclasses.replace(cell.schedule, name="constant", granularity="step", warmup_epochs=0)
    cell = dataclasses.replace(cell, schedule=schedule)
    for place, scale in (("mine.py:plain_descent", 2.0), ("mine.py:signs", 1.0)):
        cell = dataclasses.replace(cell, own_optimizer=place)
        optimizer = make_optimizer(cell, 6, 0.5)
        params = {"w": jnp.ones(3)}
        updates, _ = optimizer.update({"w": jnp.full(3, 2.0)}, optimizer.init(params), params)
        if hasattr(optax, "scale_by_sign") or scale == 2.0:
            assert updates["w"] == pytest.approx(-0.5 * scale)
    assert task_of(cell).name == "classification"


def test_the_text_of_the_file_decides_the_result(mine, short):
    value = {**short("bare"), "own_optimizer": "mine.py:plain_descent"}
    before = config.parse_cell({**value, "own_text": extra.text_of("mine.py:plain_descent", "here")})
    mine.write_text(MINE.replace("optax.sgd(rate)", "optax.sgd(rate, 0.9)"))
    after = config.parse_cell({**value, "own_text": extra.text_of("mine.py:plain_descent", "here")})
    assert before.fingerprint != after.fingerprint
    make_optimizer(after, 6)
    with pytest.raises(ConfigError, match="has changed since the cell was resolved"):
        make_optimizer(before, 6)


def test_a_comparison_has_them_as_rows(mine, shipped, folder):
    own = {"extra": "mine.py:plain_descent", "only": ["constant"], "tuning": {"rates": [0.1, 0.3]}}
    own["settings"] = {"digits": {"recipe": "compare-digits"}}
    found = config.load_experiment({**shipped, "schedules": own}, folder, "schedules")
    assert found.bases(found.shown) == ("constant", "plain-descent")
    points = [name for name in found.shown if name.startswith("plain-descent-")]
    assert len(points) == 2
    assert {found.cells[name]["own_optimizer"] for name in points} == {"mine.py:plain_descent"}
    with pytest.raises(ConfigError, match=r"key 'schedules\..*extra': mine.py has no 'nothing'"):
        config.load_experiment({**shipped, "schedules": {"extra": "mine.py:nothing"}}, folder, "schedules")
