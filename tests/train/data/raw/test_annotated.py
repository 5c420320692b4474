"""Oxford-IIIT Pets, Pascal VOC and COCO in the layouts that they are published in, from archives to a store."""

import dataclasses
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from train.config.cell import Dataset, Download
from train.config.schema import ConfigError
from train.data.example import VOID
from train.data.prepare import prepare
from train.data.store import open_store

SIDE = {"image_size": (12, 16), "stored_size": (12, 16)}


def jpeg(width, height, colour=(200, 100, 50)):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "JPEG")
    return stream.getvalue()


def trimap(values):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def xml(width, height, *objects):
    """An annotation of (name, xmin, ymin, xmax, ymax) or with a last "difficult"."""
    parts = "".join(
        f"<object><name>{name}</name><difficult>{int(bool(more))}</difficult><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for name, a, b, c, d, *more in objects
    )
    return f"<annotation><size><width>{width}</width><height>{height}</height></size>{parts}</annotation>".encode()


def written(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def archived(path, files, cut=None):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    if cut:
        path.write_bytes(path.read_bytes()[:cut])
    return path


def dataset(kind, path, classes, annotation="boxes", **more):
    return Dataset("own", kind, None if path is None else str(path), classes, annotation=annotation, **{**SIDE, **more})


def md5(path):
    import hashlib

    return hashlib.md5(path.read_bytes()).hexdigest()


MASK = np.ones((6, 8), np.uint8) + (np.arange(8) // 3)[None]  # columns of 1, 1, 1, 2, 2, 2, 3, 3
PETS = {
    "images/Abyssinian_1.jpg": jpeg(8, 6),
    "images/beagle_1.jpg": jpeg(8, 6, (0, 0, 250)),
    "images/beagle_2.jpg": jpeg(8, 6),
    "images/pug_1.jpg": jpeg(8, 6),
    "annotations/trimaps/Abyssinian_1.png": trimap(MASK),
    "annotations/trimaps/beagle_1.png": trimap(MASK.T[:6, :6].repeat(2, 1)[:, :8]),
    "annotations/trimaps/pug_1.png": trimap(MASK),
    "annotations/trainval.txt": "#Image ID SPECIES BREED\nAbyssinian_1 1 1 1\nbeagle_1 5 2 3\nbeagle_2 5 2 3\n",
    "annotations/test.txt": "pug_1 9 2 4\n",
    "annotations/xmls/Abyssinian_1.xml": xml(8, 6, ("cat", 1, 1, 4, 3)),
    "annotations/xmls/beagle_1.xml": xml(8, 6, ("dog", 3, 1, 8, 6)),
}
WHOLE = {**PETS, "annotations/trimaps/beagle_2.png": trimap(MASK)}


class TestPets:
    def test_masks_in_the_official_splits(self, tmp_path):
        root = written(tmp_path / "pets", WHOLE)
        about = prepare(dataset("oxford-pets", root, 3, "mask"), tmp_path / "store")
        store = open_store(tmp_path / "store", dataset("oxford-pets", root, 3, "mask"))
        assert (len(store.train), len(store.val)) == (3, 1) and store.class_names == ("pet", "ground", "boundary")
        mask = store.train["mask"][0]
        assert mask.shape == (12, 16) and (mask == (np.arange(16) // 2 // 3)[None]).all()
        assert about["splits"]["train"]["arrays"]["mask"]["shape"] == [12, 16]

    def test_heads_of_cats_and_dogs(self, tmp_path):
        data = dataset("oxford-pets", written(tmp_path / "pets", PETS), 2)
        prepare(data, tmp_path / "store")
        store = open_store(tmp_path / "store", data)
        assert store.class_names == ("cat", "dog") and (len(store.train), len(store.val)) == (1, 1)
        assert store.val["boxes"][0, 0] == pytest.approx([0.25, 0.25, 0.5, 0.5])
        assert store.train["boxes"][0, 0] == pytest.approx([0.625, 0.5, 0.75, 1])
        assert (store.val["box-class"][0, 0], store.train["box-class"][0, 0]) == (0, 1)

    def test_archives_are_fetched_unpacked_once_and_read(self, tmp_path):
        images = {name: content for name, content in WHOLE.items() if name.startswith("images")}
        others = {name: content for name, content in WHOLE.items() if name.startswith("annotations")}
        files = [archived(tmp_path / f"{n}.tar.gz", c) for n, c in (("images", images), ("annotations", others))]
        archives = tuple(Download(file.as_uri(), md5=md5(file)) for file in files)
        data = dataset("oxford-pets", None, 3, "mask", download=Download(archives=archives))
        prepare(data, tmp_path / "store", tmp_path / "downloads")
        assert len(open_store(tmp_path / "store", data).train) == 3
        for file in files:
            file.unlink()
        (tmp_path / "downloads/own-unpacked/images/pug_1.jpg").write_bytes(jpeg(8, 6, (0, 0, 0)))
        prepare(data, tmp_path / "again", tmp_path / "downloads")  # from what was unpacked

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"annotations/trainval.txt": None}, r"trainval\.txt: cannot be read"),
            ({"annotations/trainval.txt": "# nothing\n"}, r"trainval\.txt: is empty"),
            ({"annotations/trimaps/beagle_2.png": None}, r"beagle_2\.png: cannot be read .* though a list names it"),
            ({"images/pug_1.jpg": None}, r"pug_1\.jpg: cannot be read .* though a list names it"),
            ({"annotations/trimaps/pug_1.png": trimap(MASK + 4)}, "value 5 in the mask, expected one of 1, 2, 3, 255"),
            ({"annotations/trimaps/pug_1.png": jpeg(8, 6)}, "a mask of mode RGB"),
            (
                {"annotations/trimaps/pug_1.png": trimap(MASK.T)},
                "a mask of 6 × 8 pixels, expected 8 × 6 as",
            ),
            ({"annotations/trimaps/beagle_1.png": trimap(MASK[:, :7])}, "a mask of 7 × 6 pixels, expected 8 × 6"),
            ({"annotations/trimaps/pug_1.png": b"nothing"}, "not an image"),
        ],
    )
    def test_what_is_wrong_is_one_sentence(self, tmp_path, change, says):
        files = {name: content for name, content in {**WHOLE, **change}.items() if content is not None}
        with pytest.raises(ConfigError, match=says):
            prepare(dataset("oxford-pets", written(tmp_path / "pets", files), 3, "mask"), tmp_path / "store")
        assert not (tmp_path / "store/store.json").exists()

    def test_pixels_of_no_class_stay_so(self, tmp_path):
        mask = MASK.copy()
        mask[0] = 255
        root = written(tmp_path / "pets", {**WHOLE, "annotations/trimaps/pug_1.png": trimap(mask)})
        prepare(data := dataset("oxford-pets", root, 3, "mask"), tmp_path / "store")
        assert (open_store(tmp_path / "store", data).val["mask"][0, :2] == VOID).all()

    def test_a_truncated_archive_and_a_wrong_checksum(self, tmp_path):
        whole = archived(tmp_path / "whole.tar.gz", WHOLE)
        cut = archived(tmp_path / "cut.tar.gz", WHOLE, cut=400)
        wrong = Download(archives=(Download(whole.as_uri(), md5="0" * 32),))
        with pytest.raises(ConfigError, match="checksum md5"):
            prepare(dataset("oxford-pets", None, 3, "mask", download=wrong), tmp_path / "a", tmp_path / "one")
        short = Download(archives=(Download(cut.as_uri(), md5=md5(cut)),))
        with pytest.raises(ConfigError, match=r"cut\.tar\.gz: damaged archive"):
            prepare(dataset("oxford-pets", None, 3, "mask", download=short), tmp_path / "b", tmp_path / "two")
        assert not (tmp_path / "two/own-unpacked").exists()

    def test_an_archive_writes_nowhere_else(self, tmp_path):
        outside = archived(tmp_path / "out.tar.gz", {"../../escaped.txt": "text"})
        download = Download(archives=(Download(outside.as_uri(), md5=md5(outside)),))
        with pytest.raises(ConfigError, match="damaged archive"):
            prepare(dataset("oxford-pets", None, 3, "mask", download=download), tmp_path / "s", tmp_path / "d" / "e")
        assert not (tmp_path / "escaped.txt").exists()


LISTS = {
    "2007": {"trainval": "000001\n000002\n", "test": "000003\n"},
    "2012": {"train": "2008_1\n", "val": "2008_2\n"},
}


def voc(*years):
    files = {}
    for year in years:
        root = f"VOCdevkit/VOC{year}"
        for name, text in LISTS[year].items():
            files[f"{root}/ImageSets/Main/{name}.txt"] = text
            for stem in text.split():
                objects = ("person", 1, 1, 10, 10), ("dog", 11, 1, 20, 5, "difficult")
                files[f"{root}/JPEGImages/{stem}.jpg"] = jpeg(20, 10)
                files[f"{root}/Annotations/{stem}.xml"] = xml(20, 10, *objects)
    return files


class TestVOC:
    def test_boxes_count_from_one_and_difficult_ones_are_kept(self, tmp_path):
        data = dataset("voc", written(tmp_path / "data", voc("2007")), 20)
        prepare(data, tmp_path / "store")
        store = open_store(tmp_path / "store", data)
        assert (len(store.train), len(store.val)) == (2, 1) and len(store.class_names) == 20
        assert store.train["boxes"][0] == pytest.approx(np.array([[0.25, 0.5, 0.5, 1], [0.75, 0.25, 0.5, 0.5]]))
        assert [store.class_names[label] for label in store.train["box-class"][0]] == ["person", "dog"]
        assert store.train["difficult"][0].tolist() == [False, True]

    def test_some_classes_alone_leave_pictures_without_objects(self, tmp_path):
        files = voc("2007")
        files["VOCdevkit/VOC2007/Annotations/000002.xml"] = xml(20, 10, ("dog", 1, 1, 5, 5))
        data = dataset("voc", written(tmp_path / "data", files), 1, only=("person",))
        prepare(data, tmp_path / "store")
        store = open_store(tmp_path / "store", data)
        assert store.class_names == ("person",) and store.train["box-class"].tolist() == [[0], [-1]]
        assert (store.train["boxes"][1] == 0).all()

    def test_2012_alone_has_splits_of_its_own(self, tmp_path):
        data = dataset("voc", written(tmp_path / "data", voc("2012")), 20)
        about = prepare(data, tmp_path / "store")
        assert [about["splits"][split]["length"] for split in ("train", "val")] == [1, 1]

    @pytest.mark.parametrize(
        ("annotation", "says"),
        [
            (None, r"000002\.xml: cannot be read"),
            (b"<annotation>", r"000002\.xml: no annotation as Pascal VOC's"),
            (b"<annotation></annotation>", r"000002\.xml: no annotation as Pascal VOC's"),
            (xml(20, 10, ("cow", 1, 1, 30, 5)), r"000002\.xml: a box from .* of some size within the 20 × 10 pixels"),
            (xml(20, 10, ("cow", -9, 1, 5, 5)), r"000002\.xml: a box from"),
            (xml(20, 10, ("cow", 8, 4, 7, 9)), r"000002\.xml: a box from"),
            (xml(20, 10, ("cow", "nan", 4, 7, 9)), r"000002\.xml: a box from"),
            (xml(20, 10, ("unicorn", 1, 1, 5, 5)), r"000002\.xml: an object is called 'unicorn', expected one of aero"),
        ],
    )
    def test_what_is_wrong_is_one_sentence(self, tmp_path, annotation, says):
        files = {**voc("2007"), "VOCdevkit/VOC2007/Annotations/000002.xml": annotation}
        files = {name: content for name, content in files.items() if content is not None}
        with pytest.raises(ConfigError, match=says):
            prepare(dataset("voc", written(tmp_path / "data", files), 20), tmp_path / "store")

    def test_folders_and_names_that_are_not_there(self, tmp_path):
        with pytest.raises(ConfigError, match="has neither VOC2007 nor VOC2012"):
            prepare(dataset("voc", written(tmp_path / "none", {"a": "b"}), 20), tmp_path / "store")
        with pytest.raises(ConfigError, match="key 'only' has 'unicorn', expected some of aeroplane"):
            prepare(dataset("voc", written(tmp_path / "data", voc("2007")), 1, only=("unicorn",)), tmp_path / "store")
        with pytest.raises(ConfigError, match="no object in val, expected some"):
            files = {**voc("2007"), "VOCdevkit/VOC2007/Annotations/000003.xml": xml(20, 10)}
            prepare(dataset("voc", written(tmp_path / "data", files), 20), tmp_path / "store")


NAMES = ("b.jpg", "a.jpg")


def coco(**changes):
    value = {
        "categories": [{"id": 7, "name": "tree"}, {"id": 3, "name": "car"}],
        "images": [{"id": at + 1, "file_name": name, "width": 20, "height": 10} for at, name in enumerate(NAMES)],
        "annotations": [
            {"image_id": 1, "category_id": 3, "bbox": [0, 0, 10, 5], "iscrowd": 0},
            {"image_id": 1, "category_id": 7, "bbox": [10, 5, 10, 5], "iscrowd": 1},
        ],
    }
    text = json.dumps({**value, **changes})
    pictures = {f"{split}/{name}.jpg": jpeg(20, 10) for split in ("train", "val") for name in "ab"}
    return {"train.json": text, "val.json": json.dumps(value), **pictures}


class TestCOCO:
    def test_categories_go_by_their_numbers_and_crowds_are_difficult(self, tmp_path):
        data = dataset("coco", written(tmp_path / "data", coco()), 2)
        prepare(data, tmp_path / "store")
        store = open_store(tmp_path / "store", data)
        assert store.class_names == ("car", "tree") and len(store.train) == 2
        assert store.train["box-class"].tolist() == [[-1, -1], [0, 1]]
        assert store.train["boxes"][1] == pytest.approx(np.array([[0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 0.5, 0.5]]))
        assert store.train["difficult"][1].tolist() == [False, True]

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"categories": []}, r"train\.json: no annotations as COCO's \(KeyError"),
            ({"images": []}, r"train\.json: names no picture"),
            ({"annotations": [{"image_id": 1, "category_id": 3, "bbox": [0, 0, 5]}]}, r"train\.json: no annotations"),
            (
                {"annotations": [{"image_id": 1, "category_id": 3, "bbox": [5, 0, 50, 5]}]},
                "a box from",
            ),
            ({"annotations": []}, "no object in train"),
            ({"annotations": 3}, r"train\.json: no annotations as COCO's"),
        ],
    )
    def test_what_is_wrong_is_one_sentence(self, tmp_path, changes, says):
        with pytest.raises(ConfigError, match=says):
            prepare(dataset("coco", written(tmp_path / "data", coco(**changes)), 2), tmp_path / "store")

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"val.json": None}, r"no annotations of val, expected val\.json or"),
            ({"val/a.jpg": None}, r"val/a\.jpg: cannot be read"),
            ({"train.json": "{"}, r"train\.json: no annotations as COCO's \(JSONDecodeError"),
        ],
    )
    def test_files_that_are_not_there(self, tmp_path, change, says):
        files = {name: content for name, content in {**coco(), **change}.items() if content is not None}
        with pytest.raises(ConfigError, match=says):
            prepare(dataset("coco", written(tmp_path / "data", files), 2), tmp_path / "store")


def test_what_counts_decides_the_fingerprint():
    from train.config import data_fingerprint

    one = dataset("voc", "here", 1, only=("person",))
    other = dataclasses.replace(one, only=("dog",))
    assert data_fingerprint(one) != data_fingerprint(other)
