"""What several tasks ask of a resolved cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec import NetSpec
from train.config.cell import sides
from train.config.places import Places
from train.config.schema import ConfigError


def check_stored(dataset: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` where pictures are stored smaller than they are shown."""
    stored, shown = sides(dataset["stored_size"]), sides(dataset["image_size"])
    if stored[0] < shown[0] or stored[1] < shown[1]:
        raise ConfigError(
            f"{places.dataset}: key 'stored_size' is {dataset['stored_size']}, "
            f"expected at least image_size ({dataset['image_size']})"
        )


def check_plain(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` where targets are to be smoothed that are no single label of a picture."""
    if cell["label_smoothing"]:
        raise ConfigError(f"{places.recipe}: key 'label_smoothing' is {cell['label_smoothing']}, expected 0")


def check_off(cell: Mapping[str, Any], places: Places, knobs: tuple[str, ...], why: str) -> None:
    """Raise :class:`ConfigError` for an augmentation of ``knobs`` that is on; ``why`` says what speaks against it."""
    for knob in knobs:
        if cell["augmentation"].get(knob):
            raise ConfigError(f"{places.cell}.augmentation: key '{knob}' {why}")


def check_causal(network: NetSpec, places: Places) -> None:
    """Raise :class:`ConfigError` for a layer that sees the tokens that are to be predicted."""
    for layer in network.layers:
        if getattr(layer, "causal", True) is False:
            raise ConfigError(
                f"{places.model}: key 'model': {network.name} sees the tokens that it is to predict ({layer}), "
                "expected causal=True"
            )
