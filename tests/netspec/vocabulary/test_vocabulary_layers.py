import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary.layers import adapters, capsules, dense, experts

FAMILY = "layers"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def ones(*shape):
    return np.ones(shape)


REFUSED = {
    "an empty batch": (lambda: dense.mlp(ones(0, 3), [(ones(3, 2), ones(2))]), "x: arrived empty"),
    "no layer": (lambda: dense.mlp(ones(2, 3), []), "layers: arrived none"),
    "a kernel for other inputs": (lambda: dense.mlp(ones(2, 3), [(ones(4, 2), ones(2))]), "kernel: arrived with shape"),
    "the mask that the document draws": (
        lambda: dense.sparse_linear(ones(4, 512), ones(512, 256), ones(256, 512), ones(256)),
        r"mask: arrived with shape \(256, 512\), expected \(in 512, out 256\)",
    ),
    "a mask of halves": (
        lambda: dense.sparse_linear(ones(1, 2), ones(2, 2), ones(2, 2) / 2, ones(2)),
        "mask: arrived with other numbers",
    ),
    "an even kernel": (
        lambda: dense.dendrite_branches(ones(1, 4, 2), [ones(2, 2, 2)], [1], ones(1), ones(2)),
        "kernel: arrived with size 2",
    ),
    "a branch without dilation": (
        lambda: dense.dendrite_branches(ones(1, 4, 2), [ones(3, 2, 2)], [], ones(1), ones(2)),
        "dilations: arrived 0",
    ),
    "a block that widens": (
        lambda: dense.shared_layers(lambda w, x: np.concatenate([x, x]), ones(1), ones(3), 2),
        "block: arrived with shape",
    ),
    "no depth": (lambda: dense.shared_layers(lambda w, x: x, ones(1), ones(3), 0), "depth: arrived 0"),
    "a negative ridge": (
        lambda: dense.extreme_learning_machine(ones(2, 1), ones(2, 1), ones(1, 1), ones(1), -1.0),
        "ridge: arrived -1.0",
    ),
    "more experts than there are": (
        lambda: experts.mixture_of_experts(ones(2, 3), ones(3, 2), ones(2, 3, 4), ones(2, 4, 3), k=3),
        "k: arrived 3, expected at most the number of experts, 2",
    ),
    "an expert that is not there": (lambda: experts.expert_capacity(np.array([[2]]), 2), "choices: arrived 2"),
    "gates that are scores": (
        lambda: experts.load_balancing_loss(3 * ones(2, 2), np.zeros((2, 1), int)),
        "gates: arrived 3.0",
    ),
    "more tokens than there are": (
        lambda: experts.expert_choice(ones(2, 3), ones(3, 2), ones(2, 3, 4), ones(2, 4, 3), capacity=3),
        "capacity: arrived 3, expected at most the number of tokens, 2",
    ),
    "no alpha": (lambda: adapters.lora(ones(1, 2), ones(2, 2), ones(2, 1), ones(1, 2), 0.0), "alpha: arrived 0.0"),
    "a prompt of another width": (lambda: adapters.prompt_tuning(ones(1, 2, 3), ones(4, 2)), "prompt: arrived with"),
    "no round": (lambda: capsules.capsule_routing(ones(1, 2, 2, 3), 0), "iterations: arrived 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(VocabularyError, match=message):
        call()


def test_the_examples_of_the_document_have_its_counts():
    bilinear = 128 * 128 * 64 + 64
    adapter = 768 * 64 + 64 + 64 * 768 + 768
    assert (f"{bilinear:,}" in dense.bilinear.__doc__) and (f"{adapter:,}" in adapters.adapter.__doc__)


def test_a_mixture_takes_batches_of_sequences():
    rng = np.random.default_rng(0)
    x, gate = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5))
    first, second = rng.normal(size=(5, 4, 6)), rng.normal(size=(5, 6, 4))
    flat = experts.mixture_of_experts(x.reshape(6, 4), gate, first, second)
    np.testing.assert_allclose(experts.mixture_of_experts(x, gate, first, second), flat.reshape(2, 3, 4), rtol=1e-5)


@pytest.mark.exhaustive
def test_capsules_without_votes_have_a_gradient():
    import jax

    gradient = jax.grad(lambda votes: capsules.capsule_routing(votes).sum())(np.zeros((2, 3, 4)))
    assert np.all(np.isfinite(gradient))
