"""The whole catalogue at a glance: parameters against multiply-adds and against the year, by domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.figures import FAINT, GREY, canvas, svg
from report.params.axes import MACS, PARAMS
from report.params.records import Catalogue, Variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By domain, in the order of the sections; none is as pale as the yellow of the usual palettes.
COLOURS = (
    "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#8c564b", "#6a3d9a", "#56b4e9", "#a67c00", "#000000",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "*")
LABEL_SIZE = 7.5  # points

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
    figure.set_dpi(72)  # that of SVG: names are placed in pixels
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
    """Name the notable points, each where it hides no other name and as little else as possible; return the names."""
    scale = axes.figure.dpi / 72  # pixels per point
    points = {v.variant: tuple(axes.transData.transform((v.macs, v.built_params))) for v in (*shown, *small)}
    weights = {v.variant: 8 if v.is_fixture else 40 for v in (*shown, *small)}
    frame, taken, placed = axes.bbox, [], []
    for name in sorted((name for name in NOTABLE if name in points), key=lambda name: points[name]):
        x, y = points[name]
        label = axes.text(0, 0, NOTABLE[name] or name, fontsize=LABEL_SIZE, zorder=5)
        extent = label.get_window_extent()
        label.remove()
        best = None
        for distance, dx, dy, across, up in _places():
            x0, y0 = x + dx * scale - across * extent.width, y + dy * scale - up * extent.height
            box = (x0, y0, x0 + extent.width, y0 + extent.height)
            if not (frame.x0 < box[0] and box[2] < frame.x1 and frame.y0 < box[1] and box[3] < frame.y1):
                continue
            steps = int(distance * scale / 3)
            line = [(x + i / steps * dx * scale, y + i / steps * dy * scale) for i in range(steps)]
            if any(_overlap(box, other, 1.5 * scale) for other in taken) or any(
                _overlap((*point, *point), other, scale) for point in line for other in taken
            ):
                continue
            hidden = sum(
                weights[other] for other, (px, py) in points.items()
                if other != name and _overlap(box, (px, py, px, py), 3 * scale)
            )  # fmt: skip
            if best is None or hidden + 0.7 * distance < best[0]:
                best = hidden + 0.7 * distance, distance, (dx, dy), (across, up), [box, *((*p, *p) for p in line)]
        if best is None:
            continue
        _, distance, offset, (across, up), covered = best
        taken += covered
        placed.append(name)
        leader = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5}
        axes.annotate(
            NOTABLE[name] or name, (x, y), xycoords="figure pixels", xytext=offset, textcoords="offset points",
            ha=("left", "center", "right")[round(2 * across)], va=("bottom", "center", "top")[round(2 * up)],
            fontsize=LABEL_SIZE, arrowprops=leader if distance > _NEAR else None, zorder=5,
        )  # fmt: skip
    return placed


_STRAIGHT = ((1, 0), (-1, 0), (0, 1), (0, -1))
_SLANTED = tuple((i * dx, j * dy) for dx, dy in ((0.7, 0.7), (0.9, 0.4), (0.4, 0.9)) for i in (1, -1) for j in (1, -1))
_DIRECTIONS = _STRAIGHT + _SLANTED
_NEAR = 5  # points: a name this near needs no line to its point


def _places():
    """Offsets in points, nearest first, with the part of the name's width and height that lies before the end."""
    for distance in (_NEAR, 9, 13, 18, 24, 31, 39, 48, 58, 69, 81):
        for dx, dy in _DIRECTIONS:
            yield distance, distance * dx, distance * dy, (0.5, 0, 1)[_sign(dx)], (0.5, 0, 1)[_sign(dy)]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _overlap(box: tuple[float, ...], other: tuple[float, ...], gap: float) -> bool:
    return box[0] - gap < other[2] and other[0] < box[2] + gap and box[1] - gap < other[3] and other[1] < box[3] + gap
