"""What attentions cost at growing length: counts as the layers have them, times in turns, memory that grows."""

import pytest

from netspec.layers import TransformerEncoder
from train import config
from train.config.models import model_of
from train.measure import lengths

NAME = "TinyGPT (four heads)"


def test_one_block_is_stretched_with_its_tables():
    spec = lengths.stretched(model_of(NAME), 200)
    assert spec.input_shape == (200,) and lengths.encoder_of(spec).n_blocks == 1
    learned = lengths.stretched(
        model_of('TinyGPT (no positions) with Attention(positions="learned", max_tokens=64)'), 90
    )
    assert lengths.encoder_of(learned).attention.max_tokens == 90 and learned.output_shape == (90, 65)


@pytest.mark.exhaustive
def test_figures_of_a_window_and_of_all(monkeypatch):
    monkeypatch.setattr(lengths, "MOST", 3)
    experiment = config.load_experiment({"main": "attention"}).settings["text"]
    cells = {name: config.parse_cell(experiment.cells[f"{name}-learning-rate-1e-2"]) for name in ("full", "window-8")}
    found = lengths.measure(cells, [256, 64], decoded=16)
    full, window = (found["variants"][name] for name in cells)
    assert [one["tokens"] for one in full["lengths"]] == [64, 256]
    assert full["kept_bytes_per_token"] == 4 * 2 * 2 * 64  # float32, two blocks, keys and values of width 64
    assert full["lengths"][1]["kept_bytes"] == 256 * full["kept_bytes_per_token"]
    assert window["lengths"][1]["kept_bytes"] == 8 * window["kept_bytes_per_token"]
    square, needed = 256 * 256 * 2 * 64, 256 * 257 // 2 * 2 * 64
    last = full["lengths"][1]
    assert last["macs_computed"] - last["macs_needed"] == square - needed
    assert window["lengths"][1]["macs_computed"] < last["macs_needed"]
    assert last["memory_bytes"] > 1.5 * window["lengths"][1]["memory_bytes"]
    assert full["bfloat16_tokens"] == 256 and full["bfloat16_step_seconds"] > 0
    assert all(one["step_seconds"] > 0 for one in full["lengths"]) and full["decoded_tokens_per_second"] > 0


def test_steps_are_taken_in_turns_after_one_that_does_not_count():
    calls = []
    steps = {name: (lambda name=name: calls.append(name)) for name in "ab"}
    taken = lengths.in_turns(steps, seconds=0.0)
    assert "".join(calls) == "ab" + "ab" * lengths.FEWEST and set(taken) == {"a", "b"}


def test_what_cannot_be_decoded_is_refused():
    from train.config.schema import ConfigError

    with pytest.raises(ConfigError, match=r"mine: key 'model'.*cannot be run token by token"):
        lengths.checked(model_of("BERT-Base"), "mine")
    assert any(isinstance(layer, TransformerEncoder) for layer in model_of("BERT-Base").layers)
