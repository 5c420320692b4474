"""The whole catalogue at a glance: parameters against multiply-adds and against the year, by domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.engine.canvas import FAINT, GREY, canvas, svg
from report.engine.labels import LABEL_SIZE, name_points
from report.params.axes import MACS, PARAMS
from report.params.rows import Catalogue, Variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By domain, in the order of the sections; none is as pale as the yellow of the usual palettes.
COLOURS = (
    "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#8c564b", "#6a3d9a", "#56b4e9", "#a67c00", "#000000",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "*")

#: Multiply-adds per parameter along the guide lines.
REUSE = (1, 100, 10_000)

#: Points that carry a name, and the name where the catalogue's is long.
NOTABLE = {
    "LeNet-5": "",
    "AlexNet (Krizhevsky 2012)": "AlexNet",
    "VGG-16": "",
    "ResNet-50": "",
    "SqueezeNet 1.1": "",
    "Swin-B": "",
    "YOLOv1 (Redmon 2016)": "YOLOv1",
    "DETR-R50": "",
    "UNet (original, grayscale → 2-class)": "UNet",
    "SAM ViT-H image encoder": "SAM ViT-H",
    "MNIST VAE encoder (MLP, 20-dim latent)": "MNIST VAE",
    "DCGAN noise projector (100 → 4×4×1024)": "DCGAN projector",
    "AlphaGo rollout policy (hand-crafted linear softmax)": "AlphaGo rollout",
    "AlphaGo Zero (policy head)": "AlphaGo Zero",
    "Mamba-130M": "",
    "GPT-2 XL": "",
    "BERT-base": "",
    "SD VAE decoder (latent → image)": "SD decoder",
    "DDPM (CIFAR-10, backbone approx)": "DDPM",
    "WaveNet (single stack, speech)": "WaveNet",
    "Whisper large encoder (v1/v2/v3)": "Whisper large",
    "NeRF (canonical)": "NeRF",
    "LLaVA 13B LM (LLaMA-13B backbone)": "LLaVA 13B",
    "AlphaFold 2 (Evoformer + StructureModule)": "AlphaFold 2",
    "MobileNet-v2": "MobileNet V2",
    "ViT-Tiny": "",
    "Highway-50 — main path H(x)": "Highway-50",
}


def catalogue_figure(counted: Catalogue) -> bytes:
    """The figure as SVG; miniatures made for tests are small grey dots."""
    import pandas as pd
    import seaborn as sns

    domains = list(counted.domains)
    shown = [v for v in counted.variants if not v.is_fixture]
    small = [v for v in counted.variants if v.is_fixture]
    frame = pd.DataFrame(
        {
            "domain": [v.domain for v in shown],
            "params": [v.built_params for v in shown],
            "macs": [v.macs for v in shown],
            # Domains stand side by side within a year, so that they do not hide each other.
            "year": [v.year + 0.09 * (domains.index(v.domain) - (len(domains) - 1) / 2) for v in shown],
        }
    )
    figure = canvas(5.4)
    figure.set_dpi(72)  # that of SVG, where a pixel is a point
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2.9, 1))
    style = {
        "palette": dict(zip(domains, COLOURS, strict=False)),
        "markers": dict(zip(domains, MARKERS, strict=False)),
        "hue_order": domains,
    }
    for axes, x in ((left, "macs"), (right, "year")):
        sns.scatterplot(
            frame, x=x, y="params", hue="domain", style="domain", ax=axes, s=25, linewidth=0.25, edgecolor="white",
            zorder=3, legend="brief" if axes is left else False, **style,
        )  # fmt: skip
        across = [getattr(v, x) for v in small]
        axes.scatter(across, [v.built_params for v in small], s=5, color=GREY, linewidth=0, zorder=2, label="miniature")
        axes.grid(color=FAINT, linewidth=0.4)
        axes.set_axisbelow(True)
    left.set(xscale="log", yscale="log", xlim=MACS, ylim=PARAMS)
    left.set(xlabel="Multiply-adds for one example", ylabel="Parameters of the built network")
    right.set(xlabel="Year of the paper", xticks=(2000, 2010, 2020), xlim=(1996.5, 2025.5))
    for axes in (left, right):
        axes.tick_params(labelsize=8, length=2.5)
        axes.tick_params(which="minor", length=0)
    right.tick_params(axis="y", length=0)
    handles, labels = left.get_legend_handles_labels()
    left.get_legend().remove()
    figure.legend(
        handles, [label[:1].upper() + label[1:] for label in labels], loc="outside upper center", ncols=5,
        frameon=False, fontsize=8, handletextpad=0.1, columnspacing=1.2,
    )  # fmt: skip
    _guides(left)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed in the layout just made
    _names(left, shown, small)
    return svg(figure)


def _guides(axes: Axes) -> None:
    """Lines along which every parameter is used equally often."""
    for reuse in REUSE:
        ends = [max(PARAMS[0], MACS[0] / reuse), min(PARAMS[1], MACS[1] / reuse)]
        axes.plot([end * reuse for end in ends], ends, color=GREY, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)
        # The first line has room for its name above the networks, the others below.
        start = 3e8 if reuse == 1 else 1.3 * ends[0]
        axes.annotate(
            f"{reuse:,} per parameter" if reuse > 1 else "1 multiply-add per parameter",
            (start * reuse, start), xytext=(-4, 4), textcoords="offset points", fontsize=LABEL_SIZE, color=GREY,
            rotation=45, rotation_mode="anchor", transform_rotates_text=True, zorder=1,
        )  # fmt: skip


def _names(axes: Axes, shown: Sequence[Variant], small: Sequence[Variant]) -> list[str]:
    """Name the notable points; return those that found a place."""
    points = {v.variant: tuple(axes.transData.transform((v.macs, v.built_params))) for v in (*shown, *small)}
    weights = {v.variant: 8 if v.is_fixture else 40 for v in (*shown, *small)}
    names = {name: text or name for name, text in NOTABLE.items() if name in points}
    return name_points(axes, names, points, weights)
