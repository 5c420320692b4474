"""Making networks smaller, and training them in less memory or on several devices.

Computing in half precision is :func:`netspec.modules.build`'s. What needs several devices is simulated on one: a mapped
axis stands for them, and what they send each other are JAX's collectives over it.
"""

from netspec.vocabulary.scaling.compression import (
    Quantized,
    Smaller,
    Ticket,
    dequantized,
    fake_quantized,
    lottery_ticket,
    magnitude_mask,
    quantize,
    structured_pruning,
)
from netspec.vocabulary.scaling.parallel import Piped, data_parallel, pipeline_parallel, tensor_parallel, zero
from netspec.vocabulary.scaling.precision import ScaledState, checkpointed, loss_scaling

__all__ = [
    "Piped",
    "Quantized",
    "ScaledState",
    "Smaller",
    "Ticket",
    "checkpointed",
    "data_parallel",
    "dequantized",
    "fake_quantized",
    "loss_scaling",
    "lottery_ticket",
    "magnitude_mask",
    "pipeline_parallel",
    "quantize",
    "structured_pruning",
    "tensor_parallel",
    "zero",
]
