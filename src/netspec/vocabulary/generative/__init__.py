"""Generative models: what draws new examples like those it has seen, and how likely it finds them."""

from netspec.vocabulary.generative.adversarial import gradient_penalty, optimal_discriminator, style_layer
from netspec.vocabulary.generative.autoregressive import made_log_prob, masked_conv
from netspec.vocabulary.generative.diffusion import Diffusion, ddim_step, langevin_step, score_from_noise
from netspec.vocabulary.generative.flows import affine_coupling, flow_log_density, glow_step
from netspec.vocabulary.generative.latent import Quantized, vae_bound, vector_quantize

__all__ = [
    "Diffusion",
    "Quantized",
    "affine_coupling",
    "ddim_step",
    "flow_log_density",
    "glow_step",
    "gradient_penalty",
    "langevin_step",
    "made_log_prob",
    "masked_conv",
    "optimal_discriminator",
    "score_from_noise",
    "style_layer",
    "vae_bound",
    "vector_quantize",
]
