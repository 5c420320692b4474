"""Archives: the same store as from the folder, whatever the format; nothing unsafe or damaged gets through."""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import tracemalloc
import zipfile

import pytest
from made_data import described, folder_dataset, jpeg, lengths, tar_bytes, tar_of

from train.config.schema import ConfigError
from train.data import images
from train.data.prepare import prepare
from train.data.raw.archive import open_archive
from train.data.raw.tree import OTHER

IMAGES = {f"set/{split}/{name}/{i}.JPEG": jpeg(i) for split in ("train", "val") for name in "ab" for i in range(3)}


def listed(path):
    raw = open_archive(path, "key 'path'")
    found = {(split, row): load() for split, row, load in raw.read(raw.splits)}
    return raw, found


def refused(path):
    with pytest.raises(ConfigError) as raised:
        listed(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("kind", ["tar", "gztar", "bztar", "xztar", "zip"])
def test_an_archive_gives_what_its_folder_gives(pictures, tmp_path, kind):
    archive = shutil.make_archive(str(tmp_path / "packed"), kind, pictures.parent, pictures.name)
    stores = [prepare(folder_dataset(path), tmp_path / f"store{i}") for i, path in enumerate((pictures, archive))]
    assert stores[0] == stores[1]
    assert lengths(stores[0]) == {"train": 12, "val": 6}


def test_members_in_any_order_and_at_the_top(tmp_path):
    names = sorted(IMAGES, reverse=True)
    path = tar_of({f"./{name[4:]}": IMAGES[name] for name in names}, tmp_path / "a.tgz", "w:gz")
    raw, found = listed(path)
    assert raw.class_names == ["a", "b"]
    assert [picture.label for picture in raw.splits["train"]] == [0, 0, 0, 1, 1, 1]
    assert found["train", 2] == IMAGES["set/train/a/2.JPEG"]
    assert found["val", 3] == IMAGES["set/val/b/0.JPEG"]


def test_only_what_is_wanted_is_read(tmp_path):
    raw = open_archive(tar_of(IMAGES, tmp_path / "a.tgz", "w:gz"), "key")
    wanted = {"train": raw.splits["train"][4:], "val": []}
    assert [(split, row, load()) for split, row, load in raw.read(wanted)] == [
        ("train", 0, IMAGES["set/train/b/1.JPEG"]),
        ("train", 1, IMAGES["set/train/b/2.JPEG"]),
    ]


@pytest.mark.parametrize("name", ["../set/train/a/evil.JPEG", "/etc/train/a/evil.JPEG", "set/../../evil", "C:\\evil"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_leave_the_archive(tmp_path, name, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "tar":
        tar_of({**IMAGES, name: b"evil"}, path)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"evil")
    message = refused(path)
    assert repr(name) in message
    assert "leads outside the archive" in message


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc/passwd", "../../../set/../../x"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_that_leave_the_archive(tmp_path, kind, target):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(described("set/train/a/0.JPEG", type=kind, linkname=target))
    assert "a.tar: member 'set/train/a/0.JPEG' is a link that leads outside the archive" in refused(path)


def test_a_link_in_a_zip_file(tmp_path):
    link = zipfile.ZipInfo("set/train/a/0.JPEG")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "is a link that leads outside the archive" in refused(tmp_path / "a.zip")


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.8])
def test_a_truncated_tar_file(tmp_path, compress, share):
    """Cut where the images are; what follows them may be padding."""
    whole = compress(tar_bytes(IMAGES))
    path = tmp_path / "a.tar"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert "a.tar: damaged archive" in refused(path)


def test_a_tar_file_that_ends_between_members(tmp_path):
    whole = tar_bytes(IMAGES)
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        last = tar.getmembers()[-1]
    path = tmp_path / "a.tar"
    path.write_bytes(whole[: last.offset])
    assert "no end mark" in refused(path)


@pytest.mark.parametrize("where", ["header", "contents", "checksum"])
def test_a_flipped_bit(tmp_path, where):
    """In a header tarfile would end quietly; in gzip only the checksum at the very end shows it."""
    whole = bytearray(tar_bytes(IMAGES))
    if where == "header":
        with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
            whole[tar.getmembers()[5].offset + 3] ^= 1
        packed = bytes(whole)
    else:
        packed = bytearray(gzip.compress(whole))
        packed[len(packed) // 2 if where == "contents" else -6] ^= 1
    path = tmp_path / "a.tar"
    path.write_bytes(packed)
    assert "a.tar: damaged archive" in refused(path)


def test_a_damaged_zip_file(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in IMAGES.items():
            archive.writestr(name, data)
    whole = bytearray(path.read_bytes())
    whole[200] ^= 1
    path.write_bytes(whole)
    assert "damaged archive (Bad CRC-32 for file 'set/train/a/0.JPEG')" in refused(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged archive" in refused(path)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"set/train/a/0.JPEG": b""}, "holds no val/<class>/<image>.JPEG"),
        ({"notes.txt": b""}, "holds no train/<class>/<image>.JPEG"),
        ({**IMAGES, "again/train/a/0.JPEG": b""}, "in several folders, set and again, expected one"),
        ({**IMAGES, "set/val/c/0.JPEG": b""}, "differ in the classes c (only in val/: c)"),
        ({n: d for n, d in IMAGES.items() if "val/b" not in n}, "differ in the classes b (only in train/: b)"),
        ({**IMAGES, "./set/train/a/0.JPEG": b""}, "set/train/a/0.JPEG: stands in the archive twice"),
    ],
    ids=["no val", "no train", "two sets", "extra class", "missing class", "twice"],
)
def test_another_layout(tmp_path, members, says):
    assert says in refused(tar_of(members, tmp_path / "a.tar"))


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, b"\x28\xb5\x2f\xfd" + bytes(100)])
def test_no_archive(tmp_path, content):
    (tmp_path / "a.tgz").write_bytes(content)
    assert "a.tgz: " in refused(tmp_path / "a.tgz")


@pytest.mark.parametrize(
    ("prefix", "more"),
    [
        ("", {"__MACOSX/set/train/a/0.JPEG": b"attributes"}),
        ("", {"set/test/a/0.JPEG": jpeg(9), "set/sheet.png": jpeg(9)}),
        (".hidden/", {}),
        ("train/", {}),
        ("val/", {}),
    ],
    ids=["attributes of macOS", "beside the splits", "a hidden top", "a top called train", "a top called val"],
)
def test_where_the_splits_are_found(tmp_path, prefix, more):
    raw, found = listed(tar_of({prefix + name: data for name, data in IMAGES.items()} | more, tmp_path / "a.tar"))
    assert raw.class_names == ["a", "b"]
    assert len(found) == 12


def test_classes_called_like_splits(tmp_path):
    names = {name.replace("/a/", "/train/").replace("/b/", "/val/"): data for name, data in IMAGES.items()}
    raw, found = listed(tar_of(names, tmp_path / "a.tar"))
    assert raw.class_names == ["train", "val"]
    assert found["val", 0] == IMAGES["set/val/a/0.JPEG"]


def test_a_tar_file_that_ends_with_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("notes.txt", "")
    raw, _ = listed(tar_of({**IMAGES, "set/code.zip": (tmp_path / "b.zip").read_bytes()}, tmp_path / "a.tar"))
    assert len(raw.splits["train"]) == 6


def test_a_file_that_is_a_folder_too(tmp_path):
    assert "'a' is both a file and a folder" in refused(tar_of({"set/train/a": b"", **IMAGES}, tmp_path / "a.tar"))


def test_a_text_twice_is_no_matter(tmp_path):
    twice = {"set/train/a/notes": b"old", "./set/train/a/notes": b"new"}
    raw, _ = listed(tar_of({**IMAGES, **twice}, tmp_path / "a.tar"))
    assert raw.left_out.counts == {OTHER: 1}


#: Bytes that a test lets one file have, and those of a bomb.
LARGEST, BOMB = 2**16, 2**22


def zip_of(members, path, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def lying_zip(members, path, method):
    """The size of each bomb is given as one byte, where zipfile looks for it."""
    data = bytearray(zip_of(members, path, method).read_bytes())
    size = BOMB.to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = b"\1\0\0\0"
    path.write_bytes(data)
    return path


def tar_packed(members, path):
    """With a dictionary of 256 KiB, since that is memory, too."""
    path.write_bytes(lzma.compress(tar_bytes(members), preset=0))
    return path


BOMBS = {
    "tar": lambda members, path: tar_of(members, path),
    "tar.gz": lambda members, path: tar_of(members, path, "w:gz"),
    "tar.bz2": lambda members, path: tar_of(members, path, "w:bz2"),
    "tar.xz": lambda members, path: tar_packed(members, path),
    **{
        f"zip {name}": lambda members, path, method=method: zip_of(members, path, method)
        for name, method in (
            ("stored", zipfile.ZIP_STORED),
            ("deflate", zipfile.ZIP_DEFLATED),
            ("bz2", zipfile.ZIP_BZIP2),
        )
    },
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_member_that_is_too_large_is_never_in_memory(tmp_path, kind, monkeypatch):
    """One that is called a picture, and one whose beginning says that it is."""
    bombs = {"set/train/a/bomb.JPEG": bytes(BOMB), "set/train/a/bomb": jpeg(0) + bytes(BOMB)}
    path = BOMBS[kind]({**IMAGES, **bombs}, tmp_path / "a")
    monkeypatch.setattr(images, "LARGEST_FILE", LARGEST)
    tracemalloc.start()
    raw = open_archive(path, "key")
    refusals = 0
    for _, _, load in raw.read(raw.splits):
        try:
            load()
        except images.Unreadable:
            refusals += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(raw.splits["train"]), refusals) == (8, 2)
    assert peak < BOMB / 2


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_member_that_is_larger_than_it_says(tmp_path, method):
    path = lying_zip({**IMAGES, "set/train/a/bomb.JPEG": bytes(BOMB)}, tmp_path / "a.zip", method)
    tracemalloc.start()
    message = refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "damaged archive (Bad CRC-32" in message
    assert peak < BOMB / 2


@pytest.mark.parametrize("kind", ["long header", "headers of headers", "a size that is no number"])
def test_headers_of_nonsense(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        member = described("set/train/a/0.JPEG")
        if kind == "long header":
            member.pax_headers = {"comment": "x" * 2**21}
        elif kind == "a size that is no number":
            member.pax_headers = {"GNU.sparse.map": "a,b", "GNU.sparse.size": "9"}
        else:
            for _ in range(2000):
                tar.addfile(described("x", type=tarfile.XGLTYPE))
        tar.addfile(member)
    assert "a.tar: damaged archive" in refused(tmp_path / "a.tar")
