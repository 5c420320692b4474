"""NeRF: encoded coordinates into an MLP with density and colour."""

from __future__ import annotations

from typing import Any

from netspec.catalogue.entry import BEYOND, Entry
from netspec.layers import Load, NeRFMLP, PositionalEncoding, Save
from netspec.spec import NetSpec

NEW = ("positional_encoding", "nerf_mlp")
NERF = Entry("NeRF", BEYOND, "Mildenhall et al. 2020, arXiv:2003.08934", 2020, NEW, NEW)


def nerf(name: str, octaves: int, direction_features: int, hidden: int, **provenance: Any) -> NetSpec:
    """Three coordinates at ``octaves`` octaves; the direction comes encoded."""
    return NERF.spec(
        name,
        (3,),
        PositionalEncoding(3, octaves),
        NeRFMLP(2 * octaves * 3, direction_features, hidden),
        inputs={"direction": (direction_features,)},
        **provenance,
    )


WHOLE = NERF.spec(
    "NeRF (position and direction)",
    (3,),
    PositionalEncoding(3, 10),
    Save("encoded position"),
    Load("view"),
    PositionalEncoding(3, 4),
    Save("direction"),
    Load("encoded position"),
    NeRFMLP(60, 24, 256),
    inputs={"view": (3,)},
    role="system",
)

SPECS = (
    # As the chapter lists it: the direction as two angles at four octaves, 16 features instead of 24.
    nerf("NeRF (canonical)", 10, 16, 256),
    nerf("NeRF-fast (hidden=128)", 10, 24, 128),
    nerf("tiny-NeRF", 4, 8, 64),
    nerf("NeRF (canonical, repository)", 10, 24, 256, of="NeRF (canonical)"),
    nerf("NeRF-fast (hidden=128, direction as two angles)", 10, 16, 128, of="NeRF-fast (hidden=128)"),
    WHOLE,
)
