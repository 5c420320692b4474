"""Outputs of published implementations in float64, for weights that are drawn by name: the folders in ``parity/``.

Weights and inputs are standard normal from a generator seeded with the name's CRC-32; weights times a recorded scale,
plus an offset by their kind. The manifest of each case names the implementation.
"""

import json
import zlib
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax import nnx

OFFSET = {"weight": 0, "bias": 0, "norm_bias": 0, "norm_scale": 1, "running_mean": 0, "running_var": 1}


def normal(name, shape):
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return np.asarray(rng.standard_normal(shape)).astype(np.float32)


class Case:
    """One folder of ``parity/``."""

    def __init__(self, name):
        folder = Path(__file__).parent / "parity" / name
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.arrays = np.load(folder / "output.npz")
        self.weights = {}
        for entry, shape, kind, scale, _ in self.manifest["state_dict"]:
            if kind in OFFSET:
                drawn = normal(entry, shape)
                drawn = np.abs(drawn) if kind == "running_var" else drawn
                self.weights[entry] = np.float32(OFFSET[kind]) + np.float32(scale) * drawn
        self.inputs = [jnp.asarray(normal(i["seed_name"], i["shape"]))[None] for i in self.manifest["inputs"]]

    def put(self, module, name):
        """Give a dense map, a convolution or a norm its tensors, each of which must be wanted once."""
        weight = self.weights.pop(f"{name}.weight")
        if weight.ndim == 4:
            if isinstance(module, nnx.ConvTranspose):
                # There the kernel is that of the convolution whose gradient this is; here it slides as it stands.
                weight = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
            weight = weight.transpose(2, 3, 1, 0)
        tensor = module.scale if weight.ndim == 1 else module.kernel
        weight = weight.T if weight.ndim == 2 else weight
        assert tensor.shape == weight.shape
        tensor[...] = jnp.asarray(weight)
        for part, target in {"bias": "bias", "running_mean": "mean", "running_var": "var"}.items():
            if f"{name}.{part}" in self.weights:
                getattr(module, target)[...] = jnp.asarray(self.weights.pop(f"{name}.{part}"))

    def compare(self, *outputs):
        assert not self.weights
        for expected, out in zip(self.manifest["outputs"], outputs, strict=True):
            values = np.asarray(out).reshape(-1)[:: expected["stride"]]
            np.testing.assert_allclose(values, self.arrays[expected["name"]], rtol=0, atol=expected["tolerance_f32"])
