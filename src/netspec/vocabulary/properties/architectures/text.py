"""What must hold of T5 and LLaMA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netspec.catalogue import llama, t5
from netspec.layers import TransformerEncoder
from netspec.layers.base import Layer
from netspec.vocabulary.cases import Case, wrong
from netspec.vocabulary.properties.architectures.common import (
    Specs,
    changed,
    counted,
    exchanged,
    layers,
    named,
    with_fields,
)
from netspec.vocabulary.term import Mistake, Property, Term

_T5 = counted(
    {
        "T5-small": 60_506_624,
        "T5-base": 222_903_552,
        "T5-large": 737_668_096,
        "T5-3B": 2_851_598_336,
        "T5-11B": 11_307_321_344,
    }
)
_LLAMA = counted({"LLaMA-7B": 6_738_415_616, "LLaMA-2-7B": 6_738_415_616, "LLaMA-2-70B": 68_976_648_192})


def _t5_parts(specs: Specs, case: Case) -> float:
    """Encoders see both ways; scores are not scaled, positions are biases, and no map has a bias of its own."""
    encoders = [encoder for spec in specs for encoder in layers(spec, TransformerEncoder)]
    return wrong(
        [
            not one.causal
            and one.norm == "rms"
            and not (one.attention.scaled or one.attention.bias or one.mlp_bias)
            and one.attention.positions == "t5"
            for one in encoders
        ]
    )


def _llama_parts(specs: Specs, case: Case) -> float:
    """All are causal, with rotary positions, RMSNorm and SwiGLU, without biases; keys are shared in the 70B."""
    encoders = [encoder for spec in specs for encoder in layers(spec, TransformerEncoder)]
    return wrong(
        [
            layers(named(specs, "LLaMA-2-70B"), TransformerEncoder)[0].attention.kv_heads == 8,
            layers(named(specs, "LLaMA-2-7B"), TransformerEncoder)[0].attention.kv_heads is None,
            *(
                one.causal
                and one.norm == "rms"
                and one.mlp == "swiglu"
                and one.attention.positions == "rope"
                and not (one.attention.bias or one.mlp_bias)
                for one in encoders
            ),
        ]
    )


def _attending(**fields: Any) -> Any:
    """A change that gives encoders' attention other values in some fields."""

    def change(layer: Layer) -> Layer:
        return (
            replace(layer, attention=replace(layer.attention, **fields))
            if isinstance(layer, TransformerEncoder)
            else layer
        )

    return change


TERMS = (
    Term(
        "t5",
        t5.SPECS,
        (
            Property(
                "The five sizes have their published counts.",
                _T5,
                0.0,
                (
                    Mistake(
                        "11B of width 4096",
                        exchanged(t5.SPECS, "T5-11B", t5.t5("wide", 4096, 128, 128, 65536, 24)),
                        line=4545,
                    ),
                    Mistake(
                        "11B with an MLP of 16384",
                        exchanged(t5.SPECS, "T5-11B", t5.t5("narrow", 1024, 128, 128, 16384, 24)),
                        line=4547,
                    ),
                    Mistake(
                        "large with 32 heads",
                        exchanged(t5.SPECS, "T5-large", t5.t5("many heads", 1024, 32, 64, 4096, 24)),
                        line=4548,
                    ),
                ),
            ),
            Property(
                "Scores are not scaled, positions are biases of attention, and maps have none.",
                _t5_parts,
                0.0,
                (
                    Mistake("scaled scores", changed(t5.SPECS, "T5-base", _attending(scaled=True))),
                    Mistake("LayerNorm", changed(t5.SPECS, "T5-base", with_fields(TransformerEncoder, norm="layer"))),
                ),
            ),
        ),
    ),
    Term(
        "llama",
        llama.SPECS,
        (
            Property(
                "7B has 6,738,415,616 parameters and 70B 68,976,648,192.",
                _LLAMA,
                0.0,
                (
                    Mistake(
                        "keys for every head in 70B", changed(llama.SPECS, "LLaMA-2-70B", _attending(kv_heads=None))
                    ),
                    Mistake(
                        "an MLP four times as wide",
                        changed(llama.SPECS, "LLaMA-7B", with_fields(TransformerEncoder, mlp_width=4 * 4096)),
                    ),
                ),
            ),
            Property(
                "All have rotary positions, RMSNorm, SwiGLU and no biases; only 70B shares keys.",
                _llama_parts,
                0.0,
                (
                    Mistake(
                        "shared keys in LLaMA 2's 7B",
                        changed(llama.SPECS, "LLaMA-2-7B", _attending(kv_heads=8)),
                        line=4562,
                    ),
                    Mistake(
                        "attention both ways",
                        changed(llama.SPECS, "LLaMA-7B", with_fields(TransformerEncoder, causal=False)),
                    ),
                ),
            ),
        ),
    ),
)
