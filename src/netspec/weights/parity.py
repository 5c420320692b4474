"""What a reference implementation computed, from weights that follow from a rule, beside what our network computes.

A case is a folder: ``manifest.json`` names the tensors, inputs and outputs, ``output.npz`` holds the outputs in
float64 and, of some, what gradients come to. Each tensor is drawn from its name and shape, so that no weights are
needed.
"""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec import sizes
from netspec.errors import SpecError
from netspec.modules.inputs import inputs_of
from netspec.spec import NetSpec
from netspec.weights.plan import Plan, WeightsError
from netspec.weights.recorded import long_form
from netspec.weights.rules import Table
from netspec.weights.transfer import abstract, load, planned

#: What is added to the drawn numbers, by kind of tensor.
OFFSET = {"norm_scale": 1.0, "running_var": 1.0, "layer_scale": 0.5, "state_log": 0.5}
#: Gradients in float64 may differ by this share of what is tolerated in float32.
DOUBLE = 1e-6
#: Kinds that are not drawn: computed by the library itself.
COMPUTED = ("buffer_fixed", "fixed_table")
#: How the layout of an input begins that has no axis of examples.
UNBATCHED = ("residues", "sequences")


def generator(name: str) -> np.random.Generator:
    """The generator that everything called ``name`` is drawn from."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def normal(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers in float32."""
    return np.asarray(generator(name).standard_normal(shape)).astype(np.float32)


class Case:
    """One folder of recorded outputs."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        try:
            manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
            with np.load(self.folder / "output.npz") as arrays:
                self.manifest, self.arrays = long_form(self.folder.name, manifest, dict(arrays))
            self.outputs = {one["name"]: one for one in self.manifest["outputs"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(
                f"{folder}: no case of recorded outputs, expected manifest.json and output.npz: {error}"
            ) from None

    @property
    def name(self) -> str:
        """That of the folder."""
        return str(self.manifest["case"])

    @property
    def parameters(self) -> int:
        """Parameters of the reference, without the constant tables that it counts."""
        tables = sum(math.prod(shape) for _, shape, kind, *_ in self.manifest["state_dict"] if kind == "fixed_table")
        return int(self.manifest["parameters"]) - tables

    @cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        """The library's tensors by name; what is tied has both its names, what the library computes has none."""
        drawn: dict[str, np.ndarray] = {}
        tied = {}
        for name, shape, kind, scale, _ in self.manifest["state_dict"]:
            if kind == "tied":
                tied[name] = scale
            elif kind not in COMPUTED:
                noise = normal(name, tuple(shape))
                noise = np.abs(noise) if kind == "running_var" else noise
                drawn[name] = np.float32(OFFSET.get(kind, 0.0)) + np.float32(scale) * noise
        return drawn | {name: drawn[of] for name, of in tied.items()}

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """The inputs by name, batch first; images with their channels last."""
        return {one["name"]: self._input(one) for one in self.manifest["inputs"]}

    def _input(self, one: Mapping[str, Any]) -> np.ndarray:
        if one["kind"] == "values":
            given = np.asarray(one["values"], one["dtype"])
            # One number for each of the batch, such as the time of a denoiser, is no token.
            return given[:, None] if given.ndim == 1 else given
        if one["kind"] == "integers":
            drawn = generator(one["seed_name"]).integers(one["low"], one["high"], size=one["shape"])
            return drawn.astype(np.int32)
        drawn = normal(one["seed_name"], tuple(one["shape"]))
        if one["layout"].startswith(UNBATCHED):
            return drawn[None]
        return np.moveaxis(drawn, 1, -1) if one["layout"] in ("NCHW", "N, mel bins, frames") else drawn

    def cotangents(self) -> dict[str, np.ndarray]:
        """What each output is multiplied by, in the sum that the gradients are of."""
        one = len(self.outputs) == 1
        return {
            name: normal("cotangent" if one else f"cotangent.{name}", tuple(output["shape"]))
            for name, output in self.outputs.items()
        }


#: What leaves a network, as the outputs of the reference by name.
Outputs = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Twin:
    """Our side of a case: a network, the rules of its weights, and what its tensors are called in the reference.

    ``inputs`` gives the reference's name of each input of ours; the first is ``""``. By default the first is the
    first and further ones have one name on both sides. ``outputs`` turns what leaves ours into the reference's
    outputs.
    """

    spec: NetSpec
    table: Table
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs | None = None


class Figures(NamedTuple):
    """What a comparison found; errors are shares of the case's tolerance, none of them should exceed one."""

    case: str
    network: str
    params: int
    reference_params: int
    rules: int
    float32: float
    float64: float | None
    gradients: float | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether count, outputs and gradients are the reference's."""
        errors = [self.float32, self.float64, self.gradients]
        return self.params == self.reference_params and all(
            error is None or error <= 1 for error in errors
        )  # NaN fails


def fitted(spec: NetSpec, case: Case, names: Mapping[str, str] = {}) -> NetSpec:
    """``spec`` for inputs as large as those of ``case``."""
    first = names.get("", next(iter(case.inputs)))
    shape = case.inputs[first].shape[1:]
    further = tuple((name, _of_one(case.inputs[names.get(name, name)], n).shape[1:]) for name, n in spec.extra_inputs)
    if (shape, further) == (spec.input_shape, spec.extra_inputs):
        return spec
    try:
        return replace(spec, input_shape=shape, extra_inputs=further)
    except SpecError:  # some layer says how much arrives
        return sizes.fitted(replace(spec, extra_inputs=further), shape)


def _of_one(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``array``, without the axis of prompts where there is one prompt and our input ``shape`` has no such axis."""
    return array[:, 0] if array.ndim == len(shape) + 2 and array.shape[1] == 1 else array


def compare(case: Case, twin: Twin, *, double: bool = True, options: Mapping[str, Any] | None = None) -> Figures:
    """Run ``case`` through our network in float32 and, where ``double``, in float64 with the gradients that it has.

    ``options`` are those of XLA's compiler. Raises :class:`WeightsError` where its tensors, inputs or outputs do not
    fit.
    """
    start = time.perf_counter()
    spec = fitted(twin.spec, case, twin.inputs)
    plan = planned(spec, abstract(spec), twin.table)
    run = partial(_Run, case, twin, spec, plan, dict(options or {}))
    single = run(jnp.float32).errors(gradients=False)
    found = run(jnp.float64).errors(gradients="gradients" in case.manifest) if double else None
    return Figures(
        case.name,
        spec.name,
        spec.params,
        case.parameters,
        len(twin.table.rules),
        single[0],
        found[0] if found else None,
        found[1] if found else None,
        time.perf_counter() - start,
    )


class _Run:
    def __init__(self, case: Case, twin: Twin, spec: NetSpec, plan: Plan, options: dict[str, Any], dtype: Any) -> None:
        self.case, self.twin, self.spec, self.plan, self.dtype = case, twin, spec, plan, dtype
        self.compiled = partial(jax.jit, compiler_options=options)

    def errors(self, *, gradients: bool) -> tuple[float, float | None]:
        """The largest error of the outputs, and of the gradients if asked, as shares of what is tolerated."""
        with jax.enable_x64(self.dtype == jnp.float64), jax.default_matmul_precision("highest"):
            network = load(self.spec, self.case.tensors, self.twin.table, dtype=self.dtype)
            inputs = self._inputs()
            if gradients:
                return self._with_gradients(network, inputs)
            structure, state = nnx.split(network)
            return self._of_outputs(
                self._outputs(self.compiled(lambda s: nnx.merge(structure, s)(**inputs))(state))
            ), None

    def _inputs(self) -> dict[str, Any]:
        """By the names that the network's call has."""
        names = {"x": self.twin.inputs.get("", next(iter(self.case.inputs)))}
        names |= {name: self.twin.inputs.get(name, name) for name, _ in self.spec.extra_inputs}
        if unused := self.case.inputs.keys() - set(names.values()):
            raise WeightsError(f"{self.case.name}: {self.spec.name} does not read the input {min(unused)}")
        shapes = {"x": self.spec.input_shape, **dict(self.spec.extra_inputs)}
        arrays = {ours: _of_one(self.case.inputs[theirs], shapes[ours]) for ours, theirs in names.items()}
        # A number that no table is read by, such as a time, is a real one, however it is written.
        tables = {one.name or "x": one.vocabulary for one in inputs_of(self.spec)}
        real = {name: array.dtype.kind == "f" or tables[name] == 0 for name, array in arrays.items()}
        return {name: jnp.asarray(array, self.dtype if real[name] else jnp.int32) for name, array in arrays.items()}

    def _outputs(self, leaves: Any) -> dict[str, Any]:
        """What leaves, by the reference's names and in its order of axes; what it did not record is left out."""
        found = dict(self.twin.outputs(leaves)) if self.twin.outputs else leaves
        if not isinstance(found, dict):
            found = {next(iter(self.case.outputs)): found}
        if self.case.outputs.keys() - found.keys():
            raise WeightsError(
                f"{self.case.name}: {self.spec.name} leaves {', '.join(found)}, expected {', '.join(self.case.outputs)}"
            )
        return {
            name: _as_theirs(value, tuple(self.case.outputs[name]["shape"]))
            for name, value in found.items()
            if name in self.case.outputs
        }

    def _of_outputs(self, found: Mapping[str, Any]) -> float:
        errors = []
        for name, output in self.case.outputs.items():
            value = np.asarray(found[name], np.float64).reshape(-1)[:: output["stride"]]
            tolerance = output["tolerance_f64" if self.dtype == jnp.float64 else "tolerance_f32"]
            errors.append(np.abs(value - self.case.arrays[name].reshape(-1)).max() / tolerance)
        return float(np.max(errors))

    def _with_gradients(self, network: nnx.Module, inputs: dict[str, Any]) -> tuple[float, float]:
        structure, params, rest = nnx.split(network, nnx.Param, ...)
        smooth = {name: array for name, array in inputs.items() if array.dtype.kind == "f"}
        cotangents = self.case.cotangents()

        def loss(params: Any, smooth: dict[str, Any]) -> tuple[Any, Any]:
            found = self._outputs(nnx.merge(structure, params, rest)(**(inputs | smooth)))
            return sum((found[name] * cotangents[name]).sum() for name in found), found

        slopes = self.compiled(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))
        (value, found), (by_param, by_input) = slopes(params, smooth)
        gradients = self._by_name(network, by_param)
        first = self.twin.inputs.get("", next(iter(self.case.inputs)))
        gradients |= {
            first if name == "x" else self.twin.inputs.get(name, name): grad for name, grad in by_input.items()
        }
        return self._of_outputs(found), self._of_gradients(float(value), gradients)

    def _by_name(self, network: nnx.Module, by_param: Any) -> dict[str, Any]:
        """Gradients by the reference's names: they go the way of the tensors that they are of."""
        from netspec.weights.canonical import canonical_state

        copy = nnx.clone(network)
        nnx.update(copy, by_param)
        ours = {name: np.asarray(tensor) for name, tensor in canonical_state(copy).items()}
        return self.plan.to_theirs(ours, tied=False)

    def _of_gradients(self, loss: float, gradients: Mapping[str, Any]) -> float:
        """In float64 both figures of each gradient agree to far less than what float32 is allowed."""
        recorded = self.case.manifest["gradients"]
        norms, products = self.case.arrays["grad_l2"], self.case.arrays["grad_projection"]
        expected = dict(zip(recorded["parameters"], zip(norms, products, strict=True), strict=True))
        shapes = {name: shape for name, shape, *_ in self.case.manifest["state_dict"]}
        constants = self.plan.table.known_buffers
        sides = {one["name"]: (one.get("shape"), one["layout"]) for one in self.case.manifest["inputs"]}
        tolerance, largest = recorded["tolerance_f32"] * DOUBLE, max(norms)
        errors = [abs(loss - recorded["loss"]) / max(abs(recorded["loss"]), 1.0)]
        for name, (norm, product) in expected.items():
            if name not in gradients and constants.fullmatch(name):
                continue  # a number of the network here, which the library keeps among its parameters
            if name not in gradients:
                raise WeightsError(f"{self.case.name}: {self.spec.name} has no gradient for {name}")
            gradient = np.asarray(gradients[name], np.float64)
            drawn = normal(name, tuple(shapes[name]))
            errors += [_relative(gradient, drawn, norm, product, largest)]
        for name, figures in recorded.get("inputs", {}).items():
            norm, product = figures["l2"], figures["projection"]
            gradient = np.asarray(gradients[name], np.float64)
            shape, layout = sides[name]
            gradient = np.moveaxis(gradient, -1, 1) if layout in ("NCHW", "N, mel bins, frames") else gradient
            errors += [_relative(gradient, normal(name, tuple(shape)), norm, product, max(largest, norm))]
        return float(np.max(errors) / tolerance)  # a NaN stays one, and fails


def _relative(gradient: np.ndarray, drawn: np.ndarray, norm: float, product: float, largest: float) -> float:
    scale = max(norm, 1e-3 * largest)
    found = (gradient * drawn.reshape(gradient.shape)).sum()
    return float(max(abs(np.linalg.norm(gradient) - norm), abs(found - product)) / scale)


def _as_theirs(value: Any, shape: tuple[int, ...]) -> Any:
    """``value`` with the channels of feature maps second."""
    if value.ndim == 4 and len(shape) == 4:
        return jnp.moveaxis(value, -1, 1)
    return value.reshape(shape) if value.size == np.prod(shape) else value


__all__ = ["Case", "Figures", "Twin", "compare", "fitted", "generator", "normal"]
