"""What is a picture and what is left out: the same of a folder and of every archive of it, one row per kind."""

import io
import os
import stat
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from made_data import encoded, folder_dataset, jpeg, lengths
from PIL import Image

from train.config.schema import ConfigError
from train.data import images
from train.data.prepare import prepare
from train.data.raw.tree import AGAIN, EMPTY, HIDDEN, LOOSE, NOWHERE, OTHER, SPECIAL

BASE = {f"{split}/{name}/{i}.JPEG": jpeg(i) for split in ("train", "val") for name in "ab" for i in range(2)}
RED = Image.new("RGB", (6, 4), (200, 30, 40))
PLAIN = encoded(RED, "PNG")


class To(str):
    """A symbolic link."""


class Hard(str):
    """A hard link."""


PIPE = object()


def as_folder(tree, path: Path) -> Path:
    for name, content in tree.items():
        file = Path(os.fsdecode(os.fsencode(path / name)))
        file.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            file.mkdir(exist_ok=True)
        elif isinstance(content, To):
            file.symlink_to(content)
        elif isinstance(content, Hard):
            file.hardlink_to(path / content)
        elif content is PIPE:
            os.mkfifo(file)
        else:
            file.write_bytes(content)
    return path


def as_tar(tree, path: Path, mode="w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in tree.items():
            member = tarfile.TarInfo(f"set/{name}".rstrip("/"))
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            elif isinstance(content, To):
                member.type, member.linkname = tarfile.SYMTYPE, str(content)
            elif isinstance(content, Hard):
                member.type, member.linkname = tarfile.LNKTYPE, f"set/{content}"
            elif content is PIPE:
                member.type = tarfile.FIFOTYPE
            else:
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return path


def as_zip(tree, path: Path) -> Path:
    """Like Info-ZIP's: hard links are files of their own."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in tree.items():
            member = zipfile.ZipInfo(f"set/{name}")
            kind = stat.S_IFLNK if isinstance(content, To) else stat.S_IFIFO if content is PIPE else stat.S_IFREG
            member.external_attr = 0 if name.endswith("/") else (kind | 0o644) << 16
            while isinstance(content, Hard):
                content = tree[content]
            archive.writestr(member, b"" if content is PIPE else content)
    return path


FORMS = {
    "folder": as_folder,
    "tar": as_tar,
    "tar.gz": lambda tree, path: as_tar(tree, path, "w:gz"),
    "zip": as_zip,
}


def outcome(form, tree, folder: Path, **settings):
    """Pictures of class a in train, what is left out, the contents, and the kinds of files that are unreadable."""
    folder.mkdir(exist_ok=True)
    settings = {"classes": 2, "unreadable": "skip", **settings}
    dataset = folder_dataset(FORMS[form](tree, folder / form), **settings)
    about = prepare(dataset, folder / f"store-{form}")
    labels = Counter(np.load(folder / f"store-{form}/train_label.npy").tolist())
    skipped = {name.rsplit("train/", 1)[-1]: reason for name, reason in about.get("skipped", {}).items()}
    return labels[0], about.get("left_out", {}), about["content"], skipped


PICTURES = {
    ".tif": {"x.tif": encoded(RED, "TIFF")},
    ".jfif": {"x.jfif": jpeg(7)},
    ".gif": {"x.gif": encoded(RED, "GIF")},
    ".ppm": {"x.ppm": encoded(RED, "PPM")},
    ".jpe": {"x.jpe": jpeg(7)},
    ".webp": {"x.webp": encoded(RED, "WEBP")},
    ".bmp": {"x.bmp": encoded(RED, "BMP")},
    ".jp2": {"x.jp2": encoded(RED, "JPEG2000")},
    "upper case": {"X.PNG": PLAIN},
    "without a suffix": {"x": jpeg(7)},
    "numbered": {"x.00001": PLAIN},
    "another suffix": {"x.txt": PLAIN},
    "another format": {"x.jpg": PLAIN},
    "a sub-folder": {"deep/er/x.png": PLAIN},
    "a sub-folder like a split": {"train/b/x.png": PLAIN},
    "names that differ in case": {"0.jpeg": PLAIN},
    "odd names": {"ä ?*\n.png": PLAIN},
    "bytes that are no text": {os.fsdecode(b"\xff\xfe.png"): PLAIN},
    "a link to a file": {"x.png": To("0.JPEG")},
    "a link to a link elsewhere": {"x.png": To("../../pool/y"), "../../pool/y": To("z.png"), "../../pool/z.png": PLAIN},
    "a link to a folder": {"x": To("../../pool"), "../../pool/z.png": PLAIN},
    "a hard link": {"x.png": Hard("train/a/0.JPEG")},
    "frames": {"x.gif": encoded(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (6, 4))])},
    "16 bits": {"x.png": encoded(Image.fromarray(np.full((3, 3), 40000, np.uint16)), "PNG")},
    "a palette": {"x.png": encoded(RED.convert("P"), "PNG")},
    "CMYK": {"x.jpg": encoded(RED.convert("CMYK"), "JPEG")},
    "grey with transparency": {"x.png": encoded(RED.convert("LA"), "PNG")},
}
LEFT_OUT = {
    "a text": ({"README.txt": b"not a picture"}, {OTHER: 1}),
    "a text like BMP": ({"readme": b"BMW made this.", "notes": b"P1 is the first."}, {OTHER: 2}),
    "a table of Windows": ({"Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}, {OTHER: 1}),
    "a format that is not read": ({"x.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"}, {OTHER: 1}),
    "an empty file": ({"labels": b""}, {EMPTY: 1}),
    "hidden files": ({".DS_Store": b"\0\0\0\1", "._0.JPEG": b"\0\5\x16\7", ".x.png": PLAIN}, {HIDDEN: 3}),
    "hidden folders": ({".ipynb_checkpoints/x.png": PLAIN, "__MACOSX/a/x.png": PLAIN}, {HIDDEN: 2}),
    "hidden classes": ({"../.c/x.png": PLAIN}, {HIDDEN: 1}),
    "a picture in no class": ({"../x.png": PLAIN, "../notes": b"text"}, {LOOSE: 1, OTHER: 1}),
    "a pipe": ({"x.png": PIPE}, {SPECIAL: 1}),
    "a link to nothing": ({"x": To("nowhere")}, {NOWHERE: 1}),
    "a link to itself": ({"x": To("x")}, {NOWHERE: 1}),
    "a link to the folder it is in": ({"x": To(".")}, {AGAIN: 1}),
    "a link to the split": ({"x": To("..")}, {AGAIN: 1}),
    "a link to the top": ({"x": To("../..")}, {AGAIN: 1}),
    "links in a circle": ({"x": To("../../pool"), "../../pool/y": To("../train/a")}, {AGAIN: 1}),
}
UNREADABLE = {
    "empty": (b"", "empty file"),
    "a text": (b"<html>404</html>", "not an image"),
    "truncated": (jpeg(0, 99, 99)[:-2000], "truncated or damaged"),
    "a link to nothing": (To("nowhere"), "a link to nothing|No such file or directory"),
}


def forms(tree):
    """Python writes no zip file with names that are no text."""
    return [form for form in FORMS if form != "zip" or "\udcff" not in "".join(tree)]


def within(files, split="train", name="a"):
    return {os.path.normpath(f"{split}/{name}/{file}"): content for file, content in files.items()}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_one_in_every_form(tmp_path, kind):
    tree = {**BASE, **within(PICTURES[kind])}
    found = {form: outcome(form, tree, tmp_path) for form in forms(tree)}
    assert {form: result[:2] for form, result in found.items()} == {form: (3, {}) for form in forms(tree)}
    assert len({content for _, _, content, _ in found.values()}) == 1


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_is_no_picture_is_counted_in_every_form(tmp_path, kind, capfd):
    files, expected = LEFT_OUT[kind]
    plain = outcome("folder", BASE, tmp_path / "plain")[2]
    for form in FORMS:
        assert outcome(form, {**BASE, **within(files)}, tmp_path) == (2, expected, plain, {})
        lines = [line for line in capfd.readouterr().err.splitlines() if "left out" in line]
        assert len(lines) == 1
        for reason, count in expected.items():
            assert f"{count} {reason} (" in lines[0]


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_called_a_picture_and_cannot_be_read(tmp_path, kind, form):
    content, reason = UNREADABLE[kind]
    tree = {**BASE, **within({"x.jpg": content})}
    count, left_out, _, skipped = outcome(form, tree, tmp_path)
    assert (count, left_out, list(skipped)) == (2, {}, ["a/x.jpg"])
    with pytest.raises(ConfigError, match=f"1 of 9 files is not readable images.*\n.*({reason})"):
        outcome(form, tree, tmp_path / "again", unreadable="error")


def test_a_signature_without_a_picture_is_unreadable(tmp_path):
    for form in FORMS:
        tree = {**BASE, **within({"x": jpeg(0, 99, 99)[:-2000]})}
        assert list(outcome(form, tree, tmp_path)[3]) == ["a/x"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({**within({"n.txt": b"text"}, name="c"), **within({"0.png": PLAIN}, "val", "c")}, "train/ .* of class c,"),
        ({**within({"n.txt": b"text"}, name="c"), **within({"n.txt": b"text"}, "val", "c")}, "train/ .* of class c,"),
        ({"train/c/": None, "val/c/": None}, "train/ .* of class c,"),
        (within({"0.png": PLAIN}, "val", "c"), r"differ in the classes c \(only in val/: c\)"),
        (within({"0.png": PLAIN}, "train", "c"), r"differ in the classes c \(only in train/: c\)"),
        (within({"0.png": PLAIN[:50]}, name="c") | within({"0.png": PLAIN}, "val", "c"), "train/ of class c, expected"),
        ({f"{split}/c\udcff/0.png": PLAIN for split in ("train", "val")}, "is not UTF-8"),
    ],
    ids=["other files", "in both", "empty", "only val", "only train", "all unreadable", "no text"],
)
def test_a_class_without_images_is_named(tmp_path, form, files, says):
    tree = {**BASE, **{name: b"" if content is None else content for name, content in files.items()}}
    if form not in forms(tree):
        pytest.skip("Python writes no such zip file")
    with pytest.raises(ConfigError, match=says) as raised:
        outcome(form, tree, tmp_path, **({"classes": 3} if "of class c, exp" in says else {}))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "LARGEST_FILE", 2**12)
    bomb = {**BASE, **within({"x.png": bytes(2**12 + 1)})}
    for form in FORMS:
        assert outcome(form, bomb, tmp_path)[3] == {"a/x.png": "larger than 0 MiB"}


def test_rows_do_not_depend_on_the_order_of_a_listing(tmp_path, monkeypatch):
    tree = {**BASE, **within({"deep/x.png": PLAIN, "dee.png": jpeg(8), "Deep.png": jpeg(9), "y": To("deep")})}
    expected = outcome("folder", tree, tmp_path / "plain")
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as listed:
                self.entries = sorted(listed, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *error):
            pass

    monkeypatch.setattr("train.data.raw.folder.os.scandir", Backwards)
    assert outcome("folder", tree, tmp_path) == expected
    backwards = dict(reversed(tree.items()))
    assert [outcome(form, backwards, tmp_path) for form in ("tar", "tar.gz", "zip")] == [expected] * 3


def test_a_file_with_holes(tmp_path):
    """GNU tar keeps their places and what lies between them."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[40:] = 200
    whole = encoded(Image.fromarray(pixels), "BMP")
    tar = as_tar(BASE, tmp_path / "tar")
    first, last = whole[:512], whole[-4096:]
    holed = tarfile.TarInfo("set/train/a/x.bmp")
    holed.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(len(whole)),
        "GNU.sparse.map": f"0,512,{len(whole) - 4096},4096",
    }
    holed.size = len(first + last)
    with tarfile.open(tar, "a", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(holed, io.BytesIO(first + last))
    expected = bytearray(len(whole))
    expected[:512], expected[-4096:] = first, last
    as_folder({**BASE, **within({"x.bmp": bytes(expected)})}, tmp_path / "folder")
    stores = [
        prepare(folder_dataset(tmp_path / form, classes=2), tmp_path / f"store-{form}") for form in ("tar", "folder")
    ]
    assert stores[0] == stores[1]
    assert lengths(stores[0])["train"] == 5


@pytest.mark.parametrize("kind", images.FORMATS)
def test_every_format_has_its_signature(kind):
    """And text that begins like one in Pillow's eyes has none."""
    assert images.has_signature(encoded(RED, kind)[: images.HEAD])
    assert images.decode(encoded(RED, kind)).size == (6, 4)
    for text in (b"BMW", b"P6 is", b"Python", b"II. Methods", b"GIFs", b"RIFF", b""):
        assert not images.has_signature(text + b" and so on, and so on")
