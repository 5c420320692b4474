"""Receptive fields by the Jacobian, branches of the dendritic convolution, constants of activation functions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.tables.figures import Ours, compared, printed

#: Of the cube, in GELU's tanh form (Hendrycks and Gimpel 2016).
_GELU = 0.044715

Cells = dict[tuple[str, str], Ours]


def reach(kernel: int, dilation: int) -> int:
    """From the first to the last input that one output of a dilated convolution depends on, by its Jacobian."""
    length = 2 * (kernel - 1) * dilation + 1
    taps = jnp.ones((kernel, 1, 1))

    def output(x: jax.Array) -> jax.Array:
        dimensions = ("NWC", "WIO", "NWC")
        y = jax.lax.conv_general_dilated(x[None, :, None], taps, (1,), "SAME", (1,), (dilation,), dimensions)
        return y[0, length // 2, 0]

    seen = np.flatnonzero(np.asarray(jax.grad(output)(jnp.zeros(length))))
    return int(seen[-1] - seen[0] + 1)


def dilated() -> Cells:
    """The receptive field of a 3-tap kernel at each dilation."""
    cells = {}
    for row in printed("dilated_receptive_field"):
        dilation = int(row["row"].removeprefix("dilation="))
        cells[row["row"], row["column"]] = compared(
            row["value"], reach(3, dilation), "non-zero entries of the Jacobian"
        )
    return cells


def dendrites() -> Cells:
    """What text and code say of each branch, as the reach of its kernel along one axis: they contradict each other."""
    rows = {(row["row"], row["column"]): row["value"] for row in printed("dendrite_branches")}
    cells: Cells = {}
    for branch in range(1, 5):
        names = {source: f"Branch {branch} ({source})" for source in ("text", "code")}
        sides = {source: rows[name, "kernel"].split("x") for source, name in names.items()}
        reaches = {}
        for source, name in names.items():
            side = sides[source][0]
            reaches[source] = str(reach(int(side), int(rows[name, "dilation"]))) if side.isdigit() else "?"
        for source, other in (("text", "code"), ("code", "text")):
            size = sides[source]
            taps = f"{int(size[0]) ** len(size):,} taps on {len(size)} axes" if size[0].isdigit() else "no kernel given"
            verdict = "partly" if reaches[source] == reaches[other] else "differs"
            why = f"by the Jacobian; the {other} has {rows[names[other], 'kernel']}, which reaches {reaches[other]}"
            cells[names[source], "kernel"] = Ours(f"reaches {reaches[source]} along an axis, {taps}", verdict, why)
    return cells


def activations() -> Cells:
    """Constants that have a reason: SELU's fixed point, GELU's tanh form, and what libraries start with."""
    from flax import nnx

    scale, alpha = _selu_constants()
    elu = float(-jax.nn.elu(jnp.float32(-50.0)))
    leaky = float(-jax.nn.leaky_relu(jnp.float32(-1.0)))
    start = float(nnx.PReLU().negative_slope[...])
    return {
        ("Leaky ReLU", "negative slope"): compared("0.01", f"{leaky:g}", "jax.nn.leaky_relu by default"),
        ("PReLU", "initial slope"): compared(
            "0.25", f"{start:g}", "flax.nnx.PReLU starts there; 0.25 is He et al. 2015"
        ),
        ("ELU", "alpha"): compared("1.0", f"{elu:.1f}", "jax.nn.elu, its limit at −∞"),
        ("SELU", "lambda"): compared("1.0507", f"{scale:.4f}", "solved for mean 0 and variance 1 to be kept"),
        ("SELU", "alpha"): compared("1.6733", f"{alpha:.4f}", "solved for mean 0 and variance 1 to be kept"),
        ("GELU", "tanh coefficient"): Ours(
            f"{_GELU}", "agrees", f"jax.nn.gelu has it; then the error is at most {_tanh_error(_GELU):.2e}"
        ),
    }


def _selu_constants() -> tuple[float, float]:
    """Scale and alpha for which a standard normal input leaves with mean 0 and variance 1 (Klambauer et al. 2017)."""
    from scipy.special import erfc

    # Moments of exp(x) − 1 over x < 0, in closed form.
    first = np.exp(0.5) * erfc(np.sqrt(0.5)) / 2 - 0.5
    second = np.exp(2.0) * erfc(np.sqrt(2.0)) / 2 - np.exp(0.5) * erfc(np.sqrt(0.5)) + 0.5
    alpha = -(1 / np.sqrt(2 * np.pi)) / first
    return float(1 / np.sqrt(0.5 + alpha**2 * second)), float(alpha)


def _tanh_error(coefficient: float) -> float:
    from scipy.special import erf

    x = np.linspace(-8, 8, 20_001)
    exact = x * (1 + erf(x / np.sqrt(2))) / 2
    return float(np.abs(exact - x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + coefficient * x**3))) / 2).max())
