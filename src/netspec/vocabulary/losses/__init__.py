"""Losses: what training makes small, from scores and what was wanted."""

from netspec.vocabulary.losses.classification import bce, cross_entropy, focal_loss
from netspec.vocabulary.losses.generative import (
    adversarial_loss,
    kl_divergence,
    perceptual_loss,
    sinkhorn,
    wasserstein,
)
from netspec.vocabulary.losses.heads import fitted_temperature, masked_language_loss, nsp_head, temperature_scaling
from netspec.vocabulary.losses.metric import arcface, contrastive_loss, cosface, nt_xent, triplet_loss
from netspec.vocabulary.losses.regression import huber, mae, mse, smooth_l1
from netspec.vocabulary.losses.structured import ctc_loss, dice_loss, iou_loss, knowledge_distillation

__all__ = [
    "adversarial_loss",
    "arcface",
    "bce",
    "contrastive_loss",
    "cosface",
    "cross_entropy",
    "ctc_loss",
    "dice_loss",
    "fitted_temperature",
    "focal_loss",
    "huber",
    "iou_loss",
    "kl_divergence",
    "knowledge_distillation",
    "mae",
    "masked_language_loss",
    "mse",
    "nsp_head",
    "nt_xent",
    "perceptual_loss",
    "sinkhorn",
    "smooth_l1",
    "temperature_scaling",
    "triplet_loss",
    "wasserstein",
]
