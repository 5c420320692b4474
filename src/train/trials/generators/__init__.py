"""Generators of 8×8 digits in 17 levels: each is trained from its own weights, drawn from, and may give likelihoods."""

from train.trials.generators.adversarial import adversary
from train.trials.generators.base import Train
from train.trials.generators.denoising import diffusing, matching, scoring
from train.trials.generators.energy import energies
from train.trials.generators.flows import coupled, normal
from train.trials.generators.latent import quantized, variational
from train.trials.generators.sequential import made, pixelcnn, wavenet

#: How each variant is trained, by its name.
GENERATORS: dict[str, Train] = {
    "normal": normal,
    "vae": variational(1.0),
    "vae-4": variational(4.0),
    "vq-vae": quantized,
    "gan": adversary("gan"),
    "wgan": adversary("wgan"),
    "wgan-gp": adversary("wgan-gp"),
    "realnvp": coupled,
    "made": made,
    "pixelcnn": pixelcnn,
    "wavenet": wavenet,
    "energy": energies,
    "score": scoring,
    "ddpm": diffusing("ancestral"),
    "ddim": diffusing("ddim"),
    "flow-matching": matching,
}

__all__ = ["GENERATORS"]
