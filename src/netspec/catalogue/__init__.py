"""The catalogue: every architecture under a name that forgives case, spaces and punctuation."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Any

from netspec import exact
from netspec.catalogue import (
    alexnet,
    alphago,
    alphazero,
    bert,
    bert_family,
    blocks,
    capsnet,
    clip,
    convnext,
    cyclegan,
    dcgan,
    ddpm,
    deeplab,
    densenet,
    detr,
    efficientnet,
    evoformer,
    gpt,
    gpt3,
    highway,
    hopfield,
    inception,
    lenet,
    llama,
    llava,
    mamba,
    mask_rcnn,
    mobilenet,
    mobilevit,
    muzero,
    nerf,
    neural_ode,
    nystromformer,
    pix2pix,
    qanet,
    resnet,
    resnext,
    sam,
    segformer,
    senet,
    shufflenet,
    shufflenet_v2,
    squeezenet,
    stable_diffusion,
    swin,
    t5,
    unet,
    vae,
    vgg,
    vit,
    wavenet,
    whisper,
    wide_resnet,
    xception,
    yolo,
)
from netspec.catalogue.written import written
from netspec.errors import UnknownSpecError
from netspec.spec import NetSpec

#: In the order of the later edition; then families that only Part 1 trains, and those of the vocabulary.
FAMILIES = (
    *(lenet, alexnet, vgg, highway, resnet, wide_resnet, squeezenet, inception, xception, densenet),
    *(shufflenet, shufflenet_v2, mobilevit, swin, convnext),
    *(yolo, mask_rcnn, detr),
    *(unet, deeplab, segformer, sam),
    *(vae, dcgan, pix2pix, cyclegan),
    *(alphago, alphazero, muzero),
    *(mamba, bert, gpt, qanet, nystromformer),
    *(ddpm, stable_diffusion),
    *(wavenet, whisper, nerf, clip, llava, evoformer),
    *(mobilenet, efficientnet, vit),
    *(blocks,),
    *(t5, llama, gpt3, bert_family, resnext, senet),
    *(neural_ode, hopfield, capsnet),
)


def specs() -> tuple[NetSpec, ...]:
    """All specs, in catalogue order: variants, other forms, whole systems, the trainers' own, the vocabulary's."""
    return tuple(spec for family in FAMILIES for spec in family.SPECS)


def variants() -> tuple[NetSpec, ...]:
    """The 208 variants of the chapters, without alternative forms and whole systems."""
    return tuple(spec for spec in specs() if spec.provenance.role == "variant")


def alternatives(spec: NetSpec) -> tuple[NetSpec, ...]:
    """Other forms of ``spec`` that the chapters or the companion repository give."""
    return tuple(other for other in specs() if other.provenance.alternative_of == spec.name)


def names() -> tuple[str, ...]:
    """Names of all specs, in catalogue order."""
    return tuple(spec.name for spec in specs())


def find(name: str) -> NetSpec:
    """The spec called ``name``; ``vit-tiny``, ``ViT-Tiny`` and ``vit tiny`` are the same name.

    What a name says in parentheses may be left out where that leaves one spec, or one variant, to mean; so may its
    end where only one spec begins like that. A name in the spelling of a library that has the network
    (``resnext50_32x4d``) is that one, see :mod:`netspec.exact`; ``ResNeXt50_32x4d`` is it as well, as no spec here is
    called so. ``ConvBlocks(norm="group")`` is a member of a family, see :mod:`netspec.catalogue.written`. Raises
    :class:`UnknownSpecError`, which suggests the nearest names.
    """
    if published := exact.known(name):
        return published.spec()
    if member := written(name):
        return member
    known = _by_key()
    key = _key(name)
    if key in known:
        return known[key]
    family = dict.fromkeys(spec.name for k, spec in known.items() if key and k.startswith(key))
    if len(family) == 1:
        return next(known[k] for k in known if k.startswith(key))
    if published := exact.known(name.lower()):
        return published.spec()
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5) or [k for k in known if key and key in k][:3]
    near_names = list(family)[:5] or dict.fromkeys(known[k].name for k in near)
    hint = f"did you mean {' or '.join(near_names)}?" if near_names else "`netspec list` prints all names"
    raise UnknownSpecError(f"unknown architecture {name!r}; {hint}")


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().replace("×", "x"))
    return re.sub(r"[^a-z0-9]+", "", plain)


@cache
def _by_key() -> dict[str, NetSpec]:
    everything = specs()
    known: dict[str, NetSpec] = {}
    for candidates in (tuple(s for s in everything if s.provenance.role == "variant"), everything):
        short = {spec.name: _key(re.sub(r"\(.*?\)", "", spec.name)) for spec in candidates}
        unique = Counter(short.values())
        known |= {short[s.name]: s for s in candidates if unique[short[s.name]] == 1 and short[s.name] not in known}
    for family in FAMILIES:
        known |= {_key(alias): next(s for s in family.SPECS if s.name == name) for alias, name in _aliases(family)}
    return known | {_key(spec.name): spec for spec in everything}


def _aliases(family: Any) -> tuple[tuple[str, str], ...]:
    return tuple(getattr(family, "ALIASES", {}).items())
