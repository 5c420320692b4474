"""Transformer encoder, also the decoder of a language model, made of parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.attention import PLAIN, Attention, Pairs
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_tokens
from netspec.layers.parts import (
    Gelu,
    Mlp,
    Norm,
    Placement,
    ResidualScale,
    expect_epsilon,
    expect_mask,
    expect_masked,
    expect_residual,
    mlp_macs,
    mlp_params,
    norm_params,
    norms_per_branch,
    scale_params,
)


@dataclass(frozen=True)
class TransformerEncoder(Primitive):
    """``n_blocks`` blocks of self-attention and MLP: ``(N, width) -> (N, width)``, or ``(width,)``.

    As in the book a block is ``x + MHSA(LN(x))`` then ``x + fc2(gelu(fc1(LN(x))))``, and a LayerNorm follows the last.
    Positions on a grid ``(H, W, width)`` are tokens too and stay in their places. ``causal=True`` hides later tokens.
    ``readout="class_token"`` keeps token 0 of the output, which is what a classification head reads; ``"last_token"``
    keeps the last.

    ``mask`` names a tensor ``(tokens,)`` that is zero where a token is padding, which no other sees.

    The parts, each apart from the others: ``attention`` (see :class:`netspec.layers.Attention`), the kind of ``norm``
    and its ``norm_epsilon``, its ``placement`` (``"post"`` has no final norm unless ``final_norm`` says so), the
    function of the MLP or of its gate, ``mlp_bias``, a ``layer_scale`` that starts at that value and multiplies each
    branch by a factor per feature (Touvron et al. 2021, arXiv:2103.17239, eq. 8), and whether ``gelu`` is its tanh
    form (see :mod:`netspec.layers.parts`). ``residual`` scales branches otherwise (:data:`~netspec.layers.parts.
    ResidualScale`).

    Parameters of the book's form: ``n_blocks · (4·width + 4·(width² + width) + 2·width·mlp_width + mlp_width + width)
    + 2·width``. Source: Vaswani et al. 2017 (arXiv:1706.03762); Dosovitskiy et al. 2020, eqs. 2-4; book ch. 10.3.
    """

    width: int
    heads: int
    mlp_width: int
    n_blocks: int
    readout: Literal["all", "class_token", "last_token"] = "all"
    causal: bool = False
    attention: Attention = PLAIN
    norm: Norm = "layer"
    norm_epsilon: float = 1e-5
    placement: Placement = "pre"
    mlp: Mlp = "gelu"
    mlp_bias: bool = True
    gelu: Gelu = "tanh"
    mask: str = ""
    final_norm: bool | None = None
    layer_scale: float | None = None
    residual: ResidualScale = "plain"

    primitive = "transformer_encoder"

    def check(self) -> None:
        """Raise :class:`LayerError` for parts that do not fit, such as heads that do not divide the width."""
        super().check()
        self.attention.check(self.width, self.heads, self.causal)
        expect_epsilon(self.norm_epsilon)
        expect_mask(self.mask, self.attention)
        expect_residual(self.residual, self.placement, self.layer_scale, self.norm, self.final_norm)

    @property
    def reads(self) -> tuple[str, ...]:
        """The mask, if there is one."""
        return (self.mask,) if self.mask else ()

    def output_shape(self, arrived: Shape, *mask: Shape) -> Shape:
        """Tokens in, tokens out; one vector when one token is read out."""
        tokens = expect_tokens(arrived, self.width)
        expect_masked(tokens, *mask)
        self.attention.expect_length(tokens)
        return arrived if self.readout == "all" else (self.width,)

    def params(self) -> int:
        """Norms, projections and the MLP per block, the final norm, and tables of positions."""
        norm = norm_params(self.norm, self.width)
        block = (
            2 * norms_per_branch(self.placement) * norm
            + self.attention.own_params(self.width, self.heads)
            + mlp_params(self.width, self.mlp_width, self.mlp, self.mlp_bias)
        )
        block += 2 * scale_params(self.residual, self.layer_scale, self.width)
        final = norm if self.normed_last else 0
        tables = self.attention.table(self.heads) + self.attention.added(self.width)
        return self.n_blocks * block + final + tables

    @property
    def normed_last(self) -> bool:
        """Whether a norm follows the last block."""
        if self.norm == "none":
            return False
        return self.placement != "post" if self.final_norm is None else self.final_norm

    def pairs(self, arrived: Shape, *mask: Shape) -> Pairs:
        """Pairs of tokens for one head of one block: those needed, and those whose scores are computed."""
        return self.attention.pairs(expect_tokens(arrived, self.width), self.causal)

    def macs(self, arrived: Shape, *mask: Shape) -> int:
        """Projections, the two attention products ``Q Kᵀ`` and ``P V`` of all pairs computed, and the MLP."""
        return self._macs(arrived, needed=False)

    def needed_macs(self, arrived: Shape, *mask: Shape) -> int:
        """The same, had nothing been computed that a mask hides; of a kernel with a state, its recurrence."""
        return self._macs(arrived, needed=True)

    def _macs(self, arrived: Shape, needed: bool) -> int:
        n, d = expect_tokens(arrived, self.width), self.width
        attention = self.attention.own_macs(d, self.heads, n, self.causal, needed=needed)
        return self.n_blocks * (attention + n * mlp_macs(d, self.mlp_width, self.mlp))

    @property
    def kept_per_token(self) -> int:
        """Numbers that decoding keeps of each token: its keys and values in every block; none beside a state."""
        return self.n_blocks * self.attention.kept_per_token(self.width, self.heads)

    def kept(self, tokens: int) -> int:
        """Numbers that decoding keeps of a text of as many tokens, or the state; times four they are bytes."""
        return self.n_blocks * self.attention.kept(self.width, self.heads, tokens)
