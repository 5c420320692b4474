"""The tensors of a published network as those of an equal one in the language; see :func:`transplant.transplant`."""

import re

import jax
import jax.numpy as jnp


def changed(functions):
    """A ``change`` that applies functions to single tensors, by name."""
    return lambda tensors: {name: functions.get(name, lambda x: x)(tensors[name]) for name in tensors}


def rows_of(channels, height, width):
    """Reorder the inputs of a dense map behind a flattened image: theirs is channels first."""

    def change(weight):
        grid = weight.reshape(-1, channels, height, width)
        return jnp.moveaxis(grid, 1, -1).reshape(weight.shape)

    return change


def transposed(*patterns):
    """A ``change`` for dense maps that the library keeps as ``(in, out)``."""
    search = re.compile("|".join(patterns)).search
    return lambda tensors: {name: tensors[name].T if search(name) else tensors[name] for name in tensors}


def dark(patterns):
    """A ``change`` that widens layers by channels that are always zero and read by nothing.

    ``patterns`` maps a regular expression for tensors to the ``(outputs, inputs)`` they get, None for those kept.
    """

    def widened(name, tensor):
        for pattern, ends in patterns.items():
            if re.search(pattern, name):
                ends = [end or side for end, side in zip(ends, tensor.shape, strict=False)]
                more = [(0, end - side) for end, side in zip(ends, tensor.shape, strict=False)]
                return jnp.pad(tensor, more + [(0, 0)] * (tensor.ndim - len(more)))
        return tensor

    return lambda tensors: {name: widened(name, tensors[name]) for name in tensors}


def sixteenths(widths):
    """A bottleneck to a sixteenth of the outputs as one to a quarter."""
    patterns = {}
    for stage, width in enumerate(widths, 1):
        block, middle = rf"layer{stage}\.\d\.", width // 4
        ends = {"(conv1|bn1|bn2)": (middle, None), "conv2": (middle, middle), "conv3": (None, middle)}
        patterns |= {block + layer: sides for layer, sides in ends.items()}
    return dark(patterns)


def three_by_three_inside_five(tensors):
    """The library has 3×3 kernels where the paper has 5×5 ones."""
    return {
        name: jnp.pad(tensors[name], [(0, 0)] * 2 + [(1, 1)] * 2) if "branch3.1.conv" in name else tensors[name]
        for name in tensors
    }


def shortcut_of_option_a(tensors):
    """Every second pixel in the middle half of the channels, as a projection."""
    found = {}
    for name in tensors:
        found[name] = tensors[name]
        if name in ("layer2.0.bn2.running_var", "layer3.0.bn2.running_var"):
            width = len(found[name])
            rows = jnp.pad(jnp.eye(width // 2), ((width // 4, width // 4), (0, 0)))
            found[name.replace("bn2.running_var", "shortcut.weight")] = rows[:, :, None, None]
    return found


def folded(tensors):
    """A depthwise convolution and the 1×1 behind it, with no norm between, as one with the product of their kernels."""
    found, depthwise = {}, None
    for name in tensors:
        kernel = tensors[name]
        if depthwise is not None:
            kernel, depthwise = kernel * depthwise, None
        elif kernel.shape[1:] == (1, 3, 3):
            depthwise = kernel[None, :, 0]
            continue
        found[name] = kernel
    return found


def columns(tensors):
    """Convolutions in time as those of an image one pixel wide: what the outer columns are does not matter."""
    found = {}
    for name in tensors:
        kernel = tensors[name]
        found[name] = jnp.pad(kernel[..., None], [(0, 0)] * 3 + [(1, 1)]) if kernel.ndim == 3 else kernel
    return found


def wavenet_columns(tensors):
    """Kernels over time with a second axis; the path between the layers is 12 channels wide, 4 of them dark, not 8."""
    found = dark({"start|residual": (12, None), "filter|gate": (None, 12)})(tensors)
    found = {name: kernel[..., None] if kernel.ndim == 3 else kernel for name, kernel in found.items()}
    table = found.pop("start_conv.weight")[:, :, 0, 0].T
    return {"start.weight": table, "start.shift": jnp.zeros(12)} | found


def clip_parts(tensors):
    """Without the scale of the loss; patches have no bias."""
    assert tensors["logit_scale"].shape == ()
    return {name: tensors[name] for name in tensors if name != "logit_scale"}


def keys_beside_values(tensors):
    """One map of ``[keys read here, values read here]`` in place of two, as positions join the keys alone."""
    found = {}
    for name in tensors:
        if ".k_proj." in name:
            key, value = tensors[name], tensors[name.replace(".k_proj.", ".v_proj.")]
            both = jax.scipy.linalg.block_diag(key, value) if key.ndim == 2 else jnp.concatenate([key, value])
            found[name] = both
        elif ".v_proj." not in name:
            found[name] = tensors[name]
    return found
