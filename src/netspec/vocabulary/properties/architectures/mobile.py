"""What must hold of classifiers for small machines."""

from __future__ import annotations

from typing import Any

from netspec.catalogue import efficientnet, mobilenet
from netspec.layers import InvertedResidual, MBConv
from netspec.vocabulary.cases import Case
from netspec.vocabulary.properties.architectures.common import (
    Specs,
    changed,
    counted,
    fewer_blocks,
    named,
    wider_stem,
    with_fields,
)
from netspec.vocabulary.term import Mistake, Property, Term

_B0, _V2 = "EfficientNet-B0 (ImageNet, bf16)", "MobileNetV2 (ImageNet, bf16)"


def _cost(name: str, millions: float, to: float) -> Any:
    """Whether the multiply-adds of a spec are as many millions as the paper says, to what it rounds to."""

    def residual(specs: Specs, case: Case) -> float:
        return max(0.0, abs(named(specs, name).macs / 1e6 - millions) / to - 0.5)

    return residual


TERMS = (
    Term(
        "efficientnet",
        efficientnet.SPECS,
        (
            Property(
                "B0 with a thousand classes has its published 5,288,548 parameters.",
                counted({_B0: 5_288_548}),
                0.0,
                (
                    Mistake(
                        "a squeeze from the widened channels",
                        changed(efficientnet.SPECS, _B0, with_fields(MBConv, squeeze_from="expanded")),
                    ),
                    Mistake("a block less", changed(efficientnet.SPECS, _B0, fewer_blocks(MBConv, 112))),
                ),
            ),
            Property(
                "It costs the paper's 0.39 billion multiply-adds.",
                _cost(_B0, 390, 10),
                0.0,
                (Mistake("a block less", changed(efficientnet.SPECS, _B0, fewer_blocks(MBConv, 112))),),
            ),
        ),
    ),
    Term(
        "mobilenet",
        mobilenet.SPECS,
        (
            Property(
                "V2 with a thousand classes has its published 3,504,872 parameters.",
                counted({_V2: 3_504_872}),
                0.0,
                (
                    Mistake("a block less", changed(mobilenet.SPECS, _V2, fewer_blocks(InvertedResidual, 96))),
                    Mistake("a first kernel of 5", changed(mobilenet.SPECS, _V2, wider_stem)),
                ),
            ),
            Property(
                "It costs the paper's 300 million multiply-adds.",
                _cost(_V2, 300, 10),
                0.0,
                (Mistake("a block less", changed(mobilenet.SPECS, _V2, fewer_blocks(InvertedResidual, 96))),),
            ),
        ),
    ),
)
