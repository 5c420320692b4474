"""Reference networks of the folder ``shared/parity`` beside the repository, where it is there."""

import json
import zlib
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

PARITY = Path(__file__).parents[4] / "shared/parity"
needs_parity = pytest.mark.skipif(not PARITY.is_dir(), reason="no folder ../shared/parity with reference outputs")


class Case:
    """Weights, inputs and float64 outputs of one reference network, by the rule of the folder's README.md."""

    offsets = dict.fromkeys(("norm_scale", "running_var"), 1.0) | dict.fromkeys(("layer_scale", "state_log"), 0.5)

    def __init__(self, name):
        folder = PARITY / name
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.outputs = np.load(folder / "output.npz")
        self.tolerance = {output["name"]: output["tolerance_f32"] for output in self.manifest["outputs"]}
        self.rows = {row[0]: row[1:4] for row in self.manifest["state_dict"]}

    def draw(self, name):
        return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))

    def normal(self, name, shape):
        return self.draw(name).standard_normal(shape).astype(np.float32)

    def __getitem__(self, name):
        shape, kind, scale = self.rows[name]
        value = np.float32(self.offsets.get(kind, 0)) + np.float32(scale) * self.normal(name, tuple(shape))
        return jnp.asarray(value)

    def linear(self, dense, name):
        """Put the dense layer ``name`` into ``dense``; PyTorch keeps ``(out, in)``."""
        dense.kernel[...] = self[f"{name}.weight"].T
        if dense.use_bias:
            dense.bias[...] = self[f"{name}.bias"]

    def norm(self, norm, name):
        norm.scale[...] = self[f"{name}.weight"]
        if f"{name}.bias" in self.rows:
            norm.bias[...] = self[f"{name}.bias"]

    def check(self, output, value):
        np.testing.assert_allclose(value, self.outputs[output].reshape(value.shape), atol=self.tolerance[output])
