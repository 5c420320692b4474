"""Detection as a task: its head, its checks, what the loop is given, and what a run leaves."""

import csv
import io
import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import netspec
from netspec.layers import Conv2d, Flatten
from train.config.cell import Augmentation, Cell, Dataset, Optimizer, Scenes, Schedule
from train.config.places import Places
from train.config.schema import ConfigError
from train.data.images import fit as fit_to
from train.data.prepare import prepare
from train.data.store import open_store
from train.loop import fit
from train.tasks.detection import DETECTION, check
from train.tasks.detection.findings import chosen
from train.tasks.detection.head import with_boxes
from train.tasks.detection.pictures import detect
from train.tasks.detection.precision import Truth
from train.tasks.detection.predict import predict
from train.tasks.detection.suppress import Detections

pytestmark = pytest.mark.slow

#: Scenes of few digits for tests, of which the mean picture is grey.
DATASET = Dataset(
    name="few-scenes",
    kind="digit-scenes",
    path=None,
    classes=10,
    image_size=64,
    stored_size=64,
    mean=(0.5, 0.5, 0.5),
    std=(0.25, 0.25, 0.25),
    train_per_class=100,
    subset_seed=0,
    annotation="boxes",
    scenes=Scenes(train=400, val=90, objects=(1, 6), sizes=(16, 30), overlap=0.2),
)


def cell(**changes):
    settings = {
        "name": "made",
        "dataset": DATASET,
        "augmentation": Augmentation("paper", False, False, None, None, None, None),
        "model": "YOLOv1-Digits",
        "initialization": "book",
        "batch_size": 8,
        "accumulate": 1,
        "optimizer": Optimizer("adamw", 2e-3, 0.05, "kernels", 1.0, 0.9, 0.999, 1e-8),
        "schedule": Schedule("cosine", 0.0, "step", None, 2),
        "label_smoothing": 0.0,
        "dropout": 0.0,
        "stochastic_depth": 0.0,
        "ema_decay": None,
        "precision": "float32",
        "on_divergence": "stop",
        "start": None,
        "steps": 16,
        "evaluate_every_steps": 8,
        "checkpoint_every_steps": 8,
        "task": "detection",
        "task_settings": {"focal_gamma": 2.0},
    }
    return Cell(**{**settings, **changes})


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes") / "few"
    prepare(DATASET, folder)
    return open_store(folder, DATASET)


class Told:
    """A network that is told what to leave for the pictures of the validation split, in their order."""

    def __init__(self, outputs):
        self.outputs, self.at = outputs, 0

    def __call__(self, images):
        rows = np.arange(self.at, self.at + len(images)) % len(self.outputs)
        self.at += len(images)
        return jnp.asarray(self.outputs[rows])

    def run(self, function, *arrays):
        return function(self, *arrays)


def logit(share):
    return np.log(share / (1 - share))


def oracle(store):
    """Outputs that say of every cell what is there: its object to one place, size and class."""
    boxes, labels = np.asarray(store.val["boxes"]), np.asarray(store.val["box-class"])
    outputs = np.full((len(boxes), 8, 8, 20), -20.0, np.float32)
    taken = set()
    for row in range(len(boxes)):
        for index in np.argsort(-boxes[row, :, 2] * boxes[row, :, 3], kind="stable"):
            place = tuple(np.minimum(boxes[row, index, :2] * 8, 7).astype(int))
            if labels[row, index] >= 0 and (row, *place) not in taken:
                taken.add((row, *place))
                offset = np.clip(boxes[row, index, :2] * 8 - place, 1e-4, 1 - 1e-4)
                of_cell = outputs[row, place[1], place[0]]
                of_cell[:5] = [*logit(offset), *logit(np.sqrt(boxes[row, index, 2:])), 20]
                of_cell[10 + labels[row, index]] = 20
    assert len(taken) == (labels >= 0).sum()  # no two digits of these scenes have their centres in one cell
    return outputs


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.exhaustive
def test_who_sees_everything_finds_everything(store):
    learner = DETECTION.learn(cell())
    figures, files = learner.finish(Told(oracle(store)).run, store)
    assert {metric.name for metric in DETECTION.metrics} - {"loss", "map50_part"} <= set(figures)
    assert set(files) == set(DETECTION.files)
    for name in ("map50", "map75", "map", "voc07", "voc"):
        assert figures[name] == pytest.approx(100), name
    assert figures["objectness_object"] == pytest.approx(1)
    assert figures["objectness_empty"] == pytest.approx(0, abs=1e-6)

    classes = rows_of(files["classes.csv"])
    assert [row["class"] for row in classes] == [str(digit) for digit in range(10)]
    assert sum(int(row["objects"]) for row in classes) == (np.asarray(store.val["box-class"]) >= 0).sum()
    assert np.mean([float(row["map50"]) for row in classes]) == pytest.approx(figures["map50"])
    bins = rows_of(files["calibration.csv"])
    assert [int(row["cells"]) for row in bins[1:-1]] == [0] * 8
    assert sum(int(row["cells"]) for row in bins) == 64 * len(store.val)
    assert (float(bins[0]["hits"]), float(bins[-1]["hits"]), bins[4]["hits"]) == (0, 1, "")


@pytest.mark.exhaustive
def test_a_glance_is_the_precision_of_the_first_pictures(store, monkeypatch):
    """Of all of them what is said at the end; of the first ten that of a network that sees these alone."""
    outputs = oracle(store)
    outputs[10:] = -20
    learner = DETECTION.learn(cell())
    monkeypatch.setattr("train.tasks.detection.learner.PART", 10)
    assert learner.glance(Told(outputs).run, store) == {"map50_part": pytest.approx(100)}
    monkeypatch.setattr("train.tasks.detection.learner.PART", len(store.val))
    whole = learner.finish(Told(outputs).run, store)[0]["map50"]
    assert learner.glance(Told(outputs).run, store) == {"map50_part": pytest.approx(whole)} and whole < 50
    assert learner.glance(Told(outputs - outputs - 20).run, store) == {"map50_part": 0.0}


@pytest.mark.exhaustive
def test_who_knows_only_how_often_and_where_finds_nothing(store):
    """The same for every picture: the share of cells with an object, the mean box of a cell, the shares of classes."""
    boxes, labels = np.asarray(store.train["boxes"]), np.asarray(store.train["box-class"])
    there = labels >= 0
    prior = np.zeros((8, 8, 20), np.float32)
    places = np.minimum(boxes[there][:, :2] * 8, 7).astype(int)
    often = np.zeros((8, 8))
    np.add.at(often, (places[:, 1], places[:, 0]), 1)
    prior[..., 4] = logit(np.clip(often / len(labels), 1e-3, 1 - 1e-3))
    prior[..., 2:4] = logit(np.sqrt(boxes[there][:, 2:].mean(0)))
    prior[..., 9] = -20
    prior[..., 10:] = np.log(np.bincount(labels[there], minlength=10) / there.sum())
    figures, _ = DETECTION.learn(cell()).finish(Told(np.tile(prior, (len(store.val), 1, 1, 1))).run, store)
    assert figures["map50"] < 10
    assert figures["voc07"] < 12


@pytest.mark.exhaustive
def test_pictures_are_chosen_by_rule(store):
    """Of a network that sees all of some pictures, half of others and nothing of the rest."""
    outputs = oracle(store)
    outputs[20:40] = -20
    learner = DETECTION.learn(cell())
    _, files = learner.finish(Told(outputs).run, store)
    about = json.loads(files["detections.json"])
    shown = about["pictures"]
    assert [one["why"] for one in shown] == ["best"] * 2 + ["median"] * 2 + ["worst"] * 2
    assert [one["f1"] for one in shown[:2]] == [1, 1] and [one["f1"] for one in shown[-2:]] == [0, 0]
    for one in shown:
        labels = np.asarray(store.val["box-class"])[one["picture"]]
        assert [int(true["class"]) for true in one["truth"]] == labels[labels >= 0].tolist()
    assert [len(one["truth"]) for one in shown[:2]] == [6, 6] and {one["score"] for one in shown[0]["found"]} == {1.0}
    assert all(20 <= one["picture"] < 40 and not one["found"] for one in shown[-2:])
    sheet = Image.open(io.BytesIO(files["pictures.png"]))
    assert sheet.size == (3 * 320 + 16, 2 * 320 + 8)
    colours = {colour for _, colour in sheet.convert("RGB").getcolors(10**6)}
    assert {(0, 114, 178), (230, 159, 0)} <= colours


def told(score):
    """Runs a network that sees one object of class 7 as sure as that, in every picture."""
    outputs = np.full((1, 8, 8, 20), -20.0, np.float32)
    outputs[0, 4, 2, :5] = [0, 0, logit(0.5), logit(0.5), logit(score)]
    outputs[0, 4, 2, 10 + 7] = 20
    return Told(outputs).run


def test_of_equal_pictures_those_with_more_objects_are_better():
    """All are seen as they are: ordered by objects, then as they come; with less than six, some are shown twice."""
    boxes = np.array([[0.1 + 0.2 * place, 0.5, 0.1, 0.1] for place in range(3)])
    pictures = []
    for count in (1, 3, 2, 3):
        labels = np.zeros(count, int)
        there = Truth(boxes[:count], labels, np.zeros(count, bool))
        pictures.append((Detections(boxes[:count], labels, np.ones(count)), there))
    assert [(why, index) for why, index, _ in chosen(pictures)] == [
        ("best", 1), ("best", 3), ("median", 3), ("median", 2), ("worst", 2), ("worst", 0),
    ]  # fmt: skip


def test_one_picture_is_described(store):
    outputs = oracle(store)
    learner = DETECTION.learn(cell())
    found = detect(Told(outputs).run, store.val["image"][0], learner, store.class_names)
    labels = store.val["box-class"][0]
    there = labels >= 0
    assert sorted(one["class"] for one in found) == sorted(str(label) for label in labels[there])
    assert {one["score"] for one in found} == {1.0}
    found_boxes = np.array(sorted(one["box"] for one in found))
    np.testing.assert_allclose(found_boxes, sorted(store.val["boxes"][0][there].tolist()), atol=2e-3)
    assert detect(told(0.29), store.val["image"][0], learner, store.class_names) == []
    assert len(detect(told(0.31), store.val["image"][0], learner, store.class_names)) == 1
    assert detect(Told(np.full_like(outputs, -20)).run, store.val["image"][0], learner, store.class_names) == []


def test_a_persons_picture_is_described_in_its_own_pixels(store):
    """A picture of half the height and twice the width of what the network takes."""
    given = {"run": told(0.8), "learner": DETECTION.learn(cell()), "class_names": store.class_names}
    used = SimpleNamespace(**given, view=lambda image: fit_to(image, 64))
    made = predict(used, Image.new("RGB", (128, 32), "grey"))
    # The centre of a cell in column 2 and row 4 of eight, a quarter of the picture wide and high.
    assert made.text.split() == ["80.00", "%", "7", "at", "24,", "14:", "32", "×", "8", "pixels"]
    assert json.loads(made.files["-boxes.json"]) == [{"class": "7", "score": 0.8, "box": [0.3125, 0.5625, 0.25, 0.25]}]
    assert Image.open(io.BytesIO(made.files["-boxes.png"])).size == (128 * 10, 32 * 10)
    used.run = told(0.1)
    assert predict(used, Image.new("RGB", (64, 64))).text == "nothing found"


def test_a_made_up_batch_is_as_the_store_delivers_it(store):
    learner = DETECTION.learn(cell())
    for part, training in ((store.train, True), (store.val, False)):
        real = part.gather(np.arange(4))
        made = learner.example_batch(4, training=training)
        for name in ("image", "boxes", "box-class", "difficult"):
            assert (made[name].dtype, made[name].ndim, made[name].shape[-1] in (3, 4, 8)) == (
                real[name].dtype,
                real[name].ndim,
                True,
            )
        assert made["image"].shape == real["image"].shape
    assert "real" in made


@pytest.mark.exhaustive
def test_filling_does_not_count(store):
    learner = DETECTION.learn(cell())
    outputs = np.random.default_rng(0).normal(size=(6, 8, 8, 20)).astype(np.float32)
    whole = {**store.val.gather(np.arange(6)), "real": np.array([True] * 4 + [False] * 2)}
    part = {**store.val.gather(np.arange(4)), "real": np.ones(4, bool)}
    filled, alone = (
        learner.figures(learner.measure(Told(outputs[: len(batch["real"])]), batch, None)) for batch in (whole, part)
    )
    assert filled == pytest.approx(alone)
    assert set(filled) == {"loss", "iou", "accuracy"}


@pytest.mark.exhaustive
def test_gamma_is_a_setting_of_the_task(store):
    batch = store.train.gather(np.arange(8))
    outputs = np.random.default_rng(0).normal(size=(8, 8, 8, 20)).astype(np.float32)
    terms = {}
    for gamma in (0.0, 2.0):
        learner = DETECTION.learn(cell(task_settings={"focal_gamma": gamma}))
        _, terms[gamma] = learner.train_loss(Told(outputs), learner.inputs(jax.random.key(0), batch))
    default = DETECTION.learn(cell(task_settings={}))
    _, found = default.train_loss(Told(outputs), default.inputs(jax.random.key(0), batch))
    assert found == terms[2.0]
    assert terms[0.0]["no_object"] > 1.5 * terms[2.0]["no_object"]
    assert terms[0.0]["class"] == terms[2.0]["class"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_run_leaves_its_files(store, tmp_path):
    summary = fit(cell(), 0, store, tmp_path / "out", tmp_path / "checkpoints")
    assert set(summary["metrics"]) == {metric.name for metric in DETECTION.metrics}
    assert all(np.isfinite(value) for value in summary["metrics"].values())
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {*DETECTION.files, "weights.npz", "summary.json"}
    rows = pd.read_csv(tmp_path / "out/metrics.csv")
    losses = rows[(rows["split"] == "train") & (rows["metric"] == "loss")]["value"]
    assert losses.iloc[-1] < losses.iloc[0]


@pytest.mark.parametrize(
    ("name", "classes", "shape"),
    [("YOLOv1-Digits", 3, (8, 8, 13)), ("YOLOv1 (convolutional head, ResNet-34)", 2, (7, 7, 12))],
)
def test_the_head_has_the_classes_of_the_data(name, classes, shape):
    network = netspec.find(name)
    changed = with_boxes(network, classes)
    assert changed.output_shape == shape
    assert not isinstance(changed.layers[-1], Flatten)
    head = next(layer for layer in reversed(network.layers) if isinstance(layer, Conv2d))
    assert network.params - changed.params == (head.out_channels - shape[-1]) * (head.in_channels + 1)
    assert changed.layers[:-1] == network.layers[: len(changed.layers) - 1]


def test_a_head_that_fits_stays():
    network = netspec.find("YOLOv1-Digits")
    assert with_boxes(network, 10) is network


def resolved(**changes):
    """The keys of a resolved cell that a check looks at."""
    dataset = {"classes": 10, "image_size": 64, "stored_size": 64, "annotation": "boxes", "name": "scenes"}
    augmentation = {
        "semantics": "paper", "random_crop": True, "horizontal_flip": False, "mixup": None, "cutmix": None,
        "erasing": None, "randaugment": None, "colour_jitter": None, "random_resized_crop": None,
    }  # fmt: skip
    value = {"model": "YOLOv1-Digits", "initialization": "book", "dataset": dataset, "augmentation": augmentation}
    for key, change in changes.items():
        value[key] = {**value[key], **change} if isinstance(change, dict) else change
    return value


PLACES = Places("cells.yaml: cells.a", "recipe.yaml", "scenes.yaml", "recipe.yaml")


def test_what_goes_together_is_taken():
    check(resolved(), PLACES)
    check(resolved(augmentation={"horizontal_flip": True, "colour_jitter": {"brightness": 0.1}}), PLACES)
    check(
        resolved(model="YOLOv1 (convolutional head, ResNet-34)", dataset={"image_size": 224, "stored_size": 256}),
        PLACES,
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "ViT-Digits"}, ["recipe.yaml", "'model'", "ViT-Digits", "grid of cells", "Conv2d"]),
        ({"model": "YOLOv1-Dgits"}, ["recipe.yaml", "'model'", "YOLOv1-Digits"]),
        ({"dataset": {"image_size": 32, "stored_size": 32}}, ["(64, 64, 3)", "(32, 32, 3)", "scenes.yaml", "64"]),
        ({"dataset": {"stored_size": [48, 64]}}, ["scenes.yaml", "'stored_size'", "at least image_size"]),
        ({"dataset": {"stored_size": [64, 48]}}, ["scenes.yaml", "'stored_size'", "at least image_size"]),
        ({"dataset": {"store": "records"}}, ["scenes.yaml", "'store'", "expected array"]),
        ({"augmentation": {"mixup": {"alpha": 0.2}}}, ["cells.a.augmentation", "'mixup'", "random_crop"]),
        ({"augmentation": {"random_resized_crop": {"area": [0.1, 1]}}}, ["'random_resized_crop'", "expected null"]),
        ({"initialization": "book-faulty"}, ["'initialization'", "Vision Transformer"]),
    ],
)
def test_what_does_not_go_together_is_said(changes, says):
    with pytest.raises(ConfigError) as raised:
        check(resolved(**changes), PLACES)
    assert all(part in str(raised.value) for part in says), raised.value
