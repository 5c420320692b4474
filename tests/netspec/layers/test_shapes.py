"""Properties of the shape arithmetic, for sizes nobody chose."""

from hypothesis import given, settings
from hypothesis import strategies as st

from netspec import NetSpec, SpecError
from netspec import layers as L

#: The same examples on every machine, and none kept on disk.
examples = settings(max_examples=40, derandomize=True, deadline=None, database=None)

side, channels, stride, kernel = st.integers(1, 40), st.integers(1, 12), st.integers(1, 4), st.integers(1, 7)
image = st.tuples(side, side, channels)


def run(shape, *layers, **options):
    return NetSpec("property", shape, layers, **options)


@examples
@given(image, channels, kernel, stride)
def test_padded_convolution_rounds_up(shape, out, k, s):
    leaves = run(shape, L.Conv2d(shape[2], out, k, stride=s)).output_shape
    assert all(n * s >= before > (n - 1) * s for n, before in zip(leaves[:2], shape[:2], strict=True))
    assert run(shape, L.ConvBN(shape[2], out, k, s)).output_shape == leaves


@examples
@given(image, channels, kernel, stride)
def test_unpadded_convolution_fits_whole_windows_or_refuses(shape, out, k, s):
    layer = L.Conv2d(shape[2], out, k, "valid", stride=s)
    if k > min(shape[:2]):
        try:
            run(shape, layer)
        except SpecError as error:
            assert "kernel larger than its input" in str(error)
        else:
            raise AssertionError("a kernel larger than its input was accepted")
        return
    leaves = run(shape, layer).output_shape
    for n, before in zip(leaves[:2], shape[:2], strict=True):
        assert (n - 1) * s + k <= before < n * s + k


@examples
@given(image, channels, kernel, stride)
def test_a_transposed_convolution_undoes_the_stride(shape, out, k, s):
    up = L.Conv2d(shape[2], out, k, stride=s, transposed=True)
    down = L.Conv2d(out, shape[2], k, stride=s)
    spec = run(shape, up, down)
    assert spec.output_shape == shape
    assert spec.rows[0].macs == spec.rows[1].macs
    assert up.params() - out == down.params() - shape[2]


@examples
@given(image, channels)
def test_stride_one_and_same_channels_keep_the_shape(shape, width):
    start = L.ConvBN(shape[2], 4 * width, 1)
    kept = (*shape[:2], 4 * width)
    for layer in (
        L.ResidualBlock(4 * width, 4 * width, 2, 1),
        L.BottleneckBlock(4 * width, 4 * width, 2, 1),
        L.InvertedResidual(4 * width, 4 * width, 3, 1, 2),
        L.MBConv(4 * width, 4 * width, 3, 5, 1, 2),
        L.ConvNeXtStage(4 * width, 1),
        L.DarknetBlock(4 * width, 2),
        L.CSPBlock(4 * width, 4 * width, 2),
        L.SwinStage(4 * width, 4, 8, 3, 1),
        L.TransformerEncoder(4 * width, 4, 8, 1),
    ):
        assert run(shape, start, layer).output_shape == kept


@examples
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), channels, st.sampled_from(["bilinear", "transposed"]))
def test_a_unet_of_any_depth_gives_its_input_back(rows, columns, depth, width, upsample):
    shape = (rows * 2**depth, columns * 2**depth, 3)
    widths = [width * 2**level for level in range(depth)]
    down = [L.UNetDown(i, o) for i, o in zip([3, *widths], widths, strict=False)]
    up = [L.UNetUp(i, o, upsample) for i, o in zip([widths[-1], *widths[:0:-1]], widths[::-1], strict=True)]
    spec = run(shape, *down, *up)
    assert spec.output_shape == (*shape[:2], width)
    assert spec.params == spec.book_params


@examples
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), channels, channels)
def test_patches_tile_the_image(rows, columns, patch, inside, width):
    shape = (rows * patch, columns * patch, inside)
    tokens = L.PatchEmbed(inside, width, patch, rows * columns)
    grid = L.PatchEmbed(inside, width, patch, rows * columns, layout="grid")
    assert run(shape, tokens).output_shape == (rows * columns + 1, width)
    assert run(shape, grid).output_shape == (rows, columns, width)
    assert tokens.params() - grid.params() == 2 * width
    assert tokens.book_params() == grid.book_params()


@examples
@given(image, st.integers(1, 6), st.integers(1, 5))
def test_a_dense_block_adds_its_growth_and_splits_in_two(shape, growth, count):
    whole = L.DenseBlock(shape[2], growth, count + 1)
    first, second = L.DenseBlock(shape[2], growth, count), L.DenseBlock(shape[2] + count * growth, growth, 1)
    one, two = run(shape, whole), run(shape, first, second)
    assert one.output_shape == two.output_shape == (*shape[:2], shape[2] + (count + 1) * growth)
    assert (one.params, one.macs) == (two.params, two.macs)


@examples
@given(image, st.lists(channels, min_size=2, max_size=5))
def test_concatenation_adds_channels_and_the_sum_does_not_depend_on_the_order(shape, widths):
    branches = tuple(L.Conv2d(shape[2], width, 3) for width in widths)
    one, other = (run(shape, L.Branches(some)) for some in (branches, branches[::-1]))
    assert one.output_shape == other.output_shape == (*shape[:2], sum(widths))
    assert (one.params, one.macs) == (other.params, other.macs)


@examples
@given(image, channels, kernel)
def test_saving_and_loading_changes_nothing(shape, out, k):
    layer = L.Conv2d(shape[2], out, k)
    plain = run(shape, layer)
    tapped = run(shape, L.Save("image"), L.GlobalAvgPool(), L.Load("image"), layer)
    assert (tapped.output_shape, tapped.params, tapped.macs) == (plain.output_shape, plain.params, plain.macs)
    assert tapped.n_layers == 2
