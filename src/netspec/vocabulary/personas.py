"""Personas: characters as points and directions of a vector space, and what keeps a model in character."""

from __future__ import annotations

import flax.nnx as nnx
import jax
import jax.numpy as jnp
import optax

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def persona(table: jax.Array, traits: jax.Array, bias: jax.Array, ids: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Give each character a learned vector that conditions a model, and read off it how the character scores on traits.

    Formula: p = E[id]; traits = p W + b
    Shapes: table E [personas, channels], traits W [channels, traits], bias [traits], ids [...] whole numbers; the
    results are [..., channels] and [..., traits].
    Parameters: personas × channels + (channels + 1) × traits (7,685 of 10 personas of 512 channels and 5 traits).
    Cost: one row read and channels × traits multiply-adds.
    Training: the table learns with the model that it conditions, the traits from questionnaires.
    Caveats: that five numbers are a personality is a convention of psychology (the Big Five), not a finding here.
    Raises: VocabularyError for shapes that do not fit, or persona numbers outside of the table.
    Source: Li et al. 2016 [arXiv:1603.06155] for speaker embeddings; vocabulary line 5557.

    >>> table, traits = jnp.array([[1.0, 0.0], [0.0, 2.0]]), jnp.array([[1.0, -1.0], [3.0, 0.5]])
    >>> vector, scores = persona(table, traits, jnp.zeros(2), jnp.array(1))
    >>> vector.tolist(), scores.tolist()
    ([0.0, 2.0], [6.0, 1.0])
    """
    sizes = expect.axes(table=(table, "personas channels"), traits=(traits, "channels traits"), bias=(bias, "traits"))
    expect.within("ids", ids, 0, sizes["personas"] - 1)
    found = jnp.asarray(table)[jnp.asarray(ids)]
    return found, found @ traits + bias


def restyled(content: jax.Array, source: jax.Array, target: jax.Array) -> jax.Array:
    """Say the same in another's manner: take the source's style off the encoded content and put the target's on.

    Formula: z = c − s_source + s_target
    Shapes: content [..., tokens, channels], styles [..., channels]; the result has the shape of content.
    Parameters: none here; encoders and decoder are the caller's.
    Cost: two additions a number.
    Training: reconstruction where both styles are the same, and a classifier of styles on what comes out.
    Caveats: that styles add up is an assumption, which nothing in training demands by itself. The document's listing
    subtracts from what an LSTM returns, a tuple, and its decoder expects twice the width.
    Raises: VocabularyError for shapes that do not fit.
    Source: Mikolov et al. 2013 [arXiv:1310.4546] for sums of vectors as meaning; vocabulary line 5575.

    >>> content, formal, casual = jnp.ones((1, 2)), jnp.array([1.0, 0.0]), jnp.array([0.0, 3.0])
    >>> restyled(content, formal, casual).tolist()
    [[0.0, 4.0]]
    """
    expect.axes(
        content=(content, "... tokens channels"), source=(source, "... channels"), target=(target, "... channels")
    )
    return jnp.asarray(content) + (jnp.asarray(target) - jnp.asarray(source))[..., None, :]


def emotion_step(
    context: jax.Array, state: jax.Array, readout: jax.Array, cell: nnx.GRUCell
) -> tuple[jax.Array, jax.Array]:
    """Have a mood that changes gradually: read valence, arousal and dominance off a context, and move towards them.

    Formula: e = c W; s' = GRU(s, e)
    Shapes: context c [batch, channels], state s [batch, units], readout W [channels, 3]; the results are the next state
    and the three coordinates e [batch, 3].
    Parameters: 3 × channels, and those of the cell, which takes 3 inputs.
    Cost: 3 (channels + (3 + units) units) multiply-adds.
    Training: against ratings of the three coordinates; as in evaluation.
    Caveats: the state stays between −1 and 1 if it begins there, since each step is a weighted mean. Three numbers
    describe ratings of emotions; nothing here feels. The document's listing gives 3 numbers to a cell that takes 128.
    Raises: VocabularyError for shapes that do not fit.
    Source: Russell and Mehrabian 1977; Cho et al. 2014 [arXiv:1406.1078] for the cell; vocabulary line 5598.

    >>> cell = nnx.GRUCell(3, 4, rngs=nnx.Rngs(0))
    >>> state, coordinates = emotion_step(jnp.ones((1, 8)), jnp.zeros((1, 4)), jnp.ones((8, 3)), cell)
    >>> state.shape, coordinates.tolist()
    ((1, 4), [[8.0, 8.0, 8.0]])
    """
    expect.axes(context=(context, "batch channels"), state=(state, "batch units"), readout=(readout, "channels 3"))
    if cell.in_features != 3:
        raise VocabularyError(f"cell: arrived with {cell.in_features} inputs, expected 3")
    coordinates = jnp.asarray(context) @ readout
    return cell(jnp.asarray(state), coordinates)[0], coordinates


def identity_consistency_loss(responses: jax.Array, persona: jax.Array) -> jax.Array:
    """Keep a model in character: its responses, encoded, should all point in the direction of the persona.

    Formula: L = 1 − mean_i cos(r_i, p)
    Shapes: responses [responses, channels], persona [channels]; the result is a number from 0 to 2.
    Parameters: none; the encoder of responses is the caller's.
    Cost: three products of vectors a response.
    Training: used there only.
    Caveats: lengths do not count, and all responses may be the same: it does not ask for variety.
    Raises: VocabularyError for shapes that do not fit.
    Source: none but the document; vocabulary line 5626.

    >>> persona = jnp.array([1.0, 0.0])
    >>> [float(identity_consistency_loss(jnp.array([r]), persona)) for r in ([7.0, 0.0], [0.0, 2.0], [-1.0, 0.0])]
    [0.0, 1.0, 2.0]
    """
    expect.axes(responses=(responses, "responses channels"), persona=(persona, "channels"))
    return optax.losses.cosine_distance(jnp.asarray(responses), jnp.asarray(persona)).mean()


def multi_persona(x: jax.Array, ids: jax.Array, down: jax.Array, up: jax.Array) -> jax.Array:
    """Let one model be several characters: a small adapter each, after a base that they share.

    Formula: y = x + relu(x D_id) U_id
    Shapes: x [batch, channels], what the base gives; ids [batch]; down D [personas, channels, rank], up U
    [personas, rank, channels]; the result has the shape of x.
    Parameters: 2 × channels × rank a persona.
    Cost: 2 × channels × rank multiply-adds an example.
    Training: with U at zero it begins as the base; an example trains its own persona's adapter only.
    Caveats: each example has its own persona; the document's listing takes one for the whole batch.
    Raises: VocabularyError for shapes that do not fit, or persona numbers outside of the adapters.
    Source: Houlsby et al. 2019 [arXiv:1902.00751] for adapters; vocabulary line 5644.

    >>> down, up = jnp.ones((2, 3, 1)), jnp.array([[[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]])
    >>> multi_persona(jnp.ones((2, 3)), jnp.array([0, 1]), down, up).tolist()
    [[1.0, 1.0, 1.0], [4.0, 1.0, 1.0]]
    """
    sizes = expect.axes(
        x=(x, "batch channels"),
        ids=(ids, "batch"),
        down=(down, "personas channels rank"),
        up=(up, "personas rank channels"),
    )
    expect.within("ids", ids, 0, sizes["personas"] - 1)
    own = jnp.asarray(ids)
    hidden = jax.nn.relu(jnp.einsum("bc,bcr->br", x, jnp.asarray(down)[own]))
    return x + jnp.einsum("br,brc->bc", hidden, jnp.asarray(up)[own])


def interpolate_personas(
    first: jax.Array, second: jax.Array, share: jax.Array | float = 0.5, *, spherical: bool = False
) -> jax.Array:
    """Blend two characters: a point on the way from one to the other, along the line or along the arc.

    Formula: (1 − α) a + α b; on the arc (sin((1 − α) θ) a + sin(α θ) b) / sin θ with θ the angle between them
    Shapes: first a and second b [..., channels], share α a number; the result has their shape.
    Parameters: none.
    Cost: two multiply-adds a number, for the arc three products of vectors as well.
    Training: none.
    Caveats: on the line the middle of two vectors is shorter than both, which a model may never have seen; the arc
    keeps the length. Of opposite vectors no arc is the shortest.
    Raises: VocabularyError for shapes that differ, a share outside 0…1.
    Source: Shoemake 1985 for the arc; vocabulary line 5665.

    >>> friend, expert = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    >>> line, arc = (interpolate_personas(friend, expert, spherical=each) for each in (False, True))
    >>> [round(float(jnp.linalg.norm(each)), 4) for each in (line, arc)]
    [0.7071, 1.0]
    """
    expect.axes(first=(first, "... channels"), second=(second, "... channels"))
    expect.probability("share", share)
    first, second = jnp.asarray(first), jnp.asarray(second)
    if not spherical:
        return (1 - share) * first + share * second
    lengths = jnp.linalg.norm(first, axis=-1, keepdims=True) * jnp.linalg.norm(second, axis=-1, keepdims=True)
    cosine = jnp.clip((first * second).sum(axis=-1, keepdims=True) / lengths, -1.0, 1.0)
    angle = jnp.arccos(cosine)
    arc = angle > 1e-6  # nearer than this the line is the arc, to rounding
    safe = jnp.where(arc, angle, 1.0)
    one, other = (jnp.sin(part * safe) / jnp.sin(safe) for part in (1 - share, share))
    return jnp.where(arc, one * first + other * second, (1 - share) * first + share * second)


def should_respond(
    query: jax.Array,
    knowledge: jax.Array,
    beliefs: jax.Array,
    to_knowledge: jax.Array,
    to_beliefs: jax.Array,
    *,
    relevant: float = 0.5,
    aligned: float = 0.3,
) -> jax.Array:
    """Answer only what a persona knows of and agrees with: compare a query with both, each in its own space.

    Formula: respond iff cos(q P_k, k) > 0.5 and cos(q P_b, b) > 0.3
    Shapes: query [..., channels], knowledge k [knowledge], beliefs b [beliefs], the maps P [channels, knowledge] and
    [channels, beliefs]; the result [...] is true where it responds.
    Parameters: both vectors and both maps, and the thresholds.
    Cost: channels × (knowledge + beliefs) multiply-adds.
    Training: none here; a cosine has to be trained to mean relevance.
    Caveats: the document compares one query vector with vectors of 1,024 and of 512 numbers, which fails; so there are
    maps here. That a model refuses what it disagrees with is a design to be careful with.
    Raises: VocabularyError for shapes that do not fit, thresholds outside −1…1.
    Source: none but the document; vocabulary line 5686.

    >>> query, eye = jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.eye(2)
    >>> should_respond(query, jnp.array([1.0, 0.0]), jnp.array([1.0, 1.0]), eye, eye).tolist()
    [True, False]
    """
    expect.axes(
        query=(query, "... channels"),
        knowledge=(knowledge, "knowledge"),
        beliefs=(beliefs, "beliefs"),
        to_knowledge=(to_knowledge, "channels knowledge"),
        to_beliefs=(to_beliefs, "channels beliefs"),
    )
    expect.within("relevant", relevant, -1.0, 1.0)
    expect.within("aligned", aligned, -1.0, 1.0)
    relevance = optax.losses.cosine_similarity(jnp.asarray(query) @ to_knowledge, jnp.asarray(knowledge))
    alignment = optax.losses.cosine_similarity(jnp.asarray(query) @ to_beliefs, jnp.asarray(beliefs))
    return (relevance > relevant) & (alignment > aligned)
