"""The tensors of a published network as those of an equal one in the language; see :func:`transplant.transplant`."""

import re

import jax
import jax.numpy as jnp


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


def wavenet_columns(tensors):
    """Kernels over time with a second axis; the path between the layers is 12 channels wide, 4 of them dark, not 8."""
    found = dark({"start|residual": (12, None), "filter|gate": (None, 12)})(tensors)
    found = {name: kernel[..., None] if kernel.ndim == 3 else kernel for name, kernel in found.items()}
    table = found.pop("start_conv.weight")[:, :, 0, 0].T
    return {"start.weight": table, "start.shift": jnp.zeros(12)} | found


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
