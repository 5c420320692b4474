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
from collections.abc import Callable, Mapping, Sequence
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
from netspec.weights.recorded import STATISTICS, long_form
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

    ``training`` has the network in training mode; ``outputs`` is then given a dictionary, of what leaves as ``""`` and
    the running statistics as they are after the call, by their names. ``pieces`` are further networks of which other
    outputs leave, and which may have tensors of the reference that this one has. ``slip`` says what the reference's
    gradients of inputs are off by, where its derivatives are known to be rounded, from inputs and cotangents.
    """

    spec: NetSpec
    table: Table
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs | None = None
    training: bool = False
    slip: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]] | None = None
    pieces: tuple[Twin, ...] = ()


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
    twins = (twin, *twin.pieces)
    specs = [fitted(one.spec, case, one.inputs) for one in twins]
    plans = [planned(spec, abstract(spec), one.table) for spec, one in zip(specs, twins, strict=True)]
    runs = [_Run(case, *each, bool(twin.pieces), dict(options or {})) for each in zip(twins, specs, plans, strict=True)]
    if len(runs) > 1:
        _expect_all_used(case, plans)
    found = [_errors(case, runs, jnp.float32, gradients=False)]
    if double:
        found.append(_errors(case, runs, jnp.float64, gradients="gradients" in case.manifest))
    return Figures(
        case.name,
        specs[0].name,
        sum(spec.params for spec in specs) - _shared(case, plans),
        case.parameters,
        sum(len(one.table.rules) for one in twins),
        found[0][0],
        found[1][0] if double else None,
        found[1][1] if double else None,
        time.perf_counter() - start,
    )


def _expect_all_used(case: Case, plans: Sequence[Plan]) -> None:
    """Raise :class:`WeightsError` unless the networks of a case have all its tensors between them."""
    for name in case.tensors:
        if not any(name in one.names or one.table.known_buffers.fullmatch(name) for one in plans):
            raise WeightsError(f"{case.name}: no network has {name}")


def _shared(case: Case, plans: Sequence[Plan]) -> int:
    """Parameters that several networks of a case have, counted once less often than they occur."""
    sizes = {name: math.prod(shape) for name, shape, kind, *_ in case.manifest["state_dict"] if kind not in STATISTICS}
    return sum(sizes[name] * (sum(name in one.names for one in plans) - 1) for name in sizes if len(plans) > 1)


def _errors(case: Case, runs: Sequence[_Run], dtype: Any, *, gradients: bool) -> tuple[float, float | None]:
    """The largest error of the outputs, and of the gradients if asked, as shares of what is tolerated."""
    found: dict[str, Any] = {}
    loss, slopes = 0.0, dict[str, Any]()
    with jax.enable_x64(dtype == jnp.float64), jax.default_matmul_precision("highest"):
        for run in runs:
            outputs, value, by_name = run.results(dtype, gradients=gradients)
            found |= outputs
            loss += value
            slopes |= {name: slopes[name] + slope if name in slopes else slope for name, slope in by_name.items()}
    if case.outputs.keys() - found.keys():
        raise WeightsError(
            f"{case.name}: {runs[0].spec.name} leaves {', '.join(found)}, expected {', '.join(case.outputs)}"
        )
    errors = _of_outputs(case, found, dtype)
    return errors, _of_gradients(case, runs, loss, slopes) if gradients else None


class _Run:
    """One network of a case."""

    def __init__(
        self, case: Case, twin: Twin, spec: NetSpec, plan: Plan, one_of_several: bool, options: dict[str, Any]
    ) -> None:
        self.case, self.twin, self.spec, self.plan, self.one_of_several = case, twin, spec, plan, one_of_several
        self.compiled = partial(jax.jit, compiler_options=options)

    def results(self, dtype: Any, *, gradients: bool) -> tuple[dict[str, Any], float, dict[str, Any]]:
        """Its outputs, their products with cotangents and, where asked, gradients by the reference's names."""
        tensors = self.case.tensors
        if self.one_of_several:
            tensors = {name: tensor for name, tensor in tensors.items() if name in self.plan.names}
        network = load(self.spec, tensors, self.twin.table, dtype=dtype)
        network.train() if self.twin.training else network.eval()
        inputs = self._inputs(dtype)
        if not gradients:
            structure, state = nnx.split(network)
            return self.compiled(lambda state: self._called(nnx.merge(structure, state), inputs))(state), 0.0, {}
        return self._with_gradients(network, inputs)

    def _inputs(self, dtype: Any) -> dict[str, Any]:
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
        return {name: jnp.asarray(array, dtype if real[name] else jnp.int32) for name, array in arrays.items()}

    def _called(self, network: nnx.Module, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What leaves, by the reference's names and in its order of axes; what it did not record is left out."""
        leaves: Any = network(**inputs)
        if self.twin.training:
            state = nnx.to_flat_state(nnx.state(network, nnx.BatchStat))
            moved = {".".join(map(str, path)): jax.lax.stop_gradient(leaf.get_value()) for path, leaf in state}
            leaves = {"": leaves, **moved}
        found = dict(self.twin.outputs(leaves)) if self.twin.outputs else leaves
        if not isinstance(found, dict):
            found = {next(iter(self.case.outputs)): found}
        return {
            name: _as_theirs(value, tuple(self.case.outputs[name]["shape"]))
            for name, value in found.items()
            if name in self.case.outputs
        }

    def _with_gradients(
        self, network: nnx.Module, inputs: dict[str, Any]
    ) -> tuple[dict[str, Any], float, dict[str, Any]]:
        structure, params, rest = nnx.split(network, nnx.Param, ...)
        smooth = {name: array for name, array in inputs.items() if array.dtype.kind == "f"}
        cotangents = self.case.cotangents()

        def loss(params: Any, smooth: dict[str, Any], rest: Any) -> tuple[Any, Any]:
            found = self._called(nnx.merge(structure, params, rest, copy=True), inputs | smooth)
            return sum((found[name] * cotangents[name]).sum() for name in found), found

        slopes = self.compiled(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))
        (value, found), (by_param, by_input) = slopes(params, smooth, rest)
        gradients = self._by_name(network, by_param)
        first = self.twin.inputs.get("", next(iter(self.case.inputs)))
        gradients |= {
            first if name == "x" else self.twin.inputs.get(name, name): grad for name, grad in by_input.items()
        }
        if self.twin.slip:
            gradients |= {name: gradients[name] + off for name, off in self.twin.slip(smooth, cotangents).items()}
        return found, float(value), gradients

    def _by_name(self, network: nnx.Module, by_param: Any) -> dict[str, Any]:
        """Gradients by the reference's names: they go the way of the tensors that they are of."""
        from netspec.weights.canonical import canonical_state

        copy = nnx.clone(network)
        nnx.update(copy, by_param)
        ours = {name: np.asarray(tensor) for name, tensor in canonical_state(copy).items()}
        return self.plan.to_theirs(ours, tied=False)


def _of_outputs(case: Case, found: Mapping[str, Any], dtype: Any) -> float:
    errors = []
    for name, output in case.outputs.items():
        value = np.asarray(found[name], np.float64).reshape(-1)[:: output["stride"]]
        tolerance = output["tolerance_f64" if dtype == jnp.float64 else "tolerance_f32"]
        errors.append(np.abs(value - case.arrays[name].reshape(-1)).max() / tolerance)
    return float(np.max(errors))


def _of_gradients(case: Case, runs: Sequence[_Run], loss: float, gradients: Mapping[str, Any]) -> float:
    """In float64 both figures of each gradient agree to far less than what float32 is allowed."""
    recorded = case.manifest["gradients"]
    norms, products = case.arrays["grad_l2"], case.arrays["grad_projection"]
    expected = dict(zip(recorded["parameters"], zip(norms, products, strict=True), strict=True))
    shapes = {name: shape for name, shape, *_ in case.manifest["state_dict"]}
    constants = runs[0].plan.table.known_buffers
    sides = {one["name"]: (one.get("shape"), one["layout"]) for one in case.manifest["inputs"]}
    tolerance, largest = recorded["tolerance_f32"] * DOUBLE, max(norms)
    errors = [abs(loss - recorded["loss"]) / max(abs(recorded["loss"]), 1.0)]
    for name, (norm, product) in expected.items():
        if name not in gradients and constants.fullmatch(name):
            continue  # a number of the network here, which the library keeps among its parameters
        if name not in gradients:
            raise WeightsError(f"{case.name}: {runs[0].spec.name} has no gradient for {name}")
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
