"""The recipe of a cell in one line."""

from __future__ import annotations

from report.engine.formats import count, listing, number, words
from report.runs.load import Cell
from report.runs.optimizers import title

#: Keys of the augmentation that a recipe may switch on.
KNOBS = ("mixup", "cutmix", "randaugment", "colour_jitter", "erasing")


def recipe(cell: Cell) -> str:
    """Network, optimizer, batch, length and regularisation of a cell."""
    get = cell.config.get
    decayed = "all parameters" if get("optimizer.decay_mask") == "all" else "kernels"
    clip, parts = get("optimizer.clip_norm"), get("accumulate", 1)
    facts = [
        cell.description,
        f"`{get('model')}`, {count(cell.runs[0].summary.get('params'))} parameters",
        f"{_optimizer(cell)}, rate {number(get('optimizer.learning_rate'))}, decay "
        f"{number(get('optimizer.weight_decay'))} on {decayed}",
        f"gradient clipped at norm {number(clip)}" if clip else "no clipping",
        f"batch {count(get('batch_size'))}" + (f" in {words(parts, 'part')}" if parts > 1 else ""),
        f"{words(get('epochs'), 'epoch')}, {words(get('schedule.warmup_epochs'), 'epoch')} of warm-up",
    ]
    for key, name in (("ema_decay", "averaged weights"), ("stochastic_depth", "stochastic depth")):
        facts += [f"{name} {number(get(key))}"] if get(key) else []
    knobs = [key.replace("_", " ") for key in KNOBS if get(f"augmentation.{key}")]
    if knobs:
        book = " as in the book’s ImageNet run" if get("augmentation.semantics") == "imagenet" else ""
        facts.append(listing(knobs) + book)
    return "; ".join(facts) + "."


def _optimizer(cell: Cell) -> str:
    get = cell.config.get
    text, options = title(get("optimizer"), get("own_optimizer")), get("optimizer")
    if options["name"] == "sgd" and options["momentum"]:
        return f"{text} {number(options['momentum'])}"
    betas = [number(options[key]) for key in ("beta1", "beta2", "beta3") if key in options]
    return f"{text} with β = ({', '.join(betas)})" if betas else text
