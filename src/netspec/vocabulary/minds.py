"""Models of other minds: what others saw, believe, want and do, what is known together, and when to say nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import flax.nnx as nnx
import jax
import jax.numpy as jnp
import optax

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def believed_place(places: jax.Array, seen: jax.Array) -> jax.Array:
    """Predict where another will look for a thing: not where it is, but where they last saw it.

    Formula: b_T = place_t at the last t ≤ T that the other saw
    Shapes: places [..., times] of whole numbers, seen [..., times], whether the other saw that moment; the result [...]
    is −1 where they saw nothing.
    Parameters: none.
    Cost: one pass over the times.
    Training: none; a network (ToMnet) learns from the behaviour of many agents to predict the same.
    Caveats: this is the false-belief task alone, and says nothing of desires or of what others believe of others.
    Raises: VocabularyError for shapes that differ, or places below 0.
    Source: Baron-Cohen, Leslie and Frith 1985 (Sally and Anne); Rabinowitz et al. 2018 [arXiv:1802.07740];
    vocabulary line 4857.

    >>> basket, box = 0, 1
    >>> places = jnp.array([basket, basket, box])
    >>> sally, anne = jnp.array([True, False, False]), jnp.array([True, True, True])
    >>> int(believed_place(places, sally)), int(believed_place(places, anne))
    (0, 1)
    """
    expect.axes(places=(places, "... times"), seen=(seen, "... times"))
    expect.not_negative("places", places)
    times = jnp.arange(jnp.shape(places)[-1])
    last = jnp.where(jnp.asarray(seen), times, -1).max(axis=-1)
    found = jnp.take_along_axis(jnp.asarray(places), jnp.maximum(last, 0)[..., None], axis=-1)[..., 0]
    return jnp.where(last >= 0, found, -1)


def mental_state(update: Callable[[Any, jax.Array], Any], state: Any, observations: jax.Array, seen: jax.Array) -> Any:
    """Keep track of what one agent believes, wants or knows, from those observations only that this agent made.

    One recurrence each for beliefs, goals and knowledge, of any kind; run with ``seen`` of each agent.

    Formula: s_t = f(s_{t−1}, o_t) if the agent saw o_t, else s_{t−1}
    Shapes: observations [times, ...], seen [times]; ``update`` makes of a state and an observation the next state, a
    tree of the same shapes, which is the result.
    Parameters: those of ``update``; three torch LSTMs of 512 units have 6,303,744.
    Cost: one ``update`` a time.
    Training: gradients flow through the updates that were made.
    Caveats: the document's listing takes the agent's number and does not use it, so all agents have one mind.
    Raises: VocabularyError for shapes that do not fit.
    Source: Rabinowitz et al. 2018 [arXiv:1802.07740], sec. 2; vocabulary line 5390.

    >>> places, seen = jnp.array([3.0, 5.0, 9.0]), jnp.array([True, True, False])
    >>> float(mental_state(lambda belief, place: place, jnp.array(0.0), places, seen))
    5.0
    """
    expect.axes({"times": len(observations)}, seen=(seen, "times"))

    def one(state: Any, moment: tuple[jax.Array, jax.Array]) -> tuple[Any, None]:
        observation, saw = moment
        new = update(state, observation)
        return jax.tree.map(lambda after, before: jnp.where(saw, after, before), new, state), None

    return jax.lax.scan(one, state, (jnp.asarray(observations), jnp.asarray(seen)))[0]


def perspective(own: jax.Array, other: jax.Array, visible: jax.Array, *, heads: int = 1) -> jax.Array:
    """Answer from another's point of view: one's own tokens ask, and only what the other can see may answer.

    Formula: y = softmax(Q(own) K(other)ᵀ / √d, over what is visible) V(other)
    Shapes: own [batch, tokens, channels], other [batch, others, channels], visible [batch, others]; as own.
    Parameters: none here; the two views are encoded by whoever calls.
    Cost: 2 tokens × others × channels multiply-adds.
    Training: as in evaluation.
    Caveats: where the other sees nothing the result is zero. The document's listing gives both views the same
    observations and does not use whose they are, so there is one perspective.
    Raises: VocabularyError for shapes that do not fit, heads that do not divide the channels.
    Source: Vaswani et al. 2017 [arXiv:1706.03762] for the attention; vocabulary line 5415.

    >>> own, other = jnp.zeros((1, 1, 2)), jnp.array([[[1.0, 1.0], [5.0, 5.0]]])
    >>> perspective(own, other, jnp.array([[True, False]])).tolist()
    [[[1.0, 1.0]]]
    """
    sizes = expect.axes(
        own=(own, "batch tokens channels"), other=(other, "batch others channels"), visible=(visible, "batch others")
    )
    expect.divides("heads", heads, "channels", sizes["channels"])
    query, key = (x.reshape(*x.shape[:2], heads, -1) for x in (jnp.asarray(own), jnp.asarray(other)))
    scores = jnp.einsum("bqhc,bkhc->bhqk", query, key) / jnp.sqrt(query.shape[-1])
    mask = jnp.asarray(visible)[:, None, None]
    weights = jax.nn.softmax(scores, axis=-1, where=mask)
    return jnp.einsum("bhqk,bkhc->bqhc", weights, key).reshape(own.shape)


def intent_logits(actions: jax.Array, lengths: jax.Array, cell: nnx.GRUCell, readout: jax.Array) -> jax.Array:
    """Infer from the actions that were seen so far what somebody is up to.

    A recurrent network reads the actions, and its state after the last one is classified.

    Formula: h_t = GRU(h_{t−1}, a_t); logits = h_T W
    Shapes: actions [batch, times, inputs], lengths [batch], at least 1, readout W [units, intents]; [batch, intents].
    Parameters: those of the cell, 3 (inputs + units + 1) units and units more for the state's, and the readout's.
    Cost: 3 (inputs + units) units multiply-adds a time.
    Training: cross-entropy on sequences with known intents, of all lengths, so that a beginning is judged too.
    Caveats: what stands after a sequence's length does not count. The first axis is the batch; the document's
    listing takes the last of the first axis, which is the last time only if times come first, as in torch.
    Raises: VocabularyError for shapes that do not fit, or lengths outside of 1 to times.
    Source: Cho et al. 2014 [arXiv:1406.1078] for the cell; vocabulary line 5436.

    >>> cell = nnx.GRUCell(2, 3, rngs=nnx.Rngs(0))
    >>> actions = jnp.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [9.0, 9.0]]])
    >>> logits = intent_logits(actions, jnp.array([1, 1]), cell, jnp.eye(3))
    >>> bool((logits[0] == logits[1]).all())
    True
    """
    sizes = expect.axes(
        actions=(actions, "batch times inputs"), lengths=(lengths, "batch"), readout=(readout, "units intents")
    )
    expect.within("lengths", lengths, 1, sizes["times"])

    def one(state: jax.Array, moment: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        action, time = moment
        return jnp.where((time < jnp.asarray(lengths))[:, None], cell(state, action)[0], state), None

    start = jnp.zeros((sizes["batch"], sizes["units"]), jnp.asarray(actions).dtype)
    times = (jnp.swapaxes(actions, 0, 1), jnp.arange(sizes["times"]))
    return jax.lax.scan(one, start, times)[0] @ readout


@dataclass(frozen=True)
class Plan:
    """A way to bring ``goal`` about: ``steps`` to take where all of ``context`` is believed."""

    goal: str
    context: frozenset[str]
    steps: tuple[str, ...]


class Mind(NamedTuple):
    """An agent: what it believes, what it wants in order of importance, and the plan it is committed to, if any."""

    beliefs: frozenset[str]
    desires: tuple[str, ...]
    intention: Plan | None = None


def deliberate(mind: Mind, percepts: frozenset[str], gone: frozenset[str], plans: Sequence[Plan]) -> Mind:
    """Decide what to do and stay with it: revise beliefs, keep the intention while it makes sense, else choose one.

    An intention is kept until its goal is believed achieved, no longer wanted, or its context no longer believed. Then
    the most important desire that is not believed achieved and has a plan which can be followed becomes the next.

    Formula: B' = (B ∖ gone) ∪ percepts; I' = I while I.goal ∈ D ∖ B' and I.context ⊆ B', else the first such plan
    Shapes: beliefs, percepts and goals are words.
    Parameters: the library of plans.
    Cost: desires × plans comparisons.
    Training: none.
    Caveats: plans are looked up, none is made; beliefs are certain. The document's listing has no bases and no planner.
    Raises: VocabularyError where something is perceived and gone at once.
    Source: Rao and Georgeff 1995; Bratman 1987; vocabulary line 5455.

    >>> plans = [Plan("tea", frozenset({"water"}), ("boil", "pour")), Plan("water", frozenset(), ("fetch",))]
    >>> mind = deliberate(Mind(frozenset(), ("tea", "water")), frozenset(), frozenset(), plans)
    >>> mind.intention.steps
    ('fetch',)
    >>> deliberate(mind, frozenset({"water"}), frozenset(), plans).intention.steps
    ('boil', 'pour')
    """
    if both := percepts & gone:
        raise VocabularyError(f"percepts: arrived {', '.join(sorted(both))}, expected nothing that is gone as well")
    beliefs = (mind.beliefs - gone) | percepts

    def sensible(plan: Plan | None) -> bool:
        return plan is not None and plan.goal in mind.desires and plan.goal not in beliefs and plan.context <= beliefs

    if sensible(mind.intention):
        return mind._replace(beliefs=beliefs)
    options = (plan for goal in mind.desires for plan in plans if plan.goal == goal and sensible(plan))
    return Mind(beliefs, mind.desires, next(options, None))


def cloning_loss(predicted: jax.Array, expert: jax.Array) -> jax.Array:
    """Learn to act by imitation: make the policy's action in each of an expert's situations the expert's own.

    Formula: L = mean (π(o) − a)²
    Shapes: predicted π(o) and expert a [batch, actions]; the result is a number.
    Parameters: none; the policy is the caller's.
    Cost: one square an action.
    Training: used there only.
    Caveats: the policy sees the expert's situations only. Its small errors lead to others, where it was never taught,
    and they add up with the length of an episode. For choices between actions take the cross-entropy.
    Raises: VocabularyError for shapes that differ.
    Source: Pomerleau 1989; Ross and Bagnell 2010 for the errors; vocabulary line 5483.

    >>> float(cloning_loss(jnp.array([[1.0, 2.0]]), jnp.array([[1.0, 4.0]])))
    2.0
    """
    expect.axes(predicted=(predicted, "batch actions"), expert=(expert, "batch actions"))
    return optax.losses.squared_error(jnp.asarray(predicted), jnp.asarray(expert)).mean()


def gail_reward(logits: jax.Array) -> jax.Array:
    """Reward a policy for what a discriminator takes for the expert's: imitation without a reward of one's own.

    Formula: r = −log(1 − D(s, a)) with D = σ(logit), the probability that (s, a) is the expert's
    Shapes: any; the result has the same and is positive.
    Parameters: none; the discriminator is the caller's.
    Cost: one exponential and one logarithm.
    Training: the discriminator learns by cross-entropy, expert against policy, in turns with the policy.
    Caveats: in the paper D is the probability of the policy and its cost log D, so signs must fit. This reward is
    positive everywhere, which favours long episodes; log D favours short ones.
    Source: Ho and Ermon 2016 [arXiv:1606.03476], sec. 5; vocabulary line 5506.

    >>> [round(float(gail_reward(jnp.array(logit))), 4) for logit in (-100.0, 0.0, 100.0)]
    [0.0, 0.6931, 100.0]
    """
    expect.axes(logits=(logits, "..."))
    return jax.nn.softplus(logits)


def answer_or_defer(
    confidence: jax.Array, uncertainty: jax.Array, *, least: float = 0.8, most: float = 0.2
) -> jax.Array:
    """Say whether to answer or to leave it to somebody else, for each example by itself.

    Formula: answer where confidence > 0.8 and uncertainty < 0.2
    Shapes: two arrays of one shape, from 0 to 1; the result has that shape, true where it answers.
    Parameters: the two thresholds.
    Cost: two comparisons an example.
    Training: none here; both estimates need targets of their own (whether the answer was right) and calibration.
    Caveats: what the thresholds are worth is read from risk against coverage
    (:func:`~netspec.vocabulary.safety.risk_coverage`). The document's listing decides for a whole batch and fails.
    Raises: VocabularyError for shapes that differ, or numbers outside 0…1.
    Source: Chow 1970 for the optimal threshold; vocabulary line 5508.

    >>> answer_or_defer(jnp.array([0.9, 0.9, 0.5]), jnp.array([0.1, 0.3, 0.1])).tolist()
    [True, False, False]
    """
    expect.axes(confidence=(confidence, "... examples"), uncertainty=(uncertainty, "... examples"))
    if jnp.shape(confidence) != jnp.shape(uncertainty):
        raise VocabularyError(f"uncertainty: arrived {jnp.shape(uncertainty)}, expected {jnp.shape(confidence)}")
    for name, value in (("confidence", confidence), ("uncertainty", uncertainty), ("least", least), ("most", most)):
        expect.probability(name, value)
    return (jnp.asarray(confidence) > least) & (jnp.asarray(uncertainty) < most)


def explain(shared: jax.Array, message: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Explain a concept when it comes up first, and not again: what both have heard is common ground.

    Formula: explain m_i iff m_i ∉ G ∪ {m_1 … m_{i−1}}; G' = G ∪ {m_1 … m_n}
    Shapes: shared G [concepts], whether each is common ground; message [n] of numbers of concepts; the results are
    whether each of the message needs explaining, [n], and the new ground, [concepts].
    Parameters: none.
    Cost: one pass over the message.
    Training: none.
    Caveats: to be heard counts as to be understood, which is the optimistic half of grounding. The document keeps
    numbers in place of a set, and asks of a number whether it is among them.
    Raises: VocabularyError for concepts that are not there.
    Source: Clark and Brennan 1991; vocabulary line 5531.

    >>> needed, shared = explain(jnp.array([True, False, False]), jnp.array([0, 2, 2]))
    >>> needed.tolist(), shared.tolist()
    ([False, True, False], [True, False, True])
    """
    sizes = expect.axes(shared=(shared, "concepts"), message=(message, "n"))
    expect.within("message", message, 0, sizes["concepts"] - 1)

    def one(ground: jax.Array, concept: jax.Array) -> tuple[jax.Array, jax.Array]:
        return ground.at[concept].set(True), ~ground[concept]

    ground, needed = jax.lax.scan(one, jnp.asarray(shared, bool), jnp.asarray(message))
    return needed, ground
