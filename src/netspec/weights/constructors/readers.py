"""Who reads which constructor: functions whose signature is what they understand, with the library's defaults."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from netspec.weights.constructors.calls import Call
from netspec.weights.parity import Twin
from netspec.weights.plan import WeightsError

Reader = Callable[..., Twin]

#: Readers by the name of what they read, with the arguments of which we have one value only.
READERS: dict[str, tuple[Reader, Mapping[str, tuple[Any, ...]]]] = {}

#: Arguments that change neither weights nor what is computed in evaluation: of training, of files, of generation.
TRAINING = re.compile(
    "|".join(
        (
            r".*(dropout|drop_path|layerdrop|pdrop|drop_rate|_loss_coefficient|_cost).*|initializer_.*|init_.*",
            r"use_cache|(torch_)?dtype|architectures|model_type|transformers_version|_.*|id2label|label2id",
            r"task_specific_params|gradient_checkpointing|summary_.*|output_.*|return_dict|problem_type|pretraining_tp",
            r"(bos|pad|unk|sep|cls|forced_bos|decoder_start)_token_id|(begin_)?suppress_tokens|max_length",
            r"use_mambapy|rescale_prenorm_residual|time_step_(min|max|floor|init_scheme|scale)|is_encoder_decoder",
            r"apply_spec_augment|mask_(time|feature)_.*|median_filter_width|use_weighted_layer_sum",
            r"classifier_proj_size|logit_scale_init_value|semantic_loss_ignore_index|auxiliary_loss|n_special",
            r"predict_special_tokens|weights(_backbone)?|pretrained|encoder_weights|progress",
        )
    )
)


def reads(*names: str, **fixed: Any) -> Callable[[Reader], Reader]:
    """Register a reader of the constructors called ``names``.

    ``fixed`` are arguments that it need not know, of which the networks here have one value or one of several.
    """
    values = {key: value if isinstance(value, tuple) else (value,) for key, value in fixed.items()}

    def register(reader: Reader) -> Reader:
        for name in names:
            READERS[name] = (reader, values)
        return reader

    return register


def understood(call: Call, defaults: Mapping[str, Any] = {}) -> Twin | None:
    """Our side of what ``call`` constructs, or ``None`` where nobody reads it; ``defaults`` are those of what it calls.

    Raises :class:`WeightsError` for an argument that is not understood, or has a value that we do not have.
    """
    name = f"{call.name}.{call.part}" if call.part else call.name
    if name not in READERS:
        return None
    reader, fixed = READERS[name]
    args, options = call.args, call.options
    if len(args) == 1 and isinstance(args[0], Call) and args[0].name.endswith("Config"):
        args, options = args[0].args, args[0].options | options
    known = inspect.signature(reader).parameters
    left = {key: value for key, value in options.items() if key in known or not TRAINING.fullmatch(key)}
    for key, values in fixed.items():
        if key in left and left[key] not in values and left.pop(key) is not None:
            raise WeightsError(f"{name}: {key} is {options[key]!r}, expected {' or '.join(map(repr, values))}")
        left.pop(key, None)
    try:
        bound = inspect.signature(reader).bind(*args, **left)
    except TypeError as error:
        raise WeightsError(f"{name}: {error}; of its arguments {', '.join(known)} are read") from None
    return reader(**({key: value for key, value in defaults.items() if key in known} | bound.arguments))


def check(name: str, key: str, value: Any, *expected: Any) -> None:
    """Raise :class:`WeightsError` where an argument is none of what the networks here have."""
    if value is not None and value not in expected:
        raise WeightsError(f"{name}: {key} is {value!r}, expected {' or '.join(map(repr, expected))}")


def settings(given: Any) -> Mapping[str, Any]:
    """What a nested configuration is given, written as a call or as a dictionary."""
    return given.options if isinstance(given, Call) else dict(given or {})
