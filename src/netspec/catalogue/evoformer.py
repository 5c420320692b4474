"""AlphaFold 2: the Evoformer on alignment and pairs, then the structure module."""

from __future__ import annotations

from netspec.catalogue.entry import BEYOND, Entry
from netspec.layers import EvoformerBlock, StructureModule
from netspec.spec import NetSpec

NEW = ("evoformer_block", "structure_module")
ALPHAFOLD = Entry("AlphaFold 2 Evoformer", BEYOND, "Jumper et al. 2021, Nature 596", 2021, NEW, NEW)


def alphafold(
    name: str, residues: int, sequences: int, msa: int, pair: int, blocks: int, single: int, rounds: int
) -> NetSpec:
    """The listing gives the residues; the depth of the alignment is ours, 512 being what was published for 384."""
    return ALPHAFOLD.spec(
        name,
        (sequences, residues, msa),
        EvoformerBlock(msa, pair, blocks, single),
        StructureModule(single, pair, rounds),
        inputs={"pair": (residues, residues, pair)},
    )


SPECS = (
    alphafold("AlphaFold 2 (Evoformer + StructureModule)", 384, 512, 256, 128, 48, 384, 8),
    alphafold("AlphaFold 2 Mini (16 + 4)", 256, 128, 192, 96, 16, 256, 4),
    alphafold("tiny-Evoformer (4 blocks)", 64, 32, 64, 32, 4, 128, 2),
)
