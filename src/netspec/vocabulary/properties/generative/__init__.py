"""What must hold of the generative models."""

from netspec.vocabulary.properties.generative import adversarial, autoregressive, diffusion, flows, latent

TERMS = (
    latent.VAE,
    *adversarial.TERMS,
    *diffusion.TERMS,
    *flows.TERMS,
    latent.VQ_VAE,
    *autoregressive.TERMS,
)
