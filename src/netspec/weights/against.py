"""A network beside that of the library whose weights it has: outputs and gradients for one drawn input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.spec import NetSpec
from netspec.weights.canonical import canonical_state
from netspec.weights.parity import normal
from netspec.weights.plan import WeightsError
from netspec.weights.rules import Table
from netspec.weights.transfer import planned


def compared(
    spec: NetSpec, network: nnx.Module, table: Table, tensors: Mapping[str, np.ndarray], library: str
) -> dict[str, Any]:
    """Counts of both and relative errors, in float32, of outputs and of all gradients together.

    Raises :class:`WeightsError` where the library is not installed or has no network of that name.
    """
    reference = _built(spec.name, library)
    torch = reference.torch
    state = {name: torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()}
    try:
        missing, unexpected = reference.model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # other shapes
        raise WeightsError(f"{spec.name}: {library} does not take these weights ({_line(error)})") from None
    if unexpected or [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise WeightsError(
            f"{spec.name}: {library} does not take these weights, which lack or have {missing + unexpected}"
        )
    picture = normal("input", (1, *spec.input_shape))
    cotangent = normal("cotangent", (1, *spec.output_shape))
    theirs_in = torch.from_numpy(np.moveaxis(picture, -1, 1).copy())
    output = reference.model(theirs_in)
    (output * torch.from_numpy(cotangent)).sum().backward()
    gradients = {
        name: value.grad.numpy() for name, value in reference.model.named_parameters() if value.grad is not None
    }
    structure, params, rest = nnx.split(network, nnx.Param, ...)

    def loss(params: Any) -> tuple[Any, Any]:
        found = nnx.merge(structure, params, rest)(jnp.asarray(picture))
        return (found * cotangent).sum(), found

    with jax.default_matmul_precision("highest"):
        (_, found), by_param = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    copy = nnx.clone(network)
    nnx.update(copy, by_param)
    ours = planned(spec, network, table).to_theirs({k: np.asarray(v) for k, v in canonical_state(copy).items()})
    pairs = [(ours[name], gradient) for name, gradient in gradients.items()]
    return {
        "library": f"{library} {reference.version}",
        "params_library": sum(value.numel() for value in reference.model.parameters()),
        "forward_error": _relative([(np.asarray(found), output.detach().numpy())]),
        "backward_error": _relative(pairs),
    }


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _relative(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Root of summed squares of the differences over that of the reference."""
    wrong = sum(float(np.square(np.float64(a) - b).sum()) for a, b in pairs)
    return float(np.sqrt(wrong / sum(float(np.square(np.float64(b)).sum()) for _, b in pairs)))


class _Reference:
    def __init__(self, torch: Any, model: Any, version: str) -> None:
        self.torch, self.model, self.version = torch, model.eval(), version


def _built(name: str, library: str) -> _Reference:
    try:
        import torch

        if library == "torchvision":
            import torchvision

            return _Reference(torch, torchvision.models.get_model(name, weights=None), torchvision.__version__)
        import timm

        return _Reference(torch, timm.create_model(name, pretrained=False), timm.__version__)
    except ImportError as error:
        raise WeightsError(f"{library} is not installed ({error}), expected it for --against {library}") from None
    except (ValueError, RuntimeError) as error:
        raise WeightsError(f"{library} has no network {name!r} ({error})") from None
