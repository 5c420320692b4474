"""Files of config/datasets: which archive is meant, what contradicts itself, and what decides the prepared images."""

import copy
import dataclasses
from pathlib import Path

import pytest
import yaml

from train import config
from train.config import datasets
from train.config.cell import Download, RandomResizedCrop
from train.config.schema import ConfigError

SHIPPED = Path(__file__).parents[3] / "config/datasets"


@pytest.fixture
def edited(tmp_path):
    """A function that writes a shipped file with keys changed or, where they are ``...``, left out."""

    def write(name, **changes):
        value = {**yaml.safe_load((SHIPPED / f"{name}.yaml").read_text()), **changes}
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({key: item for key, item in value.items() if item is not ...}))
        return path

    return write


def archive(size):
    return {"size": size, "sizes": {"full": {"url": "https://a/b.tgz", "md5": "0" * 32}, "160": {"url": "file:///c"}}}


@pytest.mark.parametrize("size", ["full", "320", "160"])
def test_a_size_chooses_its_archive(edited, size):
    download = yaml.safe_load((SHIPPED / "imagenette.yaml").read_text())["download"]
    dataset, _ = config.read_dataset(edited("imagenette", download={**download, "size": size}))
    assert dataset.download == Download(**download["sizes"][size])


CROP = {"area": [0.08, 1], "aspect": [0.75, 1.33]}
BOTH = {"random_crop": True, "horizontal_flip": True, "random_resized_crop": CROP}
ONE = {**BOTH, "random_crop": False}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"download": archive("medium")}, "key 'download.size' is 'medium', expected one of 160, full"),
        ({"download": archive("160")}, "key 'download.sizes.160': neither 'md5' nor 'sha256'"),
        ({"download": {"md5": "0" * 32}}, "key 'download': 'url' is missing"),
        ({"download": {"url": "ftp://a/b", "md5": "0" * 32}}, "expected an address that begins with https://"),
        (
            {"download": {"url": "https://a/b", "md5": "xyz"}},
            "'download.md5' is \"xyz\", expected 32 hexadecimal digits",
        ),
        ({"download": {"url": "https://a/b", "sha512": ""}}, "unknown key 'download.sha512'; did you mean 'sha256'?"),
        ({"download": None}, "key 'path' is null, expected a folder or an archive, or a key 'download'"),
        ({"checksums": {"a.tar": "0" * 32}}, "key 'checksums' is for kind imagenet"),
        ({"store": "records"}, "key 'augmentation.random_crop' is true, expected false"),
        ({"augmentation": ONE}, "'augmentation.random_resized_crop' needs whole photographs, expected store: records"),
        ({"augmentation": {**ONE, "random_resized_crop": {**CROP, "area": [1, 0.5]}}, "store": "records"}, "smallest"),
        ({"unreadable": "ignore"}, 'key \'unreadable\' is "ignore", expected one of "error", "skip"'),
    ],
)
def test_mistakes(edited, changes, says):
    with pytest.raises(ConfigError) as raised:
        datasets.load(edited("imagenette", **changes))
    assert "imagenette.yaml: " in str(raised.value)
    assert says in str(raised.value)


def test_a_key_that_says_no_more_than_its_default_changes_nothing(edited):
    plain = datasets.load(SHIPPED / "cifar10.yaml")
    assert datasets.load(edited("cifar10", store="array", unreadable="error", download=None)) == plain


def test_imagenet_is_cropped_as_in_the_book():
    dataset, crop = config.read_dataset(SHIPPED / "imagenet.yaml")
    assert crop == RandomResizedCrop(area=(0.08, 1), aspect=(3 / 4, 4 / 3))
    assert (dataset.store, dataset.image_size, dataset.stored_size) == ("records", 224, 256)


def test_stores_of_digits_stay_valid():
    """The fingerprint of the embedded data set before downloads and records existed."""
    assert config.data_fingerprint(config.read_dataset(SHIPPED / "digits.yaml")[0]) == "426e32f6b631"


def test_what_decides_the_prepared_images():
    dataset, _ = config.read_dataset(SHIPPED / "imagenette.yaml")
    before = config.data_fingerprint(dataset)

    def after(**changes):
        return config.data_fingerprint(dataclasses.replace(dataset, **changes))

    for same in (
        {"path": "elsewhere"},
        {"mean": (0, 0, 0)},
        {"title": "x"},
        {"checksums": {"a": "b"}},
        {"download": dataclasses.replace(dataset.download, url="https://mirror/b.tgz")},
    ):
        assert after(**same) == before
    changes = (
        {"image_size": 96},
        {"stored_size": 300},
        {"train_per_class": 5},
        {"store": "records"},
        {"unreadable": "skip"},
        {"download": dataclasses.replace(dataset.download, md5="0" * 32)},
    )
    assert len({before, *(after(**change) for change in changes)}) == 1 + len(changes)
    assert after(store="records") == after(store="records", stored_size=300)


def test_where_files_lie_decides_no_run(digits_cells):
    cell = copy.deepcopy(digits_cells["bare"])
    before = config.fingerprint(cell)
    archive = {"url": "https://a/b.tgz", "md5": "0" * 32}
    cell["dataset"] = {**cell["dataset"], "path": "elsewhere", "checksums": {"a": "0" * 32}}
    assert config.fingerprint(cell) == before
    with_archive = {**cell, "dataset": {**cell["dataset"], "download": archive}}
    assert config.fingerprint(with_archive) != before
    moved = {**cell, "dataset": {**cell["dataset"], "download": {**archive, "url": "file:///b.tgz"}}}
    assert config.fingerprint(moved) == config.fingerprint(with_archive)
    assert config.deciding(moved)["dataset"]["download"] == {"md5": "0" * 32}


def test_a_resolved_cell_keeps_download_and_crop(write_json, digits_cells):
    cell = copy.deepcopy(digits_cells["bare"])
    cell["dataset"] |= {"store": "records", "download": {"md5": "0" * 32}}
    cell["augmentation"] |= {"random_crop": False, "random_resized_crop": CROP}
    dataset, crop = config.read_dataset(write_json(cell))
    assert dataset.download == Download(md5="0" * 32)
    assert crop == RandomResizedCrop(area=(0.08, 1), aspect=(0.75, 1.33))
