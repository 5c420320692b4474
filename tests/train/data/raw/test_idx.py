"""MNIST in the files that it is published as, from archives that are served locally to a store."""

import dataclasses
import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

import netspec
from train import config
from train.config.cell import Dataset, Download
from train.config.schema import ConfigError
from train.data.prepare import prepare
from train.data.raw.idx import FILES, LARGEST, read_idx
from train.data.store import open_store

CONFIG = Path(__file__).parents[4] / "config"
COUNTS = {"train": 6, "val": 4}
TRAIN_IMAGES, TRAIN_LABELS = (f"{name}.gz" for name in FILES["train"])


def idx(array, kind=8):
    """The contents of an IDX file."""
    array = np.asarray(array, np.uint8)
    return bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def pictures(split):
    return np.random.default_rng(list(COUNTS).index(split)).integers(0, 256, (COUNTS[split], 28, 28), np.uint8)


def labels(split):
    return np.arange(COUNTS[split]) % 3


@pytest.fixture
def published():
    """The four files by name, as they are published."""
    return {
        f"{name}.gz": gzip.compress(idx(made(split)))
        for split, names in FILES.items()
        for name, made in zip(names, (pictures, labels), strict=True)
    }


def served(root, files, **md5):
    """A data set of files under addresses that begin with ``file://``, with their checksums or those given."""
    archives = []
    for name, content in files.items():
        path = root / "server" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        archives.append(Download(path.as_uri(), md5=md5.get(name[:7], hashlib.md5(content).hexdigest())))
    return dataset(download=Download(archives=tuple(archives)))


def dataset(path=None, **changes):
    return Dataset("digits-of-mine", "idx", path, **{"classes": 3, "image_size": 28, "stored_size": 28, **changes})


def test_pictures_arrive_as_they_are(tmp_path, published):
    data = served(tmp_path, published)
    about = prepare(data, tmp_path / "store", tmp_path / "downloads")
    store = open_store(tmp_path / "store", data)
    for split in COUNTS:
        part = getattr(store, split)
        assert about["splits"][split]["length"] == len(part) == COUNTS[split]
        assert part["label"].tolist() == labels(split).tolist()
        assert (part["image"] == pictures(split)[..., None]).all() and part["image"].shape[-1] == 3
    assert store.class_names == ("0", "1", "2")
    for path in (tmp_path / "server").iterdir():
        path.unlink()
    prepare(data, tmp_path / "again", tmp_path / "downloads")  # nothing is fetched twice
    assert open_store(tmp_path / "again", data).content == store.content


def test_a_folder_of_unpacked_files_and_some_of_each_class(tmp_path, published):
    for name, content in published.items():
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
    data = dataset(str(tmp_path / "mine"), train_per_class=1, images={"train": 6, "val": 4})
    prepare(data, tmp_path / "store")
    assert sorted(open_store(tmp_path / "store", data).train["label"].tolist()) == [0, 1, 2]
    wrong = dataclasses.replace(data, images={"train": 7, "val": 4})
    with pytest.raises(ConfigError, match=r"'images\.train' is 7, expected 6, the number of files found"):
        prepare(wrong, tmp_path / "other")


def packed(array, **how):
    return gzip.compress(idx(array, **how))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({TRAIN_IMAGES: lambda old: old[: len(old) // 2]}, "train-images.*damaged archive"),
        ({TRAIN_IMAGES: lambda old: old[:200] + bytes(50) + old[250:]}, "train-images.*damaged archive"),
        ({TRAIN_IMAGES: lambda old: gzip.compress(gzip.decompress(old)[:-9])}, r"holds 4,695 of the 4,704 bytes"),
        ({TRAIN_LABELS: lambda old: gzip.compress(gzip.decompress(old) + b"1")}, "holds more of the 6 bytes"),
        (
            {TRAIN_IMAGES: lambda old: packed(pictures("train"), kind=13)},
            "begins with 00 00 0d 03, expected 00 00 08 03",
        ),
        (
            {TRAIN_LABELS: lambda old: packed(pictures("train"))},
            "begins with 00 00 08 03, expected 00 00 08 01: .* 1 axis",
        ),
        ({TRAIN_LABELS: lambda old: b""}, "begins with nothing, expected 00 00 08 01"),
        ({TRAIN_LABELS: lambda old: b"\x00\x00\x08\x01\x00"}, "begins with 00 00 08 01, expected"),
        (
            {TRAIN_LABELS: lambda old: packed(labels("val"))},
            "train-labels.*: 4 labels, expected 6, one for each picture",
        ),
        ({TRAIN_LABELS: lambda old: packed(np.arange(6))}, "key 'classes' is 3, expected 6"),
        (
            {TRAIN_IMAGES: lambda old: packed(np.zeros((0, 28, 28))), TRAIN_LABELS: lambda old: packed([])},
            "says that it holds 0 bytes, expected 1 to",
        ),
        ({TRAIN_IMAGES: lambda old: None}, "'path': .*train-images-idx3-ubyte is missing, expected that file, or"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, published, change, says):
    changed = {name: change.get(name, lambda old: old)(content) for name, content in published.items()}
    data = served(tmp_path, {name: content for name, content in changed.items() if content is not None})
    with pytest.raises(ConfigError, match=says):
        prepare(data, tmp_path / "store", tmp_path / "downloads")
    assert not (tmp_path / "store/store.json").exists()


def test_a_wrong_checksum_and_nothing_to_read(tmp_path, published):
    data = served(tmp_path, published, **{"t10k-la": "0" * 32})
    with pytest.raises(ConfigError, match=r"t10k-labels-idx1-ubyte\.gz: checksum md5 is .*, expected 0{32}"):
        prepare(data, tmp_path / "store", tmp_path / "downloads")
    with pytest.raises(ConfigError, match="'path' is null, expected a folder, or a key 'download' with 'archives'"):
        prepare(dataset(), tmp_path / "store", tmp_path / "downloads")


def test_a_file_that_would_fill_the_memory_is_not_read(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes([0, 0, 8, 3]) + np.array([2**31, 2**31, 2**31], ">u4").tobytes())
    with pytest.raises(ConfigError, match=f"expected 1 to {LARGEST:,}"):
        read_idx(path, 3)


def test_the_experiment_of_the_chapter_takes_them():
    """118,449 parameters, pixels between 0 and 1, Adam at a constant 5e-4, batches of 32."""
    experiment = config.load_experiment({"main": "mnist-ddpm"}, CONFIG)
    (value,) = experiment.cells.values()
    cell = config.parse_cell(value)
    assert value["book_row"] == "DDPM MNIST: t/T channel" and netspec.find(cell.model).params == 118_449
    assert cell.task_settings == {"centred": False, "ancestral_steps": 1000} and cell.dataset.classes == 10
    assert (cell.optimizer.learning_rate, cell.batch_size, cell.ema_decay) == (5e-4, 32, None)
    assert cell.schedule.name == "constant" and (cell.dataset.images["train"], cell.dataset.images["val"]) == (
        60000,
        10000,
    )
    assert len(cell.dataset.download.archives) == 4
