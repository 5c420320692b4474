"""``--input-size``, ``--channels``, ``--tokens`` and ``--classes``: a network as it is for other data."""

from __future__ import annotations

import argparse
import re
from typing import Any

from netspec import exact
from netspec.cli import parsing, sources
from netspec.cli.sources import CommandError
from netspec.errors import SpecError
from netspec.spec import NetSpec

_SIZE = re.compile(r"(\d+)(?:[x×](\d+))?", re.IGNORECASE | re.ASCII)


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    group = parser.add_argument_group("for other data (patches, positions and dense layers follow)")
    add_input_size(group)
    group.add_argument("--channels", type=parsing.positive, metavar="N", help="channels of the image")
    group.add_argument(
        "--tokens", type=parsing.positive, metavar="N", help="length of a sequence, as far as there are positions"
    )
    group.add_argument("--classes", type=parsing.positive, metavar="N", help="classes that the head tells apart")


def add_input_size(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The first of them alone."""
    parser.add_argument(
        "--input-size", type=image_size, metavar="H[xW]", help="height and width of the image: 225, 160x256"
    )


def image_size(given: str) -> tuple[int, int]:
    """Height and width as a person writes them: ``225`` or ``160x256``. For ``argparse``."""
    match = _SIZE.fullmatch(given.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{given!r} is no size of an image; write 225 or 160x256")
    return parsing.positive(match[1]), parsing.positive(match[2] or match[1])


def one(argument: str, options: argparse.Namespace) -> NetSpec:
    """The spec that ``argument`` means (see :func:`netspec.cli.sources.one`), as the options want it."""
    return sized(sources.one(argument), argument, options)


def specs(argument: str, options: argparse.Namespace) -> list[NetSpec]:
    """The specs that ``argument`` means, as the options want them."""
    return [sized(spec, argument, options) for spec in sources.specs(argument)]


def sized(spec: NetSpec, argument: str, options: argparse.Namespace) -> NetSpec:
    """``spec`` for the size, channels, tokens and classes that are given.

    Raises :class:`CommandError` where the network cannot be such.
    """
    try:
        if options.classes is not None:
            published = None if sources.is_file(argument) else exact.known(argument)
            spec = published.spec(options.classes) if published else spec.with_classes(options.classes)
        if options.channels is not None:
            spec = spec.with_channels(options.channels)
        if options.tokens is not None:
            spec = spec.with_tokens(options.tokens)
        if options.input_size is not None:
            spec = spec.resized(*options.input_size)
    except SpecError as error:
        raise CommandError(str(error)) from None
    return spec


def tensors(given: dict[str, Any], spec: NetSpec, argument: str, size: tuple[int, int]) -> dict[str, Any]:
    """Tensors of ``spec``, which ``argument`` means, for images of ``size``.

    Positions are interpolated as the library does that the network is of; as transformers does, where it is of none.
    """
    from netspec.weights import positions

    published = None if sources.is_file(argument) else exact.known(argument)
    library = published.library.partition(" ")[0] if published else ""
    return positions.fitted(given, spec, spec.resized(*size), library)
