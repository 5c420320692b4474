"""Highway networks: a dense path and a gate that blends it with its input."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Dense, Highway, Repeat
from netspec.spec import NetSpec

HIGHWAY = Entry(
    "Highway Networks", VISION, "Srivastava et al. 2015, arXiv:1505.00387", 2015, earlier_new_primitives=None
)


def paths(name: str, width: int) -> Iterator[NetSpec]:
    """The two dense maps of one layer, as the chapter lists them."""
    yield HIGHWAY.spec(f"{name} — main path H(x)", (width,), Dense(width, width, "relu"))
    yield HIGHWAY.spec(
        f"{name} — transform gate T(x)", (width,), Dense(width, width), remark="the sigmoid is in the blend"
    )


def highway(name: str, width: int, n_layers: int) -> NetSpec:
    """The network the two paths belong to: an entry map, highway layers, ten classes of 28×28 digits."""
    return HIGHWAY.spec(
        name,
        (784,),
        Dense(784, width, "relu"),
        Repeat(n_layers - 2, (Highway(width),)),
        Dense(width, 10),
        role="system",
    )


SPECS = (
    *paths("Highway-50", 50),
    *paths("Highway-100", 100),
    *paths("tiny-Highway", 8),
    highway("Highway-50 (50 layers, MNIST)", 50, 50),
    highway("Highway-100 (100 layers, MNIST)", 100, 100),
)
