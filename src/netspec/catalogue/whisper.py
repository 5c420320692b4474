"""Whisper: audio encoder, text decoder, and the two as one network."""

from __future__ import annotations

from netspec.catalogue.entry import BEYOND, Entry
from netspec.layers import Load, OneHotDense, Save, TransformerDecoder, TransformerEncoder
from netspec.layers.base import Layers
from netspec.spec import NetSpec

WHISPER = Entry("Whisper", BEYOND, "Radford et al. 2022, arXiv:2212.04356", 2022, ("transformer_decoder",))


def encoder(name: str, width: int, heads: int, n_blocks: int, tokens: int = 1500) -> NetSpec:
    """The transformer behind the convolutional stem, over 30 seconds of audio."""
    return WHISPER.spec(name, (tokens, width), TransformerEncoder(width, heads, 4 * width, n_blocks))


def decoder() -> Layers:
    """The decoder of the small size over up to 448 tokens."""
    return OneHotDense(51865, 768), TransformerDecoder(768, 12, 3072, 12, 0, memory="audio", causal=True)


SPECS = (
    encoder("Whisper tiny encoder", 384, 6, 4),
    encoder("Whisper base encoder", 512, 8, 6),
    encoder("Whisper small encoder", 768, 12, 12),
    encoder("Whisper medium encoder", 1024, 16, 24),
    encoder("Whisper large encoder (v1/v2/v3)", 1280, 20, 32),
    WHISPER.spec("Whisper small decoder (shared shape)", (448,), *decoder(), inputs={"audio": (1500, 768)}),
    encoder("tiny-Whisper encoder", 128, 2, 2, tokens=256),
    WHISPER.spec(
        "Whisper small (encoder and decoder)",
        (1500, 768),
        TransformerEncoder(768, 12, 3072, 12),
        Save("audio"),
        Load("text"),
        *decoder(),
        inputs={"text": (448,)},
        role="system",
    ),
)
