"""Stores and weights that were damaged after they were written: one error that names the file and the way out."""

import io
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from hostile import FILES, NAMES
from made_data import folder_dataset, jpeg

from train import config
from train.config.schema import ConfigError
from train.data import prepare
from train.data.arrays import read_arrays
from train.data.store import open_store


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def cut(content):
    return content[: len(content) // 2]


def header(shape, closed=True):
    """The beginning of a .npy file of bytes in any ``shape``."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, {'}' if closed else ''}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


#: What may have become of any file of arrays: a function of its contents.
OF_ARRAYS = {
    **{name: (lambda content, value=value: value) for name, value in FILES.items()},
    "cut in half": cut,
    "cut by a byte": lambda content: content[:-1],
    "a byte more": lambda content: content + b"\0",
    "its header only": lambda content: content[:128],
    "pickled objects": lambda content: npy(np.array([{}, None], object), allow_pickle=True),
    "a pickle of an array": lambda content: pickle.dumps(np.zeros(3)),
    "an archive of arrays": lambda content: npz(a=np.zeros(3)),
    "texts": lambda content: npy(np.array(["a", "b"])),
    "floats": lambda content: npy(np.load(io.BytesIO(content)).astype(np.float32)),
    "64 bits": lambda content: npy(np.load(io.BytesIO(content)).astype(np.int64)),
    "another dimension": lambda content: npy(np.load(io.BytesIO(content))[None]),
    "a scalar": lambda content: npy(np.load(io.BytesIO(content)).ravel()[0]),
    "no rows": lambda content: npy(np.load(io.BytesIO(content))[:0]),
    "fewer rows": lambda content: npy(np.load(io.BytesIO(content))[:-1]),
    "an absurd shape": lambda content: header("(99999999999999999999,)"),
    "a negative shape": lambda content: header("(-3, 2)") + bytes(99),
    "a header that is code": lambda content: header("__import__('os').abort()"),
    "a header without an end": lambda content: header("((((((((", closed=False),
    "a version to come": lambda content: b"\x93NUMPY\x09\x00" + content[8:],
}


def _changed(about, **changes):
    """What ``store.json`` says, with other things of the training split."""
    return {**about, "splits": {**about["splits"], "train": {**about["splits"]["train"], **changes}}}


def _array(about, name, **changes):
    known = about["splits"]["train"]["arrays"]
    return _changed(about, arrays={**known, name: {"digest": "0" * 32, **changes}})


#: What may have become of ``store.json``: a function of what it says.
OF_STORE_JSON = {
    "no fingerprint": lambda about: {k: v for k, v in about.items() if k != "fingerprint"},
    "another fingerprint": lambda about: {**about, "fingerprint": "0" * 12},
    "a fingerprint that is none": lambda about: {**about, "fingerprint": {"a": 1}},
    "an earlier version": lambda about: {**{k: v for k, v in about.items() if k != "splits"}, "images": {"train": 100}},
    "no validation images": lambda about: {**about, "splits": {"train": about["splits"]["train"]}},
    "no arrays": lambda about: _changed(about, arrays={}),
    "lengths as texts": lambda about: _changed(about, length="100"),
    "another number of images": lambda about: _changed(about, length=99),
    "an array that is not there": lambda about: _array(about, "mask", dtype="uint8", shape=[18, 18]),
    "an array elsewhere": lambda about: _array(about, "../image", dtype="uint8", shape=[18, 18]),
    "another type": lambda about: _array(about, "image", dtype="int8", shape=[18, 18, 3]),
    "a type that is none": lambda about: _array(about, "image", dtype="O", shape=[18, 18, 3]),
    "another shape": lambda about: _array(about, "image", dtype="uint8", shape=[18, 9, 6]),
    "a shape of nothing": lambda about: _array(about, "image", dtype="uint8", shape=[18, 0, 3]),
    "no class names": lambda about: {k: v for k, v in about.items() if k != "class_names"},
    "fewer class names": lambda about: {**about, "class_names": about["class_names"][:-1]},
    "class names as numbers": lambda about: {**about, "class_names": list(range(10))},
    "a class twice": lambda about: {**about, "class_names": [*about["class_names"][:-1], about["class_names"][0]]},
    "content as a number": lambda about: {**about, "content": 3},
    "null": lambda about: dict.fromkeys(about),
}


@pytest.fixture
def dataset(digits_cells):
    return config.parse_cell(digits_cells["bare"]).dataset


@pytest.fixture
def store(digits_folder, tmp_path):
    """A copy of which single files can be replaced; the others are links."""
    folder = tmp_path / "store"
    folder.mkdir()
    for path in digits_folder.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def refused(action, path, *says):
    with pytest.raises(ConfigError) as raised:
        action()
    message = str(raised.value)
    assert message.startswith(str(path)) and "\n" not in message and message.isprintable(), message
    assert len(message) < 600
    for part in says:
        assert part in message, message
    return message


def replace(path, content):
    path.unlink()
    path.write_bytes(content)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("damage", OF_ARRAYS)
@pytest.mark.parametrize("file", ["train_image.npy", "train_label.npy", "val_image.npy", "val_label.npy"])
def test_damaged_arrays(store, dataset, file, damage):
    path = store / file
    before = path.read_bytes()
    if file.startswith("val_image."):  # a few are enough of what is large
        before = npy(np.load(io.BytesIO(before))[:50])
    replace(path, OF_ARRAYS[damage](before))
    # Where the images are fewer than the labels, or the labels than the images, the images' file is named.
    split = file.partition("_")[0]
    named = {path, store / f"{split}_image.npy"} if damage in ("fewer rows", "no rows") else {path}
    with pytest.raises(ConfigError) as raised:
        open_store(store, dataset)
    message = str(raised.value)
    assert any(message.startswith(str(one)) for one in named), message
    assert message.endswith("prepare it again") and "\n" not in message and message.isprintable()


@pytest.mark.parametrize("label", [-1, 10, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("split", ["train", "val"])
def test_labels_beyond_the_classes(store, dataset, split, label):
    path = store / f"{split}_label.npy"
    labels = np.load(path)
    labels[-1] = label
    replace(path, npy(labels))
    refused(lambda: open_store(store, dataset), path, str(label), "expected 0 to 9; prepare it again")


@pytest.mark.parametrize("file", ["store.json", "train_image.npy", "val_label.npy"])
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "nothing", "a link to itself"])
def test_what_is_no_file(store, dataset, file, kind):
    path = store / file
    path.unlink()
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a link to itself":
        path.symlink_to(path)
    missing = file == "store.json" and kind in ("nothing", "a link to itself")
    refused(lambda: open_store(store, dataset), store if missing else path, "prepare")


@pytest.mark.parametrize("name", FILES)
def test_hostile_store_files(store, dataset, name):
    replace(store / "store.json", FILES[name])
    refused(lambda: open_store(store, dataset), store / "store.json", "prepare it again")


@pytest.mark.parametrize("damage", OF_STORE_JSON)
def test_what_a_store_says_of_itself(store, dataset, damage):
    path = store / "store.json"
    replace(path, json.dumps(OF_STORE_JSON[damage](json.loads(path.read_text()))).encode())
    refused(lambda: open_store(store, dataset), store, "prepare it again")


def test_a_store_of_a_later_version_that_says_more(store, dataset):
    path = store / "store.json"
    replace(path, json.dumps({**json.loads(path.read_text()), "left_out": {"a": 1}}).encode())
    assert len(open_store(store, dataset).train) == 100


def test_opening_reads_no_images(store, dataset, monkeypatch):
    """A store of terabytes opens as fast: a sparse file of the right length does, whatever its images are."""
    many = 1 << 20
    with (store / "train_image.npy").open("rb") as file:
        file.read(6)
    for name, shape, kind in (("image", (many, 18, 18, 3), "|u1"), ("label", (many,), "<i4")):
        path = store / f"train_{name}.npy"
        path.unlink()
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
            file.truncate(file.tell() + int(np.prod(shape)) * np.dtype(kind).itemsize)
    about = json.loads((store / "store.json").read_text())
    replace(store / "store.json", json.dumps(_changed(about, length=many)).encode())
    monkeypatch.setattr(np.memmap, "__array__", None, raising=False)
    assert len(open_store(store, dataset).train) == many


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A store of records: two classes, two pictures each."""
    root = tmp_path_factory.mktemp("records")
    for split in ("train", "val"):
        for name in ("a", "b"):
            (root / "raw" / split / name).mkdir(parents=True)
            for i in range(2):
                (root / "raw" / split / name / f"{i}.JPEG").write_bytes(jpeg(i, 40, 30))
    dataset = folder_dataset(root / "raw", classes=2, store="records")
    prepare.prepare(dataset, root / "store")
    return root / "store", dataset


def picture(content):
    """A place within the first JPEG file of a file of records."""
    return content.index(b"\xff\xd8\xff") + 100


OF_RECORDS = {
    "empty": lambda content: b"",
    "cut in half": cut,
    "zeros": lambda content: bytes(len(content)),
    "a text": lambda content: b"text",
    "a byte more": lambda content: content + b"\0",
    "zeros within": lambda content: content[: picture(content)] + bytes(64) + content[picture(content) + 64 :],
}


@pytest.mark.parametrize("damage", OF_RECORDS)
def test_damaged_records(records, tmp_path, damage):
    """Noticed when the store is opened, or when the damaged picture is read; never a traceback, never a crash."""
    folder = shutil.copytree(records[0], tmp_path / "store")
    path = folder / "train.array_record"
    path.write_bytes(OF_RECORDS[damage](path.read_bytes()))

    def read():
        open_store(folder, records[1]).train.gather(np.arange(4))
        if damage == "a byte more":  # after the end, where nothing is read
            raise ConfigError(f"{path}: as good as before; prepare it again")

    refused(read, path, "prepare it again")


@pytest.mark.parametrize("places", [[0, 1, 2, 9], [0, 1, 2, -1], [0, 0, 1, 2]])
def test_places_of_records_that_are_not_there(records, tmp_path, places):
    folder = shutil.copytree(records[0], tmp_path / "store")
    path = folder / "train_records.npy"
    path.write_bytes(npy(np.array(places)))
    refused(lambda: open_store(folder, records[1]), path, "prepare it again")


OF_WEIGHTS = {
    **{name: value for name, value in FILES.items() if name != "empty"},
    "empty": b"",
    "an array": npy(np.zeros(3)),
    "cut in half": cut(npz(a=np.zeros(1000))),
    "cut by a byte": npz(a=np.zeros(1000))[:-1],
    "a byte changed": npz(a=np.zeros(1000)).replace(bytes(100), bytes(99) + b"\1", 1),
    "objects": npz(a=np.zeros(1)).replace(b"'<f8'", b"'|O' "),
}


@pytest.mark.parametrize("damage", OF_WEIGHTS)
def test_damaged_weights(tmp_path, damage):
    path = tmp_path / "weights.npz"
    path.write_bytes(OF_WEIGHTS[damage])
    refused(lambda: read_arrays(path, "run it again"), path, "run it again")


@pytest.mark.exhaustive
def test_weights_of_another_kind(tmp_path, short_cell, digits_store):
    """Missing, additional, of another shape or type: each is named, none is scored."""
    from train.loop import evaluate_weights
    from train.step import Programs
    from train.tasks import learner_of
    from train.weights import weights_file

    cell = short_cell("bare")
    programs = Programs(cell, learner_of(cell), steps_per_epoch=1)
    whole = dict(np.load(io.BytesIO(weights_file(programs.network(programs.init(0))))))
    name = min(whole)
    path = tmp_path / "weights.npz"
    for arrays, says in [
        ({k: v for k, v in whole.items() if k != name}, f"{name} is missing"),
        ({**whole, "\x1b[31m": np.zeros(3)}, "is none of its arrays"),
        ({**whole, name: whole[name].astype(np.float64)}, f"{name} is float64"),
        ({**whole, name: whole[name][None]}, f"{name} is float32 (1, "),
    ]:
        path.write_bytes(npz(**arrays))
        message = refused(lambda: evaluate_weights(cell, path, digits_store), path, says, "not weights of ViT-Digits")
        assert "run it again" in message


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("long", "no UTF-8")])
def test_classes_and_pictures_may_be_called_anything(tmp_path, name):
    """What a file system takes for a name is prepared, kept and read back."""
    odd = NAMES[name].replace("/", " ")
    for split in ("train", "val"):
        for label in (odd, "plain"):
            folder = tmp_path / "raw" / split / label
            folder.mkdir(parents=True)
            (folder / f"{odd}.png.JPEG").write_bytes(jpeg(0))
    dataset = folder_dataset(tmp_path / "raw", classes=2)
    prepare.prepare(dataset, tmp_path / "store")
    text = (tmp_path / "store/store.json").read_text(encoding="utf-8")
    assert json.loads(text)["class_names"] == sorted([odd, "plain"])
    assert open_store(tmp_path / "store", dataset).class_names == tuple(sorted([odd, "plain"]))


def test_a_class_whose_name_is_not_utf_8_is_refused_before_anything_is_read(tmp_path):
    """Results name classes in JSON, which has no other texts."""
    for split in ("train", "val"):
        folder = tmp_path / "raw" / split / NAMES["no UTF-8"]
        folder.mkdir(parents=True)
        (folder / "0.JPEG").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match=r"class 'caf\\\\udce9' in .* is not UTF-8, expected a name that is$"):
        prepare.prepare(folder_dataset(tmp_path / "raw", classes=1), tmp_path / "store")


@pytest.mark.parametrize("name", ["a line break", "an escape sequence", "no UTF-8", "right to left"])
def test_a_picture_with_an_odd_name_that_cannot_be_read_is_named_in_plain_characters(tmp_path, name, capsys):
    for split in ("train", "val"):
        for label in ("a", "b"):
            folder = tmp_path / "raw" / split / label
            folder.mkdir(parents=True)
            (folder / "0.JPEG").write_bytes(jpeg(0))
    (tmp_path / "raw/train/a" / f"{NAMES[name]}.JPEG").write_bytes(b"no picture")
    with pytest.raises(ConfigError) as raised:
        prepare.prepare(folder_dataset(tmp_path / "raw", classes=2), tmp_path / "store")
    assert len(str(raised.value).splitlines()) == 2 and str(raised.value).replace("\n", "").isprintable()
    prepare.prepare(folder_dataset(tmp_path / "raw", classes=2, unreadable="skip"), tmp_path / "store")
    said = capsys.readouterr()
    assert (said.out + said.err).replace("\n", "").replace("\r", "").isprintable()
    (skipped,) = json.loads((tmp_path / "store/store.json").read_text(encoding="utf-8"))["skipped"]
    assert skipped.endswith(f"{NAMES[name]}.JPEG")
