"""A language model trained in PyTorch as one of our cells is: same size, batches, rates and judgement.

What a comparison's networks reach is set beside it, so that a weak baseline of our own would show.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from train.config.cell import Cell
from train.config.schema import ConfigError
from train.data.batches import eval_batches, train_batches
from train.loop import EVAL_FACTOR
from train.measure.torch_tasks import NETWORKS
from train.optimizer import learning_rate
from train.tasks import task_of

#: What initial weights are drawn from, as nanoGPT does (`model.py`): a normal of this deviation; biases are zero.
DEVIATION = 0.02


def fit(cell: Cell, seed: int, store: Any, threads: int) -> dict[str, Any]:
    """The held-out loss in nats of ``cell`` trained in PyTorch, with the seconds it took.

    Windows come in the order that ours come in; AdamW decays matrices and no table, bias or gain. Raises
    :class:`ConfigError` for a network without a counterpart, or another task or optimizer.
    """
    if cell.task != "language" or cell.model not in NETWORKS:
        has = [name for name in NETWORKS if name.startswith("TinyGPT")]
        raise ConfigError(f"{cell.name}: model {cell.model!r} has no counterpart, expected one of {', '.join(has)}")
    if cell.optimizer.name != "adamw":
        raise ConfigError(f"{cell.name}: optimizer {cell.optimizer.name!r} has no counterpart, expected adamw")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    length = task_of(cell).spec(cell).input_shape[0]
    model = NETWORKS[cell.model](length, cell.dataset.classes)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=DEVIATION)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
    steps = cell.steps or cell.epochs * (len(store.train) // cell.batch_size)
    rate, optimizer = learning_rate(cell, len(store.train) // cell.batch_size), _optimizer(model, cell)
    batches = iter(train_batches(store.train, batch_size=cell.batch_size, epochs=10**6, seed=seed))
    start = time.perf_counter()
    for step in range(steps):
        token = torch.from_numpy(next(batches)["token"].astype(np.int64))
        for group in optimizer.param_groups:
            group["lr"] = float(rate(step))
        loss = functional.cross_entropy(model(token[:, :-1]).flatten(0, 1), token[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        if cell.optimizer.clip_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), cell.optimizer.clip_norm)
        optimizer.step()
    seconds = time.perf_counter() - start
    held_out = _held_out(model.eval(), store, cell.batch_size * EVAL_FACTOR, length)
    params = sum(value.numel() for value in model.parameters())
    return {
        "implementation": f"PyTorch {torch.__version__}", "model": cell.model, "seed": seed, "steps": steps,
        "learning_rate": cell.optimizer.learning_rate, "params": params, "loss": held_out, "seconds": round(seconds, 3),
        "step_milliseconds": round(1000 * seconds / steps, 3), "threads": threads,
    }  # fmt: skip


def _optimizer(model: nn.Module, cell: Cell) -> torch.optim.Optimizer:
    decayed = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    kinds = [[one for one in model.parameters() if (id(one) in decayed) == wanted] for wanted in (True, False)]
    about = cell.optimizer
    groups = [{"params": kinds[0], "weight_decay": about.weight_decay}, {"params": kinds[1], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, about.learning_rate, (about.beta1, about.beta2), eps=about.epsilon)


@torch.no_grad()
def _held_out(model: nn.Module, store: Any, batch_size: int, length: int) -> float:
    """Mean nats of the held-out tokens, each with at least half a window before it, as ours are judged."""
    total, count = 0.0, 0
    for batch in eval_batches(store.val, batch_size=min(batch_size, len(store.val))):
        token = torch.from_numpy(np.asarray(batch["token"]).astype(np.int64))
        scores = model(token[:, :-1])
        losses = functional.cross_entropy(scores.flatten(0, 1), token[:, 1:].flatten(), reduction="none")
        scored = np.asarray(batch["real"])[:, None] & (np.arange(length) >= np.asarray(batch["first"])[:, None])
        total += float(losses.reshape(token[:, 1:].shape).numpy()[scored].sum(dtype=np.float64))
        count += int(scored.sum())
    return total / count
