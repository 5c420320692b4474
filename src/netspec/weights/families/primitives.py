"""PyTorch's layers, one of each beside the others, by the names of a case's outputs."""

from netspec.exact import primitives
from netspec.weights.rules import Rule, Table

#: Names by the places of the heads.
_IMAGE, _SEQUENCE = dict(enumerate(primitives.image_layers())), dict(enumerate(primitives.sequence_layers()))
_PARTS = ("query", "key", "value")


def _attention(at: str) -> tuple[Rule, ...]:
    fused = "attention.in_proj_"
    thirds = (Rule(f"{at}.{part}", fused, piece=(place, place + 1, 3)) for place, part in enumerate(_PARTS))
    return (*thirds, Rule(f"{at}.out", "attention.out_proj"))


_HEAD = "layers.0.heads.{h}.layers"
_BLOCK, _LAYER = f"{_HEAD}.0.blocks.0", "{N[h]}"
IMAGE = Table(
    rules=(
        Rule(f"{_HEAD}.0.{{p:conv|norm}}", _LAYER),
        Rule(f"{_HEAD}.0.layers.0.norm", _LAYER),
        Rule(f"{_HEAD}.0.slope", _LAYER + ".weight"),
    ),
    words={"N": _IMAGE},
)
NORM = Table(rules=(Rule("layers.0.norm", "batch_norm"),))
SEQUENCE = Table(
    rules=(
        *_attention(f"{_HEAD}.0"),
        Rule(f"{_BLOCK}.attention.qkv", _LAYER + ".self_attn.in_proj_"),
        Rule(f"{_BLOCK}.attention.out", _LAYER + ".self_attn.out_proj"),
        Rule(f"{_BLOCK}.fc{{k}}", _LAYER + ".linear{k}"),
        Rule(f"{_BLOCK}.norm{{k}}", _LAYER + ".norm{k}"),
        Rule(f"{_HEAD}.0.{{m:inputs|states}}.kernel", _LAYER + ".weight_{M[m]}_l0"),
        Rule(f"{_HEAD}.0.{{m:inputs|states}}.bias", _LAYER + ".bias_{M[m]}_l0"),
        Rule(f"{_HEAD}.1.conv", _LAYER, layout="conv1d"),
        Rule(f"{_HEAD}.0", _LAYER),
    ),
    words={"N": _SEQUENCE, "M": {"inputs": "ih", "states": "hh"}},
)

TABLES = {
    "torch_image_layers": IMAGE,
    "torch_batch_norm": NORM,
    "torch_sequence_layers": SEQUENCE,
    "torch_attention": Table(rules=_attention("layers.0")),
}
