import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import meta

FAMILY = "meta"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_trees_are_adapted_and_consolidated_leaf_by_leaf():
    start = {"kernel": np.ones((2, 1)), "bias": np.zeros(1)}

    def loss(parameters, examples):
        return jnp.sum(jnp.square(examples @ parameters["kernel"] + parameters["bias"]))

    gradient = meta.maml_gradient(loss, start, np.ones((3, 2)), np.ones((1, 2)), rate=0.0)
    assert gradient["kernel"].ravel().tolist() == [4, 4] and gradient["bias"].tolist() == [4]
    springs = meta.elastic_weight_consolidation(start, {"kernel": np.zeros((2, 1)), "bias": np.ones(1)}, start, 2.0)
    assert springs.item() == 2  # a half of two times the two weights of the kernel; the bias does not matter


ONE, TWO = np.ones((1, 2)), np.ones((2, 2))

REFUSED = {
    "columns that fill no tensor": (
        lambda: meta.hypernetwork(np.ones(2), TWO, TWO, [(3,)]),
        "second: arrived with 2 columns, expected the entries of shapes, 3",
    ),
    "a step up": (lambda: meta.maml_gradient(lambda p, e: p, 0.0, 0.0, 0.0, rate=-1.0), "rate: arrived -1.0"),
    "no step": (lambda: meta.maml_gradient(lambda p, e: p, 0.0, 0.0, 0.0, steps=0), "steps: arrived 0"),
    "a class without examples": (
        lambda: meta.prototypical(ONE, TWO, np.array([0, 2]), 3),
        "labels: arrived without class 1",
    ),
    "a class that is not there": (lambda: meta.prototypical(ONE, TWO, np.array([0, 3]), 3), "labels: arrived 3"),
    "no episode": (lambda: meta.prototypical(ONE[:0], TWO, np.array([0, 1]), 2), "query: arrived empty"),
    "no temperature": (lambda: meta.matching_network(ONE, TWO, np.eye(2), 0.0), "temperature: arrived 0.0"),
    "labels that are numbers": (lambda: meta.matching_network(ONE, TWO, 3 * np.eye(2)), "labels: arrived 3.0"),
    "a logit too few": (
        lambda: meta.mixed_operation(ONE, np.zeros(1), [jnp.negative, jnp.abs]),
        r"logits: arrived with shape \(1,\)",
    ),
    "operations of other shapes": (
        lambda: meta.mixed_operation(ONE, np.zeros(2), [jnp.negative, jnp.sum]),
        r"operations: arrived giving \[\(1, 2\), \(\)\]",
    ),
    "nothing to search": (lambda: meta.mixed_operation(ONE, np.zeros(1), []), "operations: arrived none"),
    "a head too few": (
        lambda: meta.early_exit(ONE, [jnp.abs, jnp.abs], [jnp.abs], 0.5),
        "heads: arrived 1, expected one for each of 2 blocks",
    ),
    "a negative threshold": (lambda: meta.early_exit(ONE, [jnp.abs], [jnp.abs], -0.5), "threshold: arrived -0.5"),
    "a negative importance": (
        lambda: meta.elastic_weight_consolidation(ONE, ONE, -ONE),
        "fisher: arrived -1.0",
    ),
    "another network": (
        lambda: meta.elastic_weight_consolidation({"a": ONE}, {"b": ONE}, {"a": ONE}),
        "anchor, fisher: arrived as",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(VocabularyError, match=message):
        call()
