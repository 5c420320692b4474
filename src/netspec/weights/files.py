"""Files of weights: safetensors, NumPy's npz, and checkpoints of PyTorch, which are read without running what is in
them.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netspec.weights.plan import WeightsError

#: Ends of names by which a kind of file is known.
SAFETENSORS, NUMPY, TORCH = (".safetensors",), (".npz",), (".pt", ".pth", ".bin", ".ckpt")
#: Names under which checkpoints keep the tensors beside other things.
NESTED = ("state_dict", "model", "model_state_dict", "module")
#: Types of numbers in safetensors, as numpy has them; of bfloat16 it has the bits.
KINDS = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U8": "u1"}
KINDS |= {"BOOL": "?", "BF16": "u2"}
#: Bytes that its header may have (https://github.com/huggingface/safetensors, "Format").
LONGEST_HEADER = 100_000_000
_READS = "expected .safetensors, .npz, or a checkpoint of PyTorch (.pt, .pth, .bin)"


def read(path: Path | str) -> dict[str, np.ndarray]:
    """The tensors of a file by name; half precision and bfloat16 are widened to float32.

    A checkpoint of PyTorch needs PyTorch, and is read with ``weights_only``: nothing in it is run. Raises
    :class:`WeightsError` naming the file and what is wrong with it.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such file, {_READS}")
    if _is_page(path):
        raise WeightsError(f"{path}: is a web page, expected the file itself; download it again")
    if path.suffix in SAFETENSORS:
        return _safetensors(path)
    if path.suffix in NUMPY:
        return _npz(path)
    if path.suffix in TORCH:
        return _torch(path)
    raise WeightsError(f"{path}: no known kind of file, {_READS}")


def arrays(tensors: Mapping[Any, Any]) -> dict[str, np.ndarray]:
    """Tensors of PyTorch, jax or numpy as arrays of numpy, half precision and bfloat16 widened to float32."""
    found = {}
    for name, tensor in tensors.items():
        if hasattr(tensor, "detach"):
            tensor = tensor.detach().cpu()
            tensor = (tensor.float() if tensor.is_floating_point() and tensor.itemsize == 2 else tensor).numpy()
        array = np.asarray(tensor)
        found[str(name)] = _widened(array.astype(np.float32) if array.dtype.name == "bfloat16" else array)
    return found


def safetensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    """A safetensors file, with the note by which libraries of PyTorch take it as theirs."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, metadata={"format": "pt"})


def npz(tensors: Mapping[str, np.ndarray]) -> bytes:
    """An npz file."""
    file = io.BytesIO()
    np.savez(file, **tensors)  # type: ignore[arg-type]
    return file.getvalue()


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    """Read tensor by tensor from the mapped file, so that none is held twice."""
    length = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        size = int.from_bytes(start, "little")
        if len(start) < 8 or size > min(length - 8, LONGEST_HEADER):
            raise WeightsError(f"{path}: does not begin as a safetensors file, expected one")
        try:
            header = json.loads(file.read(size))
        except (ValueError, RecursionError):
            header = None
    if not isinstance(header, dict):
        raise WeightsError(f"{path}: has no header of safetensors, expected one")
    header.pop("__metadata__", None)
    places = {name: _place(path, name, about) for name, about in header.items()}
    end = 8 + size
    for name, (_, _, first, last) in sorted(places.items(), key=lambda one: one[1][2:]):
        if 8 + size + first != end:
            raise WeightsError(f"{path}: is damaged: {name} does not begin where the one before ends, expected that")
        end = 8 + size + last
        if end > length:
            raise WeightsError(f"{path}: ends within {name}: the file is cut off, expected {end - length:,} bytes more")
    if end != length:
        raise WeightsError(f"{path}: is damaged: {length - end:,} bytes behind the last tensor, expected none")
    if end == 8 + size:  # nothing to map
        return {name: np.zeros(shape, np.float32) for name, (_, shape, *_) in places.items()}
    data = np.memmap(path, np.uint8, "r", offset=8 + size)
    return {
        name: _widened(np.asarray(data[first:last]).view(f"<{KINDS[kind]}").reshape(shape), kind == "BF16")
        for name, (kind, shape, first, last) in places.items()
    }


def _place(path: Path, name: str, about: Any) -> tuple[str, tuple[int, ...], int, int]:
    """Type, shape, and first and last byte of a tensor, from its entry in the header."""
    try:
        kind, shape, (first, last) = about["dtype"], tuple(about["shape"]), about["data_offsets"]
        whole = all(type(one) is int and one >= 0 for one in (*shape, first, last))
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise WeightsError(f"{path}: is damaged: {name} has no type, shape and place in the header, expected them")
    if kind not in KINDS:
        raise WeightsError(f"{path}: {name} is of type {kind}, expected one of {', '.join(KINDS)}")
    if last - first != math.prod(shape) * np.dtype(KINDS[kind]).itemsize:
        raise WeightsError(f"{path}: is damaged: {name} of shape {shape} has {last - first:,} bytes, expected others")
    return kind, shape, first, last


def _widened(array: np.ndarray, is_bfloat: bool = False) -> np.ndarray:
    if is_bfloat:  # the upper half of a float32
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _npz(path: Path) -> dict[str, np.ndarray]:
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as stream:
                    array = np.lib.format.read_array(stream, allow_pickle=False)
                    if stream.read(1):  # reaches the end, where the checksum is compared
                        raise ValueError(f"more than an array in {member}")
                found[member.removesuffix(".npy")] = _widened(array, array.dtype.str == "|V2")
    except Exception as error:  # zipfile and numpy raise some ten kinds for damaged files
        reason = " ".join((str(error) or type(error).__name__).split())[:160]
        raise WeightsError(f"{path}: is damaged or no file of arrays ({reason}), expected an npz file") from None
    return found


def _torch(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError:
        raise WeightsError(
            f"{path}: reading a checkpoint of PyTorch needs PyTorch (the extra 'bench'), expected it, or .safetensors"
        ) from None
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(f"{path}: holds more than tensors, or is damaged ({first}), expected a state_dict") from None
    for name in NESTED:
        if isinstance(loaded, dict) and isinstance(loaded.get(name), dict):
            loaded = loaded[name]
    if not isinstance(loaded, dict) or not all(hasattr(value, "numpy") for value in loaded.values()):
        raise WeightsError(f"{path}: is no table of tensors, expected a state_dict")
    try:
        return arrays(loaded)
    except (TypeError, RuntimeError) as error:  # sparse or quantised ones
        raise WeightsError(f"{path}: holds tensors that are no plain numbers ({error}), expected plain ones") from None


def _is_page(path: Path) -> bool:
    """Whether a file is a web page, which somebody saved in place of a download."""
    with path.open("rb") as file:
        return file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<?xml"))
