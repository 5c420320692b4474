"""Attention as a value: its kernel, how many heads share keys, how positions enter, what a token sees, what is kept."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from netspec.errors import LayerError
from netspec.fields import normalise, refusal, shown
from netspec.layers.attention_rules import check_combination
from netspec.layers.patterns import FULL, Pattern, Window
from netspec.layers.pieces import Blocks as Blocks
from netspec.layers.pieces import Pairs as Pairs
from netspec.layers.pieces import Piece

#: How weights come of queries and keys: a softmax of scores over all tokens seen; products of positive features
#: (Katharopoulos et al. 2020, arXiv:2006.16236); products that decay with distance (Sun et al. 2023,
#: arXiv:2307.08621); exponentials of keys that decay (Peng et al. 2023, arXiv:2305.13048); a product of three softmaxes
#: over landmarks (Xiong et al. 2021, arXiv:2102.03902). All but the first and the last carry a state instead of keys.
Kernel = Literal["softmax", "linear", "retention", "wkv", "nystrom"]

#: How an attention learns of positions: not at all; by a learned table or by sines added to what enters the blocks; by
#: rotated queries and keys; by a slope of the scores; by a learned table of what is added to the scores.
Positions = Literal["none", "learned", "sinusoidal", "rope", "alibi", "t5"]

#: Tokens of a chunk in which kernels with a state compute all pairs.
CHUNK = 64

#: Steps towards the inverse of the weights between landmarks (Xiong et al. 2021, eq. 11), with four products each.
INVERSE_STEPS = 6


@dataclass(frozen=True)
class Attention:
    """How the attention of a transformer differs from plain multi-head attention, which :class:`Attention` is.

    ``kv_heads`` keys and values are shared by all heads (grouped-query attention, Ainslie et al. 2023,
    arXiv:2305.13245; one is multi-query attention, Shazeer 2019, arXiv:1911.02150); ``None``: a pair for each head.
    Head ``h`` of ``H`` reads pair ``h // (H / kv_heads)``. Heads are ``head_width`` wide; ``None``: ``width / heads``.

    ``positions``: ``"rope"`` turns each pair of features of queries and keys by its position times
    ``rope_base^(-2i/head_width)`` (Su et al. 2021, arXiv:2104.09864, eq. 34), where a pair is two adjacent features, or
    with ``rope_pairs="halves"`` one of each half, as in transformers. ``"alibi"`` subtracts a slope per head times the
    distance (Press et al. 2021, arXiv:2108.12409). ``"t5"`` adds a learned number per head and bucket of distances,
    from a table that all blocks share (Raffel et al. 2019, arXiv:1910.10683, sec. 2.1): ``buckets`` of them, up to
    ``max_distance``, half of them for each direction unless later tokens are hidden.

    A token sees itself and the ``window − 1`` tokens before it, and ``ahead`` tokens behind it; ``None`` is no limit
    on the former, and for the latter as many as before it, or none where later tokens are hidden
    (Beltagy et al. 2020, arXiv:2004.05150). Both are ``pattern=Window(window, ahead)``, and other patterns are values
    of :mod:`netspec.layers.patterns`. ``bias`` is that of the four maps, of which the keys' is left out without
    ``key_bias`` (it cancels in the softmax; Whisper has none); ``out_bias`` is that of the last map where it differs.
    ``scaled`` divides scores by ``√head_width``, which T5 does not.

    ``"learned"`` adds one of ``max_tokens`` rows of a table to what enters the blocks, and ``"sinusoidal"`` multiplies
    that by ``√width`` and adds sines (Vaswani et al. 2017, sec. 3.4 and 3.5). Both are for what has no positions yet:
    before them, :class:`netspec.layers.TokenPositionEmbed` has ``learned_positions=False``.

    ``kernel`` is one of :data:`Kernel`. The features of ``"linear"`` are ``elu(x) + 1``; rotated positions turn those
    above the line alone (Su et al. 2021, eq. 19). ``"retention"`` decays by ``1 − 2^(−5−g)`` in pair ``g`` of keys and
    values and divides each head by its root mean square, without the paper's gate. In ``"wkv"`` the query opens a gate,
    ``σ(q) · wkv(k, v)``, with a learned decay and bonus per feature, without the paper's shift of tokens.

    ``"nystrom"`` has ``landmarks``, means of equally many neighbouring queries and keys: weights are those of tokens on
    landmarks, times the inverse of those among landmarks, times those of landmarks on tokens (Xiong et al. 2021, eqs. 7
    to 14); as many landmarks as tokens are a softmax again. ``value_conv`` neighbouring values, weighed by a kernel per
    head, are added to what a head mixes (ibid., fig. 3).

    ``latent``: keys and values of all heads are maps of so many features of a token, which are all that is kept of it
    (DeepSeek-AI 2024, arXiv:2405.04434, eqs. 9-11), and rotated positions turn ``head_width / 2`` further features of
    queries, and as many of one key for all heads (eqs. 14-19). The maps up have no biases.
    """

    kv_heads: int | None = None
    head_width: int | None = None
    positions: Positions = "none"
    window: int | None = None
    ahead: int | None = None
    bias: bool = True
    key_bias: bool = True
    out_bias: bool | None = None
    scaled: bool = True
    rope_base: int = 10_000
    rope_pairs: Literal["adjacent", "halves"] = "adjacent"
    buckets: int = 32
    max_distance: int = 128
    kernel: Kernel = "softmax"
    pattern: Pattern = FULL
    latent: int | None = None
    max_tokens: int | None = None
    landmarks: int | None = None
    value_conv: int | None = None

    may_be_zero = ("ahead",)

    def __post_init__(self) -> None:
        normalise(self)
        if isinstance(self.pattern, Window) and self.window is None:
            # One spelling of a window, so that equal attentions are equal values.
            object.__setattr__(self, "window", self.pattern.width)
            object.__setattr__(self, "ahead", self.pattern.ahead)
            object.__setattr__(self, "pattern", FULL)

    def __repr__(self) -> str:
        given = ((f.name, getattr(self, f.name), f.default) for f in fields(self))
        return f"Attention({', '.join(f'{name}={shown(value)}' for name, value, usual in given if value != usual)})"

    def check(self, width: int, heads: int, causal: bool) -> None:
        """Raise :class:`LayerError` for fields that cannot be right, together or for ``heads`` heads in ``width``."""
        if wrong := refusal(self):
            value, refused = wrong
            raise LayerError(f"attention: {refused.problem}", arrived=shown(value), expected=refused.expected)
        if self.head_width is None and width % heads:
            raise LayerError(
                "heads do not divide the width", arrived=f"{heads} heads", expected=f"a divisor of {width}"
            )
        if heads % self.pairs_of(heads):
            arrived = f"kv_heads={self.kv_heads} for {heads} heads"
            raise LayerError("heads share keys in equal groups", arrived=arrived, expected=f"a divisor of {heads}")
        if self.positions == "rope" and self.width_of(width, heads) % 2:
            arrived = f"heads of width {self.width_of(width, heads)}"
            raise LayerError("rotary positions turn pairs of features", arrived=arrived, expected="an even width")
        if self.ahead is not None and self.window is None:
            raise LayerError("tokens ahead are part of a window", arrived=f"ahead={self.ahead}", expected="a window")
        self.sees.check(causal)
        if self.positions == "t5" and (self.buckets % 4 or self.max_distance <= self.buckets):
            arrived = f"buckets={self.buckets}, max_distance={self.max_distance}"
            expected = "a multiple of 4, and a distance beyond it"
            raise LayerError("buckets grow from one distance to many", arrived=arrived, expected=expected)
        check_combination(self, width, heads, causal)

    @property
    def sees(self) -> Pattern:
        """The pattern, that of a window included."""
        return self.pattern if self.window is None else Window(self.window, self.ahead)

    def pairs_of(self, heads: int) -> int:
        """Pairs of keys and values for ``heads`` heads."""
        return heads if self.kv_heads is None else self.kv_heads

    def width_of(self, width: int, heads: int) -> int:
        """Width of a head."""
        return width // heads if self.head_width is None else self.head_width

    def maps(self, width: int, heads: int) -> tuple[int, int, int]:
        """Widths of all queries, of all keys, and of all values, side by side."""
        one = self.width_of(width, heads)
        return heads * one, self.pairs_of(heads) * one, self.pairs_of(heads) * one

    def params(self, width: int, heads: int, memory_width: int | None = None) -> int:
        """The four maps; keys and values read ``memory_width`` features, by default ``width``. Tables are apart."""
        queries, keys, values = self.maps(width, heads)
        read = width if memory_width is None else memory_width
        kernels = width * queries + read * (keys + values) + queries * width
        biases = queries + (keys if self.key_bias else 0) + values
        return kernels + (biases if self.bias else 0) + (width if self.biased_out else 0)

    @property
    def biased_out(self) -> bool:
        """Whether the last map has a bias."""
        return self.bias if self.out_bias is None else self.out_bias

    def table(self, heads: int) -> int:
        """Entries of the table of relative positions, which all blocks of a stack share."""
        return self.buckets * heads if self.positions == "t5" else 0

    def reach(self, causal: bool) -> tuple[int | None, int | None]:
        """How many tokens before and behind itself a token sees where only a window limits it; ``None`` is all."""
        if self.window is None:
            return None, 0 if causal else None
        return Window(self.window, self.ahead).reach(causal)

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """How what a token sees is computed for as many; none: as one square, which takes no more."""
        pieces = self.sees.pieces(tokens, causal)
        return pieces if sum(piece.pairs for piece in pieces) < tokens * tokens else ()

    def pairs(self, tokens: int, causal: bool) -> Pairs:
        """Those of a sequence with itself. A kernel with a state needs none, and computes those within chunks."""
        if self.kernel == "nystrom":
            between = self.among(tokens)
            return Pairs(between, between)
        if self.kernel != "softmax":
            chunk = min(CHUNK, tokens)
            return Pairs(0, 0 if self.kernel == "wkv" or not causal else -(-tokens // chunk) * chunk**2)
        pieces = self.pieces(tokens, causal)
        computed = sum(piece.pairs for piece in pieces) if pieces else tokens**2
        return Pairs(self.sees.needed(tokens, causal), computed)

    def rotated(self, width: int, heads: int) -> int:
        """Features that rotated positions have apart from the others, beside a latent."""
        return self.width_of(width, heads) // 2 if self.latent and self.positions == "rope" else 0

    def own_maps(self, width: int, heads: int) -> tuple[int, int, int]:
        """Widths of what self-attention maps a token to side by side: with a latent, that stands for the values."""
        queries, keys, values = self.maps(width, heads)
        if self.latent is None:
            return queries, keys, values
        apart = self.rotated(width, heads)
        return queries + heads * apart, apart, self.latent

    def own_params(self, width: int, heads: int) -> int:
        """Those of self-attention: maps down and up, and of wkv a decay and a bonus per feature."""
        queries, _, values = self.maps(width, heads)
        if self.latent is None:
            apart = 2 * values if self.kernel == "wkv" else heads * (self.value_conv or 0)
            return self.params(width, heads) + apart
        joined = sum(self.own_maps(width, heads))
        biases = (joined if self.bias else 0) + (width if self.biased_out else 0)
        return width * joined + self.latent * 2 * queries + queries * width + biases

    def own_macs(self, width: int, heads: int, tokens: int, causal: bool, *, needed: bool = False) -> int:
        """Self-attention over a sequence: maps, and products of all that is computed, or of what is ``needed``."""
        queries, _, _ = self.maps(width, heads)
        maps = tokens * width * (sum(self.own_maps(width, heads)) + queries)
        if self.latent is not None:
            maps += tokens * self.latent * 2 * queries
        if self.kernel == "nystrom":
            return maps + self._landmark_macs(width, heads, tokens)
        if self.kernel == "softmax":
            pairs = self.pairs(tokens, causal)
            apart = heads * self.rotated(width, heads)
            return maps + (pairs.needed if needed else pairs.computed) * (2 * queries + apart)
        return maps + self._state_macs(width, heads, tokens, causal, needed)

    def among(self, tokens: int) -> int:
        """Pairs of a token and a landmark, both ways, and of two landmarks; all of tokens where there are as many."""
        landmarks = self.landmarks or tokens
        return tokens**2 if tokens == landmarks else 2 * tokens * landmarks + landmarks**2

    def _landmark_macs(self, width: int, heads: int, tokens: int) -> int:
        """Scores of all pairs, the steps towards an inverse, and the products of weights with values."""
        queries, landmarks = heads * self.width_of(width, heads), self.landmarks or tokens
        near = tokens * queries * (self.value_conv or 0)
        if tokens == landmarks:
            return 2 * tokens**2 * queries + near
        inverse = heads * (4 * INVERSE_STEPS * landmarks**3 + tokens * landmarks**2)
        return self.among(tokens) * queries + inverse + 2 * tokens * landmarks * queries + near

    def _state_macs(self, width: int, heads: int, tokens: int, causal: bool, needed: bool) -> int:
        """Products of a kernel with a state ``head_width × values`` for each pair of keys and values."""
        if self.kernel == "wkv":
            return 0
        one, groups = self.width_of(width, heads), self.pairs_of(heads)
        chunk = min(CHUNK, tokens)
        whole = not causal or needed
        filled = tokens if whole else -(-tokens // chunk) * chunk
        total = 0
        for values in self.sums(one):
            state = filled * one * values * (heads + groups)
            total += state + (0 if whole else filled * chunk * heads * (one + values))
        return total

    def sums(self, one: int) -> tuple[int, ...]:
        """Widths of the values that a kernel sums for heads ``one`` wide: linear attention sums its weights as well.

        Rotated features give no weights, which then are sums apart.
        """
        if self.kernel == "retention":
            return (one,)
        return (one, 1) if self.positions == "rope" else (one + 1,)

    def kept_per_token(self, width: int, heads: int) -> int:
        """Numbers that decoding keeps of each token that is seen: keys and values, a latent, or none beside a state."""
        if self.kernel not in ("softmax", "nystrom"):
            return 0
        _, keys, values = self.maps(width, heads)
        return keys + values if self.latent is None else self.latent + self.rotated(width, heads)

    def slots(self, tokens: int) -> int:
        """Tokens of a text of as many that decoding keeps: of a window those within."""
        return tokens if self.window is None else min(tokens, self.window)

    def kept(self, width: int, heads: int, tokens: int) -> int:
        """Numbers that decoding keeps of a text of as many tokens: of each that is seen, or a state."""
        one, groups = self.width_of(width, heads), self.pairs_of(heads)
        if self.kernel == "wkv":
            return 3 * heads * one
        if self.kernel not in ("softmax", "nystrom"):
            return groups * one * sum(self.sums(one))
        return self.slots(tokens) * self.kept_per_token(width, heads)

    def added(self, width: int) -> int:
        """Entries of the table of positions that is added to what enters the blocks."""
        return (self.max_tokens or 0) * width if self.positions == "learned" else 0

    def expect_length(self, tokens: int) -> None:
        """Raise :class:`LayerError` for more tokens than a learned table has rows for, or not as many per landmark."""
        if self.landmarks is not None and tokens % self.landmarks:
            arrived = f"{tokens} tokens for {self.landmarks} landmarks"
            raise LayerError("landmarks are of equally many tokens", arrived=arrived, expected="a multiple of them")
        if self.max_tokens is not None and tokens > self.max_tokens:
            arrived = f"{tokens} tokens"
            raise LayerError("more tokens than positions", arrived=arrived, expected=f"at most {self.max_tokens}")


#: Multi-head attention as in the book.
PLAIN = Attention()
