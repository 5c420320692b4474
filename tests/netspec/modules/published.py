"""What published implementations compute in float64 from weights drawn by rule: the folders in ``parity/``."""

import json
import zlib
from pathlib import Path

import jax.numpy as jnp
import numpy as np

FOLDER = Path(__file__).parent / "parity"
#: Largest difference in float64, relative to the largest value. Most networks agree to 1e-13; where a table of places
#: or another constant was rounded to float32 it is up to 6e-8.
DOUBLE = 1e-6
#: What is recorded is ten times the error of the reference on one processor; others sum in another order.
SLACK = 3
OFFSET = dict.fromkeys(("norm_scale", "running_var"), 1) | dict.fromkeys(("layer_scale", "state_log"), 0.5)


def generator(name):
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def normal(name, shape):
    return np.asarray(generator(name).standard_normal(shape)).astype(np.float32)


def sides(text):
    return () if text == "-" else tuple(map(int, text.split("x")))


class Case:
    """One folder of ``parity/``; its README.md describes the two files."""

    def __init__(self, name):
        self.name = name
        self.manifest = json.loads((FOLDER / name / "manifest.json").read_text())
        self.arrays = np.load(FOLDER / name / "output.npz")
        self.outputs = {name: text.split() for name, text in self.manifest["outputs"].items()}

    def tensors(self):
        """The reference's parameters and statistics by name, in its order, those that another name has left out."""
        drawn = {}
        for entry in self.manifest["tensors"]:
            name, shape, kind, scale = entry.split()
            if kind == "tied":
                continue
            noise = normal(name, sides(shape))
            noise = np.abs(noise) if kind == "running_var" else noise
            drawn[name] = np.float32(OFFSET.get(kind, 0)) + np.float32(scale) * noise
        return drawn

    def with_tied(self, tensors):
        """The same, each name holding its tensor, in the reference's order whatever that of ``tensors``."""
        entries = (entry.split() for entry in self.manifest["tensors"])
        return {name: tensors[scale if kind == "tied" else name] for name, _, kind, scale in entries}

    def inputs(self):
        """The inputs by name, batch first, images with the channels second."""
        return {name: jnp.asarray(self._input(name, text)) for name, text in self.manifest["inputs"].items()}

    def _input(self, name, text):
        if not isinstance(text, str):
            return np.array(text)
        kind, shape, *bounds = text.split()
        if kind == "normal":
            return normal(name, sides(shape))
        return generator(name).integers(*map(int, bounds), size=sides(shape))

    def cotangents(self):
        """What each output is multiplied by, in the sum that the gradients are of."""
        one = len(self.outputs) == 1
        return {
            name: normal("cotangent" if one else f"cotangent.{name}", sides(shape))
            for name, (shape, *_) in self.outputs.items()
        }

    def compare(self, found):
        """Assert that the outputs, by name, are the reference's, to the rounding of the type that they have.

        In float32 that is :data:`SLACK` times what is recorded, in float64 :data:`DOUBLE`.
        """
        assert found.keys() == self.outputs.keys()
        for name, (shape, stride, tolerance) in self.outputs.items():
            value = np.asarray(found[name])
            assert value.size == np.prod(sides(shape)), name
            sampled = value.reshape(-1)[:: int(stride)]
            expected = self.arrays[name]
            double = value.dtype == np.float64
            bound = DOUBLE * np.abs(expected).max() if double else SLACK * float(tolerance)
            np.testing.assert_allclose(sampled, expected, rtol=0, atol=bound, err_msg=name)

    def compare_gradients(self, loss, gradients):
        """Assert the loss, and each gradient's norm and its product with a random tensor named like the variable.

        All are computed in float64: in float32 no bound holds beside the kink of a ReLU, whose other side another
        processor's rounding can reach.
        """
        recorded = self.manifest["gradients"]
        names = [entry.split()[0] for entry in self.manifest["tensors"]]
        expected = dict(zip(names, self.arrays["gradients"].tolist(), strict=True)) | recorded["inputs"]
        expected = {name: pair for name, pair in expected.items() if not np.isnan(pair[0])}  # statistics have none
        largest = max(norm for norm, _ in expected.values())
        weights = {name: np.abs(cotangent).sum() for name, cotangent in self.cotangents().items()}
        size = {name: np.abs(self.arrays[name]).max() for name in weights}
        assert abs(loss - recorded["loss"]) < DOUBLE * sum(weights[name] * size[name] for name in weights)
        for name, (norm, product) in expected.items():
            gradient = np.asarray(gradients[name])
            assert gradient.dtype == np.float64, name
            bound = DOUBLE * max(norm, 1e-3 * largest)
            assert abs(np.linalg.norm(gradient) - norm) < bound, name
            assert abs((gradient * normal(name, gradient.shape)).sum() - product) < bound, name
