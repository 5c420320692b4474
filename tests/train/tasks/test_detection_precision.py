"""Suppression, matching and average precision: by hand, against scikit-learn, and against pycocotools."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from train.tasks.detection.coco import THRESHOLDS, average_precision
from train.tasks.detection.precision import (
    Curve,
    Truth,
    Verdict,
    area_under,
    curve,
    eleven_points,
    f1,
    verdicts,
)
from train.tasks.detection.suppress import LEAST, MOST, Detections, best_of_each, suppressed

#: Squares of a tenth in a row, and one that overlaps the first by 3/4 of each, an IoU of 0.6.
A, B, C, D = ([0.1 + 0.2 * i, 0.5, 0.1, 0.1] for i in range(4))
NEAR_A = [0.125, 0.5, 0.1, 0.1]
HIT, MISS, IGNORED = Verdict.HIT, Verdict.MISS, Verdict.IGNORED


def found(*rows):
    """Detections of (box, label, score)."""
    boxes, labels, scores = zip(*rows, strict=True) if rows else ([], [], [])
    return Detections(np.array(boxes, float).reshape(-1, 4), np.array(labels, int), np.array(scores, float))


def truth(*rows):
    """Objects of (box, label) or (box, label, difficult)."""
    full = [(*row, False)[:3] for row in rows]
    boxes, labels, difficult = zip(*full, strict=True) if rows else ([], [], [])
    return Truth(np.array(boxes, float).reshape(-1, 4), np.array(labels, int), np.array(difficult, bool))


def test_what_overlaps_a_better_box_goes():
    boxes = np.array([A, NEAR_A, B])
    assert best_of_each(boxes, np.array([0.5, 0.9, 0.7])).tolist() == [1, 2]
    assert best_of_each(boxes[:0], np.array([])).tolist() == []


def test_what_has_gone_suppresses_nothing():
    """The third overlaps the second, which the first has removed, by more than the limit; the first by less."""
    boxes = np.array([[0.1 + shift, 0.5, 0.1, 0.1] for shift in (0, 0.025, 0.05)])
    assert best_of_each(boxes, np.array([0.9, 0.8, 0.7])).tolist() == [0, 2]


def test_classes_do_not_suppress_each_other():
    scores = np.array([[0.9, 0.3], [0.8, 0.6], [0.0, LEAST / 2]])
    kept = suppressed(np.array([A, NEAR_A, B]), scores)
    assert [(box.tolist(), label, score) for box, label, score in zip(*kept, strict=True)] == [
        (pytest.approx(A), 0, 0.9),
        (pytest.approx(NEAR_A), 1, 0.6),
    ]


def test_at_most_so_many_of_a_picture():
    rng = np.random.default_rng(0)
    boxes = np.concatenate([rng.uniform(0.1, 0.9, (400, 2)), np.full((400, 2), 0.01)], 1)
    scores = rng.uniform(0.1, 1, (400, 1))
    kept = suppressed(boxes, scores)
    assert len(kept.scores) == MOST
    assert (np.diff(kept.scores) <= 0).all()
    assert kept.scores[-1] > np.median(scores)


def test_detections_lie_in_the_picture():
    box = suppressed(np.array([[0.0, 0.5, 0.4, 1.4]]), np.array([[1.0]])).boxes[0]
    np.testing.assert_allclose(box, [0.1, 0.5, 0.2, 1.0])


def test_a_second_detection_of_an_object_is_a_miss():
    assert verdicts(found((NEAR_A, 0, 0.9), (A, 0, 0.8)), truth((A, 0)), 0.5).tolist() == [HIT, MISS]
    assert verdicts(found((NEAR_A, 0, 0.9), (A, 0, 0.8)), truth((A, 0)), 0.75).tolist() == [MISS, HIT]


def test_the_better_score_comes_first_whatever_the_order():
    assert verdicts(found((A, 0, 0.2), (NEAR_A, 0, 0.9)), truth((A, 0)), 0.5).tolist() == [MISS, HIT]


def test_another_class_is_a_miss():
    assert verdicts(found((A, 1, 0.9)), truth((A, 0)), 0.5).tolist() == [MISS]
    assert verdicts(found((A, 1, 0.9)), truth(), 0.5).tolist() == [MISS]


def test_difficult_objects_count_neither_way():
    seen, there = found((A, 0, 0.9), (NEAR_A, 0, 0.8), (B, 0, 0.7)), truth((A, 0, True), (B, 0))
    assert verdicts(seen, there, 0.5).tolist() == [IGNORED, IGNORED, HIT]
    assert area_under(curve([(seen, there)], 0, 0.5)) == 1
    assert f1(seen, there, 0.5) == 1


#: Hit, miss, hit, miss, of three objects: precisions 1, 1/2, 2/3, 1/2 at recalls 1/3, 1/3, 2/3, 2/3.
PICTURES = [
    (found((A, 0, 0.9), (D, 0, 0.8)), truth((A, 0), (C, 0))),
    (found((B, 0, 0.7), (D, 0, 0.6)), truth((B, 0), (A, 1))),
]


def test_average_precision_by_hand():
    points = curve(PICTURES, 0, 0.5)
    np.testing.assert_allclose(points.precision, [1, 1 / 2, 2 / 3, 1 / 2])
    np.testing.assert_allclose(points.recall, [1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert points.objects == 3
    assert area_under(points) == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    # Recalls 0 to 0.3 reach precision 1, 0.4 to 0.6 reach 2/3, and 0.7 to 1 are not reached.
    assert eleven_points(points) == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)


def test_nothing_found_and_nothing_to_find():
    nothing = curve([(found(), truth((A, 0)))], 0, 0.5)
    assert (area_under(nothing), eleven_points(nothing), nothing.objects) == (0, 0, 1)
    none = curve([(found((A, 0, 0.5)), truth())], 0, 0.5)
    assert (area_under(none), none.objects) == (0, 0)


def test_a_recall_of_a_tenth_is_reached_by_a_tenth():
    """Three of ten objects are a recall of 0.3, which in floating point is less than three times 0.1."""
    points = Curve(np.ones(3), np.array([1, 2, 3]) / 10, 10)
    assert points.recall[-1] < np.linspace(0, 1, 11)[3]
    assert eleven_points(points) == pytest.approx(4 / 11)
    for objects in (7, 10, 20, 30):
        perfect = Curve(np.ones(objects), np.arange(1, objects + 1) / objects, objects)
        assert eleven_points(perfect) == pytest.approx(1) == area_under(perfect)


def made(seed, count=40, classes=3):
    """Random pictures in which some objects are found, shifted a little, some not, and some are not there."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        objects = [
            (np.array([*rng.uniform(0.2, 0.8, 2), *rng.uniform(0.1, 0.3, 2)]), rng.integers(classes)) for _ in range(3)
        ]
        seen = [
            (box + rng.normal(0, 0.02, 4), label if rng.uniform() < 0.8 else rng.integers(classes), rng.uniform())
            for box, label in objects
            for _ in range(rng.integers(0, 3))
        ]
        order = np.argsort([-score for *_, score in seen])
        pictures.append((found(*[seen[i] for i in order]), truth(*objects)))
    return pictures


def test_the_curve_is_scikit_learns():
    """Where each detection is of one object or of none, it is a ranking: scikit-learn starts at the other end."""
    pictures = made(0)
    for label in range(3):
        points = curve(pictures, label, 0.5)
        hits, scores = [], []
        for seen, there in pictures:
            mine = seen.labels == label
            hits += (verdicts(seen, there, 0.5)[mine] == HIT).tolist()
            scores += seen.scores[mine].tolist()
        precision, recall, _ = precision_recall_curve(hits, scores, drop_intermediate=False)
        np.testing.assert_allclose(points.precision, precision[-2::-1])
        np.testing.assert_allclose(points.recall * points.objects, recall[-2::-1] * sum(hits))


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_that_of_the_definition(seed):
    points = curve(made(seed), 0, 0.5)
    before, total = 0.0, 0.0
    for level in np.unique(points.recall):
        total += (level - before) * points.precision[points.recall >= level].max()
        before = level
    assert area_under(points) == pytest.approx(total)
    eleven = [points.precision[points.recall >= t - 1e-9] for t in np.arange(11) / 10]
    assert eleven_points(points) == pytest.approx(np.mean([max(part, default=0) for part in eleven]))


@pytest.mark.parametrize("seed", range(3))
def test_coco_and_voc_agree_where_they_measure_the_same(seed):
    """COCO reads the raised curve at 101 recalls: with the area they differ by less than the steps between them."""
    pictures = [(seen, there) for seen, there in made(seed, count=150)]
    coco = average_precision(pictures, 4, (480, 640))
    assert coco.shape == (10, 4)
    assert np.isnan(coco[:, 3]).all()
    for label in range(3):
        for row in (0, 5):
            assert coco[row, label] == pytest.approx(area_under(curve(pictures, label, THRESHOLDS[row])), abs=0.012)
    assert (np.diff(coco[:, :3], axis=0) <= 1e-9).all()


def test_coco_by_hand():
    """The pictures above: of 101 recalls, precision 1 at 0 to 0.33 and 2/3 at 0.34 to 0.66; no other found."""
    coco = average_precision(PICTURES, 3, (100, 200))
    assert coco[0, 0] == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)
    assert coco[0, 1] == 0
    assert np.isnan(coco[0, 2])


def test_coco_leaves_difficult_objects_out():
    there = truth((A, 0, True), (B, 0))
    assert average_precision([(found((A, 0, 0.9), (B, 0, 0.7)), there)], 1, (100, 100))[0, 0] == pytest.approx(1)
    assert average_precision([(found((C, 0, 0.9), (B, 0, 0.7)), there)], 1, (100, 100))[0, 0] == pytest.approx(1 / 2)
    assert np.isnan(average_precision([(found((A, 0, 0.9)), truth((A, 0, True)))], 1, (100, 100))).all()


def test_coco_of_nothing():
    nothing = average_precision([(found(), truth((A, 0)))], 2, (100, 100))
    assert nothing[0, 0] == 0 and np.isnan(nothing[0, 1])
    assert np.isnan(average_precision([(found((A, 0, 0.5)), truth())], 1, (100, 100))).all()


@pytest.mark.parametrize(
    ("seen", "there", "expected"),
    [
        ([(A, 0, 0.9), (C, 0, 0.8)], [(A, 0), (B, 0)], 1 / 2),
        ([(A, 0, 0.9)], [(A, 0), (B, 0)], 2 / 3),
        ([], [(A, 0)], 0),
        ([], [], 1),
        ([(A, 0, 0.9)], [], 0),
    ],
)
def test_f1_by_hand(seen, there, expected):
    assert f1(found(*seen), truth(*there), 0.5) == pytest.approx(expected)
