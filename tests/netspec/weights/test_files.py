"""Files of weights: what is read from each kind, and what is said of one that is damaged or another thing."""

import io
import json
import sys

import ml_dtypes
import numpy as np
import pytest

from netspec.weights import files
from netspec.weights.plan import WeightsError

#: Values that half precision and bfloat16 hold exactly.
EXACT = np.array([[0.0, -1.5, 2.0], [0.25, -0.0, 96.0]], np.float32)


def header_of(content):
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def with_header(header, data):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.fixture
def written(tmp_path):
    """A function that writes bytes as a file of a name and gives its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_every_width_of_number_is_read_for_its_value(written, dtype, kind):
    made = {"a.weight": EXACT.astype(dtype), "b": np.arange(5), "c": np.array(True)}
    found = files.read(written(f"w.{kind}", getattr(files, kind)(made)))
    assert list(found) == ["a.weight", "b", "c"] or set(found) == set(made)
    np.testing.assert_array_equal(found["a.weight"], EXACT)
    assert found["a.weight"].dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert found["a.weight"].dtype.isnative and np.signbit(found["a.weight"][1, 1])
    np.testing.assert_array_equal(found["b"], np.arange(5))


def test_a_file_of_safetensors_is_the_librarys(written):
    """Written as it reads, and read as it writes, with the note that PyTorch's libraries ask for."""
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    drawn = np.random.default_rng(0)
    made = {"x": drawn.normal(size=(3, 4)).astype(np.float32).T, "y": np.float32(drawn.normal(size=7)), "z": np.ones(0)}
    path = written("w.safetensors", files.safetensors(made))
    for name, tensor in load_file(path).items():
        np.testing.assert_array_equal(tensor, made[name])
    with safe_open(path, "np") as file:
        assert file.metadata() == {"format": "pt"}
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in made.items()}, path)
    for name, tensor in files.read(path).items():
        np.testing.assert_array_equal(tensor, made[name])


def test_tensors_are_read_from_the_mapped_file(written):
    """None is copied before it is used."""
    found = files.read(written("w.safetensors", files.safetensors({"x": EXACT, "y": EXACT})))
    assert all(isinstance(tensor.base, np.memmap) or not tensor.flags.owndata for tensor in found.values())


PAGE = b"\n <!DOCTYPE html><html><head><title>404</title>"
WHOLE = files.safetensors({"one": EXACT, "two": EXACT})
ARCHIVE = files.npz({"one": EXACT, "two": EXACT})
HEADER, DATA = header_of(WHOLE)


def changed(**about):
    return with_header({**HEADER, "two": {**HEADER["two"], **about}}, DATA)


DAMAGED = {
    "page.safetensors": (PAGE, "is a web page, expected the file itself"),
    "page.npz": (PAGE, "is a web page, expected the file itself"),
    "page.pt": (PAGE, "is a web page, expected the file itself"),
    "empty.safetensors": (b"", "does not begin as a safetensors file"),
    "empty.npz": (b"", "is damaged or no file of arrays"),
    "random.safetensors": (bytes(range(256)), "does not begin as a safetensors file"),
    "cut.safetensors": (WHOLE[:-5], "ends within two: the file is cut off, expected 5 bytes more"),
    "cut.npz": (ARCHIVE[:-40], "is damaged or no file of arrays"),
    "flipped.npz": (ARCHIVE[:90] + bytes([ARCHIVE[90] ^ 1]) + ARCHIVE[91:], "is damaged or no file of arrays"),
    "list.safetensors": (with_header([1, 2], b""), "has no header of safetensors"),
    "deep.safetensors": (with_header([], b"")[:8] + b"[[", "has no header of safetensors"),
    "more.safetensors": (WHOLE + b"xy", "2 bytes behind the last tensor, expected none"),
    "shape.safetensors": (changed(shape=[2, 4]), "two of shape (2, 4) has 24 bytes"),
    "type.safetensors": (changed(dtype="F8_E4M3"), "two is of type F8_E4M3, expected one of F64, F32"),
    "place.safetensors": (changed(data_offsets=[0, 24]), "two does not begin where the one before ends"),
    "minus.safetensors": (changed(data_offsets=[-24, 0]), "two has no type, shape and place in the header"),
    "word.safetensors": (changed(shape="23"), "two has no type, shape and place in the header"),
    "lone.npz": (b"\x93NUMPY\x01\x00", "is damaged or no file of arrays"),
    "weights.h5": (b"\x89HDF", "no known kind of file, expected .safetensors, .npz"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_such_file_is_said_in_one_line(written, name):
    content, says = DAMAGED[name]
    path = written(name, content)
    with pytest.raises(WeightsError) as raised:
        files.read(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and says in message and "\n" not in message and "expected" in message


def test_nothing_is_unpickled(written):
    stream = io.BytesIO()
    np.savez(stream, one=np.array([{}], dtype=object))
    with pytest.raises(WeightsError, match="allow_pickle"):
        files.read(written("w.npz", stream.getvalue()))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.npz: no such file, expected \.safetensors, \.npz, or a checkpoint"):
        files.read(tmp_path / "none.npz")
    with pytest.raises(WeightsError, match="no such file"):
        files.read(tmp_path)


def test_a_checkpoint_without_pytorch_says_what_it_needs(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        WeightsError, match=r"w\.pt: reading a checkpoint of PyTorch needs PyTorch \(the extra 'bench'\)"
    ):
        files.read(written("w.pt", b"PK\x03\x04"))


class TestCheckpoints:
    """What PyTorch writes, where it is installed."""

    def test_a_table_of_tensors_under_a_key_of_it(self, tmp_path):
        torch = pytest.importorskip("torch")
        tensors = {
            "a": torch.from_numpy(EXACT).bfloat16(),
            "b": torch.arange(3),
            "c": torch.nn.Parameter(torch.ones(2)),
        }
        torch.save({"epoch": 3, "state_dict": tensors}, tmp_path / "w.pt")
        found = files.read(tmp_path / "w.pt")
        np.testing.assert_array_equal(found["a"], EXACT)
        assert (found["b"].dtype, found["c"].dtype) == (np.int64, np.float32)

    def test_a_module_is_refused(self, tmp_path):
        torch = pytest.importorskip("torch")
        torch.save(torch.nn.Linear(2, 2), tmp_path / "w.pt")
        with pytest.raises(WeightsError, match="holds more than tensors, or is damaged"):
            files.read(tmp_path / "w.pt")
