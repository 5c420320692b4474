"""Whisper in transformers."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import (
    AddPositions,
    Attention,
    Conv2d,
    Heads,
    LMHead,
    Load,
    Reshape,
    Save,
    TokenPositionEmbed,
    TransformerDecoder,
    TransformerEncoder,
)
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Radford et al. 2022, arXiv:2212.04356"
#: The keys of all attentions have no bias.
ATTENTION = Attention(key_bias=False)


def whisper(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    decoder_blocks: int | None = None,
    mlp_width: int | None = None,
    vocabulary: int = 51865,
    mel: int = 80,
    frames: int = 3000,
    tokens: int = 448,
) -> NetSpec:
    """Two convolutions over time halve the frames; what is said so far is the input ``decoder_input_ids``."""
    mlp, half = mlp_width or 4 * width, -(-frames // 2)
    parts = {"attention": ATTENTION, "mlp": "gelu"}
    return network(
        (frames, mel),
        Reshape((frames, 1, mel)),
        Conv2d(mel, width, (3, 1), padding=(1, 0), activation="gelu"),
        Conv2d(width, width, (3, 1), stride=(2, 1), padding=(1, 0), activation="gelu"),
        Reshape((half, width)),
        AddPositions(half, width, kind="sinusoidal"),
        TransformerEncoder(width, heads, mlp, n_blocks, **parts),
        Save("memory"),
        Load("decoder_input_ids"),
        TokenPositionEmbed(vocabulary, tokens, width, table="tokens"),
        TransformerDecoder(
            width, heads, mlp, decoder_blocks or n_blocks, 0, memory="memory", causal=True, final_norm=True, **parts
        ),
        Heads(
            {
                "logits": LMHead(width, vocabulary, bias=False, table="tokens"),
                "encoder_last_hidden_state": Load("memory"),
            }
        ),
        conventions=Conventions(gelu="exact"),
        paper=PAPER,
        decoder_input_ids=(tokens,),
    )


#: Size, width, heads, blocks of either stack.
SIZES = (
    ("tiny", 384, 6, 4),
    ("base", 512, 8, 6),
    ("small", 768, 12, 12),
    ("medium", 1024, 16, 24),
    ("large-v2", 1280, 20, 32),
    ("large-v3", 1280, 20, 32),
)
#: What only the encoder's fixed table of positions is counted besides.
TRAINED = "total (trainable only)"


def _published() -> tuple[Published, ...]:
    found = []
    for size, *sizes in SIZES:
        options = {"mel": 128, "vocabulary": 51866} if size == "large-v3" else {}
        variant = {"large-v2": "large (v1/v2)"}.get(size, size)
        for end, words in (("", options), (".en", {"vocabulary": 51864})):
            if end and size.startswith("large"):
                continue
            name = f"whisper-{size}{end}"
            make = partial(whisper, *sizes, **words)
            found.append(
                Published(
                    f"openai/{name}",
                    "Whisper",
                    TRANSFORMERS,
                    make,
                    (f"Whisper-{variant}{end}",),
                    TRAINED,
                    rules="whisper",
                    aliases=(name,),
                )
            )
    return tuple(found)


NETWORKS = _published()
