"""Diagrams: well formed, nothing on top of anything else, and everything a reader looks for is on them."""

from itertools import combinations

import pytest
from drawings import read

from netspec import NetSpec, catalogue
from netspec.draw import draw
from netspec.draw.graph import Box, Chain, Frame, Split, graph, links
from netspec.draw.svg import shorten, text_width, wrap
from netspec.layers import (
    Branches,
    Conv2d,
    ConvBN,
    Dense,
    GlobalAvgPool,
    Heads,
    Load,
    Pick,
    Repeat,
    Residual,
    Save,
    UNetDown,
    UNetUp,
)

CONV = Conv2d(8, 8, 3)
MADE = [
    NetSpec("branches", (8, 8, 8), (Branches(((CONV,), (CONV, CONV), ())), Conv2d(24, 4, 1))),
    NetSpec("residual", (8, 8, 8), (Residual((CONV, ConvBN(8, 8, 3))), Residual(CONV, Conv2d(8, 8, 1)))),
    NetSpec("pick", (8, 8, 8), (Heads({"a": CONV, "b": ()}), Pick("a"), CONV)),
    NetSpec("blocks", (8, 8, 8), (Repeat(3, (CONV, ConvBN(8, 8, 1))), *(CONV, ConvBN(8, 8, 1)) * 4)),
    NetSpec("crossing", (8, 8, 8), (Save("a"), CONV, Save("b"), CONV, Load("a", "add"), CONV, Load("b", "concat"))),
    NetSpec("skip inside", (8, 8, 8), (Residual((UNetDown(8, 16), UNetUp(16, 8, skip_channels=16))),)),
    NetSpec("tap into a branch", (8, 8, 8), (Save("early"), CONV, Branches(((CONV,), (Load("early"), CONV))))),
    NetSpec('<b> & "quotes"', (8,), (Dense(8, 8),)),
    NetSpec("a name " * 30, (8,), (Dense(8, 8),)),
]


def name(spec):
    return spec.name[:60].strip()


@pytest.mark.parametrize("spec", [*catalogue.specs(), *MADE], ids=name)
def test_nothing_covers_anything(spec):
    drawing = read(draw(spec))
    assert not [pair for pair in combinations(drawing.boxes, 2) if pair[0].overlaps(pair[1])]
    assert not [pair for pair in combinations(drawing.labels, 2) if pair[0].overlaps(pair[1])]
    for area in (*drawing.boxes, *drawing.frames, *drawing.labels):
        assert drawing.page.contains(area)
    for line in drawing.lines:
        assert not [label for label in drawing.labels if label.overlaps(line)]
    for box in drawing.boxes:
        assert not [label for label in drawing.labels if label.overlaps(box) and not box.contains(label)]
    for frame in drawing.frames:
        others = [area for area in drawing.boxes + drawing.frames + drawing.labels if area is not frame]
        assert not [a for a in others if a.overlaps(frame) and not frame.contains(a) and not a.contains(frame)]


@pytest.mark.parametrize("spec", catalogue.specs(), ids=name)
def test_every_layer_is_on_it_with_its_parameters(spec):
    boxes = list(boxes_of(graph(spec)))
    drawn = sum(box.times * box.row.layer.params() * outer for box, outer in boxes)
    assert drawn == spec.params
    text = read(draw(spec)).text
    for box, _ in boxes:
        assert type(box.row.layer).__name__ in text
        if box.row.layer.params():
            assert f"{box.row.layer.params():,} params" in text
    assert f"{spec.params:,} parameters" in text


def boxes_of(chain: Chain, times=1):
    for node in chain.nodes:
        match node:
            case Box():
                yield node, times
            case Frame():
                inner = int(node.title.split()[1]) if node.title.startswith("×") else 1
                yield from boxes_of(node.body, times * inner)
            case Split():
                for _, part in node.parts:
                    yield from boxes_of(part, times)


@pytest.mark.parametrize("spec", catalogue.specs(), ids=name)
def test_outputs_carry_their_names(spec):
    text = read(draw(spec)).text
    for output in getattr(spec.output_shape, "keys", lambda: ["output"])():
        assert output in text


def test_the_same_bytes_each_time():
    spec = catalogue.find("Stable Diffusion 1.5 (one step, all parts)")
    assert draw(spec) == draw(spec)


def test_lenet_reads_like_the_book():
    text = read(draw(catalogue.find("LeNet-5"))).text
    for words in ("1 → 6 · 5×5 · valid", "28×28×6", "400 → 120 · relu", "48,120 params", "61,706 parameters"):
        assert words in text


def test_skips_connect_down_and_up_inside_out():
    spec = catalogue.find("UNet (small, depth 3)")
    assert [(link.source, link.target) for link in links(spec)] == [("2", "5"), ("1", "6"), ("0", "7")]
    assert read(draw(spec)).text.count("skip ") == 3


def test_text_reaches_every_decoder_of_the_denoiser():
    spec = catalogue.find("SD 1.5 UNet (with text attention)")
    assert [label.label for label in read(draw(spec)).labels].count("text 77×768") == 5
    assert sum(link.name == "text" for link in links(spec)) == 5


def test_what_repeats_is_drawn_once():
    chain = graph(catalogue.find("YOLOv1 (Redmon 2016)"))
    assert [node.title.split(" · ")[0] for node in chain.nodes if isinstance(node, Frame)] == ["× 4", "× 2"]
    masks = graph(catalogue.find("Mask R-CNN mask head (COCO 80 classes, 28×28 masks)"))
    assert [node.times for node in masks.nodes if isinstance(node, Box)] == [4, 1, 1]


def test_repetition_inside_a_repetition_is_drawn_once_too():
    (frame, _) = graph(catalogue.find("QANet model encoder stack (7 blocks, deep body)")).nodes
    assert frame.title.startswith("× 7 ")
    assert [node.times for node in frame.body.nodes] == [2, 1]


def test_repetition_stops_at_a_tap():
    tapped = NetSpec("tapped", (8, 8, 8), (CONV, CONV, Save("x"), CONV, CONV, Load("x", "add"), GlobalAvgPool()))
    assert [node.times for node in graph(tapped).nodes if isinstance(node, Box)] == [2, 2, 1]


def test_a_long_word_is_cut_and_a_long_line_broken():
    assert wrap("one two three", 10, text_width("one two", 10)) == ["one two", "three"]
    cut = shorten("W" * 50, 10, 100)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 100
