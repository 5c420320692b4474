"""Preparation and reading: every image where it belongs, nothing half-written, the same order from the same seed."""

import functools
import json
import operator

import numpy as np
import pytest
from made_data import folder_dataset, lengths
from PIL import Image

from train.config import data_fingerprint
from train.config.schema import ConfigError
from train.data import batches as data
from train.data import images, prepare
from train.data.store import Split, open_store


def test_digits_use_every_image_once(digits_store):
    assert digits_store.train["image"].shape == (100, 18, 18, 3)
    assert digits_store.val["image"].shape == (1697, 16, 16, 3)
    assert np.bincount(digits_store.train["label"]).tolist() == [10] * 10
    assert len(digits_store.train) + len(digits_store.val) == 1797
    from sklearn.datasets import load_digits

    both = np.bincount(digits_store.train["label"]) + np.bincount(digits_store.val["label"])
    assert both.tolist() == np.bincount(load_digits().target).tolist()


def test_stated_statistics_of_digits(digits_store, digits_cells):
    """The mean and deviation in the data set's file are those of its training images, to the digits written."""
    pixels = digits_store.train["image"] / 255
    dataset = digits_cells["bare"]["dataset"]
    assert pixels.mean() == pytest.approx(dataset["mean"][0], abs=0.01)
    assert pixels.std() == pytest.approx(dataset["std"][0], abs=0.01)


def test_image_folder(pictures, tmp_path):
    dataset = folder_dataset(pictures)
    about = prepare.prepare(dataset, tmp_path / "store")
    assert about["class_names"] == ["n01", "n02", "n10"]
    assert lengths(about) == {"train": 12, "val": 6}
    store = open_store(tmp_path / "store", dataset)
    assert store.train["label"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert store.train["image"].shape == (12, 9, 9, 3)
    assert store.val["image"].shape == (6, 8, 8, 3)
    for row in (0, 4, 8):  # the RGB picture of each class keeps its colour
        assert np.abs(store.train["image"][row].reshape(-1, 3) - np.array([80 * (row // 4), 40, 200])).max() <= 3


def test_pictures_that_are_not_square(pictures, tmp_path):
    """Height first: those that are wider than high stay so, in arrays and cut out of files."""
    for kind in ("array", "records"):
        dataset = folder_dataset(pictures, image_size=(6, 10), stored_size=(9, 15), store=kind)
        prepare.prepare(dataset, tmp_path / kind)
        store = open_store(tmp_path / kind, dataset)
        assert store.train.gather(np.arange(2))["image"].shape == ((2, 9, 15, 3) if kind == "array" else (2, 6, 10, 3))
        assert store.val.gather(np.arange(2))["image"].shape == (2, 6, 10, 3)
        assert store.val.example_bytes == 6 * 10 * 3 + 4


def test_a_split_is_any_arrays(digits_folder, digits_cells, tmp_path):
    """One more array in the manifest, of another shape and type, is opened and in every batch."""
    from train.config import parse_cell

    for path in digits_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    about = json.loads((tmp_path / "store.json").read_text())
    for split, count in lengths(about).items():
        drawn = np.arange(count * 6, dtype=np.int16).reshape(count, 2, 3)
        np.save(tmp_path / f"{split}_mask.npy", drawn)
        about["splits"][split]["arrays"]["mask"] = {"dtype": "int16", "shape": [2, 3], "digest": "0" * 32}
    (tmp_path / "store.json").write_text(json.dumps(about))
    store = open_store(tmp_path, parse_cell(digits_cells["bare"]).dataset)
    batch = next(iter(data.eval_batches(store.val, batch_size=5)))
    assert set(batch) == {"image", "label", "mask", "real"}
    assert batch["mask"].dtype == np.int16
    np.testing.assert_array_equal(batch["mask"].ravel(), np.arange(30))
    assert store.val.example_bytes == 16 * 16 * 3 + 4 + 12


def test_subset_per_class(pictures, tmp_path):
    dataset = folder_dataset(pictures, train_per_class=2)
    prepare.prepare(dataset, tmp_path / "store")
    store = open_store(tmp_path / "store", dataset)
    assert np.bincount(store.train["label"]).tolist() == [2, 2, 2]
    assert len(store.val) == 6


def test_exif_rotation_is_applied():
    image = Image.new("RGB", (4, 2))
    image.putpixel((0, 0), (255, 0, 0))
    exif = image.getexif()
    exif[0x0112] = 6  # stored lying on its side
    import io

    stream = io.BytesIO()
    image.save(stream, "PNG", exif=exif)
    turned = images.fit(images.decode(stream.getvalue()), 4)
    assert turned[0, 3, 0] > 100
    assert turned[0, 0, 0] < 100


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            lambda root: (root / "train/n02/n02_0.JPEG").write_bytes(b"\xff\xd8\xff\xe0 not really"),
            "n02_0.JPEG: truncated or damaged",
        ),
        (lambda root: _truncate(root / "val/n01/n01_0.JPEG"), "n01_0.JPEG: truncated or damaged"),
        (lambda root: (root / "val/n10").rename(root / "val/n11"), "differ in the classes n10, n11"),
        (lambda root: [p.unlink() for p in (root / "train").rglob("*.*") if p.is_file()], "holds no images"),
        (lambda root: (root / "val").rename(root / "valid"), "cannot be read (No such file or directory)"),
    ],
    ids=["broken", "truncated", "classes", "empty", "no val"],
)
def test_damage_is_named_and_leaves_nothing(pictures, tmp_path, damage, says):
    damage(pictures)
    with pytest.raises(ConfigError) as raised:
        prepare.prepare(folder_dataset(pictures), tmp_path / "out" / "store")
    assert says in str(raised.value)
    assert list((tmp_path / "out").iterdir()) == []


def _truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_wrong_number_of_classes(pictures, tmp_path):
    with pytest.raises(ConfigError, match=r"made\.yaml: key 'classes' is 5, expected 3"):
        prepare.prepare(folder_dataset(pictures, classes=5), tmp_path / "store")


def test_too_large_a_subset(pictures, tmp_path):
    with pytest.raises(ConfigError, match=r"'train_per_class' is 9, expected at most 4"):
        prepare.prepare(folder_dataset(pictures, train_per_class=9), tmp_path / "store")


def test_a_failed_preparation_keeps_the_old_store(pictures, tmp_path):
    dataset = folder_dataset(pictures)
    prepare.prepare(dataset, tmp_path / "store")
    with pytest.raises(ConfigError):
        prepare.prepare(folder_dataset(pictures, classes=5), tmp_path / "store")
    open_store(tmp_path / "store", dataset)


def test_what_a_killed_preparation_left_is_cleared(pictures, tmp_path):
    dataset, building = folder_dataset(pictures), tmp_path / "store/.building"
    prepare.prepare(dataset, tmp_path / "store")
    building.mkdir()
    (building / "train_image.npy").write_bytes(b"half")
    prepare.prepare(dataset, tmp_path / "store")
    assert not building.exists()
    assert [path.name for path in tmp_path.glob("*store*")] == ["store"]


def test_preparation_is_a_plain_bilinear_resize(tmp_path):
    """Large JPEGs too: no shortcut of the decoder, which would shrink them by other weights."""
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / "pictures" / split / name).mkdir(parents=True)
            Image.fromarray(noise).save(tmp_path / "pictures" / split / name / "0.JPEG", quality=95)
    dataset = folder_dataset(tmp_path / "pictures", classes=2)
    prepare.prepare(dataset, tmp_path / "store")
    whole = Image.open(tmp_path / "pictures/val/a/0.JPEG").convert("RGB")
    expected = np.asarray(whole.resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(open_store(tmp_path / "store", dataset).val["image"][0], expected)


def test_store_of_another_configuration_is_refused(digits_folder, digits_store, digits_cells):
    from train.config import parse_cell

    other = parse_cell({**digits_cells["bare"], "dataset": {**digits_cells["bare"]["dataset"], "subset_seed": 1}})
    with pytest.raises(ConfigError, match="prepared from another configuration of digits"):
        open_store(digits_folder, other.dataset)


def test_no_store(tmp_path, pictures):
    with pytest.raises(ConfigError, match=r"no prepared data, expected the output of `python -m train prepare`"):
        open_store(tmp_path, folder_dataset(pictures))


def test_fingerprint_is_recorded(digits_folder, digits_cells):
    from train.config import parse_cell

    about = json.loads((digits_folder / "store.json").read_text())
    assert about["fingerprint"] == data_fingerprint(parse_cell(digits_cells["bare"]).dataset)


def numbered(count):
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    return Split({"image": images, "label": np.arange(count, dtype=np.int32)})


def labels(batches):
    return [batch["label"].tolist() for batch in batches]


@pytest.mark.parametrize(("count", "size"), [(10, 3), (9, 3), (5, 5), (7, 1)])
def test_an_epoch_is_a_permutation_less_the_remainder(count, size):
    seen = labels(data.train_batches(numbered(count), batch_size=size, epochs=3, seed=4))
    per_epoch = count // size
    assert len(seen) == 3 * per_epoch
    epochs = [functools.reduce(operator.iadd, seen[e * per_epoch : (e + 1) * per_epoch], []) for e in range(3)]
    for epoch in epochs:
        assert len(set(epoch)) == per_epoch * size
    if count > 5:
        assert epochs[0] != epochs[1] != epochs[2]


def test_images_and_labels_stay_together():
    for batch in data.train_batches(numbered(20), batch_size=6, epochs=2, seed=0):
        assert (batch["image"][:, 0, 0, 0] == batch["label"]).all()


def test_order_depends_on_the_seed_alone():
    def order(seed):
        return labels(data.train_batches(numbered(20), batch_size=4, epochs=2, seed=seed))

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize("taken", [0, 1, 4, 7])
def test_iterator_state_continues_exactly(taken):
    batches = data.train_batches(numbered(20), batch_size=4, epochs=2, seed=3)
    whole = labels(batches)
    iterator = iter(batches)
    first = [next(iterator)["label"].tolist() for _ in range(taken)]
    state = json.loads(json.dumps(iterator.get_state()))
    fresh = iter(data.train_batches(numbered(20), batch_size=4, epochs=2, seed=3))
    fresh.set_state(state)
    assert first + labels(fresh) == whole


@pytest.mark.parametrize(("count", "size"), [(10, 4), (8, 4), (3, 4), (1, 1)])
def test_evaluation_masks_only_the_filling(count, size):
    seen = []
    for batch in data.eval_batches(numbered(count), batch_size=size):
        assert len(batch["label"]) == size
        seen += batch["label"][batch["real"]].tolist()
    assert seen == list(range(count))


def test_more_than_a_data_set_in_a_batch():
    with pytest.raises(ConfigError, match="'batch_size' is 9, expected at most the 5 training images"):
        data.train_batches(numbered(5), batch_size=9, epochs=1, seed=0)


def test_some_classes_of_the_digits_alone(short, tmp_path):
    """In the order in which they are named, with as many of each to train, and the rest to validate."""
    from train import config
    from train.data.prepare import prepare
    from train.data.store import open_store

    given = {"classes": 3, "only": ["7", "0", "5"], "train_per_class": 20}
    dataset = config.parse_cell(short("bare", dataset=given)).dataset
    prepare(dataset, tmp_path / "some")
    store = open_store(tmp_path / "some", dataset)
    assert store.class_names == ("7", "0", "5")
    assert np.bincount(store.train.arrays["label"]).tolist() == [20, 20, 20]
    assert np.bincount(store.val.arrays["label"]).tolist() == [179 - 20, 178 - 20, 182 - 20]
    wrong = config.parse_cell(short("bare", dataset={**given, "only": ["7", "0", "eleven"]})).dataset
    with pytest.raises(ConfigError, match="key 'only' has 'eleven', expected some of 0, 1, 2"):
        prepare(wrong, tmp_path / "wrong")
