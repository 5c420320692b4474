"""Segmentation: overlaps by hand, masks that follow their pictures, pixels of no class that count nowhere."""

import dataclasses
import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import netspec
from train import config
from train.config.places import Places
from train.config.schema import ConfigError
from train.data.example import VOID, Example
from train.data.images import Unreadable, decode_mask, fit_mask
from train.data.prepare import prepare
from train.data.store import open_store
from train.data.writers import ArrayWriter
from train.tasks import learner_of
from train.tasks.segmentation import check, with_pixel_classes
from train.tasks.segmentation.overlap import dice, intersection_over_union, table_of


@pytest.fixture(scope="module")
def cell():
    return config.load_experiment({"main": "segmentation"}).cells["unet"]


def knowing(mask, classes=3):
    """A network that gives these classes, whatever it is shown."""
    return lambda x: 50 * jax.nn.one_hot(mask, classes)


def test_the_forms_of_the_chapter_have_its_counts():
    names = "UNet (Pets, 224×224 RGB → 3-class trimap)", "Autoencoder (Pets, 224×224 RGB → 3-class trimap, skipless)"
    assert [netspec.find(name).params for name in names] == [7_849_667, 5_498_627]
    small = [netspec.find(name).params for name in ("UNet-Digits", "UNet-Digits (skipless)")]
    assert small == [32_123, 27_623]


def test_overlaps_by_hand():
    truth, said = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 2])
    known = np.array([True] * 6)
    table = np.asarray(table_of(jnp.asarray(truth), jnp.asarray(said), jnp.asarray(known), 4))
    assert table.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert intersection_over_union(table)[:3] == pytest.approx([2 / 4, 1 / 3, 1])
    assert dice(table)[:3] == pytest.approx([4 / 6, 2 / 4, 1])
    assert np.isnan(intersection_over_union(table)[3]) and np.isnan(dice(table)[3])


@pytest.mark.exhaustive
def test_figures_are_those_of_scikit_learn(cell):
    from sklearn.metrics import jaccard_score

    learner = learner_of(config.parse_cell(cell))
    batch = learner.example_batch(6, training=False)
    said = np.random.default_rng(1).integers(0, 3, batch["mask"].shape)
    batch["mask"][0, :9] = VOID
    batch["real"][5] = False
    sums = learner.measure(knowing(said), batch, jax.random.key(0))
    figures = learner.figures(sums)
    known = (batch["mask"] != VOID) & batch["real"][:, None, None]
    truth, said = batch["mask"][known], said[known]
    assert float(sums["count"]) == known.sum()
    assert figures["miou"] == pytest.approx(100 * jaccard_score(truth, said, average="macro"))
    assert figures["accuracy"] == pytest.approx(100 * (truth == said).mean())
    assert figures["loss"] == pytest.approx(50 * (truth != said).mean(), rel=1e-5)


@pytest.mark.exhaustive
def test_pixels_of_no_class_are_no_part_of_the_loss(cell):
    learner = learner_of(config.parse_cell(cell))
    batch = learner.example_batch(2, training=True)
    views = learner.inputs(jax.random.key(0), batch)
    right = knowing(np.where(views[1] == 1, 0, views[1]))  # wrong where the class is 1
    wrong = float(learner.train_loss(right, views)[0])
    blank = views[0], jnp.where(views[1] == 1, VOID, views[1])
    assert wrong > 10 and float(learner.train_loss(right, blank)[0]) == pytest.approx(0, abs=1e-6)
    nothing = views[0], jnp.full_like(views[1], VOID)
    assert float(learner.train_loss(right, nothing)[0]) == 0


@pytest.mark.exhaustive
def test_masks_are_cropped_and_flipped_as_their_pictures(cell):
    value = {**cell, "dataset": {**cell["dataset"], "stored_size": 40}}
    value["augmentation"] = {**cell["augmentation"], "random_crop": True, "horizontal_flip": True}
    learner = learner_of(config.parse_cell(value))
    mask = np.random.default_rng(0).integers(0, 3, (32, 40, 40), np.uint8)
    batch = {"image": np.repeat(mask[..., None] * 80, 3, -1), "mask": mask}
    images, cropped = learner.inputs(jax.random.key(3), batch)
    back = np.round((np.asarray(images[..., 0]) * 0.25 + 0.5) * 255 / 80)
    assert cropped.shape == (32, 32, 32) and (back == cropped).all()
    centre = mask[:, 4:36, 4:36]
    same = [
        (np.asarray(c) == m).all() or (np.asarray(c) == m[:, ::-1]).all() for c, m in zip(cropped, centre, strict=True)
    ]
    assert sum(same) < 4  # nearly all are at other places
    whole = [np.asarray(c) for c in cropped]
    flipped = [any((c[:, ::-1] == m[y : y + 32, x : x + 32]).all() for y in range(9) for x in range(9))
               for c, m in zip(whole, mask, strict=True)]  # fmt: skip
    assert 8 < sum(flipped) < 24


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "ResNet-Digits"}, "expected scores for every pixel"),
        ({"model": "tiny-UNet (depth 2)"}, r"takes \(64, 64, 3\), expected \(32, 32, 3\)"),
        ({"label_smoothing": 0.1}, "'label_smoothing' is 0.1, expected 0"),
        ({"augmentation": {"mixup": {"alpha": 1.0}}}, "'mixup' is for pictures with labels"),
        ({"dataset": {"stored_size": 24}}, "'stored_size' is 24, expected at least image_size"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(cell, changes, says):
    merged = {key: {**cell[key], **value} if isinstance(value, dict) else value for key, value in changes.items()}
    with pytest.raises(ConfigError, match=says):
        check({**cell, **merged}, Places(*["here"] * 4))


def test_another_number_of_classes_changes_the_head_alone():
    network = netspec.find("UNet-Digits")
    other = with_pixel_classes(network, 7)
    assert other.output_shape == (32, 32, 7) and other.layers[:-1] == network.layers[:-1]
    assert with_pixel_classes(other, 3) == network


def png(array, mode=None):
    stream = io.BytesIO()
    image = Image.fromarray(array)
    if mode == "P":
        image = image.convert("P")
        image.putdata(array.reshape(-1).tolist())
        image.putpalette([value for index in range(256) for value in (255 - index, index, 7)])
    image.save(stream, "PNG")
    return stream.getvalue()


class TestMasks:
    MASK = np.array([[1, 2, 3], [3, 2, 255]], np.uint8)

    @pytest.mark.parametrize("mode", ["L", "P"])
    def test_values_are_those_of_the_file(self, mode):
        assert (decode_mask(png(self.MASK, mode)) == self.MASK).all()

    def test_a_mask_of_colours_is_refused(self):
        with pytest.raises(Unreadable, match="a mask of mode RGB"):
            decode_mask(png(np.repeat(self.MASK[..., None], 3, -1)))

    @pytest.mark.parametrize("data", [b"", b"no picture", png(MASK)[:40]])
    def test_what_is_no_picture_is_refused(self, data):
        with pytest.raises(Unreadable):
            decode_mask(data)

    @pytest.mark.exhaustive
    def test_a_resized_mask_has_no_other_values(self):
        found = fit_mask(self.MASK, (40, 50))
        assert found.shape == (40, 50) and set(np.unique(found)) == {1, 2, 3, 255}

    def stored(self, tmp_path, example):
        layout = {"image": (np.dtype(np.uint8), (2, 3, 3)), "mask": (np.dtype(np.uint8), (2, 3))}
        with ArrayWriter(tmp_path, "train", 1, layout) as writer:
            writer.put(0, writer.convert(example))
            writer.finish(np.array([True]))
        return np.load(tmp_path / "train_mask.npy")[0]

    def test_values_become_classes(self, tmp_path):
        picture = np.zeros((2, 3, 3), np.uint8)
        table = {1: 0, 2: 1, 3: 2, 255: VOID}
        found = self.stored(tmp_path, Example(picture, png(self.MASK), table))
        assert found.tolist() == [[0, 1, 2], [2, 1, VOID]]

    def test_a_value_that_is_no_class_is_refused(self, tmp_path):
        picture = np.zeros((2, 3, 3), np.uint8)
        with pytest.raises(Unreadable, match="value 255 in the mask, expected one of 1, 2, 3"):
            self.stored(tmp_path, Example(picture, png(self.MASK), {1: 0, 2: 1, 3: 2}))

    def test_a_mask_of_another_size_is_refused(self, tmp_path):
        with pytest.raises(Unreadable, match=r"mask of shape \(3, 2\), expected \(2, 3\)"):
            self.stored(tmp_path, Example(np.zeros((2, 3, 3), np.uint8), self.MASK.T.copy()))


@pytest.fixture(scope="module")
def scenes(cell, tmp_path_factory):
    """A store of few scenes, and their data set."""
    folder = tmp_path_factory.mktemp("scenes") / "store"
    few = {**cell["dataset"], "scenes": {**cell["dataset"]["scenes"], "train": 48, "val": 20}}
    typed = config.parse_cell({**cell, "dataset": few})
    prepare(typed.dataset, folder)
    return folder, few


def test_scenes_are_prepared_with_their_masks(scenes, cell):
    folder, few = scenes
    dataset = config.parse_cell({**cell, "dataset": few}).dataset
    store = open_store(folder, dataset)
    assert store.class_names == ("digit", "ground", "boundary") and (len(store.train), len(store.val)) == (48, 20)
    batch = store.train.gather(np.array([3, 3, 7]))
    assert batch["mask"].shape == (3, 32, 32) and batch["image"].shape == (3, 32, 32, 3)
    assert (batch["mask"][0] == batch["mask"][1]).all() and set(np.unique(batch["mask"])) == {0, 1, 2}
    boxes = dataclasses.replace(dataset, annotation="boxes", classes=10)
    with pytest.raises(ConfigError, match="prepared from another configuration"):
        open_store(folder, boxes)


@pytest.mark.slow
def test_a_run_leaves_what_its_report_reads(scenes, cell, tmp_path):
    from train.loop import fit
    from train.tasks import opened

    folder, few = scenes
    short = {**cell, "dataset": few, "steps": 4, "evaluate_every_steps": 2, "checkpoint_every_steps": 2}
    typed = config.parse_cell({**short, "schedule": {**cell["schedule"], "warmup_steps": 1}})
    summary = fit(typed, 0, opened(typed, folder), tmp_path / "out", tmp_path / "saved")
    assert set(summary["metrics"]) == {"miou", "dice", "accuracy", "loss"}
    rows = (tmp_path / "out/classes.csv").read_text().splitlines()
    assert rows[0] == "class,pixels,iou,dice" and [row.split(",")[0] for row in rows[1:]] == list(open_names())
    assert sum(int(row.split(",")[1]) for row in rows[1:]) == 20 * 32 * 32
    mean = np.mean([float(row.split(",")[2]) for row in rows[1:]])
    assert mean == pytest.approx(summary["metrics"]["miou"], abs=1e-3)
    with Image.open(tmp_path / "out/pictures.png") as picture:
        assert picture.size == (12 * 100 - 4, 4 * 100 - 4)


def open_names():
    return "digit", "ground", "boundary"
