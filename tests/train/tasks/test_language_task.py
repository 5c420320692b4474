"""Language: every held-out token scored once, n-gram models as counted by hand, decoding that equals the network."""

import contextlib
import dataclasses
import json
import math
import signal
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec.errors import SpecError
from netspec.modules.decoding import check_decodable, continued, next_scores
from train import config
from train.config.places import Places
from train.config.schema import ConfigError
from train.data.windows import any_window, every_token
from train.machine import processes
from train.tasks import learner_of
from train.tasks.language import check, with_vocabulary
from train.tasks.language.ngrams import Counts, baselines, kneser_ney, witten_bell
from train.tasks.language.sample import texts

NANO = "TinyGPT (Shakespeare demo)"


@pytest.fixture(scope="module")
def cell():
    return config.load_experiment({"main": "language"}).cells["nano"]


def test_the_forms_of_the_chapter_have_its_counts():
    counts = {name: netspec.find(name).params for name in (NANO, "TinyGPT tiny (Shakespeare demo)", "TinyStories 8m")}
    assert list(counts.values()) == [212_545, 1_222_977, 8_485_376]
    larger = with_vocabulary(netspec.find(NANO), 97)
    assert larger.params == 212_545 + 32 * (64 + 64 + 1)
    assert with_vocabulary(larger, 65) == netspec.find(NANO)


@pytest.mark.parametrize("length", [2, 3, 8, 64])
@pytest.mark.parametrize("tokens", [67, 128, 129, 200, 257])
def test_every_token_is_scored_once(tokens, length):
    """With at least half a window before it: all but those at the very beginning."""
    windows = every_token(np.arange(tokens), length)
    found = windows.gather(np.arange(len(windows)))
    scored = [
        found["token"][row, place + 1] for row in range(len(windows)) for place in range(found["first"][row], length)
    ]
    assert sorted(scored) == list(range(length // 2 + 1, tokens))
    assert (found["first"] >= length // 2).all() and (found["first"] < length).all()
    whole = found["token"][found["whole"]]
    assert len(np.unique(whole[:, 1:])) == whole[:, 1:].size
    assert length % 2 or whole[:, 1:].size > tokens - 1 - length


def test_training_windows_are_all_there_are():
    windows = any_window(np.arange(20, dtype=np.uint16), 8)
    assert len(windows) == 12
    token = windows.gather(np.array([0, 11, 5]), rows=slice(1, 3))["token"]
    assert token.tolist() == [list(range(11, 20)), list(range(5, 14))] and token.dtype == np.int32


def test_an_even_network_is_surprised_by_the_size_of_the_alphabet(cell):
    learner = learner_of(config.parse_cell(cell))
    batch = learner.example_batch(4, training=False)
    batch["real"][1] = False
    batch["first"][0] = 60
    sums = learner.measure(lambda x: jnp.zeros((*x.shape, 97)), batch, jax.random.key(0))
    figures = learner.figures(sums)
    assert figures["loss"] == pytest.approx(math.log(97), rel=1e-6)
    assert figures["bits"] == pytest.approx(math.log2(97), rel=1e-6)
    assert float(sums["count"]) == 4 + 2 * 32 and float(sums["block_count"]) == 3 * 64


@pytest.mark.exhaustive
def test_only_scored_tokens_count(cell):
    """A network that is right from the first scored position on, and wrong before, has no loss."""
    learner = learner_of(config.parse_cell(cell))
    batch = learner.example_batch(3, training=False)

    def knowing(x):
        right = jax.nn.one_hot(batch["token"][:, 1:], 97) * 1e3
        return jnp.where(jnp.arange(64)[:, None] >= 32, right, -right)

    figures = learner.figures(learner.measure(knowing, batch, jax.random.key(0)))
    assert figures["loss"] == pytest.approx(0, abs=1e-6) and figures["accuracy"] == 100
    assert figures["block_loss"] > 100


class TestNgrams:
    TRAIN, HELD_OUT = list("abracadabra abra cadabra "), list("abra xa")

    def encoded(self):
        names = sorted(set(self.TRAIN + self.HELD_OUT))
        number = {name: at for at, name in enumerate(names)}
        return [np.array([number[c] for c in text]) for text in (self.TRAIN, self.HELD_OUT)], len(names)

    def runs(self, length):
        return Counter(tuple(self.TRAIN[at : at + length]) for at in range(len(self.TRAIN) - length + 1))

    def witten_bell_by_hand(self, before, token, length, alphabet):
        if length == 0:
            return 1 / alphabet
        begin = tuple(before[len(before) - length + 1 :]) if length > 1 else ()
        shorter = self.witten_bell_by_hand(before, token, length - 1, alphabet)
        after = {run[-1]: count for run, count in self.runs(length).items() if run[:-1] == begin}
        if not after:
            return shorter
        return (after.get(token, 0) + len(after) * shorter) / (sum(after.values()) + len(after))

    def kneser_ney_by_hand(self, before, token, length, order, alphabet):
        if length == 0:
            return 1 / alphabet
        counts = self.runs(length)
        if length < order:
            counts = Counter(run[1:] for run in self.runs(length + 1))
        once, twice = (sum(count == n for count in counts.values()) for n in (1, 2))
        discount = once / (once + 2 * twice) if once else 0.5
        begin = tuple(before[len(before) - length + 1 :]) if length > 1 else ()
        shorter = self.kneser_ney_by_hand(before, token, length - 1, order, alphabet)
        after = {run[-1]: count for run, count in counts.items() if run[:-1] == begin}
        if not after:
            return shorter
        kept = max(after.get(token, 0) - discount, 0) + discount * len(after) * shorter
        return kept / sum(after.values())

    @pytest.mark.parametrize("order", [1, 2, 3, 5])
    def test_both_models_by_hand(self, order):
        (train, held_out), alphabet = self.encoded()
        counts = Counts(train, held_out, order + 1)
        text = self.TRAIN + self.HELD_OUT
        places = range(len(train), len(text))
        by_hand = [self.witten_bell_by_hand(text[:at], text[at], order, alphabet) for at in places]
        assert witten_bell(counts, order, alphabet) == pytest.approx(by_hand, rel=1e-12)
        by_hand = [self.kneser_ney_by_hand(text[:at], text[at], order, order, alphabet) for at in places]
        assert kneser_ney(counts, order, alphabet) == pytest.approx(by_hand, rel=1e-12)

    @pytest.mark.parametrize("model", [kneser_ney, witten_bell])
    def test_probabilities_of_all_tokens_sum_to_one(self, model):
        (train, _), alphabet = self.encoded()
        begun = train[:7]
        total = sum(model(Counts(train, np.append(begun, token), 5), 4, alphabet)[-1] for token in range(alphabet))
        assert total == pytest.approx(1, rel=1e-12)

    def test_longer_models_know_more_of_a_text_they_have_seen(self):
        text = np.random.default_rng(0).integers(0, 5, 300)
        found = baselines(text, text, 5, slice(8, None))
        assert found["kneser-ney-8"] < found["kneser-ney-6"] < found["uniform"] == math.log(5)


@pytest.fixture(scope="module")
def network():
    spec = netspec.NetSpec(
        "small",
        (12,),
        (
            netspec.layers.TokenPositionEmbed(11, 12, 8),
            netspec.layers.TransformerEncoder(8, 2, 16, 2, causal=True),
            netspec.layers.LMHead(8, 11),
        ),
    )
    with jax.enable_x64(True):
        model = netspec.build(spec, nnx.Rngs(0), compute_dtype=jnp.float64)
        graph, state = nnx.split(model)
        state = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64) * 8 if x.dtype == jnp.float32 else x, state)
        yield nnx.merge(graph, state)


def test_kept_keys_and_values_give_what_the_whole_network_gives(network):
    """Token by token, in float64."""
    with jax.enable_x64(True):
        token = jnp.asarray(np.random.default_rng(0).integers(0, 11, (3, 12)))
        whole = network(token)
        caches, found = network.layers[1].caches(3, 12), []
        for place in range(12):
            scores, caches = next_scores(network, caches, token[:, place], jnp.int32(place))
            found.append(scores)
        assert jnp.abs(jnp.stack(found, 1) - whole).max() < 1e-12
        assert jnp.abs(whole).max() > 0.1


@pytest.mark.exhaustive
def test_the_likeliest_text_is_that_of_the_whole_network(network):
    with jax.enable_x64(True):
        prompt = np.array([[3, 1, 4], [1, 5, 9]])
        by_hand = prompt
        while by_hand.shape[1] < 12:
            filled = np.pad(by_hand, ((0, 0), (0, 12 - by_hand.shape[1])))
            scores = network(jnp.asarray(filled))[:, by_hand.shape[1] - 1]
            by_hand = np.concatenate([by_hand, np.asarray(scores.argmax(-1))[:, None]], 1)
        padded = jnp.asarray(np.pad(prompt, ((0, 0), (0, 9))))
        found = continued(network, padded, jnp.int32(3), jax.random.key(0), lambda key, scores: scores.argmax(-1))
        assert (np.asarray(found) == by_hand).all()


@pytest.mark.exhaustive
def test_texts_go_on_beyond_the_window(network):
    def run(function, *arrays):
        with jax.enable_x64(True):
            return function(network, *(jnp.asarray(a) if isinstance(a, np.ndarray) else a for a in arrays))

    prompt = np.array([3, 1, 4])
    found = texts(run, prompt, 40, 2, 12, 50.0, seed=3)
    assert found.shape == (2, 40) and (found[:, :3] == prompt).all() and found.min() >= 0 and found.max() < 11
    assert (texts(run, prompt, 40, 2, 12, 50.0, seed=3) == found).all()
    assert (texts(run, prompt, 40, 2, 12, 50.0, seed=4) != found).any()
    cold = texts(run, prompt, 40, 2, 12, 0.0, seed=3)
    assert (cold[0] == cold[1]).all()


@pytest.mark.parametrize("name", ["ViT-Digits", "BERT-base", "GPT-1"])
def test_no_other_network_is_run_token_by_token(name):
    with pytest.raises(SpecError, match="cannot be run token by token"):
        check_decodable(netspec.find(name))
    check_decodable(netspec.find(NANO))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "ViT-Digits"}, "expected TokenPositionEmbed and LMHead"),
        ({"label_smoothing": 0.1}, "'label_smoothing' is 0.1, expected 0"),
        ({"model": "no such"}, "key 'model'"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(cell, changes, says):
    with pytest.raises(ConfigError, match=says):
        check({**cell, **changes}, Places(*["here"] * 4))


def test_a_network_that_sees_the_future_is_refused(cell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "open.py").write_text(
        "from netspec import NetSpec\nfrom netspec.layers import LMHead, TokenPositionEmbed, TransformerEncoder\n"
        "OPEN = NetSpec('open', (8,), (TokenPositionEmbed(9, 8, 4), TransformerEncoder(4, 1, 8, 1), LMHead(4, 9)))\n"
    )
    with pytest.raises(ConfigError, match=r"open sees the tokens that it is to predict .* expected causal=True"):
        check({**cell, "model": "open.py:OPEN"}, Places(*["here"] * 4))


def test_a_task_reads_no_data_of_another_kind(cell):
    from train.config.checks import check_together

    with pytest.raises(ConfigError, match="expects label"):
        check_together({**cell, "task": "classification"}, Places(*["here"] * 4))


def test_a_comparison_does_without_what_its_report_does_not_show(cell):
    learner = task_learner({**cell, "task_settings": {"extras": False}})
    assert learner.finish(None, None) == ({}, {})
    assert task_learner(cell).extras


def task_learner(cell):
    from train.tasks import learner_of

    return learner_of(config.parse_cell(cell))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_run_leaves_what_its_report_reads(cell, tmp_path, text_folder, monkeypatch):
    from train.loop import Interrupted, fit
    from train.tasks import opened

    folder, dataset = text_folder("to be or not to be, that is the question\n" * 30)
    short = {**cell, "dataset": dataset, "steps": 3, "evaluate_every_steps": 3, "checkpoint_every_steps": 3}
    typed = config.parse_cell({**short, "batch_size": 4, "schedule": {**cell["schedule"], "warmup_steps": 1}})
    summary = fit(typed, 0, opened(typed, folder), tmp_path / "out", tmp_path / "saved")
    taken = {name for name, value in summary["metrics"].items() if value is not None}
    assert taken == {"loss", "bits", "block_loss", "accuracy"}
    assert summary["metrics"]["bits"] == pytest.approx(summary["metrics"]["loss"] / math.log(2))
    counted = json.loads((tmp_path / "out/baselines.json").read_text())
    assert counted["kneser-ney-6"] < counted["uniform"] == pytest.approx(math.log(typed.dataset.classes))
    said = json.loads((tmp_path / "out/samples.json").read_text())
    assert all(text.startswith(said["prompt"]) for some in said["temperatures"].values() for text in some)
    assert len((tmp_path / "out/positions.csv").read_text().splitlines()) == 65
    # Stopped after a step and gone on with, a run in steps leaves the same bytes.
    again = dataclasses.replace(typed, name="again")
    with monkeypatch.context() as stopping:
        stop = contextlib.nullcontext(lambda step: signal.SIGTERM if step == 2 else None)
        stopping.setattr(processes, "stop_requests", lambda: stop)
        with pytest.raises(Interrupted, match="SIGTERM at step 2"):
            fit(again, 0, opened(typed, folder), tmp_path / "again", tmp_path / "saved")
    fit(again, 0, opened(typed, folder), tmp_path / "again", tmp_path / "saved")
    for name in ("metrics.csv", "weights.npz", "samples.json", "positions.csv", "baselines.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.fixture
def text_folder(tmp_path):
    """A function that prepares a text; the folder of its store, and the data set as a resolved cell has it."""
    from train.config.cell import Dataset, Text
    from train.data.prepare import prepare

    def make(text, tokens="characters"):
        path = tmp_path / "text.txt"
        path.write_text(text)
        classes = len(set(text))
        settings = Text(tokens, 0.2)
        dataset = Dataset("own", "text", str(path), classes, text=settings)
        prepare(dataset, tmp_path / "store")
        value = {"name": "own", "kind": "text", "path": str(path), "classes": classes}
        return tmp_path / "store", {**value, "text": dataclasses.asdict(settings)}

    return make
