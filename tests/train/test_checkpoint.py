"""Checkpoints that were damaged in every way, full disks, several runs with one folder; here, on a small state."""

import errno
import json
import os
import shutil

import jax.numpy as jnp
import numpy as np
import pytest

from netspec.ownership import MARK
from train import checkpoint
from train.checkpoint import DIGESTS, Checkpoints
from train.config.schema import ConfigError

RUN = "0123456789abcdef"


def state(step):
    return {"weights": jnp.arange(12.0).reshape(3, 4) * step, "step": jnp.int32(step)}


def save(folder, *steps, run=RUN):
    with Checkpoints(folder, run) as saved:
        for step in steps:
            saved.save(step, state(step), {"rows": [[step, 0.1]]})
    return folder / run


def restored(folder, run=RUN):
    """The step of what is restored, or ``None``."""
    with Checkpoints(folder, run) as saved:
        found = saved.restore(state(0))
    if found is None:
        return None
    arrays, progress = found
    step = int(arrays["step"])
    np.testing.assert_array_equal(arrays["weights"], state(step)["weights"])
    assert progress == {"rows": [[step, 0.1]]}
    return step


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder with checkpoints of steps 6 and 12; one of step 3 has gone."""
    folder = tmp_path_factory.mktemp("saved")
    own = save(folder, 3, 6, 12)
    assert {path.name for path in own.iterdir()} == {"6", "12", MARK}
    return folder


@pytest.fixture
def copy(two, tmp_path):
    return shutil.copytree(two, tmp_path / "checkpoints")


def test_what_was_saved_is_restored(copy, capfd):
    assert restored(copy) == 12
    assert restored(copy, "f" * 16) is None
    assert not (copy / ("f" * 16)).exists()
    assert capfd.readouterr().err == ""


def files_of(place):
    return sorted(path for path in place.rglob("*") if path.is_file())


def largest(place):
    return max((path for path in files_of(place) if path.name != DIGESTS), key=lambda path: path.stat().st_size)


def emptied(place):
    largest(place).write_bytes(b"")


def halved(place):
    largest(place).write_bytes(largest(place).read_bytes()[: largest(place).stat().st_size // 2])


def lengthened(place):
    with largest(place).open("ab") as stream:
        stream.write(b"x")


def missing(place):
    largest(place).unlink()


def without_metadata(place):
    (place / "state/_METADATA").unlink()


def without_state(place):
    shutil.rmtree(place / "state")


def without_digests(place):
    (place / DIGESTS).unlink()


def emptied_folder(place):
    for entry in place.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def digests_of(content):
    def damage(place):
        (place / DIGESTS).write_text(content)

    return damage


def of_another_run(place):
    about = json.loads((place / DIGESTS).read_text())
    (place / DIGESTS).write_text(json.dumps({**about, "fingerprint": "another"}))


def of_another_step(place):
    shutil.rmtree(place)
    shutil.copytree(place.with_name("6"), place)


def a_folder_for_a_file(place):
    path = largest(place)
    path.unlink()
    path.mkdir()


DAMAGES = [
    emptied,
    halved,
    lengthened,
    missing,
    without_metadata,
    without_state,
    without_digests,
    emptied_folder,
    *map(digests_of, ["", "{", "[]", "null", '{"by": "netspec-book", "files": 1}', "\x00"]),
    of_another_run,
    of_another_step,
    a_folder_for_a_file,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_checkpoint_is_passed_over(copy, damage, capfd):
    """For the one before, then for none; what is damaged stays until a good one is written."""
    damage(copy / RUN / "12")
    assert restored(copy) == 6
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "passed over the checkpoint of step 12 (" in said
    assert said.endswith("; going on from step 6\n")
    assert (copy / RUN / "12").exists()
    damage(copy / RUN / "6") if damage is not of_another_step else emptied(copy / RUN / "6")
    assert restored(copy) is None
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "of step 12 (" in said
    assert "of step 6 (" in said
    assert said.endswith("; starting anew\n")
    save(copy, 3)
    assert {path.name for path in (copy / RUN).iterdir()} == {"3", MARK}
    assert restored(copy) == 3


def test_one_flipped_bit_anywhere_is_noticed(copy, capfd):
    generator = np.random.default_rng(0)
    place = copy / RUN / "12"
    for path in files_of(place):
        content = path.read_bytes()
        position = int(generator.integers(len(content)))
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :])
        with Checkpoints(copy, RUN) as saved:
            assert saved._newest([]) == 6, (path, position)
        path.write_bytes(content)
    assert restored(copy) == 12


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"by": "netspec-book", "for": "checkpoints", "folder_m'])
def test_a_damaged_mark_costs_nothing(copy, content):
    if content is None:
        (copy / RUN / MARK).unlink()
    else:
        (copy / RUN / MARK).write_bytes(content)
    assert restored(copy) == 12


def test_a_step_is_written_again_over_a_damaged_one(copy):
    emptied(copy / RUN / "12")
    with Checkpoints(copy, RUN) as saved:
        assert int(saved.restore(state(0))[0]["step"]) == 6
        saved.save(12, state(12), {"rows": [[12, 0.1]]})
        before = (copy / RUN / "12" / DIGESTS).stat().st_mtime_ns
        saved.save(12, state(12), {"rows": []})
        assert (copy / RUN / "12" / DIGESTS).stat().st_mtime_ns == before, "it was there"
    assert {path.name for path in (copy / RUN).iterdir()} == {"6", "12", MARK}
    assert restored(copy) == 12


def test_foreign_files_stay(copy):
    """Beside the checkpoints, inside them, damaged or not, and under names like theirs."""
    foreign = ["notes", "6/notes", "12/notes", "6/state/notes", "latest/notes", "0012/notes", "12.old/notes", "7"]
    for name in foreign:
        (copy / RUN / name).parent.mkdir(exist_ok=True)
        (copy / RUN / name).write_text("precious")
    (copy / "notes").write_text("precious")
    without_digests(copy / RUN / "12")
    assert restored(copy) == 6
    save(copy, 18)
    with Checkpoints(copy, RUN) as saved:
        saved.restore(state(0))
        saved.clear()
    left = {str(path.relative_to(copy / RUN)) for path in (copy / RUN).rglob("*") if path.is_file()}
    assert left == set(foreign)
    assert (copy / "notes").read_text() == "precious"


def test_runs_that_share_a_folder_do_not_meet(copy):
    other = "f" * 16
    with Checkpoints(copy, RUN) as first, Checkpoints(copy, other) as second:
        second.save(1, state(1), {"rows": [[1, 0.1]]})
        first.save(18, state(18), {"rows": [[18, 0.1]]})
        second.clear()
    assert not (copy / other).exists()
    save(copy, 1, run=other)
    with Checkpoints(copy, RUN) as first:
        first.clear()
    assert restored(copy, other) == 1


@pytest.mark.parametrize("there", [False, True])
def test_folders_that_were_made_are_removed_at_the_end(tmp_path, there):
    """Also when the run was stopped in between; folders that were there stay."""
    folder = tmp_path / "link"
    (tmp_path / "there").mkdir()
    if there:
        folder.symlink_to("there")
    save(folder, 3)
    with Checkpoints(folder, RUN) as saved:
        assert int(saved.restore(state(0))[0]["step"]) == 3
        saved.clear()
    assert folder.is_symlink() == folder.exists() == there
    assert list((tmp_path / "there").iterdir()) == []


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_in_orbax(*_, **__):
    raise ValueError(
        "RESOURCE_EXHAUSTED: Error writing 'x': No space left on device [source locations='a.cc:1\nb.cc:2']"
    )


@pytest.mark.parametrize(
    ("where", "fails"),
    [
        ("probe", full),
        ("orbax", full),
        ("orbax", full_in_orbax),
        ("_digest", full),
        ("_publish", full),
    ],
)
def test_a_full_disk(copy, monkeypatch, where, fails):
    """One line, and the older checkpoint is as good as before."""
    with Checkpoints(copy, RUN) as saved:
        saved.restore(state(0))
        with monkeypatch.context() as patch:
            if where == "orbax":
                patch.setattr(checkpoint._orbax()[1], "save", fails)
            else:
                patch.setattr(Checkpoints if where == "_publish" else checkpoint, where, fails)
            with pytest.raises(ConfigError) as raised:
                saved.save(18, state(18), {"rows": []})
    assert str(raised.value) == (
        f"{copy / RUN}: the checkpoint of step 18 cannot be written (No space left on device); that of step 12 is left"
    )
    assert {path.name for path in (copy / RUN).iterdir()} == {"6", "12", MARK}
    assert restored(copy) == 12


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/.*: cannot be written \("):
        Checkpoints(tmp_path / "file/checkpoints", RUN)


def test_what_a_killed_process_was_writing_is_removed(copy):
    for name in (".18.saving", ".18.saving.orbax-checkpoint-tmp"):
        (copy / RUN / name / "state").mkdir(parents=True)
        (copy / RUN / name / "state/part").write_text("x")
    assert restored(copy) == 12
    assert {path.name for path in (copy / RUN).iterdir()} == {"6", "12", MARK}
