"""The optimizers by name: each a function of a recipe's options and the learning rate.

Options, their ranges and defaults stand in ``workflow/schemas/recipe.schema.yaml``. Unless a builder says otherwise,
weight decay joins the gradient; where it stands apart, a step removes rate × decay of a weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax
from optax import contrib

from train.config.cell import Optimizer
from train.optimizers.adan import adan
from train.optimizers.curvature import hutchinson
from train.optimizers.rule import Rule, plain

#: Of the options, the rate as a function of steps taken, and the mask of what decays (``None`` for all parameters).
Builder = Callable[[Optimizer, optax.Schedule, Any], Rule]


def _in_gradient(make: Callable[[Optimizer, optax.Schedule], optax.GradientTransformation]) -> Builder:
    """With ``weight_decay`` times the weight added to the gradient, as in L2 regularisation."""

    def build(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
        return plain(optax.chain(optax.add_decayed_weights(o.weight_decay, mask), make(o, rate)))

    return build


def _betas(o: Optimizer) -> dict[str, Any]:
    return {"b1": o.beta1, "b2": o.beta2, "eps": o.epsilon}


def _sgd(o: Optimizer, rate: optax.Schedule) -> optax.GradientTransformation:
    return optax.sgd(rate, o.momentum or None)


def _adamw(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    return plain(optax.adamw(rate, **_betas(o), weight_decay=o.weight_decay, mask=mask))


def _rmsprop(o: Optimizer, rate: optax.Schedule) -> optax.GradientTransformation:
    """ε beside the root, as in PyTorch; momentum on the scaled gradients."""
    return optax.rmsprop(rate, o.rho, o.epsilon, eps_in_sqrt=False, momentum=o.momentum or None)


def _adafactor(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    """Without optax's own decay, which leaves out the rate."""
    direction = optax.adafactor(
        1.0,
        min_dim_size_to_factor=o.factored_from,
        decay_rate=o.decay_exponent,
        multiply_by_parameter_scale=o.relative,
        clipping_threshold=o.clip_update,
    )
    decay = optax.add_decayed_weights(o.weight_decay, mask)
    return plain(optax.chain(direction, optax.scale(-1), decay, optax.scale_by_learning_rate(rate)))


def _lion(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    return plain(optax.lion(rate, o.beta1, o.beta2, weight_decay=o.weight_decay, mask=mask))


def _lamb(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    return plain(optax.lamb(rate, **_betas(o), weight_decay=o.weight_decay, mask=mask))


def _lars(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    """What does not decay has no ratio either, as biases and norms in the paper's successors."""
    decayed = True if mask is None else mask
    trust = {"trust_coefficient": o.trust, "trust_ratio_mask": decayed}
    return plain(optax.lars(rate, o.weight_decay, decayed, **trust, momentum=o.momentum))


def _novograd(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    """Its decay is inside its memory and takes no mask, so what decays and what does not have one each."""

    def of(decay: float) -> optax.GradientTransformation:
        return optax.novograd(rate, **_betas(o), weight_decay=decay)

    if mask is None or not o.weight_decay:
        return plain(of(o.weight_decay))
    groups = {"decayed": of(o.weight_decay), "free": of(0.0)}
    return plain(
        optax.partition(groups, lambda params: jax.tree.map(lambda d: "decayed" if d else "free", mask(params)))
    )


def _sophia(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    """The curvature is that of the step before, and m is corrected for its start: optax's way, not the paper's."""
    return plain(
        contrib.sophia(
            rate,
            **_betas(o),
            weight_decay=o.weight_decay,
            weight_decay_mask=mask,
            gamma=o.gamma,
            update_interval=o.interval,
            hessian_diagonal_fn=hutchinson(),
        )
    )


def _adan(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    return plain(adan(rate, o.beta1, o.beta2, o.beta3, o.epsilon, o.weight_decay, mask))


def _axes(path: Any, leaf: Any) -> contrib.MuonDimensionNumbers | None:
    if getattr(path[-1], "key", None) != "kernel" or leaf.ndim < 2:
        return None
    return contrib.MuonDimensionNumbers(tuple(range(leaf.ndim - 1)), leaf.ndim - 1)


def matrices(params: Any) -> Any:
    """How Muon reads kernels, as matrices of (all inputs, outputs); ``None`` for all other parameters, and vectors."""
    return jax.tree_util.tree_map_with_path(_axes, params)


def _muon(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    """Kernels by Muon, all else by AdamW; both decay apart from the gradient.

    Updates of kernels are scaled to 0.2 √(larger side), so that rate and decay are those of AdamW: Liu et al. 2025
    (arXiv:2502.16982), sec. 2.2. Source of the step: Jordan 2024.
    """
    steps = {"ns_steps": o.newton_schulz_steps, "beta": o.momentum, "eps": o.epsilon, "consistent_rms": 0.2}
    groups = {
        "kernel": contrib.muon(rate, **steps, weight_decay=o.weight_decay, muon_weight_dimension_numbers=matrices),
        # Apart, since optax gives its own Nesterov momentum.
        "other": optax.adamw(rate, **_betas(o), weight_decay=0.0 if mask is not None else o.weight_decay),
    }

    def group(path: Any, leaf: Any) -> str:
        return "other" if _axes(path, leaf) is None else "kernel"

    return plain(optax.partition(groups, lambda params: jax.tree_util.tree_map_with_path(group, params)))


def _schedule_free(base: Callable[[Optimizer, optax.Schedule, Any], optax.GradientTransformation]) -> Builder:
    """Steps z of ``base``, gradients at y between z and their average x, which is what is evaluated.

    The average weighs a step by the square of the largest rate so far, as the authors' code does, where the paper has
    the rate itself. Source: Defazio et al. 2024 (arXiv:2405.15682), eq. 3 to 5 and 23.
    """

    def build(o: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
        # optax counts steps from zero in the optimizer inside, and from one for the weights of the average.
        made = contrib.schedule_free(base(o, rate, mask), lambda count: rate(count - 1), b1=o.beta1)
        return Rule(made.init, made.update, contrib.schedule_free_eval_params)

    return build


def _plain_sgd(o: Optimizer, rate: optax.Schedule, mask: Any) -> optax.GradientTransformation:
    return optax.chain(optax.add_decayed_weights(o.weight_decay, mask), optax.sgd(rate))


def _adamw_without_momentum(o: Optimizer, rate: optax.Schedule, mask: Any) -> optax.GradientTransformation:
    return optax.adamw(rate, 0.0, o.beta2, o.epsilon, weight_decay=o.weight_decay, mask=mask)


BUILDERS: dict[str, Builder] = {
    "sgd": _in_gradient(_sgd),
    "momentum": _in_gradient(_sgd),
    "nesterov": _in_gradient(lambda o, rate: optax.sgd(rate, o.momentum, nesterov=True)),
    # From a sum of zero: optax would start at 0.1.
    "adagrad": _in_gradient(lambda o, rate: optax.adagrad(rate, initial_accumulator_value=0.0, eps=o.epsilon)),
    "adadelta": _in_gradient(lambda o, rate: optax.adadelta(rate, o.rho, o.epsilon)),
    "rmsprop": _in_gradient(_rmsprop),
    "adam": _in_gradient(lambda o, rate: optax.adam(rate, **_betas(o))),
    "adamw": _adamw,
    "nadam": _in_gradient(lambda o, rate: optax.nadam(rate, **_betas(o))),
    "radam": _in_gradient(lambda o, rate: optax.radam(rate, **_betas(o))),
    "amsgrad": _in_gradient(lambda o, rate: optax.amsgrad(rate, **_betas(o))),
    "adamax": _in_gradient(lambda o, rate: optax.adamax(rate, **_betas(o))),
    # The paper has its ε twice, in the average and beside the root.
    "adabelief": _in_gradient(lambda o, rate: optax.adabelief(rate, **_betas(o), eps_root=o.epsilon)),
    "adafactor": _adafactor,
    "lion": _lion,
    "lamb": _lamb,
    "lars": _lars,
    "yogi": _in_gradient(lambda o, rate: optax.yogi(rate, **_betas(o))),
    "novograd": _novograd,
    "sophia": _sophia,
    "adan": _adan,
    "muon": _muon,
    "schedule-free-sgd": _schedule_free(_plain_sgd),
    "schedule-free-adamw": _schedule_free(_adamw_without_momentum),
}


def core(options: Optimizer, rate: optax.Schedule, mask: Any) -> Rule:
    """The rule of the optimizer that ``options`` name, without clipping and what is put around it."""
    return BUILDERS[options.name](options, rate, mask)
