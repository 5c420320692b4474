import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import generative

FAMILY = "generative"


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


ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("refused", "call"),
    [
        ("log_variance: arrived with shape", lambda: generative.vae_bound(np.ones((1, 2)), ONE, np.ones((2, 4)))),
        ("mean: arrived empty", lambda: generative.vae_bound(np.ones((1, 2)), np.ones((2, 0)), np.ones((2, 0)))),
        ("beta: arrived -1", lambda: generative.vae_bound(np.ones((1, 2)), ONE, ONE, beta=-1.0)),
        ("codebook: arrived with shape", lambda: generative.vector_quantize(ONE, np.ones((5, 4)))),
        ("generated: arrived with shape", lambda: generative.optimal_discriminator(np.ones(2), np.ones(3))),
        ("data: arrived -0.5", lambda: generative.optimal_discriminator(np.array([-0.5]), np.ones(1))),
        (r"data \+ generated: arrived 0.0", lambda: generative.optimal_discriminator(np.zeros(1), np.zeros(1))),
        ("mix: arrived 2.0", lambda: generative.gradient_penalty(lambda x: x[:, 0], ONE, ONE, np.array([0.5, 2.0]))),
        ("with a batch of 3", lambda: generative.gradient_penalty(lambda x: x[:, 0], ONE, ONE, np.ones(3))),
        (
            "bias: arrived with shape",
            lambda: generative.style_layer(
                np.ones((1, 2, 2, 3)), np.ones((1, 4)), np.ones((4, 6)), np.ones(3), np.ones((1, 2, 2)), np.ones(3)
            ),
        ),
        ("betas: arrived 1.0", lambda: generative.Diffusion(np.array([0.5, 1.0]))),
        ("betas: arrived 0.0", lambda: generative.Diffusion(np.array([0.0, 0.5]))),
        ("steps: arrived 0", lambda: generative.Diffusion.linear(steps=0)),
        ("eta: arrived 2.0", lambda: generative.ddim_step(np.ones(2), np.ones(2), 0.3, 0.5, eta=2.0)),
        ("kept_before - kept: arrived", lambda: generative.ddim_step(np.ones(2), np.ones(2), 0.5, 0.3)),
        ("kept: arrived 1.0", lambda: generative.score_from_noise(np.ones(2), 1.0)),
        ("size: arrived 0", lambda: generative.langevin_step(np.ones(2), np.ones(2), np.ones(2), 0.0)),
        ("log_det: arrived with shape", lambda: generative.flow_log_density(ONE, [lambda x: (x, np.ones(3))])),
        ("expected a batch of two features", lambda: generative.affine_coupling(np.ones((2, 1)), lambda x: (x, x))),
        ("s: arrived with shape", lambda: generative.affine_coupling(np.ones((2, 3)), lambda x: (x, x))),
        (
            "absolute values of scale: arrived 0.0",
            lambda: generative.glow_step(np.ones((1, 1, 1, 2)), np.zeros(2), np.ones(2), np.eye(2), lambda x: (x, x)),
        ),
        (
            "bits: arrived 2.0",
            lambda: generative.made_log_prob(2 * ONE, np.ones((3, 4)), np.ones(4), np.ones((4, 3)), np.ones(3)),
        ),
        ("kind: arrived 'C'", lambda: generative.masked_conv(np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1)), "C")),
        ("side 2, expected an odd one", lambda: generative.masked_conv(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)))),
    ],
)
def test_bad_input_is_refused(refused, call):
    with pytest.raises(VocabularyError, match=refused):
        call()


def test_langevins_walk_has_the_variance_of_its_step():
    """Of a standard normal, steps of size d are x (1 - d/2) + sqrt(d) z, whose variance settles at 1 / (1 - d/4)."""
    size, walkers = 0.5, 4000
    keys = jax.random.split(jax.random.key(0), 20)
    x = jnp.zeros(walkers)
    for key in keys:
        x = generative.langevin_step(x, -x, jax.random.normal(key, x.shape), size)
    # the standard error of a variance is sqrt(2 / n) of it, here 0.026; five of these
    assert abs(float(x.var()) - 1 / (1 - size / 4)) < 0.13


def test_a_stack_of_masked_convolutions_has_a_blind_spot():
    """A pixel above and far to the right is never seen, however deep the stack, though it comes before."""
    x = jnp.zeros((1, 5, 7, 1)).at[0, 2, 4, 0].set(1.0)
    for _ in range(4):
        x = generative.masked_conv(x, jnp.ones((3, 3, 1, 1)))
    assert x[0, 3, 3, 0] > 0 and x[0, 3, 2, 0] == 0
