"""Files of weights: safetensors, NumPy's npz, and checkpoints of PyTorch, which are read without running what is in
them.
"""

from __future__ import annotations

import io
import json
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
_READS = "expected .safetensors, .npz, or a checkpoint of PyTorch (.pt, .pth, .bin)"


def read(path: Path | str) -> dict[str, np.ndarray]:
    """The tensors of a file by name; half precision and bfloat16 are widened to float32.

    A checkpoint of PyTorch needs PyTorch, and is read with ``weights_only``: nothing in it is run. Raises
    :class:`WeightsError` naming the file and what is wrong with it.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such file, {_READS}")
    if path.suffix in SAFETENSORS:
        return _safetensors(path)
    if path.suffix in NUMPY:
        return _npz(path)
    if path.suffix in TORCH:
        return _torch(path)
    raise WeightsError(f"{path}: no known kind of file, {_READS}")


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
    from safetensors import SafetensorError

    with path.open("rb") as file:
        start = file.read(8)
        size = int.from_bytes(start, "little")
        if len(start) < 8 or size > min(path.stat().st_size, 100_000_000):
            raise WeightsError(f"{path}: does not begin as a safetensors file{_page(path)}, expected one")
        try:
            header = json.loads(file.read(size))
        except ValueError:
            raise WeightsError(f"{path}: has no header of safetensors{_page(path)}, expected one") from None
    kinds = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U8": "u1"}
    kinds |= {"BOOL": "?", "BF16": "u2"}
    try:
        data = np.memmap(path, np.uint8, "r", offset=8 + size)
        found = {}
        for name, about in header.items():
            if name == "__metadata__":
                continue
            if about["dtype"] not in kinds:
                raise WeightsError(f"{path}: {name} is of type {about['dtype']}, expected one of {', '.join(kinds)}")
            first, last = about["data_offsets"]
            if last > len(data):
                raise WeightsError(
                    f"{path}: ends within {name}: the file is cut off, expected {last - len(data)} bytes more"
                )
            array = np.frombuffer(data[first:last], "<" + kinds[about["dtype"]]).reshape(about["shape"])
            found[name] = _widened(array, about["dtype"] == "BF16")
        return found
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: is damaged ({error}), expected a safetensors file") from None


def _widened(array: np.ndarray, is_bfloat: bool = False) -> np.ndarray:
    if is_bfloat:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: _widened(file[name]) for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise WeightsError(f"{path}: is damaged ({error}){_page(path)}, expected an npz file of arrays") from None


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
        raise WeightsError(f"{path}: holds more than tensors, or is damaged ({first}){_page(path)}") from None
    for name in NESTED:
        if isinstance(loaded, dict) and isinstance(loaded.get(name), dict):
            loaded = loaded[name]
    if not isinstance(loaded, dict) or not all(hasattr(value, "numpy") for value in loaded.values()):
        raise WeightsError(f"{path}: is no table of tensors, expected a state_dict")
    return {
        str(name): (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).detach().numpy()
        for name, value in loaded.items()
    }


def _page(path: Path) -> str:
    """What a file looks like that is a web page in place of a download."""
    with path.open("rb") as file:
        start = file.read(200).lstrip().lower()
    return " (it is a web page)" if start.startswith((b"<!doctype", b"<html")) else ""
