"""LLaVA 1.5 of transformers: patches that CLIP has seen, mapped to tokens of a LLaMA."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.llama import llama
from netspec.exact.published import Part, Published, network
from netspec.layers import (
    AddPositions,
    Conv2d,
    Dense,
    DropTokens,
    Heads,
    LayerNorm,
    Load,
    PrependTokens,
    ReplaceMarked,
    Reshape,
    Save,
    TransformerEncoder,
    Under,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Liu et al. 2023, arXiv:2310.03744"

CONVENTIONS = Conventions(gelu="exact")
#: That of CLIP, in the tower.
QUICK = Conventions(gelu="quick")


def projected(width: int, leaving: int) -> Layers:
    """Two maps with a GELU between them."""
    return (Dense(width, leaving, "gelu"), Dense(leaving, leaving))


def projector(width: int = 1024, leaving: int = 4096, tokens: int = 576) -> NetSpec:
    """:func:`projected` as a network."""
    return network((tokens, width), *projected(width, leaving), conventions=CONVENTIONS, paper=PAPER)


def llava(
    language: NetSpec,
    width: int = 1024,
    heads: int = 16,
    n_blocks: int = 24,
    *,
    patch: int = 14,
    image: int = 336,
    mlp_width: int | None = None,
    mark: int = 32000,
) -> NetSpec:
    """``language`` with the patches where ``input_ids`` is ``mark``, as many as there are.

    The patches are read before the last block of the tower, without the class token; what leaves the tower is the
    output ``image``.
    """
    count, mlp = (image // patch) ** 2, mlp_width or 4 * width
    embedding, stack, head = language.layers
    (tokens,) = language.input_shape

    def tower(blocks: int, *, last: bool) -> Under:
        readout = "class_token" if last else "all"
        return Under(QUICK, (TransformerEncoder(width, heads, mlp, blocks, readout, final_norm=last),))

    return network(
        (image, image, 3),
        Conv2d(3, width, patch, stride=patch, padding="valid", activation="identity", bias=False),
        Reshape((count, width)),
        PrependTokens(1, width),
        AddPositions(count + 1, width),
        LayerNorm(width),
        tower(n_blocks - 1, last=False),
        Save("features"),
        tower(1, last=True),
        Save("seen"),
        Load("features"),
        DropTokens(1),
        *projected(width, stack.width),
        Save("patches"),
        Load("input_ids"),
        embedding,
        ReplaceMarked("input_ids", mark, "patches"),
        stack,
        Heads({"logits": head, "image": Load("seen")}),
        conventions=CONVENTIONS,
        paper=PAPER,
        input_ids=(tokens,),
    )


def _made(*sizes: int) -> NetSpec:
    return llava(llama(*sizes, vocabulary=32064, tokens=4096, epsilon=1e-5))


PARTS = (
    Part("vision tower", tuple(range(9))),
    Part("projector (2-layer MLP)", (11, 12)),
    Part("language model incl. LM head", (15, 17, 18)),
)
#: Size, and width, heads, width of the MLP and blocks of the language model.
SIZES = (("7B", 4096, 32, 11008, 32), ("13B", 5120, 40, 13824, 40))


def _networks() -> Iterator[Published]:
    for size, *sizes in SIZES:
        name, variants = f"llava-1.5-{size.lower()}-hf", (f"LLaVA-1.5-{size} (vocab 32064)",)
        yield Published(
            f"llava-hf/{name}",
            "LLaVA",
            TRANSFORMERS,
            partial(_made, *sizes),
            variants,
            parts=PARTS,
            rules="llava",
            aliases=(name,),
        )
        make = partial(projector, leaving=sizes[0])
        piece = "projector (2-layer MLP)"
        yield Published(
            f"llava-hf/{name}/projector", "LLaVA", TRANSFORMERS, make, variants, piece, rules="llava_projector"
        )


NETWORKS = tuple(_networks())
