"""Networks for other sizes: every image network there is, tried; what is refused says why."""

import math
import re

import jax
import pytest
from flax import nnx

import netspec
from netspec import NetSpec, SpecError, catalogue, exact
from netspec import layers as L
from netspec.run.traced import Traced
from netspec.weights.transfer import abstract

pytestmark = pytest.mark.slow

SIZES = ((225, 225), (160, 256))
IMAGES = tuple(spec for spec in catalogue.specs() if len(spec.input_shape) == 3)
#: Their grid of residues is no picture: what belongs to it would have to follow by the square.
PROTEINS = {"AlphaFold 2 (Evoformer + StructureModule)", "tiny-Evoformer (4 blocks)"}

UNLIKE_225 = re.compile(
    r"(google/)?vit[_-]|deit_(tiny|small|base)_patch|facebook/sam-vit-|yolov[38]|yolo11|smp[.]Unet|pix2pix_unet|"
    r"google/ddpm|.*/stable-diffusion.*/unet|mobilevitv2_|openfold_"
)


def published():
    specs = (one.spec() for one in exact.networks().values())
    return [spec for spec in specs if len(spec.input_shape) == 3]


def resized(spec, size):
    """The network of that size, or ``None`` where it says which sizes near would do; these are tried."""
    try:
        made = spec.resized(*size)
    except SpecError as error:
        said = str(error)
        assert said.startswith(f"{spec.name}: takes no images of {size[0]}×{size[1]}, ")
        assert "; layer " in said
        assert "arrived" in said
        near = re.findall(r"(\d+)×(\d+)", said.partition("expected a size such as ")[2].partition(";")[0])
        assert near or (spec.name in PROTEINS and "no size near does" in said)
        for height, width in near:
            assert spec.resized(int(height), int(width)).input_shape[:2] == (int(height), int(width))
        return None
    assert made.input_shape == (*size, spec.input_shape[2])
    return made


def built(spec):
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(nnx.state(abstract(spec), nnx.Param)))


@pytest.mark.thinned(5)
@pytest.mark.parametrize("spec", IMAGES, ids=lambda spec: spec.name)
def test_image_networks_of_the_catalogue_are_built_as_counted_at_any_size(spec):
    assert spec.resized(*spec.input_shape[:2]) is spec
    for size in SIZES:
        made = resized(spec, size)
        if made is None:
            continue
        if made.layers == spec.layers:
            assert made.params == spec.params
        elif spec.params < 3e7 or spec.macs < 1e9:
            assert built(made) == made.params
        if spec.params < 3e6 and made.macs < 2e9 and "MobileViT" not in spec.name:
            traced = Traced(made)
            assert (traced.params, traced.leaves, traced.multiply_adds) == (made.params, made.output_shape, made.macs)


@pytest.mark.exhaustive
def test_networks_of_libraries_take_other_sizes_or_say_which():
    specs = published()
    takes = {size: {spec.name for spec in specs if resized(spec, size)} for size in SIZES}
    everything = {spec.name for spec in specs}
    # Patches that do not tile are refused by timm, torchvision and transformers; detectors and what halves and doubles
    # again want multiples of 32, or of what they halve.
    assert everything - takes[225, 225] == {name for name in everything if UNLIKE_225.match(name)}
    assert {"densenet121", "convnext_tiny", "swin_t", "resnet50", "vgg16", "unet_bn_3ch", "mixer_s16_224"} <= takes[
        225, 225
    ]
    only_square = {
        f"facebook/sam-vit-{size}{end}" for size in ("base", "large", "huge") for end in ("", "/vision-encoder")
    }
    # Patches of two pixels tile a grid that has been halved five times.
    halved = {name for name in everything if name.startswith(("pix2pix_unet", "mobilevitv2_"))}
    assert everything - takes[160, 256] == only_square | halved | {"vit_huge_patch14_224", "vit_h_14"}


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("vit_tiny_patch16_160", (64, 96)),
        ("mixer_s32_224", (96, 64)),
        ("deit_tiny_distilled_patch16_224", (70, 50)),
        ("alphago_policy", (9, 13)),
        ("facebook/sam-vit-base/vision-encoder", (64, 64)),
    ],
)
def test_networks_of_libraries_are_built_as_counted(name, size):
    made = netspec.find(name).resized(*size)
    assert built(made) == made.params != netspec.find(name).params


def test_a_network_resized_is_the_network_made_for_that_size():
    made = {
        exact.vit.vit(192, 3, 2): exact.vit.vit(192, 3, 2, height=64, columns=96),
        exact.mixer.mixer(64, 2): exact.mixer.mixer(64, 2, image=64),
        exact.swin.swin(24, (2, 2), (2, 4)): exact.swin.swin(24, (2, 2), (2, 4), image=60),
        exact.sam.encoder(64, 4, 2, (1,)): exact.sam.encoder(64, 4, 2, (1,), image=320),
        exact.vit.distilled(192, 3, 2): exact.vit.distilled(192, 3, 2, image=64),
        exact.unet.unet(): exact.unet.unet(height=250, columns=90),
    }
    for spec, wanted in made.items():
        assert spec.resized(*wanted.input_shape[:2]) == wanted
        assert wanted.resized(*spec.input_shape[:2]) == spec


def test_a_pyramid_is_built_on_odd_stages():
    spec = netspec.find("Mask R-CNN backbone (ResNet-101-FPN)").resized(800, 1333)
    assert {name: spec.output_shape[name][:2] for name in spec.output_shape} == {
        "p2": (200, 334),
        "p3": (100, 167),
        "p4": (50, 84),
        "p5": (25, 42),
    }


@pytest.mark.parametrize(
    ("name", "height", "width", "says"),
    [
        ("UNet (small, depth 3)", 250, 250, "expected a size such as 248×248 or 256×256; layer 1 UNetDown"),
        (
            "ViT-Tiny",
            250,
            224,
            "expected a size such as 256×224 or 240×224; layer 0 PatchEmbed(3, 192, 16, 210): patches",
        ),
        ("ResNet-18", 0, 224, "height 0, expected a whole number of at least 1"),
        ("BERT-base", 64, 64, "takes (512,), expected a network that takes (height, width, channels)"),
    ],
)
def test_what_is_refused_says_why(name, height, width, says):
    with pytest.raises(SpecError, match=re.escape(says)):
        netspec.find(name).resized(height, width)


def test_channels_reach_the_layers_that_read_them():
    for name in ("ResNet-18", "ViT-Tiny", "LeNet-5", "Swin-T", "densenet121", "CapsNet (MNIST)", "unet"):
        spec = netspec.find(name)
        five = spec.with_channels(5)
        assert five.input_shape == (*spec.input_shape[:2], 5)
        assert five.output_shape == spec.output_shape
        assert five.with_channels(spec.input_shape[2]) == spec
        assert spec.with_channels(spec.input_shape[2]) is spec
    assert built(netspec.find("LeNet-5").with_channels(3)) == netspec.find("LeNet-5").params + 2 * 25 * 6


def test_a_sequence_is_as_long_as_its_positions_allow():
    gpt = netspec.find("gpt2")
    assert gpt.with_tokens(7).output_shape == (7, *gpt.output_shape[1:])
    assert gpt.with_tokens(7).params == gpt.params
    with pytest.raises(SpecError, match="more tokens than positions: arrived 1025 tokens, expected at most 1024"):
        gpt.with_tokens(1025)
    assert dict(netspec.find("tiny-T5").with_tokens(9).extra_inputs) == {"target": (9,)}
    for name in ("ResNet-18", "Highway-50 (50 layers, MNIST)", "NeRF (canonical)"):
        with pytest.raises(SpecError, match="expected a network that takes a sequence of tokens"):
            netspec.find(name).with_tokens(7)


def test_layers_in_combinators_follow():
    body = (L.Conv2d(3, 3, 3), L.Flatten(), L.Dense(48, 5))
    spec = NetSpec(
        "net",
        (4, 4, 3),
        (
            L.Repeat(1, L.Residual(L.Conv2d(3, 3, 3), L.Conv2d(3, 3, 1))),
            L.Under(netspec.Conventions(gelu="exact"), L.Conv2d(3, 3, 3)),
            L.Heads({"one": body, "both": L.Branches((body, (L.Flatten(), L.Dense(48, 5))), "add")}),
        ),
    )
    wide = spec.resized(4, 6)
    assert [row.layer.in_features for row in wide.flat() if isinstance(row.layer, L.Dense)] == [72, 72, 72]
    assert wide.resized(4, 4) == spec
    assert wide.output_shape == spec.output_shape


def test_layers_written_once_must_stay_one():
    pyramid = L.Heads({"a": (), "b": L.MaxPool(2, 2)})
    read = L.ForEach((L.AdaptiveAvgPool(2), L.Flatten(), L.Dense(12, 5)))
    spec = NetSpec("net", (4, 4, 3), (pyramid, read))
    assert spec.resized(9, 7).layers == spec.layers
    # At first both are of one size, then not.
    crops = L.Heads({"a": L.MaxPool(3, 3, padding="valid"), "b": L.MaxPool(2, 4, padding="valid")})
    spec = NetSpec("net", (4, 4, 3), (crops, L.ForEach((L.Flatten(), L.Dense(3, 5)))))
    with pytest.raises(SpecError, match="layers written once would differ"):
        spec.resized(9, 9)


def test_an_image_as_large_as_the_input_stays_so():
    spec = NetSpec("net", (8, 8, 3), (L.Conv2d(3, 4, 3, stride=2), L.Resize(8), L.Resize(5)))
    assert spec.resized(6, 10).layers[1:] == (L.Resize((6, 10)), L.Resize(5))
