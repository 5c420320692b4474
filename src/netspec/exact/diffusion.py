"""Denoisers of DDPM, and the autoencoder of Stable Diffusion, as diffusers has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms import diffusion
from netspec.layers import Attention, Channels, Dense, GroupNorm, Heads, Residual, TransformerDecoder
from netspec.spec import NetSpec

DIFFUSERS = "diffusers 0.42.1"
DDPM, LATENT = "Ho et al. 2020, arXiv:2006.11239", "Rombach et al. 2021, arXiv:2112.10752"
CONVENTIONS = Conventions(group_norm_epsilon=1e-6)


def ddpm(
    widths: Sequence[int],
    attentive: Sequence[int],
    *,
    n_blocks: int = 2,
    groups: int = 32,
    head_width: int | None = None,
    channels: int = 3,
    image: int = 32,
) -> NetSpec:
    """A U-Net told the ``time``; levels in ``attentive``, and the middle, have attention of one head.

    With ``head_width`` its heads are as wide as that.
    """

    def attend(width: int) -> diffusion.Layers:
        return diffusion.attention(width, groups, width // head_width if head_width else 1)

    mixers = [attend if level in attentive else diffusion.nothing for level in range(len(widths))]
    layers = diffusion.denoiser(
        channels, widths, mixers, attend, n_blocks=n_blocks, groups=groups, padding="end", first="sine", last=True
    )
    return network((image, image, channels), *layers, conventions=CONVENTIONS, paper=DDPM, time=(1,))


def autoencoder(
    widths: Sequence[int] = (128, 256, 512, 512),
    n_blocks: int = 2,
    groups: int = 32,
    *,
    latent: int = 4,
    channels: int = 3,
    height: int = 512,
    columns: int = 512,
) -> NetSpec:
    """The moments of the latent, and the image that their means are decoded to."""
    down = diffusion.encoder(channels, widths, latent, n_blocks=n_blocks, groups=groups)
    back = (Channels(0, latent), *diffusion.decoder(channels, widths, latent, n_blocks=n_blocks, groups=groups))
    heads = Heads((("moments", ()), ("reconstruction", back)))
    return network((height, columns, channels), *down, heads, conventions=CONVENTIONS, paper=LATENT)


def spatial_transformer(width: int, heads: int, groups: int, text_width: int, n_blocks: int = 1) -> diffusion.Layers:
    """Positions attend to each other and to the ``text``, between two 1×1 maps, added to what arrives."""
    attention = Attention(bias=False, out_bias=True)
    blocks = TransformerDecoder(
        width,
        heads,
        4 * width,
        n_blocks,
        0,
        memory="text",
        memory_width=text_width,
        attention=attention,
        mlp="geglu",
        gelu="exact",
    )
    # The norm's epsilon is another one than that of the blocks around it.
    return (Residual((GroupNorm(width, groups, epsilon=1e-6), Dense(width, width), blocks, Dense(width, width))),)


def sd_unet(
    widths: Sequence[int] = (320, 640, 1280, 1280),
    attentive: Sequence[int] = (0, 1, 2),
    heads: int | Sequence[int] = 8,
    text_width: int = 768,
    *,
    n_blocks: int = 2,
    groups: int = 32,
    channels: int = 4,
    tokens: int = 77,
    height: int = 64,
    columns: int = 64,
) -> NetSpec:
    """The denoiser of Stable Diffusion, told the ``time`` and a ``text``; ``attentive`` levels and the middle read it.

    ``heads`` are those of all levels or of each.
    """
    by_level = [heads] * len(widths) if isinstance(heads, int) else list(heads)

    def reading(level: int) -> diffusion.Mixer:
        return lambda width: spatial_transformer(width, by_level[level], groups, text_width)

    mixers = [reading(level) if level in attentive else diffusion.nothing for level in range(len(widths))]
    layers = diffusion.denoiser(channels, widths, mixers, reading(-1), n_blocks=n_blocks, groups=groups)
    return network(
        (height, columns, channels),
        *layers,
        conventions=Conventions(gelu="exact"),
        paper=LATENT,
        time=(1,),
        text=(tokens, text_width),
    )


_CIFAR = ("DDPM CIFAR-10 32x32",)
_LARGE = ("DDPM 256x256 (CelebA-HQ, LSUN)",)
_VAE = ("SD/SDXL AutoencoderKL (f8, 4 latent channels)",)

NETWORKS = (
    Published(
        "google/ddpm-cifar10-32",
        "DDPM",
        DIFFUSERS,
        partial(ddpm, (128, 256, 256, 256), (1,)),
        _CIFAR,
        rules="ddpm",
        aliases=("ddpm-cifar10-32",),
    ),
    Published(
        "google/ddpm-celebahq-256",
        "DDPM",
        DIFFUSERS,
        partial(ddpm, (128, 128, 256, 256, 512, 512), (4,), image=256),
        _LARGE,
        rules="ddpm",
        aliases=("ddpm-celebahq-256",),
    ),
    Published(
        "stabilityai/sd-vae-ft-mse",
        "Stable Diffusion",
        DIFFUSERS,
        autoencoder,
        _VAE,
        rules="autoencoder_kl",
        aliases=("sd-vae-ft-mse", "AutoencoderKL"),
    ),
    Published(
        "runwayml/stable-diffusion-v1-5/unet",
        "Stable Diffusion",
        DIFFUSERS,
        sd_unet,
        ("SD 1.5 UNet",),
        rules="sd_unet",
        aliases=("sd15-unet",),
    ),
    Published(
        "stabilityai/stable-diffusion-2-1/unet",
        "Stable Diffusion",
        DIFFUSERS,
        partial(sd_unet, heads=(5, 10, 20, 20), text_width=1024),
        ("SD 2.1 UNet",),
        rules="sd2_unet",
        aliases=("sd21-unet",),
    ),
)
