"""The rule of outputs: what may be written, replaced and removed, on folders and files made to be in the way."""

import errno
import os
import stat
from pathlib import Path

import pytest

from netspec import ownership
from netspec.cli import main as netspec
from netspec.ownership import (
    MARK,
    OutputError,
    check_apart,
    check_folder,
    reading,
    write_all,
)

SVG = b"<svg></svg>\n"
SIGNED = b"<svg></svg>\n\n<!-- netspec-book -->\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to stand in, with a folder, a file and links to both, and a folder of the same contents elsewhere."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work/data/train").mkdir(parents=True)
    (tmp_path / "work/data/file").write_text("precious")
    (tmp_path / "work/link").symlink_to("data")
    (tmp_path / "work/nowhere").symlink_to("gone/gone")
    (tmp_path / "work/clone/.git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def listing(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("output", "given", "relation"),
    [
        ("data", "data", "is also"),
        ("data/", "./data/../data", "is also"),
        ("link", "data", "is also"),
        ("data/out", "data", "lies inside"),
        ("link/out/deeper", "data", "lies inside"),
        ("data/train/out", "link", "lies inside"),
        ("data", "data/train", "contains"),
        (".", "data", "contains"),
        ("/", "data", "contains"),
        ("..", "link/file", "contains"),
        ("new/out", "new", "lies inside"),
        ("new", "new/out/deeper", "contains"),
        ("data/new", "link/new", "is also"),
        ("data", "data2", None),
        ("new", "newer", None),
        ("data/a", "link/b", None),
        ("../out", "data", None),
    ],
)
def test_an_output_is_apart(here, output, given, relation):
    def checked(outputs, inputs):
        if relation is None:
            return check_apart(outputs, inputs)
        with pytest.raises(OutputError, match=rf"^--out .*: {relation} --data .*, expected a place of its own$"):
            check_apart(outputs, inputs)
        return None

    checked({"--out": Path(output)}, {"--data": Path(given)})
    checked({"--data": Path(given), "--out": Path(output)}, {})


def test_a_hard_link_is_the_same_file(here):
    (here / "same").hardlink_to(here / "data/file")
    with pytest.raises(OutputError, match="is also"):
        check_apart({"--out": here / "same"}, {"--data": here / "data/file"})


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/", "is the root"),
        ("data/../../..//" + "../" * 30, "is the root"),
        (".", "is the current folder"),
        ("data/..", "is the current folder"),
        ("..", "contains the current folder"),
        ("../home", "is the home folder"),
        ("clone", "is a repository"),
        ("data/file", "is a file"),
        ("nowhere", "is a link to nothing"),
        ("data", None),
        ("link", None),
        ("new/deeper", None),
    ],
)
def test_a_folder_of_its_own(here, path, problem):
    if problem is None:
        assert check_folder(Path(path), "--out") == Path(os.path.realpath(path))
    else:
        with pytest.raises(OutputError, match=rf"^--out .*: {problem}.*, expected a folder of its own$"):
            check_folder(Path(path), "--out")


@pytest.mark.parametrize(
    ("name", "old", "new", "replaced"),
    [
        ("a.svg", None, SVG, True),
        ("a.svg", b"", SVG, True),
        ("a.svg", SIGNED, SVG, True),
        ("a.svg", b"<svg>drawn by hand</svg>", SVG, False),
        ("a.svg", b"my thoughts on netspec-book", SVG, False),
        ("a.md", b"# Mine\n", b"# Ours\n", False),
        ("a.md", b"# Ours, earlier\n\n<!-- netspec-book -->\n", b"# Ours\n", True),
        ("a.csv", b"cell,n\nbare,1\n", b"cell,n\nbare,2\n", True),
        ("a.csv", b"cell,n\r\nbare,1\r\n", b"cell,n\nbare,2\n", True),
        ("a.csv", b"cell,m\nbare,1\n", b"cell,n\nbare,2\n", False),
        ("a.csv", b"\n\n", b"\n", False),
        ("a.pdf", b"%PDF-1.7 mine", b"%PDF-1.7 netspec-book", False),
        ("a.pdf", b"%PDF-1.7 netspec-book", b"%PDF-1.7 netspec-book 2", True),
        ("a.png", b"\x89PNG" + bytes(1 << 17) + b"netspec-book", b"\x89PNG netspec-book", True),
        ("a.txt", b"module @jit_call {\n}", b"module @jit_call {\n  x\n}", True),
        ("a.txt", b"from netspec import NetSpec  # netspec-book", SVG, False),
        ("a.json", b"{}", b'{"a": 1}', False),
    ],
)
def test_only_what_is_known_to_be_ours_is_replaced(tmp_path, name, old, new, replaced):
    path = tmp_path / "folder" / name
    if old is not None:
        path.parent.mkdir()
        path.write_bytes(old)
    if replaced:
        write_all({path: new})
        assert path.read_bytes().startswith(new.rstrip())
    else:
        with pytest.raises(OutputError, match=rf"{name}: is there and was not written by this command; move it"):
            write_all({path: new})
        assert path.read_bytes() == old
        write_all({path: new}, proven=True)
        assert path.read_bytes().startswith(new.rstrip())
    write_all({path: new})
    assert [entry.name for entry in path.parent.iterdir()] == [name]


def test_what_is_written_is_known_again(tmp_path):
    for name in ("a.svg", "b.md"):
        write_all({tmp_path / name: SVG})
        before = (tmp_path / name).read_bytes()
        write_all({tmp_path / name: SVG})
        assert (tmp_path / name).read_bytes() == before == SIGNED


def test_links_stay_links(here):
    for name, target in (("to-file.svg", "data/a.svg"), ("to-new.svg", "data/new.svg"), ("to-link.svg", "to-file.svg")):
        (here / name).symlink_to(target)
    for name in ("to-file.svg", "to-new.svg", "to-link.svg", "link/inside.svg"):
        write_all({here / name: SVG})
    assert all((here / name).is_symlink() for name in ("to-file.svg", "to-new.svg", "to-link.svg", "link"))
    assert {"a.svg", "new.svg", "inside.svg"} < {path.name for path in (here / "data").iterdir()}
    with pytest.raises(OutputError, match="nowhere: is a link to nothing"):
        write_all({here / "nowhere": SVG})
    (here / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match="loop: is a link to nothing"):
        write_all({here / "loop": SVG})
    assert not (here / "gone").exists()


def test_what_is_no_regular_file_is_written_as_it_is(tmp_path):
    device = Path("/dev/null").stat()
    write_all({Path("/dev/null"): SVG})
    assert Path("/dev/null").stat().st_ino == device.st_ino
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_all({tmp_path / "pipe": b"text"})
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_modes_are_kept_and_a_file_that_nobody_may_write_is_left(tmp_path):
    path = tmp_path / "a.svg"
    path.write_bytes(SIGNED)
    path.chmod(0o640)
    write_all({path: SVG})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o444)
    with pytest.raises(OutputError, match=r"a\.svg: is read-only"):
        write_all({path: SVG})


def test_one_of_several_that_cannot_be_written_leaves_all_as_they_were(here):
    for way, expected in (("data", "is a folder"), ("data/file", "was not written by this command")):
        with pytest.raises(OutputError, match=expected):
            write_all({here / "new/a.svg": SVG, here / way: SVG})
    with pytest.raises(OutputError, match=r"is also .*a\.svg"):
        write_all({here / "data/a.svg": SVG, here / "link/a.svg": b"other"})
    with pytest.raises(OutputError, match=r"data/file/a\.svg: lies below .*data/file, which is a file"):
        write_all({here / "new/a.svg": SVG, here / "data/file/a.svg": SVG})
    assert listing(here) == {"data/file": b"precious"}
    assert not (here / "new").exists()


@pytest.mark.parametrize("name", ["write", "flush", "replace"])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, name):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.svg").write_bytes(SIGNED)
    if name == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        opened = os.fdopen

        def failing(*arguments):
            stream = opened(*arguments)

            class Full:
                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    stream.close()

                def __getattr__(self, attribute):
                    return full if attribute == name else getattr(stream, attribute)

            return Full()

        monkeypatch.setattr(ownership.os, "fdopen", failing)
    with pytest.raises(OSError, match=r"No space left on device: .*svg"):
        write_all({tmp_path / "a.svg": SVG + b" ", tmp_path / "new/b.svg": SVG})
    assert listing(tmp_path) == {"a.svg": SIGNED}
    assert not (tmp_path / "new").exists()


def test_what_a_killed_writer_left_is_written_over(tmp_path):
    (tmp_path / f".a.svg{MARK}.tmp").write_bytes(b"half of a much longer file than the one that is written now" * 9)
    write_all({tmp_path / "a.svg": SVG})
    assert listing(tmp_path) == {"a.svg": SIGNED}


def test_nothing_is_written_over_or_into_an_input(here):
    (here / "a.csv").write_bytes(b"a,b\n")
    for inputs, output in (
        (["a.csv"], "a.csv"),
        (["data"], "data/a.csv"),
        (["link"], "data/deep/a.csv"),
        (["data/file", "data/train"], "link/train/a.csv"),
    ):
        with reading(Path(path) for path in inputs), pytest.raises(OutputError, match="the input"):
            write_all({Path(output): b"a,b\n1,2\n"})
        write_all({Path("/dev/null"): b""})
    assert listing(here) == {"data/file": b"precious", "a.csv": b"a,b\n"}
    write_all({Path("a.csv"): b"a,b\n1,2\n"})


@pytest.mark.parametrize("command", [["draw", "lenet-5"], ["lower", "lenet-5"]])
def test_netspec_replaces_only_its_own_files(here, capsys, command):
    (here / "file.svg").write_text("precious")
    before = listing(here)
    for output, problem in (("file.svg", "was not written"), ("data", "is a folder"), ("nowhere", "a link to nothing")):
        assert netspec([*command, "-o", output]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"netspec: {output}: ")
        assert problem in err
        assert err.count("\n") == 1
    assert listing(here) == before
    for _ in range(2):
        assert netspec([*command, "-o", "new.out"]) == 0
