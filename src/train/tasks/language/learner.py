"""Cross-entropy of the next token at every position of random chunks; the whole held-out text scored once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec import NetSpec, SpecError
from netspec.modules.sequence import Memory
from netspec.modules.sequence import run as apply
from train.config.cell import Cell
from train.data.store import Store
from train.data.windows import any_window, every_token
from train.tasks.base import Sums, Task
from train.tasks.language import LONGER
from train.tasks.language.ngrams import baselines
from train.tasks.language.sample import TEMPERATURES, texts

#: Windows of the held-out text that losses by position are taken over, and that are in memory at a time.
BY_POSITION, AT_ONCE = 4096, 128
#: Tokens that a text of samples has, and how many texts there are at each temperature.
SAMPLED, TEXTS = 384, 2
#: Tokens that are scored at each length beyond that of training.
SCORED = 16_384
#: Training tokens above which n-gram models are fitted on the last of them only.
COUNTED = 5_000_000


class LanguageModel:
    """The task of one cell: see :class:`train.tasks.base.Learner`. An example is a window of the text."""

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.vocabulary = task, task.spec(cell), cell.dataset.classes
        self.length = self.spec.input_shape[0]
        self.longer = int(cell.task_settings.get("longer", 1))
        self.extras = bool(cell.task_settings.get("extras", True))

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` random windows ``token`` int32 ``(B, length + 1)``; what validation scores of them, besides."""
        token = np.random.default_rng(0).integers(0, self.vocabulary, (count, self.length + 1), np.int32)
        if training:
            return {"token": token}
        first, whole = np.full(count, self.length // 2, np.int32), np.ones(count, bool)
        return {"token": token, "first": first, "whole": whole, "real": np.ones(count, bool)}

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """The windows; nothing is drawn."""
        return batch["token"]

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean nats per token over all positions, and their sums over windows."""
        losses = surprise(network(inputs[:, :-1]), inputs[:, 1:]).mean(-1)
        return losses.mean(), {"loss": losses.sum(), "count": jnp.float32(losses.shape[0])}

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """Sums over the tokens that each window scores, and over all tokens of windows that do not overlap."""
        token, real = batch["token"], batch["real"][:, None]
        scores = network(token[:, :-1])
        losses, hits = surprise(scores, token[:, 1:]), scores.argmax(-1) == token[:, 1:]
        scored = real & (jnp.arange(self.length) >= batch["first"][:, None])
        block = jnp.broadcast_to(real & batch["whole"][:, None], losses.shape)
        return {
            "loss": jnp.where(scored, losses, 0.0).sum(),
            "accuracy": (hits & scored).sum(dtype=jnp.float32),
            "count": scored.sum(dtype=jnp.float32),
            "block_loss": jnp.where(block, losses, 0.0).sum(),
            "block_count": block.sum(dtype=jnp.float32),
        }

    def figures(self, sums: Sums) -> dict[str, float]:
        """Means per token, in training per token of all windows; ``bits`` are those of the loss."""
        loss = float(sums["loss"]) / float(sums["count"])
        if "block_count" not in sums:
            return {"loss": loss}
        return {
            "loss": loss,
            "bits": loss / math.log(2),
            "block_loss": float(sums["block_loss"]) / max(float(sums["block_count"]), 1.0),
            "accuracy": 100 * float(sums["accuracy"]) / float(sums["count"]),
        }

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """Nothing further."""
        return {}

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Losses at more tokens; what n-grams reach on the same ones, the loss by position, and sampled texts."""
        if not self.extras:
            return self._longer(run, store), {}
        half = max(1, self.length // 2)
        train, held_out = store.train.tokens[-COUNTED:], store.val.tokens
        counted = baselines(np.asarray(train), np.asarray(held_out), self.vocabulary, slice(half + 1, None))
        counted |= {"training_tokens": len(train), "scored_tokens": len(held_out) - half - 1}
        rows = [f"{place + 1},{loss:.6f}" for place, loss in enumerate(self._by_position(run, store))]
        prompt = np.asarray(held_out[: min(half, 16)])
        sampled = {
            f"{t:g}": [store.decode(text) for text in texts(run, prompt, SAMPLED, TEXTS, self.length, t, seed=0)]
            for t in TEMPERATURES
        }
        said = {"prompt": store.decode(prompt), "temperatures": sampled}
        return self._longer(run, store), {
            "baselines.json": _json(counted),
            "positions.csv": ("\n".join(["tokens_before,loss", *rows]) + "\n").encode(),
            "samples.json": _json(said),
        }

    def _longer(self, run: Callable, store: Store) -> dict[str, float]:
        """Mean nats at more tokens than were trained on, as the headline is taken, over some windows of each length.

        Lengths that the network has no positions for, or that the text is too short for, are left out.
        """
        found = {}
        for factor in (factor for factor in LONGER if factor <= self.longer):
            length = factor * self.length
            if len(store.val.tokens) <= length + 1 or not _takes(self.spec, length):
                continue
            windows = every_token(store.val.tokens, length)
            count, each = min(len(windows), SCORED // (length // 2)), max(1, AT_ONCE * self.length // length)
            chosen = np.unique(np.linspace(0, len(windows) - 1, count).round().astype(int))
            sums = np.zeros(2)
            for at in range(0, len(chosen), each):
                rows = np.resize(chosen[at : at + each], each)
                batch = windows.gather(rows)
                batch["first"] = np.where(np.arange(each) < len(chosen) - at, batch["first"], length)
                sums += np.asarray(run(scored, batch["token"], batch["first"]), np.float64)
            found[f"loss_x{factor}"] = float(sums[0] / sums[1])
        return found

    def _by_position(self, run: Callable, store: Store) -> np.ndarray:
        """Mean nats by the number of tokens before, over windows spread over the held-out text."""
        windows = any_window(store.val.tokens, self.length)
        chosen = np.unique(np.linspace(0, len(windows) - 1, min(BY_POSITION, len(windows))).round().astype(int))
        total = np.zeros(self.length)
        for at in range(0, len(chosen), AT_ONCE):
            token = windows.gather(np.resize(chosen[at : at + AT_ONCE], AT_ONCE))["token"]
            total += np.asarray(run(losses_of, token))[: len(chosen[at : at + AT_ONCE])].sum(0, dtype=np.float64)
        return total / len(chosen)


def surprise(scores: jax.Array, tokens: jax.Array) -> jax.Array:
    """Nats of each token ``(B, T)`` under scores ``(B, T, vocabulary)``."""
    return optax.softmax_cross_entropy_with_integer_labels(scores, tokens)


def losses_of(network: Callable, token: jax.Array) -> jax.Array:
    """Nats of the last tokens of windows ``(B, T + 1)``, each under those before it."""
    return surprise(network(token[:, :-1]), token[:, 1:])


def scored(network: Any, token: jax.Array, first: jax.Array) -> jax.Array:
    """Sum of the nats of the tokens from ``first`` ``(B,)`` on, and how many they are, in windows of any length."""
    scores = apply(network.described, network.layers, token[:, :-1], Memory({}))
    counted = jnp.arange(token.shape[1] - 1) >= first[:, None]
    return jnp.stack([jnp.where(counted, surprise(scores, token[:, 1:]), 0.0).sum(), counted.sum()])


def _takes(spec: NetSpec, length: int) -> bool:
    """Whether a network has positions for as many tokens."""
    try:
        return bool(spec.with_tokens(length).output_shape)
    except SpecError:
        return False


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
