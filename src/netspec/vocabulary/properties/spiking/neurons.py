"""What must hold of neurons that fire."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.spiking import neurons
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

STEPS = 160
CELL = {"dt": 0.5, "tau": 8.0, "resistance": 2.0, "threshold": 1.2, "rest": 0.2, "reset": -0.1}


def _period(target: np.ndarray) -> np.ndarray:
    """Steps from reset to threshold, not rounded, towards a voltage above the threshold."""
    time = CELL["tau"] * np.log((target - CELL["reset"]) / (target - CELL["threshold"]))
    return np.asarray(time / CELL["dt"])


def _analytic(lif: Implementation, case: Case) -> float:
    """Every interval between two spikes, of currents whose period is not near a whole number of steps."""
    currents = case.uniform(200, low=0.7, high=2.5)
    steps = _period(CELL["rest"] + CELL["resistance"] * currents)
    kept = np.flatnonzero(np.abs(steps - np.round(steps)) > 0.05)[:4]
    spikes = np.asarray(lif(np.tile(currents[kept], (STEPS, 1)), **CELL)[0])
    intervals = [np.diff(np.flatnonzero(train)) for train in spikes.T]
    expected = np.ceil(steps[kept])
    return wrong([len(each) > 0 and np.all(each == one) for each, one in zip(intervals, expected, strict=True)])


def _filtered(lif: Implementation, case: Case) -> float:
    """Currents too weak to fire: a sum of what came, fading exponentially."""
    current = case.uniform(STEPS, 4, low=-1.0, high=0.45)
    spikes, voltages = lif(current, **CELL)
    keep = np.exp(-CELL["dt"] / CELL["tau"])
    lag = np.arange(STEPS)[:, None] - np.arange(STEPS)
    fading = np.where(lag >= 0, (1 - keep) * keep ** np.maximum(lag, 0), 0)
    expected = CELL["rest"] + fading @ (CELL["resistance"] * current)
    return max(apart(voltages, expected), float(np.abs(np.asarray(spikes)).max()))


def _fire(current: np.ndarray, kind: str = "right", **cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Step by step in numpy; ``kind`` names what is wrong."""
    v, spikes, voltages = np.full(current.shape[1:], cell["rest"]), [], []
    share = cell["dt"] / cell["tau"]
    for i in current:
        target = cell["rest"] + (1 if kind == "no resistance" else cell["resistance"]) * i
        v = v + (share if kind == "Euler" else 1 - np.exp(-share)) * (target - v)
        spike = v >= cell["threshold"]
        spikes.append(spike)
        voltages.append(v)
        v = np.where(spike, {"no reset": v, "to rest": cell["rest"]}.get(kind, cell["reset"]), v)
    return np.array(spikes, float), np.array(voltages)


def _firing(kind: str) -> Implementation:
    return lambda current, **cell: _fire(current, kind, **cell)


LEAKY = Term(
    "lif",
    neurons.lif,
    (
        Property(
            "A constant current fires every ⌈T / dt⌉ steps, T = τ ln((V∞ − V_reset) / (V∞ − V_th)).",
            _analytic,
            0.0,
            (
                Mistake("no resistance", _firing("no resistance"), line=4155),
                Mistake("no reset", _firing("no reset")),
                Mistake("back to rest in place of the reset", _firing("to rest")),
                Mistake("a step of Euler", _firing("Euler")),
            ),
        ),
        Property(
            "Currents too weak to fire are added up with exponentially fading weights.",
            _filtered,
            1e-12,
            (
                Mistake("no resistance", _firing("no resistance")),
                Mistake("a step of Euler", _firing("Euler")),
            ),
        ),
    ),
)

ADAPTATION = {"tau_adaptation": 30.0}


def _not_adaptive(alif: Implementation, case: Case) -> float:
    current = case.uniform(STEPS, 4, low=0.0, high=2.0)
    spikes, voltages, thresholds = alif(current, strength=0.0, **ADAPTATION, **CELL)
    expected = neurons.lif(current, **CELL)
    worst = max(apart(spikes, expected[0]), apart(voltages, expected[1]))
    return max(worst, apart(thresholds, np.full((STEPS, 4), CELL["threshold"])))


def _raised(alif: Implementation, case: Case) -> float:
    """The threshold from all spikes before, each of which fades."""
    current = case.uniform(STEPS, 4, low=0.5, high=2.5)
    spikes, voltages, thresholds = (np.asarray(each) for each in alif(current, strength=2.0, **ADAPTATION, **CELL))
    decay = np.exp(-CELL["dt"] / ADAPTATION["tau_adaptation"])
    lag = np.arange(STEPS)[:, None] - np.arange(STEPS)
    fading = np.where(lag > 0, (1 - decay) * decay ** np.maximum(lag - 1, 0), 0)
    expected = CELL["threshold"] + 2.0 * fading @ spikes
    return max(apart(thresholds, expected), wrong((voltages >= thresholds) == (spikes > 0)))


def _tires(alif: Implementation, case: Case) -> float:
    """Intervals between spikes of a constant current. What is rounded up to whole steps may be one shorter again."""
    currents = np.tile(case.uniform(4, low=2.0, high=3.0), (STEPS, 1))
    spikes = np.asarray(alif(currents, strength=4.0, **ADAPTATION, **CELL)[0])
    intervals = [np.diff(np.flatnonzero(train)) for train in spikes.T]
    return wrong([len(each) > 2 and each[-1] > each[0] and np.all(np.diff(each) >= -1) for each in intervals])


def _adapting(kind: str) -> Implementation:
    """Step by step in numpy."""

    def run(current: Any, strength: float, tau_adaptation: float, **cell: float) -> tuple[np.ndarray, ...]:
        v, a, out = np.full(current.shape[1:], cell["rest"]), np.zeros(current.shape[1:]), []
        keep, decay = np.exp(-cell["dt"] / cell["tau"]), np.exp(-cell["dt"] / tau_adaptation)
        for i in current:
            target = cell["rest"] + cell["resistance"] * i
            v = target + (v - target) * keep
            height = cell["threshold"] + (-0.1 if kind == "sinks" else 1) * strength * a
            spike = v >= height
            out.append((spike, v, height))
            v = np.where(spike, v - height if kind == "subtracted" else cell["reset"], v)
            a = (a if kind == "stays" else decay * a) + (1 - decay) * spike
        return tuple(np.array(each, float) for each in zip(*out, strict=True))

    return run


ADAPTIVE = Term(
    "alif",
    neurons.alif,
    (
        Property(
            "Without adaptation it is the leaky neuron.",
            _not_adaptive,
            1e-13,
            (Mistake("the threshold taken off in place of the reset", _adapting("subtracted")),),
        ),
        Property(
            "Its threshold is raised by every spike before, and each fades exponentially.",
            _raised,
            1e-12,
            (
                Mistake("an adaptation that stays", _adapting("stays")),
                Mistake("a threshold that sinks", _adapting("sinks")),
            ),
        ),
        Property(
            "The intervals between spikes of a constant current get longer.",
            _tires,
            0.0,
            (Mistake("a threshold that sinks", _adapting("sinks")),),
        ),
    ),
)

REGULAR: dict[str, float] = {}
FAST, CHATTERING = {"a": 0.1, "d": 2.0}, {"c": -50.0, "d": 2.0}
LENGTH = 1200


def _euler(
    current: Any, *, a: float = 0.02, b: float = 0.2, c: float = -65.0, d: float = 8.0, dt: float = 0.5, kind: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Step by step in numpy."""
    v, u, spikes, shown = np.full(current.shape[1:], -65.0), np.full(current.shape[1:], -65.0 * b), [], []
    with np.errstate(all="ignore"):
        for i in current:
            v, u = v + dt * (0.04 * v**2 + 5 * v + 140 - u + i), u + dt * a * (b * v - u)
            spike = v >= 30
            spikes.append(spike)
            shown.append(np.minimum(v, 30))
            if kind != "no reset":
                v = np.where(spike, c, v)
                u = u if kind == "u stays" else u + d * spike
    return np.array(spikes, float), np.array(shown)


def _as_euler(neuron: Implementation, case: Case) -> float:
    current = case.uniform(LENGTH // 4, 3, low=0.0, high=12.0)
    found, expected = neuron(current), _euler(current)
    return max(apart(found[0], expected[0]), apart(found[1], expected[1]))


def _rests(neuron: Implementation, case: Case) -> float:
    """Where both slopes vanish without current: 0.04 v² + 5 v + 140 = b v, at −70."""
    _, v = neuron(np.zeros((LENGTH, 3)))
    return apart(np.asarray(v)[-1], np.full(3, -70.0))


def _kinds(neuron: Implementation, case: Case) -> float:
    """Regular spiking slows down; fast spiking fires more and does not; chattering comes in bursts."""
    current = np.full((LENGTH, 3), 10.0 + case.uniform())
    regular, fast, bursts = (
        np.diff(np.flatnonzero(np.asarray(neuron(current, **kind)[0])[:, 0])) for kind in (REGULAR, FAST, CHATTERING)
    )
    if min(map(len, (regular, fast, bursts))) < 4:
        return 1.0
    slows = regular[-1] > 1.2 * regular[0] and fast[-1] <= 1.2 * fast[-2] and len(fast) > 1.5 * len(regular)
    return wrong(slows and bursts.max() > 4 * bursts.min())


def _spiking(kind: str) -> Implementation:
    return lambda current, **values: _euler(current, **values, kind=kind)


def _no_recovery(current: Any, **values: float) -> Any:
    return _euler(current, a=0.0, b=values.get("b", 0.2))


IZHIKEVICH = Term(
    "izhikevich",
    neurons.izhikevich,
    (
        Property(
            "It is Euler's method for both equations, with the reset after a spike.",
            _as_euler,
            1e-9,
            (
                Mistake("no reset", _spiking("no reset"), line=4174),
                Mistake("u stays at a spike", _spiking("u stays")),
            ),
        ),
        Property(
            "Without current it comes to rest at −70 mV, where both slopes vanish.",
            _rests,
            1e-4,
            (Mistake("no recovery", _no_recovery),),
        ),
        Property(
            "Regular spiking slows down, fast spiking does not and fires more, chattering comes in bursts.",
            _kinds,
            0.0,
            (Mistake("no reset", _spiking("no reset")), Mistake("u stays at a spike", _spiking("u stays"))),
        ),
    ),
)
