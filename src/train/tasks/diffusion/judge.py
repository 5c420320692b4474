"""How like the real pictures samples are, in the eyes of a small classifier of our own.

Fréchet distances depend on the number of pictures, so samples are compared with as many real ones, and the distance
beside that between two such sets of real ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from train.tasks.diffusion.pictures import nearest

#: Hidden units, which are the features, and pictures the classifier is trained on at most.
FEATURES, TRAINED = 64, 10_000
#: Random pairs of sets of real pictures that distances are averaged over, and how many pictures are in each.
HALVINGS, HALF = 20, 500
#: Share of held-out pictures that are nearer to a training picture than what counts as a copy.
COPY = 0.01

Labelled = tuple[np.ndarray, np.ndarray]


def judged(drawings: Mapping[str, np.ndarray], train: Labelled, val: Labelled) -> dict[str, dict[str, float]]:
    """Figures of each set of samples ``(N, H, W, 1)`` in [0, 1], beside real pictures and their labels.

    ``frechet`` is the mean distance from sets of real pictures, ``frechet_ratio`` that over the mean distance of two
    such sets, ``coverage`` the number of samples in the class that has fewest, ``copies`` the percentage of samples
    that are nearer to a training picture than one in a hundred held-out pictures is. Under ``real``: the distance of
    two sets, the deviation of single ones, and the accuracy of the classifier on held-out pictures in percent.
    """
    judge = _trained(*train)
    real = _features(judge, np.concatenate([train[0], val[0]]))
    generator = np.random.default_rng(0)
    size = min(HALF, len(real) // 2)
    halves = [np.split(generator.permutation(len(real))[: 2 * size], 2) for _ in range(HALVINGS)]
    between = [frechet(real[one], real[other]) for one, other in halves]
    limit = np.quantile(nearest(val[0], train[0])[1], COPY)
    accuracy = 100 * float((judge.predict(_flat(val[0])) == val[1]).mean())
    found = {"real": {"frechet": float(np.mean(between)), "deviation": float(np.std(between)), "accuracy": accuracy}}
    for name, pictures in drawings.items():
        seen = _features(judge, pictures)
        distance = float(np.mean([frechet(seen[:size], real[one]) for one, _ in halves]))
        counts = np.bincount(judge.predict(_flat(pictures)), minlength=len(judge.classes_))
        found[name] = {
            "frechet": distance,
            "frechet_ratio": distance / found["real"]["frechet"],
            "coverage": float(counts.min()),
            "copies": 100 * float((nearest(pictures, train[0])[1] < limit).mean()),
        }
    return found


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Fréchet distance of two normal distributions with the moments of features ``(N, d)``.

    Source: Dowson & Landau 1982; Heusel et al. 2017 (arXiv:1706.08500), eq. 6.
    """
    means, covariances = zip(*((x.mean(0), np.cov(x, rowvar=False)) for x in (one, other)), strict=True)
    common = linalg.eigvals(covariances[0] @ covariances[1]).real
    apart = np.square(means[0] - means[1]).sum()
    return float(apart + np.trace(covariances[0] + covariances[1]) - 2 * np.sqrt(np.maximum(common, 0)).sum())


def _trained(pictures: np.ndarray, labels: np.ndarray) -> MLPClassifier:
    """One layer of hidden units, the same for the same pictures."""
    judge = MLPClassifier((FEATURES,), alpha=1e-3, learning_rate_init=3e-3, max_iter=60, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is trained for so long and no longer
        return judge.fit(_flat(pictures[:TRAINED]), labels[:TRAINED])


def _flat(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1).astype(np.float64)


def _features(judge: MLPClassifier, pictures: np.ndarray) -> np.ndarray:
    """What the hidden units say of each picture."""
    return np.maximum(_flat(pictures) @ judge.coefs_[0] + judge.intercepts_[0], 0)
