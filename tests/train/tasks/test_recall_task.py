"""Associative recall: what is made can be answered by looking, and by nothing else; only what is asked for counts."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train import config
from train.config.cell import Dataset, Recall
from train.config.schema import ConfigError
from train.data.prepare import prepare
from train.data.raw.recall import NOTHING, drawn, made
from train.data.store import open_store
from train.tasks import learner_of, task_of

RECALL = Recall(train=40, val=12, pairs=5, keys=9, values=3, queries=7)


@pytest.fixture(scope="module")
def experiment():
    return config.load_experiment({"main": "attention"}).settings["recall"]


def cell_of(experiment, variant="full"):
    return config.parse_cell(experiment.cells[f"{variant}-learning-rate-1e-2"])


def test_every_answer_is_a_pair_before_it_and_no_key_has_two():
    found = drawn(np.random.default_rng(3), 200, RECALL)
    token, answer = found["token"].astype(int), found["answer"]
    assert token.shape == answer.shape == (200, RECALL.length) and RECALL.length == 12
    for row, asked in zip(token, answer, strict=True):
        pairs = {int(pair) // 3: int(pair) for pair in row[:5]}
        assert len(pairs) == 5
        assert (asked[:5] == NOTHING).all()
        assert [pairs[query - 27] for query in row[5:]] == asked[5:].tolist()
    assert token.max() < RECALL.tokens == 36


def test_places_keys_and_values_are_drawn_evenly():
    found = drawn(np.random.default_rng(0), 4000, RECALL)
    pairs, asked = found["token"][:, :5].astype(int), found["answer"][:, 5:]
    assert np.bincount(pairs.ravel() % 3) / pairs.size == pytest.approx([1 / 3] * 3, abs=0.01)
    place = (pairs[:, None] == asked[..., None]).argmax(-1)
    assert np.bincount(place.ravel()) / place.size == pytest.approx([1 / 5] * 5, abs=0.01)


def test_what_is_made_is_the_same_again_and_the_splits_differ():
    one, two = made(RECALL), made(RECALL)
    for split in ("train", "val"):
        assert all((one.splits[split][name] == two.splits[split][name]).all() for name in ("token", "answer"))
    assert not (one.splits["train"]["token"][:12] == one.splits["val"]["token"]).all()
    assert len(one.class_names) == RECALL.tokens and one.class_names[4] == "key 1 is 1"


def test_a_store_of_it_is_read_as_it_was_made(tmp_path):
    dataset = Dataset("mine", "associative-recall", None, RECALL.tokens, recall=RECALL)
    prepare(dataset, tmp_path / "store")
    store = open_store(tmp_path / "store", dataset, {"random_crop": False})
    batch = store.val.gather(np.array([3, 11]))
    wanted = made(RECALL).splits["val"]
    assert (batch["token"] == wanted["token"][[3, 11]]).all() and (batch["answer"] == wanted["answer"][[3, 11]]).all()


@pytest.mark.exhaustive
def test_only_queries_of_real_sequences_count(experiment):
    learner = learner_of(cell_of(experiment))
    batch = learner.example_batch(4, training=False)
    batch["real"][1] = False

    def knowing(token):
        right = jax.nn.one_hot(jnp.maximum(batch["answer"], 0), 288) * 1e3
        return jnp.where((batch["answer"] >= 0)[..., None], right, 0.0)

    sums = learner.measure(knowing, batch, jax.random.key(0))
    assert float(sums["count"]) == 3 * 40
    assert learner.figures(sums) == {"accuracy": 100.0, "loss": pytest.approx(0, abs=1e-6)}
    even = learner.figures(learner.measure(lambda token: jnp.zeros((4, 64, 288)), batch, jax.random.key(0)))
    assert even["loss"] == pytest.approx(math.log(288), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pairs": 33}, "key 'recall.pairs' is 33, expected at most as many as keys"),
        ({"keys": 31}, "key 'classes' is 288, expected 279"),
    ],
)
def test_a_data_set_that_cannot_be_is_one_error(change, says, tmp_path):
    from pathlib import Path

    import yaml

    from train.config import datasets

    value = yaml.safe_load(Path("config/datasets/recall.yaml").read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(value | {"recall": value["recall"] | change}))
    with pytest.raises(ConfigError, match=says):
        datasets.load(path)


def test_the_variants_are_networks_for_a_sequence_and_its_tokens(experiment):
    seen = {}
    for variant in experiment.bases(experiment.shown):
        spec = task_of(cell_of(experiment, variant)).spec(cell_of(experiment, variant))
        assert spec.input_shape == (64,) and spec.output_shape == (64, 288)
        seen[variant] = spec.params
    assert len(seen) >= 12
    assert seen["mqa"] < seen["gqa"] < seen["full"] == seen["window-8"] == seen["linear"] < seen["wkv"]


@pytest.mark.parametrize(
    ("attention", "says"),
    [
        ("window=8, ahead=2", "a token must not see those it is to predict: arrived ahead=2, expected causal=False"),
        ("kernel='linear', window=8", "a state is of all tokens so far, none of which can be left out"),
        ("pattern='none'", "extra"),
    ],
)
def test_what_sees_the_future_or_cannot_be_is_refused_with_the_reason(attention, says, tmp_path):
    """As a row of one's own, before anything is trained."""
    path = tmp_path / "mine.py"
    path.write_text(f"from netspec.layers.attention import Attention\nMine = Attention({attention})\n")
    with pytest.raises(ConfigError, match=says) as error:
        config.load_experiment({"attention": {"extra": f"{path}:Mine"}}, name="attention")
    assert "settings.text.extra" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("setting", ["text", "recall"])
def test_a_network_that_is_not_causal_is_refused(setting, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import replace\nimport netspec\ntiny = netspec.find('TinyGPT (four heads)')\n"
        "first, body, last = tiny.layers\n"
        "Seer = replace(tiny, name='Seer', layers=(first, replace(body, causal=False), last))\n"
    )
    settings = {"text": {"task": "language", "recipe": "compare-attention"}, "recall": {"task": "recall"}}
    recall = {"dataset": "recall", "recipe": "compare-recall"}
    chosen = {setting: {**settings[setting], **(recall if setting == "recall" else {})}}
    with pytest.raises(ConfigError, match="sees the tokens that it is to predict"):
        config.load_experiment({"attention": {"extra": f"{path}:Seer", "settings": chosen}}, name="attention")


def test_an_attention_of_ones_own_is_a_row_of_both_settings(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from netspec.layers.attention import Attention\nMyAttention = Attention(kv_heads=1, window=16)\n")
    found = config.load_experiment({"attention": {"extra": f"{path}:MyAttention"}}, name="attention")
    for part in found.parts:
        assert "my-attention" in part.bases(part.shown)
        assert (
            task_of(cell := config.parse_cell(part.cells[part.shown[-1]])).spec(cell).layers[1].attention.window == 16
        )
