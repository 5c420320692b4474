"""``netspec run``: a real forward pass, how long it takes and how much memory."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.cli import parsing, records, sizing, text
from netspec.cli.sources import CommandError
from netspec.spec import NetSpec

if TYPE_CHECKING:
    import numpy as np

    from netspec.run.traced import Traced
    from netspec.run.trial import Backward, Forward


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command's parser."""
    parser = parsing.command(
        commands,
        "run",
        run,
        "build one architecture and run it on a picture or on random numbers",
        "The weights are random, so what leaves means nothing; its shape, the time and the memory do.",
        "",
        "examples:",
        "  netspec run lenet-5",
        "  netspec run vit-digits --batch 8 --backward --json",
        "  netspec run vit-digits --input-size 12x20 --classes 3",
        "",
        parsing.NAMES,
        parsing.FILES,
    )
    parser.add_argument("spec", metavar="NAME|FILE.py", help="what to run")
    parser.add_argument("--input", type=Path, metavar="PICTURE", help="a picture, resized to what the network takes")
    parser.add_argument("--batch", type=parsing.positive, metavar="N", default=1, help="examples (%(default)s)")
    parser.add_argument("--abstract", action="store_true", help="trace only: for networks larger than this machine")
    parser.add_argument("--backward", action="store_true", help="also compute the gradient of every parameter")
    sizing.add(parser)
    parsing.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run the spec and print what was measured."""
    spec = sizing.one(options.spec, options)
    if options.abstract and (options.backward or options.input):
        raise CommandError("--abstract computes nothing, expected it without --backward and --input")
    picture = None if options.input is None else read_picture(options.input, spec, options.batch)
    from netspec.run import trial
    from netspec.run.traced import Traced

    traced = Traced(spec, options.batch)
    record = described(traced)
    if not options.abstract:
        try:
            record["forward"] = of_forward(trial.forward(traced, first=picture))
        except MemoryError as error:
            raise CommandError(f"{spec.name} needs {error} of memory, more than there is; try --abstract") from None
    if options.backward:
        record["backward"] = of_backward(trial.backward(spec))
    if options.json:
        print(records.dump(record))
        return
    print(spec.name)
    print("\n".join(lines(traced, record)))


def read_picture(path: Path, spec: NetSpec, batch: int) -> np.ndarray:
    """The picture ``batch`` times, ``float32 (batch, H, W, channels)`` between -1 and 1.

    Raises :class:`CommandError` for a file that is no picture and for a network that takes none.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    modes = {1: "L", 3: "RGB", 4: "RGBA"}
    if len(spec.input_shape) != 3 or spec.input_shape[-1] not in modes or spec.extra_inputs:
        further = "".join(f" and {name} {shape}" for name, shape in spec.extra_inputs)
        raise CommandError(f"{spec.name} takes {spec.input_shape}{further}, expected a network that takes one picture")
    height, width, channels = spec.input_shape
    try:
        with Image.open(path) as image:
            resized = image.convert(modes[channels]).resize((width, height), Image.Resampling.BILINEAR)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a picture that can be read"
        raise CommandError(f"{path}: {reason}") from None
    pixels = np.asarray(resized, np.float32).reshape(1, *spec.input_shape) / 127.5 - 1
    return np.repeat(pixels, batch, axis=0)


def described(traced: Traced) -> dict[str, Any]:
    """What the trace alone says: the built network, beside the spec's own numbers."""
    spec = traced.spec
    return {
        "name": spec.name,
        "params": spec.params,
        "built": traced.params,
        "macs": spec.macs,
        "multiply_adds": traced.multiply_adds,
        "batch": traced.batch,
        "input_shape": list(spec.input_shape),
        "output_shape": records.shape(traced.leaves),
        "machine": machine(),
    }


def machine() -> str:
    """The device that jax computes on, and jax's version."""
    import jax

    device = jax.devices()[0]
    threads = int(os.environ.get("PJRT_NPROC", os.cpu_count() or 1))
    kind = f"{threads} CPU thread{'s' * (threads > 1)}" if device.platform == "cpu" else device.device_kind
    return f"{kind}, jax {jax.__version__}"


def of_forward(forward: Forward) -> dict[str, Any]:
    """A forward pass as a record."""
    return {
        "finite": forward.finite,
        "compile_seconds": round(forward.compile_seconds, 3),
        "milliseconds": round(forward.milliseconds, 4),
        "memory_mib": round(forward.memory_mib, 3),
    }


def of_backward(backward: Backward) -> dict[str, Any]:
    """A gradient as a record."""
    return {
        "input_shape": list(backward.input_shape),
        "batch": backward.batch,
        "compile_seconds": round(backward.compile_seconds, 3),
        "seconds": round(backward.seconds, 4),
        "finite": backward.finite,
        "without_gradient": list(backward.without_gradient),
        "faint": list(backward.faint),
    }


def lines(traced: Traced, record: dict[str, Any]) -> list[str]:
    """A line per figure: what it is, the number, its unit or remark."""
    agreement = "as counted" if record["built"] == record["params"] else f"counted {record['params']:,}"
    rows = [
        ("parameters", f"{record['built']:,}", agreement),
        ("multiply-adds", f"{record['multiply_adds'] // traced.batch:,}", "per example, traced"),
        ("input", text.shape(traced.spec.input_shape), f"batch of {traced.batch}"),
        ("output", text.shape(traced.leaves), ""),
    ]
    if "forward" in record:
        one = record["forward"]
        rate = 2 * record["multiply_adds"] / one["milliseconds"] / 1e6
        rows[-1] = (*rows[-1][:2], "all finite" if one["finite"] else "NOT all finite")
        rows += [
            ("compile", f"{one['compile_seconds']:.1f} s", "trace and XLA"),
            ("forward", f"{one['milliseconds']:,.1f} ms", f"{rate:.1f} GFLOP/s"),
            ("memory", f"{one['memory_mib']:,.1f} MiB", "weights, inputs, outputs, in between"),
        ]
    if "backward" in record:
        one = record["backward"]
        shape, missing = text.shape(tuple(one["input_shape"])), ", ".join(one["without_gradient"])
        rows += [
            ("backward", f"{one['seconds']:.2f} s", f"batch of {one['batch']}, input {shape}, code not optimised"),
            ("gradients", "some missing" if missing else "all", f"none reaches {missing}" if missing else ""),
        ]
        if one["faint"]:
            rows.append(("faint", str(len(one["faint"])), "below a millionth of the largest; --json names them"))
    return text.table(rows, "<><", indent="  ")
