"""Modules of :class:`netspec.layers.StructureModule` and :class:`netspec.layers.InvariantPointAttention`.

Algorithm numbers are those of the supplement of Jumper et al. 2021, Nature 596; dense maps have a bias each, as in the
released code (the supplement omits some). Dropout, which the paper trains with, is not part of the layer. ``B`` is the
batch, ``r`` the residues, ``s`` and ``z`` the channels of single and pair representation, ``h`` the heads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers import structure_module as layers
from netspec.layers.structure_module import ANGLE_WIDTH, ANGLES, StructureModule
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32

#: Added under square roots of squared lengths, whose gradient at zero would not be finite.
SMALL = 1e-8


def _multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    """Hamilton product of quaternions ``(…, 4)``, real part first."""
    real = a[..., :1] * b[..., :1] - (a[..., 1:] * b[..., 1:]).sum(-1, keepdims=True)
    rest = a[..., :1] * b[..., 1:] + b[..., :1] * a[..., 1:] + jnp.cross(a[..., 1:], b[..., 1:])
    return jnp.concatenate([real, rest], axis=-1)


class Frames(NamedTuple):
    """Rigid motions ``x -> R·x + t``, one per residue, always in float32.

    Rotations are kept as unit quaternions ``(…, 4)``, real part first, so that many compositions leave them
    rotations; ``translation`` is ``(…, 3)``.
    """

    quaternion: jax.Array
    translation: jax.Array

    @classmethod
    def identity(cls, *shape: int) -> Frames:
        """All residues at the origin, unrotated: where the structure starts (algorithm 20, line 4)."""
        return cls(jnp.zeros((*shape, 4)).at[..., 0].set(1), jnp.zeros((*shape, 3)))

    @property
    def rotation(self) -> jax.Array:
        """Rotation matrices ``(…, 3, 3)``; algorithm 23, line 3."""
        a, b, c, d = jnp.moveaxis(self.quaternion, -1, 0)
        rows = (
            (a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)),
            (2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)),
            (2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d),
        )
        return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)

    # Coordinates need all bits of float32 also where the hardware multiplies matrices in fewer.
    def apply(self, points: jax.Array) -> jax.Array:
        """From each residue's own coordinates to the common ones: ``(…, n, 3) -> (…, n, 3)``."""
        turned = jnp.einsum("...xy,...ny->...nx", self.rotation, points, precision="highest")
        return turned + self.translation[..., None, :]

    def invert_apply(self, points: jax.Array) -> jax.Array:
        """From the common coordinates to each residue's own: ``(…, n, 3) -> (…, n, 3)``."""
        moved = points - self.translation[..., None, :]
        return jnp.einsum("...yx,...ny->...nx", self.rotation, moved, precision="highest")

    def compose(self, other: Frames) -> Frames:
        """``other`` first, then this."""
        product = _multiply(self.quaternion, other.quaternion)
        unit = product / jnp.linalg.norm(product, axis=-1, keepdims=True)
        return Frames(unit, self.apply(other.translation[..., None, :])[..., 0, :])

    def vectors(self) -> jax.Array:
        """Six numbers per frame, ``(…, 6)``: rotation vector (axis times angle, at most π) and translation."""
        # q and −q are the same rotation; the one with a real part that is not negative turns by at most π.
        quaternion = jnp.where(self.quaternion[..., :1] < 0, -self.quaternion, self.quaternion)
        real, rest = quaternion[..., :1], quaternion[..., 1:]
        squared = (rest * rest).sum(-1, keepdims=True)
        # Both branches of a where are differentiated, so the one not taken must be finite, too.
        tiny = squared < SMALL
        sine = jnp.sqrt(jnp.where(tiny, 1, squared))
        scale = jnp.where(tiny, 2, 2 * jnp.arctan2(sine, real) / sine)
        return jnp.concatenate([scale * rest, self.translation], axis=-1)


class InvariantPointAttention(nnx.Module):
    """Attention over channels, pairs and points in space: ``(B, r, s) -> (B, r, s)``; algorithm 22.

    Points are made in each residue's own coordinates and compared in the common ones, so that a rotation and
    translation of all frames changes nothing. Channels are laid out as in the released code: keys before values
    within a head, all x of the points before all y, and the output map reads values, points, lengths, pairs.
    """

    def __init__(self, layer: layers.InvariantPointAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.heads, self.head_width, self.n_query_points = layer.heads, layer.head_width, layer.query_points
        maps = layer.maps()
        self.query = numerics.linear(*maps["query"], rngs)
        self.key_value = numerics.linear(*maps["key and value"], rngs)
        self.query_points = numerics.linear(*maps["query points"], rngs)
        self.key_value_points = numerics.linear(*maps["key and value points"], rngs)
        self.pair_bias = numerics.linear(*maps["pair bias"], rngs)
        # Starts with a softplus of one: distances count with unit weight.
        self.head_weight = nnx.Param(jnp.full((layer.heads,), math.log(math.e - 1)))
        self.out = numerics.linear(*maps["output"], rngs)

    def __call__(self, single: jax.Array, pair: jax.Array, frames: Frames) -> jax.Array:
        """``pair`` is ``(B, r, r, z)``, ``frames`` one per residue; logits, softmax and geometry are in float32."""
        batch, residues, _ = single.shape
        query = self.query(single).reshape(batch, residues, self.heads, -1)
        key, value = jnp.split(self.key_value(single).reshape(batch, residues, self.heads, -1), 2, axis=-1)
        query_points = self._points(self.query_points(single), frames)
        points = self._points(self.key_value_points(single), frames)
        key_points, value_points = jnp.split(points, [self.n_query_points], axis=3)

        wide = jnp.promote_types(query.dtype, jnp.float32)
        logits = jnp.einsum("bihc,bjhc->bhij", query, key, preferred_element_type=wide) / math.sqrt(self.head_width)
        logits = logits + jnp.moveaxis(self.pair_bias(pair), -1, 1)
        logits = math.sqrt(1 / 3) * (logits + self._closeness(query_points, key_points))
        weights = jax.nn.softmax(logits, axis=-1)

        from_pairs = jnp.einsum("bhij,bijc->bihc", weights, pair)
        from_values = jnp.einsum("bhij,bjhc->bihc", weights, value)
        seen = jnp.einsum("bhij,bjhpx->bihpx", weights, value_points, precision="highest")
        seen = frames.invert_apply(seen.reshape(batch, residues, -1, 3))
        distances = jnp.sqrt((seen * seen).sum(-1) + SMALL)
        parts = (from_values, seen.swapaxes(-1, -2), distances, from_pairs)
        return self.out(jnp.concatenate([part.reshape(batch, residues, -1) for part in parts], axis=-1))

    def _points(self, flat: jax.Array, frames: Frames) -> jax.Array:
        """Points of all heads in the common coordinates, ``(B, r, h, points, 3)``; in ``flat`` all x come first."""
        own = at_least_float32(flat).reshape(*flat.shape[:2], 3, -1).swapaxes(-1, -2)
        return frames.apply(own).reshape(*flat.shape[:2], self.heads, -1, 3)

    def _closeness(self, query_points: jax.Array, key_points: jax.Array) -> jax.Array:
        """The logits' part from distances, ``(B, h, r, r)``: ``-γ·w_C/2 · Σ_p |q_ip − k_jp|²``."""
        # From differences, not from products of lengths: those lose all digits far from the origin.
        apart = query_points[:, :, None] - key_points[:, None]
        squared = jnp.moveaxis((apart * apart).sum((-2, -1)), -1, 1)
        weight = nnx.softplus(self.head_weight[...]) * math.sqrt(2 / (9 * self.n_query_points)) / 2
        return -weight[:, None, None] * squared


class InFrames(nnx.Module):
    """That attention in frames that are read: ``(B, r, s), (B, r, r, z), (B, r, 4), (B, r, 3) -> (B, r, s)``."""

    def __init__(self, layer: layers.InvariantPointAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.attention = InvariantPointAttention(layer, numerics, rngs)

    def __call__(self, single: jax.Array, pair: jax.Array, turn: jax.Array, shift: jax.Array) -> jax.Array:
        """``turn`` is a quaternion of any length, real part first."""
        turn, shift = at_least_float32(turn), at_least_float32(shift)
        unit = turn / jnp.linalg.norm(turn, axis=-1, keepdims=True)
        return self.attention(single, pair, Frames(unit, shift))


class Angles(nnx.Module):
    """Torsion angles from current and initial representation: ``2 × (B, r, s) -> (B, r, 7, 2)``; algorithm 20.

    Lines 11 to 14 there; each angle leaves as sine and cosine, divided by their length (algorithm 24, line 1).
    """

    def __init__(self, layer: StructureModule, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.current = numerics.linear(layer.single_channels, ANGLE_WIDTH, rngs)
        self.initial = numerics.linear(layer.single_channels, ANGLE_WIDTH, rngs)
        self.residual = nnx.List([numerics.linear(ANGLE_WIDTH, ANGLE_WIDTH, rngs) for _ in range(4)])
        self.out = numerics.linear(ANGLE_WIDTH, 2 * ANGLES, rngs)

    def __call__(self, single: jax.Array, initial: jax.Array) -> jax.Array:
        """Two residual blocks of two maps each, then the angles in float32."""
        a = self.current(single) + self.initial(initial)
        for first, second in (self.residual[:2], self.residual[2:]):
            a = a + second(nnx.relu(first(nnx.relu(a))))
        angles = at_least_float32(self.out(nnx.relu(a))).reshape(*a.shape[:2], ANGLES, 2)
        return angles / jnp.sqrt((angles * angles).sum(-1, keepdims=True) + SMALL)


class Structure(nnx.Module):
    """The whole structure module, one set of weights for all rounds: algorithm 20 without side-chain coordinates."""

    def __init__(self, layer: StructureModule, numerics: Numerics, rngs: nnx.Rngs) -> None:
        s = layer.single_channels
        self.rounds = layer.n_blocks
        self.single_norm = numerics.layer_norm(s, rngs)
        self.pair_norm = numerics.layer_norm(layer.pair_channels, rngs)
        self.input = numerics.linear(s, s, rngs)
        self.attention = InvariantPointAttention(layer.attention, numerics, rngs)
        self.attention_norm = numerics.layer_norm(s, rngs)
        self.transition = nnx.List([numerics.linear(s, s, rngs) for _ in range(3)])
        self.transition_norm = numerics.layer_norm(s, rngs)
        self.update = numerics.linear(s, 6, rngs)
        self.angles = Angles(layer, numerics, rngs)

    def __call__(self, representations: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """``{single: (B, r, s), pair: (B, r, r, z)} -> {frames: (B, r, 6), angles: (B, r, 7, 2)}``.

        Frames leave as :meth:`Frames.vectors`, translations in the units the module learns (10 Å in the paper).
        """
        start = Frames.identity(*representations["single"].shape[:2])
        frames, angles = self.fold(representations, start)
        return {"frames": frames.vectors(), "angles": angles}

    def fold(self, representations: dict[str, jax.Array], frames: Frames) -> tuple[Frames, jax.Array]:
        """Final frames and angles when the residues start at ``frames``."""
        initial, pair = self.single_norm(representations["single"]), self.pair_norm(representations["pair"])
        single = at_least_float32(self.input(initial))
        for index in range(self.rounds):
            single = self.attention_norm(single + self.attention(single, pair, frames))
            first, second, third = self.transition
            single = self.transition_norm(single + third(nnx.relu(second(nnx.relu(first(single))))))
            frames = frames.compose(self._backbone_update(single))
            if index + 1 < self.rounds:
                # Gradients do not pass from round to round through rotations (line 20), which keeps them stable.
                frames = frames._replace(quaternion=jax.lax.stop_gradient(frames.quaternion))
        # Only the angles of the last round leave, so the others need not be computed.
        return frames, self.angles(single, initial)

    def _backbone_update(self, single: jax.Array) -> Frames:
        """Algorithm 23: rotation ``(1, b, c, d)`` over its length, and translation."""
        turn, translation = jnp.split(at_least_float32(self.update(single)), 2, axis=-1)
        quaternion = jnp.concatenate([jnp.ones_like(turn[..., :1]), turn], axis=-1)
        return Frames(quaternion / jnp.linalg.norm(quaternion, axis=-1, keepdims=True), translation)


@build_layer.register
def _(layer: StructureModule, numerics: Numerics, rngs: nnx.Rngs) -> Structure:
    return Structure(layer, numerics, rngs)


@build_layer.register
def _(layer: layers.InvariantPointAttention, numerics: Numerics, rngs: nnx.Rngs) -> InFrames:
    return InFrames(layer, numerics, rngs)
