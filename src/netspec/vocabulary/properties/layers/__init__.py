"""What must hold of layers and adapters."""

from netspec.vocabulary.properties.layers import adapters, dense, experts, here, reused

TERMS = (
    dense.DENDRITE,
    dense.MLP,
    here.BACKPROPAGATION,
    here.LINEAR,
    dense.SPARSE,
    dense.BILINEAR,
    here.EMBEDDING,
    experts.MIXTURE,
    experts.CAPACITY,
    experts.BALANCE,
    adapters.CAPSULES,
    adapters.LORA,
    adapters.ADAPTER,
    adapters.PREFIX,
    adapters.PROMPT,
    experts.CHOICE,
    reused.SHARED,
    reused.EXTREME,
)
