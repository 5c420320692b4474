"""Preparation under bad circumstances: every file named at once, nothing half-done that a rerun would trust."""

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from made_data import encoded, folder_dataset, jpeg, lengths, make_pictures
from PIL import Image

from netspec.claims import Claim
from netspec.ownership import MARK, OutputError
from train.config.cell import Download
from train.config.schema import ConfigError
from train.data import prepare, raw
from train.data import writers as store
from train.data.prepare import prepare as prepare_data
from train.data.store import open_store


def damage(pictures, count=3):
    """Spoil the first images of class n10, in different ways, and return their names."""
    spoiled = sorted((pictures / "train/n10").glob("*.*"))[:count]
    for path, content in zip(spoiled, (b"", b"not an image", jpeg(0, 99, 99)[:-2000]), strict=False):
        path.write_bytes(content)
    return [path.name for path in spoiled]


@pytest.mark.parametrize("kind", ["array", "records"])
def test_all_unreadable_files_are_named_at_once(pictures, tmp_path, kind):
    names = damage(pictures)
    with pytest.raises(ConfigError) as raised:
        prepare_data(folder_dataset(pictures, store=kind), tmp_path / "out/store")
    first, *lines = str(raised.value).splitlines()
    assert "made.yaml: 3 of 18 files are not readable images" in first
    assert "unreadable: skip" in first
    reasons = ("empty file", "not an image", "truncated or damaged")
    for line, name, reason in zip(lines, names, reasons, strict=True):
        assert name in line
        assert reason in line
    assert list((tmp_path / "out").iterdir()) == []


def test_many_unreadable_files_are_counted(pictures, tmp_path, monkeypatch):
    damage(pictures)
    monkeypatch.setattr(prepare, "NAMED", 1)
    with pytest.raises(ConfigError, match=r"n10_0.JPEG: empty file\n  and 2 more$"):
        prepare_data(folder_dataset(pictures), tmp_path / "store")


@pytest.mark.parametrize("kind", ["array", "records"])
def test_unreadable_files_can_be_skipped(pictures, tmp_path, kind, capfd):
    whole = folder_dataset(pictures, store=kind)
    prepare_data(whole, tmp_path / "whole")
    expected = open_store(tmp_path / "whole", whole).train
    names = damage(pictures, 2)
    dataset = folder_dataset(pictures, store=kind, unreadable="skip")
    about = prepare_data(dataset, tmp_path / "store")
    assert lengths(about) == {"train": 10, "val": 6}
    assert [path.rsplit("/", 1)[1] for path in about["skipped"]] == names
    assert "n10_1.JPEG: not an image" in capfd.readouterr().err
    train = open_store(tmp_path / "store", dataset).train
    kept = [*range(8), 10, 11]
    np.testing.assert_array_equal(train["label"], expected["label"][kept])
    np.testing.assert_array_equal(train.gather(range(10))["image"], expected.gather(kept)["image"])


def test_a_folder_that_is_not_complete(tmp_path):
    pictures = make_pictures(tmp_path / "pictures")
    dataset = folder_dataset(pictures, images={"train": 13, "val": 6})
    with pytest.raises(ConfigError, match=r"key 'images.train' is 13, expected 12, .* is it complete\?"):
        prepare_data(dataset, tmp_path / "store")
    assert not list(tmp_path.glob("*store*"))
    about = prepare_data(replace(dataset, images={"train": 12, "val": 6}), tmp_path / "store")
    assert lengths(about) == {"train": 12, "val": 6}


def test_nothing_readable(tmp_path):
    pictures = make_pictures(tmp_path / "pictures")
    for path in (pictures / "val").rglob("*.*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.raises(ConfigError, match="no readable image in val/"):
        prepare_data(folder_dataset(pictures, unreadable="skip"), tmp_path / "store")


def test_the_same_images_elsewhere_are_the_same_store(pictures, tmp_path):
    """Its description included, which is what training depends on."""
    about = prepare_data(folder_dataset(pictures), tmp_path / "a")
    moved = pictures.rename(tmp_path / "elsewhere")
    assert prepare_data(folder_dataset(moved), tmp_path / "b") == about
    Image.new("RGB", (9, 9), (1, 2, 3)).save(moved / "val/n02/n02_0.JPEG")
    other = prepare_data(folder_dataset(moved), tmp_path / "c")
    assert other["fingerprint"] == about["fingerprint"]
    assert other["content"] != about["content"]


def test_a_download_is_prepared(pictures, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "pictures"), "gztar", pictures))
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    dataset = folder_dataset(None, download=Download(archive.as_uri(), md5))
    assert lengths(prepare_data(dataset, tmp_path / "store", tmp_path / "downloads")) == {"train": 12, "val": 6}
    wrong = folder_dataset(archive, download=Download(md5="0" * 32))
    with pytest.raises(ConfigError, match=rf"key 'path': .*: checksum md5 is {md5}, expected 0"):
        prepare_data(wrong, tmp_path / "store")


@pytest.mark.parametrize("kind", ["array", "records"])
def test_a_full_disk(pictures, tmp_path, monkeypatch, kind):
    """Noticed before any work where the size is known, while writing where it is not; both leave nothing."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store.os, "posix_fallocate", full)
    monkeypatch.setattr(store.RecordWriter, "put", full)
    with pytest.raises(ConfigError, match=r"out/store: cannot be written \(No space left on device\)"):
        prepare_data(folder_dataset(pictures, store=kind), tmp_path / "out/store")
    assert list((tmp_path / "out").iterdir()) == []


def test_too_little_space_is_said_before_the_work(pictures, tmp_path):
    with pytest.raises(ConfigError, match=r": 3.60PB needed, [0-9.]+.B free"):
        prepare_data(folder_dataset(pictures, stored_size=10**7), tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_folder_that_cannot_be_made(pictures, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file.*: cannot be written \((Not a directory|File exists)\)"):
        prepare_data(folder_dataset(pictures), tmp_path / "file/store")


def test_two_preparations_at_once(pictures, tmp_path):
    other = Claim(tmp_path / "store", {"for": "prepared data", "name": "made"})
    with pytest.raises(OutputError, match="store: another process is preparing it, expected one at a time"):
        prepare_data(folder_dataset(pictures), tmp_path / "store")
    other.release()  # as the kernel does when it is killed
    prepare_data(folder_dataset(pictures), tmp_path / "store")
    assert ".building" not in names_in(tmp_path / "store")


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("notes", "notes: holds a, b, c and 1 more, which is no prepared data of made, expected a new or empty folder"),
        ("arrays", "arrays: holds train_image.npy, train_label.npy, which is no prepared data of made"),
        ("results", "results: holds summary.json, which is no prepared data of made"),
        ("other", "other: holds the prepared data of other, expected a folder of its own for made"),
        ("older", "older: holds the prepared data of other, expected a folder of its own for made"),
        ("torn", "torn: holds store.json, which is no prepared data of made"),
        ("file", "file: is a file"),
        ("pictures", "pictures: is also config/datasets/made.yaml: key 'path'"),
        ("to-pictures", "to-pictures: is also config/datasets/made.yaml: key 'path'"),
        ("pictures/train/n01", "n01: lies inside config/datasets/made.yaml: key 'path'"),
        ("pictures/new", "new: lies inside config/datasets/made.yaml: key 'path'"),
        (".", ": contains config/datasets/made.yaml: key 'path'"),
    ],
)
def test_nothing_but_a_store_of_the_same_data_is_replaced(pictures, tmp_path, out, says):
    made = {
        "notes": dict.fromkeys("abcd", b"precious"),
        "arrays": {"train_image.npy": b"precious", "train_label.npy": b"precious"},
        "results": {"summary.json": b"{}"},
        "other": {MARK: b'{"by": "netspec-book", "for": "prepared data", "name": "other"}', "store.json": b"{}"},
        "older": {"store.json": b'{"name": "other", "fingerprint": "0", "images": {}}'},
        "torn": {"store.json": b'{"name": "ma'},
    }
    for folder, files in made.items():
        (tmp_path / folder).mkdir()
        for name, content in files.items():
            (tmp_path / folder / name).write_bytes(content)
    (tmp_path / "file").write_text("precious")
    (tmp_path / "to-pictures").symlink_to("pictures")
    before = contents(tmp_path)
    with pytest.raises((ConfigError, OutputError), match=re.escape(says)):
        prepare_data(folder_dataset(pictures), tmp_path / out)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("way", ["empty", "link", "again", "other settings", "older", "damaged mark", "lost file"])
def test_a_store_is_prepared_in_place(pictures, tmp_path, way):
    """In folders that it may have: what is not of the store stays, and a link stays a link."""
    dataset, folder = folder_dataset(pictures), tmp_path / "store"
    if way == "empty":
        folder.mkdir()
    elif way == "link":
        (tmp_path / "disk").mkdir()
        folder.symlink_to("disk")
    else:
        prepare_data(dataset, folder)
        (folder / "notes").write_text("precious")
    if way == "other settings":
        dataset = folder_dataset(pictures, store="records")
    elif way == "older":
        (folder / MARK).unlink()
    elif way == "damaged mark":
        (folder / MARK).write_text("{")
    elif way == "lost file":
        (folder / "store.json").unlink()
    about = prepare_data(dataset, folder)
    assert json.loads((folder / "store.json").read_text()) == about
    assert len(open_store(folder, dataset).train) == 12
    assert ("notes" in names_in(folder)) == (way not in ("empty", "link"))
    assert folder.is_symlink() == (way == "link")
    kinds = {"records": {"train.array_record"}, "array": {"train_image.npy"}}
    assert kinds[dataset.store] == {"train.array_record", "train_image.npy"} & names_in(folder)


def test_an_old_store_is_whole_until_the_new_one_is(pictures, tmp_path, monkeypatch):
    prepare_data(folder_dataset(pictures), tmp_path / "store")
    before = contents(tmp_path / "store")
    monkeypatch.setattr(store.ArrayWriter, "put", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(ConfigError, match="cannot be written"):
        prepare_data(folder_dataset(pictures), tmp_path / "store")
    found = contents(tmp_path / "store")
    assert {name: content for name, content in found.items() if name != MARK} == {
        name: content for name, content in before.items() if name != MARK
    }


@pytest.mark.exhaustive
def test_killed_preparations_leave_nothing_that_is_trusted(tmp_path):
    """Killed at a few moments from its start to its end; then one that is left alone, whose store is whole."""
    pictures = tmp_path / "pictures"
    for split in ("train", "val"):
        for name in "ab":
            (pictures / split / name).mkdir(parents=True)
            for i in range(40):
                (pictures / split / name / f"{i}.JPEG").write_bytes(jpeg(i, 300, 300))
    dataset = folder_dataset(pictures, classes=2)
    settings = {key: getattr(dataset, key) for key in ("title", "source", "kind", "path", "classes", "subset_seed")}
    settings |= {"image_size": 8, "stored_size": 9, "mean": [0.5] * 3, "std": [0.5] * 3, "train_per_class": None}
    settings |= {"augmentation": {"random_crop": True, "horizontal_flip": True}, "recipe": "smoke"}
    (tmp_path / "made.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "train", "prepare", "--dataset", "made.yaml", "--out", "out/store"]
    seen = set()
    for pause in (0.0, 0.05, 0.15):
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (tmp_path / "out/store/.building/train_image.npy").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen |= {path.name for path in (tmp_path / "out/store").iterdir()}
        if not (tmp_path / "out/store/store.json").exists():
            with pytest.raises(ConfigError, match="no prepared data"):
                open_store(tmp_path / "out/store", dataset)
    assert ".building" in seen
    about = prepare_data(dataset, tmp_path / "out/store")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["store"]
    arrays = {f"{split}_{part}.npy" for split in ("train", "val") for part in ("image", "label")}
    assert names_in(tmp_path / "out/store") == {MARK, "store.json", *arrays}
    assert lengths(about) == {"train": 80, "val": 80}
    assert json.loads((tmp_path / "out/store/store.json").read_text()) == about


@pytest.mark.parametrize("lost", ["val_image.npy", "train_label.npy"])
def test_a_store_that_lost_a_file(pictures, tmp_path, lost):
    dataset = folder_dataset(pictures)
    prepare_data(dataset, tmp_path / "store")
    (tmp_path / "store" / lost).unlink()
    with pytest.raises(ConfigError, match=rf"store/{lost}: damaged or no array \(.*; prepare it again"):
        open_store(tmp_path / "store", dataset)


def test_hard_images_go_through_the_whole_preparation(tmp_path):
    """Each kind that can be read, under a name that says otherwise."""
    red = Image.new("RGB", (30, 20), (200, 30, 40))
    kinds = [
        encoded(red, "PNG"),  # ImageNet has one of these called .JPEG
        encoded(red.convert("CMYK"), "JPEG", quality=100),
        encoded(red.convert("RGBA"), "PNG"),
        encoded(red.resize((1, 1)), "JPEG", quality=100),
        encoded(red, "WEBP", lossless=True),
    ]
    for split in ("train", "val"):
        for name in "ab":
            (tmp_path / "pictures" / split / name).mkdir(parents=True)
            for i, content in enumerate(kinds):
                (tmp_path / "pictures" / split / name / f"{i}.JPEG").write_bytes(content)
    for kind in ("array", "records"):
        dataset = folder_dataset(tmp_path / "pictures", classes=2, store=kind)
        prepare_data(dataset, tmp_path / kind)
        batch = open_store(tmp_path / kind, dataset).train.gather(range(10))
        assert np.abs(batch["image"].astype(int) - (200, 30, 40)).max() <= 6


def test_neither_path_nor_download():
    with pytest.raises(ConfigError, match=r"made\.yaml: key 'path' is null, expected a folder or an archive"):
        raw.open_raw(folder_dataset(None))
