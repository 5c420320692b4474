"""Records: original files, decoded and cropped while read, by draws that neither threads nor resuming change."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from made_data import folder_dataset, jpeg, tar_of

from train.config.cell import RandomResizedCrop
from train.config.schema import ConfigError
from train.data import batches as data
from train.data import images, records
from train.data.prepare import prepare
from train.data.store import open_store

CROP = RandomResizedCrop(area=(0.3, 1.0), aspect=(3 / 4, 4 / 3))
NAMES = [f"{split}/{name}/{i}.JPEG" for split in ("train", "val") for name in "abc" for i in range(5)]
FILES = {name: jpeg(seed, 24 + seed % 5, 20) for seed, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A store of records out of an archive in which the files lie in reverse, so that rows are not records."""
    root = tmp_path_factory.mktemp("records")
    archive = tar_of(dict(reversed(FILES.items())), root / "a.tgz", "w:gz")
    dataset = folder_dataset(archive, store="records", image_size=8, stored_size=10)
    prepare(dataset, root / "store")
    return root / "store", dataset


def opened(prepared, crop=CROP):
    return open_store(*prepared, crop)


def test_rows_are_sorted_files_and_validation_is_central(prepared):
    store = opened(prepared)
    assert store.val["label"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    batch = store.val.gather([0, 7, 14])
    for image, name in zip(batch["image"], ("val/a/0.JPEG", "val/b/2.JPEG", "val/c/4.JPEG"), strict=True):
        np.testing.assert_array_equal(image, images.central(images.decode(FILES[name]), 8, 0.8))
    assert batch["label"].tolist() == [0, 1, 2]
    seen = [row for batch in data.eval_batches(store.val, batch_size=4) for row in batch["label"][batch["real"]]]
    assert seen == store.val["label"].tolist()


def epochs(store, taken=0, **options):
    """All batches; with ``taken``, as an iterator gives them that was stopped there and restored."""
    batches = data.train_batches(store.train, batch_size=4, epochs=2, seed=3, **options)
    iterator = iter(batches)
    first = [next(iterator) for _ in range(taken)]
    state = json.loads(json.dumps(iterator.get_state()))
    fresh = iter(data.train_batches(store.train, batch_size=4, epochs=2, seed=3))
    fresh.set_state(state)
    return first + list(fresh)


def same(a, b):
    pairs = zip(a, b, strict=True)
    return all(np.array_equal(x[part], y[part]) for x, y in pairs for part in ("image", "label"))


@pytest.mark.parametrize("taken", [1, 5])
def test_resuming_changes_no_crop(prepared, taken):
    whole = epochs(opened(prepared))
    assert len(whole) == 6
    assert same(whole, epochs(opened(prepared), taken))


def test_threads_change_no_crop(prepared, monkeypatch):
    whole = epochs(opened(prepared))
    with ThreadPoolExecutor(5) as pool:
        monkeypatch.setattr(records, "_decoders", lambda: pool)
        monkeypatch.setattr(data, "THREADS", 1)
        assert same(whole, epochs(opened(prepared)))


def test_crops_differ_between_steps_and_seeds_and_places(prepared):
    train = opened(prepared).train
    views = [train.gather([0, 0], draw=draw)["image"] for draw in ((0, 0), (0, 1), (1, 0))]
    flat = [view.tobytes() for pair in views for view in pair]
    assert len(set(flat)) == 6
    np.testing.assert_array_equal(train.gather([0, 0], draw=(0, 1))["image"], views[1])


def test_without_a_crop_training_sees_the_centre(prepared):
    train = opened(prepared, crop=None).train
    expected = images.central(images.decode(FILES["train/a/0.JPEG"]), 8, 0.8)
    np.testing.assert_array_equal(train.gather([0], draw=(0, 0))["image"][0], expected)


@pytest.mark.parametrize("lost", ["val.array_record", "train_records.npy", "train_label.npy"])
def test_a_store_that_lost_a_file(prepared, tmp_path, lost):
    copy = shutil.copytree(prepared[0], tmp_path / "store")
    (copy / lost).unlink()
    with pytest.raises(ConfigError, match=rf"{lost}: damaged .*; prepare it again"):
        open_store(copy, prepared[1])


def test_sizes_do_not_decide_records(prepared):
    dataset = folder_dataset(prepared[1].path, store="records", image_size=6, stored_size=6)
    assert open_store(prepared[0], dataset).val.gather([0])["image"].shape == (1, 6, 6, 3)
