"""Stable Diffusion 1.5: the six parts as the chapter lists them, and as one network."""

from __future__ import annotations

from netspec.catalogue.entry import DIFFUSION, NO_SKIPS, Entry
from netspec.catalogue.unet import transposed
from netspec.layers import (
    Conv2d,
    ConvBN,
    Heads,
    Load,
    OneHotDense,
    Save,
    TransformerDecoder,
    TransformerEncoder,
    UNetDown,
    UNetUp,
)

SD = Entry(
    "Stable Diffusion",
    DIFFUSION,
    "Rombach et al. 2022, arXiv:2112.10752",
    2022,
    ("unet_down", "unet_up", "transformer_decoder"),
)

VAE_ENCODER = SD.spec(
    "SD VAE encoder (image → latent)",
    (512, 512, 3),
    ConvBN(3, 128, 3),
    ConvBN(128, 128, 3, 2),
    ConvBN(128, 256, 3),
    ConvBN(256, 256, 3, 2),
    ConvBN(256, 512, 3),
    ConvBN(512, 512, 3, 2),  # 64×64
    ConvBN(512, 512, 3),
    Conv2d(512, 2 * 4, 3, activation="identity"),  # mean and log-variance
)

VAE_DECODER = SD.spec(
    "SD VAE decoder (latent → image)",
    (64, 64, 4),
    Conv2d(4, 512, 3, activation="identity"),
    ConvBN(512, 512, 3),
    UNetUp(512, 256, skip_channels=0),
    ConvBN(256, 256, 3),
    UNetUp(256, 128, skip_channels=0),
    ConvBN(128, 128, 3),
    UNetUp(128, 128, skip_channels=0),
    ConvBN(128, 128, 3),
    Conv2d(128, 3, 3, activation="identity"),
    remark=NO_SKIPS,
)

TEXT_ENCODER = SD.spec(
    "SD text encoder (CLIP ViT-L/14 text tower)",
    (77,),
    OneHotDense(49408, 768),
    TransformerEncoder(768, 12, 3072, 12, causal=True),
)

DENOISER = SD.spec(
    "SD 1.5 UNet denoiser (backbone approx)",
    (64, 64, 4),
    Conv2d(4, 320, 3, activation="identity"),
    UNetDown(320, 640),
    UNetDown(640, 1280),
    UNetDown(1280, 1280),
    ConvBN(1280, 1280, 3),  # 8×8
    ConvBN(1280, 1280, 3),
    UNetUp(1280, 1280),
    UNetUp(1280, 1280),
    UNetUp(1280, 640),
    Conv2d(640, 4, 3, activation="identity"),
    remark="the attention over the text, most of the real denoiser, is not in the listing",
)

SPATIAL_TRANSFORMER = SD.spec(
    "SD spatial transformer block (1280-dim, 1 layer)",
    (64, 1280),
    TransformerDecoder(1280, 8, 5120, 1, 0, memory="text"),
    inputs={"text": (77, 1280)},
)

TINY = SD.spec(
    "tiny-StableDiffusion (UNet + spatial transformer)",
    (32, 32, 4),
    Conv2d(4, 64, 3, activation="identity"),
    UNetDown(64, 128),
    UNetDown(128, 256),
    TransformerDecoder(256, 4, 1024, 1, 0, memory="text"),
    UNetUp(256, 128, skip_channels=256),
    UNetUp(128, 64, skip_channels=128),
    Conv2d(64, 4, 3, activation="identity"),
    inputs={"text": (77, 256)},
    remark="the listing narrows too early: both skips arrive wider than its formula counts them",
)


def attend(width: int) -> TransformerDecoder:
    """A spatial transformer over the 77 text vectors of 768."""
    return TransformerDecoder(width, 8, 4 * width, 1, 0, memory="text", memory_width=768)


CONDITIONED = SD.spec(
    "SD 1.5 UNet (with text attention)",
    (64, 64, 4),
    Conv2d(4, 320, 3, activation="identity"),
    UNetDown(320, 640),
    attend(640),  # 32×32
    UNetDown(640, 1280),
    attend(1280),  # 16×16
    UNetDown(1280, 1280),
    ConvBN(1280, 1280, 3),  # 8×8
    attend(1280),
    ConvBN(1280, 1280, 3),
    UNetUp(1280, 1280),
    attend(1280),
    UNetUp(1280, 1280),
    attend(1280),
    UNetUp(1280, 640),
    Conv2d(640, 4, 3, activation="identity"),
    inputs={"text": (77, 768)},
    role="system",
)

WHOLE = SD.spec(
    "Stable Diffusion 1.5 (one step, all parts)",
    (64, 64, 4),
    Save("latent"),
    Load("prompt"),
    *TEXT_ENCODER.layers,
    Save("text"),
    Load("latent"),
    *CONDITIONED.layers,
    Heads({"denoised": VAE_DECODER.layers, "encoded": (Load("image"), *VAE_ENCODER.layers)}),
    inputs={"prompt": (77,), "image": (512, 512, 3)},
    role="system",
    remark="one denoising step on a latent, decoded; beside it the encoding of an image",
)

SPECS = (
    VAE_ENCODER,
    VAE_DECODER,
    TEXT_ENCODER,
    DENOISER,
    SPATIAL_TRANSFORMER,
    TINY,
    transposed(DENOISER, "SD 1.5 UNet denoiser (transposed convolutions)"),
    CONDITIONED,
    WHOLE,
)
