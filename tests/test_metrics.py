import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from sklearn import metrics as sk

from common.metrics import (
    SUMMARISED_COLUMNS,
    ObjectCounts,
    PixelCounts,
    area_bias,
    count_pixels,
    dice,
    iou,
    object_counts,
    object_f1,
    precision,
    recall,
    summarise,
    surface_distance_score,
)

shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)
triples = shapes.flatmap(lambda shape: st.tuples(*[hnp.arrays(bool, shape)] * 3))
EMPTY, FULL = np.zeros((6, 8), dtype=bool), np.ones((6, 8), dtype=bool)


def blobs(shape: tuple[int, int], seed: int, share: float) -> np.ndarray:
    """A few smooth objects, as masks of photos have them; pixel noise has no outline worth the
    name.
    """
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2.5)
    return noise > np.quantile(noise, 1 - share)


blob_triples = st.builds(
    lambda seed, height, width, shift, ignored: (
        blobs((height, width), seed, 0.2),
        np.roll(blobs((height, width), seed, 0.2), shift, (0, 1)),
        blobs((height, width), seed + 1, ignored),
    ),
    seed=st.integers(0, 10_000),
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    shift=st.tuples(st.integers(-4, 4), st.integers(-4, 4)),
    ignored=st.sampled_from([0.0, 0.1, 0.5]),
)


def nsd_by_scipy(prediction, truth, tolerance_px, ignore):
    """The same definition by erosion and a distance transform of the whole picture."""
    prediction, truth = prediction & ~ignore, truth & ~ignore
    if not prediction.any() or not truth.any():
        return 1.0 if not prediction.any() and not truth.any() else 0.0
    edges = [
        mask & ~ndimage.binary_erosion(mask | ignore, border_value=1)
        for mask in (prediction, truth)
    ]
    total = edges[0].sum() + edges[1].sum()
    if total == 0:
        return float((prediction == truth).all())
    near = 0
    for edge, other in (edges, edges[::-1]):
        if other.any():
            near += (ndimage.distance_transform_edt(~other)[edge] <= tolerance_px).sum()
    return near / total


def objects_by_brute_force(prediction, truth, ignore, iou_threshold):
    """Label with scipy, then try every pairing."""
    parts = []
    for mask in (prediction & ~ignore, truth & ~ignore):
        labels, number = ndimage.label(mask, structure=np.ones((3, 3)))
        parts.append([labels == label for label in range(1, number + 1)])
    partners = [
        [j for j, t in enumerate(parts[1]) if (p & t).sum() / (p | t).sum() >= iou_threshold]
        for p in parts[0]
    ]

    def most(index, taken):
        if index == len(partners):
            return 0
        matches = [1 + most(index + 1, taken | {j}) for j in partners[index] if j not in taken]
        return max([most(index + 1, taken), *matches])

    tp = most(0, frozenset())
    return ObjectCounts(tp, len(parts[0]) - tp, len(parts[1]) - tp)


@given(triples)
def test_counts_are_those_of_the_known_pixels(masks):
    prediction, truth, ignore = masks
    matrix = (
        sk.confusion_matrix(truth[~ignore], prediction[~ignore], labels=[False, True])
        if not ignore.all()
        else None
    )
    tn, fp, fn, tp = matrix.ravel().tolist() if matrix is not None else (0, 0, 0, 0)
    assert count_pixels(prediction, truth, ignore) == PixelCounts(tp, fp, fn, tn)


@given(triples)
def test_scores_equal_those_of_sklearn(masks):
    prediction, truth, ignore = masks
    tp, fp, fn, _ = count_pixels(prediction, truth, ignore)
    known = truth[~ignore], prediction[~ignore]
    for ours, theirs in [
        (dice(tp, fp, fn), sk.f1_score),
        (iou(tp, fp, fn), sk.jaccard_score),
        (precision(tp, fp), sk.precision_score),
        (recall(tp, fn), sk.recall_score),
    ]:
        # sklearn says for 0/0 what it is told to say: where the two answers differ, there is no
        # score.
        low, high = (
            theirs(*known, zero_division=value) if known[0].size else value for value in (0.0, 1.0)
        )
        assert ours == pytest.approx(low if low == high else math.nan, abs=1e-12, nan_ok=True)


@given(triples)
def test_without_ignored_pixels_none_and_an_empty_mask_mean_the_same(masks):
    prediction, truth, _ = masks
    none = np.zeros_like(truth)
    assert count_pixels(prediction, truth) == count_pixels(prediction, truth, none)
    assert surface_distance_score(prediction, truth) == surface_distance_score(
        prediction, truth, ignore=none
    )
    assert object_counts(prediction, truth) == object_counts(prediction, truth, none)


@given(blob_triples)
def test_what_lies_under_ignored_pixels_changes_nothing(masks):
    prediction, truth, ignore = masks
    other = np.where(ignore, ~prediction, prediction)
    assert count_pixels(prediction, truth, ignore) == count_pixels(other, truth, ignore)
    assert surface_distance_score(prediction, truth, 2, ignore) == surface_distance_score(
        other, truth, 2, ignore
    )
    assert object_counts(prediction, truth, ignore) == object_counts(other, truth, ignore)


@pytest.mark.parametrize(
    ("prediction", "truth", "expected"),
    [
        (
            EMPTY,
            EMPTY,
            {"dice": None, "iou": None, "precision": None, "recall": None, "area_bias": None},
        ),
        (FULL, FULL, {"dice": 1, "iou": 1, "precision": 1, "recall": 1, "area_bias": 0}),
        (FULL, EMPTY, {"dice": 0, "iou": 0, "precision": 0, "recall": None, "area_bias": None}),
        (EMPTY, FULL, {"dice": 0, "iou": 0, "precision": None, "recall": 0, "area_bias": -1}),
    ],
)
def test_empty_and_full_masks(prediction, truth, expected):
    tp, fp, fn, _ = count_pixels(prediction, truth)
    scores = {
        "dice": dice(tp, fp, fn),
        "iou": iou(tp, fp, fn),
        "precision": precision(tp, fp),
        "recall": recall(tp, fn),
        "area_bias": area_bias(tp, fp, fn),
    }
    assert {
        name: None if math.isnan(score) else score for name, score in scores.items()
    } == expected


def test_arrays_give_float64_arrays_and_numbers_give_floats():
    tp, fp, fn = (
        np.array([3, 0, 0], dtype=np.uint8),
        np.array([1, 0, 5], dtype=np.uint8),
        np.array([2, 0, 0]),
    )
    scores = dice(tp, fp, fn)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, [6 / 9, np.nan, 0])
    assert type(dice(3, 1, 2)) is float
    np.testing.assert_allclose(area_bias(np.uint8(3), np.uint8(1), np.uint8(2)), -0.2)
    np.testing.assert_allclose(dice(pd.Series(tp), pd.Series(fp), pd.Series(fn)), scores)


@given(triples, st.sampled_from([0, 1, math.sqrt(2), 2.0, math.sqrt(5), 3.7]))
def test_surface_score_equals_scipy_on_noise(masks, tolerance_px):
    prediction, truth, ignore = masks
    expected = nsd_by_scipy(prediction, truth, tolerance_px, ignore)
    assert surface_distance_score(prediction, truth, tolerance_px, ignore) == pytest.approx(
        expected, abs=1e-12
    )


@settings(max_examples=200)
@given(blob_triples, st.sampled_from([0, 1, 2.0, 2.5]))
def test_surface_score_equals_scipy_on_objects(masks, tolerance_px):
    prediction, truth, ignore = masks
    expected = nsd_by_scipy(prediction, truth, tolerance_px, ignore)
    assert surface_distance_score(prediction, truth, tolerance_px, ignore) == pytest.approx(
        expected, abs=1e-12
    )
    assert surface_distance_score(truth, prediction, tolerance_px, ignore) == pytest.approx(
        expected, abs=1e-12
    )


def test_surface_score_of_empty_and_full_masks():
    part = EMPTY.copy()
    part[2:4, 2:4] = True
    assert surface_distance_score(EMPTY, EMPTY) == 1
    assert surface_distance_score(FULL, FULL) == 1
    assert surface_distance_score(FULL, EMPTY) == surface_distance_score(EMPTY, FULL) == 0
    assert surface_distance_score(part, EMPTY) == surface_distance_score(EMPTY, part) == 0
    assert surface_distance_score(part, FULL) == 0  # a full mask has no outline inside the photo


def test_surface_score_tolerates_two_pixels_and_not_three():
    truth = np.zeros((40, 40), dtype=bool)
    truth[10:30, 10:30] = True
    assert surface_distance_score(np.roll(truth, 2, axis=1), truth) == 1
    # All four vertical sides miss; of each 20 px horizontal edge those stay that the other one
    # reaches within 2 px.
    assert surface_distance_score(np.roll(truth, 3, axis=1), truth) < 0.6


def test_cut_by_the_border_is_no_outline():
    """Two objects that leave the photo at the same place have only their inner outlines to
    compare.
    """
    truth, prediction = np.zeros((30, 30), dtype=bool), np.zeros((30, 30), dtype=bool)
    truth[:, :10] = True
    prediction[:, :14] = True
    assert surface_distance_score(prediction, truth) == 0


def test_cut_by_ignored_pixels_is_no_outline():
    ignore = np.zeros((30, 30), dtype=bool)
    ignore[:, 10:] = True
    truth = np.zeros((30, 30), dtype=bool)
    truth[5:15, 2:10] = True
    prediction = truth.copy()
    prediction[5:15, 10:25] = True
    assert surface_distance_score(prediction, truth, ignore=ignore) == 1
    prediction[15:25, :] = True
    assert surface_distance_score(prediction, truth, ignore=ignore) < 1


def test_two_masks_without_any_edge_are_compared_directly():
    ignore = np.zeros((5, 5), dtype=bool)
    ignore[:, 2] = True
    left, right = np.zeros((5, 5), dtype=bool), np.zeros((5, 5), dtype=bool)
    left[:, :2] = right[:, 3:] = True
    assert surface_distance_score(left, right, ignore=ignore) == 0
    assert surface_distance_score(left, left, ignore=ignore) == 1


@given(blob_triples, st.sampled_from([0.5, 0.75, 1.0]))
def test_objects_equal_brute_force_on_blobs(masks, iou_threshold):
    assert object_counts(*masks, iou_threshold) == objects_by_brute_force(*masks, iou_threshold)


@settings(max_examples=200)
@given(triples, st.sampled_from([0.5, 0.6]))
def test_objects_equal_brute_force_on_noise(masks, iou_threshold):
    assert object_counts(*masks, iou_threshold=iou_threshold) == objects_by_brute_force(
        *masks, iou_threshold
    )


def test_objects_of_empty_and_full_masks():
    assert object_counts(EMPTY, EMPTY) == (0, 0, 0)
    assert object_counts(FULL, FULL) == (1, 0, 0)
    assert object_counts(FULL, EMPTY) == (0, 1, 0)
    assert object_counts(EMPTY, FULL) == (0, 0, 1)
    assert math.isnan(object_f1(0, 0, 0))
    assert object_f1(0, 1, 0) == object_f1(0, 0, 1) == 0
    assert object_f1(2, 1, 1) == pytest.approx(2 / 3)


def test_half_of_an_object_is_found_and_less_is_not():
    truth = np.array([[1, 1, 1, 1, 0]], dtype=bool)
    # IoU is exactly 0.5
    assert object_counts(np.array([[1, 1, 0, 0, 0]], dtype=bool), truth) == (1, 0, 0)
    assert object_counts(np.array([[0, 0, 0, 1, 1]], dtype=bool), truth) == (0, 1, 1)
    assert object_counts(np.array([[1, 1, 0, 1, 0]], dtype=bool), truth) == (1, 1, 0)


def test_diagonal_pixels_are_one_object():
    diagonal = np.eye(4, dtype=bool)
    assert object_counts(diagonal, diagonal) == (1, 0, 0)


def row(**counts: float) -> dict[str, float]:
    return dict.fromkeys(SUMMARISED_COLUMNS, 0) | {"nsd_2px": 1.0} | counts


def test_summary_by_hand():
    table = pd.DataFrame(
        [
            row(tp=30, fp=10, fn=10, tn=50, nsd_2px=0.8, object_tp=1, object_fp=1),
            row(tp=0, fp=0, fn=20, tn=80, nsd_2px=0.0, object_fn=2),
            row(tn=100, nsd_2px=1.0),
            row(fp=5, tn=95, nsd_2px=0.0, object_fp=1),
        ]
    )
    assert summarise(table) == pytest.approx(
        {
            "dice_mean": 0.75 / 2,
            "dice_global": 60 / (60 + 15 + 30),
            "iou_mean": 0.6 / 2,
            "precision": 0.75 / 2,
            "recall": 0.75 / 2,
            "area_bias": -0.5,
            "nsd_2px": 0.4,
            "object_precision": 1 / 3,
            "object_recall": 1 / 3,
            "object_f1": 1 / 3,
            "empty_fp_rate": 0.5,
            "n_images": 4,
            "n_empty": 2,
        }
    )


def test_empty_images_change_no_mean():
    objects = [
        row(tp=8, fp=2, fn=2, nsd_2px=0.9, object_tp=1),
        row(tp=1, fp=5, fn=9, nsd_2px=0.2, object_tp=1),
    ]
    before = summarise(pd.DataFrame(objects))
    after = summarise(pd.DataFrame([*objects, row(tn=9), row(fp=3, nsd_2px=0.0)]))
    means = ["dice_mean", "iou_mean", "precision", "recall", "area_bias", "nsd_2px"]
    assert {name: after[name] for name in means} == {name: before[name] for name in means}
    assert after["dice_global"] < before["dice_global"]
    assert (before["n_empty"], after["n_empty"], after["n_images"]) == (0, 2, 4)
    assert math.isnan(before["empty_fp_rate"])
    assert after["empty_fp_rate"] == 0.5


def test_silence_earns_no_precision():
    """An approach that predicts on its surest image alone must not lead by precision."""
    silent = summarise(pd.DataFrame([row(tp=10, object_tp=1), row(fn=10, object_fn=1)]))
    assert silent["precision"] == 0.5
    nothing = summarise(pd.DataFrame([row(fn=10, object_fn=1), row(tn=5)]))
    assert nothing["precision"] == nothing["object_precision"] == nothing["object_f1"] == 0
    assert nothing["area_bias"] == -1


@pytest.mark.filterwarnings("error")
def test_only_empty_images_give_nan_and_their_rate():
    summary = summarise(pd.DataFrame([row(tn=4), row(tn=4)]))
    assert summary["empty_fp_rate"] == 0
    known = {name for name, value in summary.items() if not math.isnan(value)}
    assert known == {"empty_fp_rate", "n_images", "n_empty"}


def test_summary_refuses_incomplete_tables():
    table = pd.DataFrame([row(tp=1), row(tp=2)])
    with pytest.raises(ValueError, match=r"without the columns \['nsd_2px'\]"):
        summarise(table.drop(columns="nsd_2px"))
    with pytest.raises(ValueError, match="0 rows"):
        summarise(table.iloc[:0])
    with pytest.raises(ValueError, match=r"rows \[1\]"):
        summarise(table.assign(tp=[1, None]))


@pytest.mark.parametrize("metric", [count_pixels, surface_distance_score, object_counts])
def test_masks_are_checked_at_the_door(metric):
    with pytest.raises(ValueError, match="prediction is float32"):
        metric(EMPTY.astype(np.float32), EMPTY)
    with pytest.raises(ValueError, match="truth is uint8"):
        metric(EMPTY, EMPTY.astype(np.uint8))
    with pytest.raises(ValueError, match=r"prediction is bool of shape \(6, 8, 1\)"):
        metric(EMPTY[:, :, None], EMPTY)
    with pytest.raises(ValueError, match=r"differ in shape: prediction \(8, 6\)"):
        metric(EMPTY.T, EMPTY)
    with pytest.raises(ValueError, match="differ in shape"):
        metric(EMPTY, EMPTY, ignore=np.zeros((2, 2), dtype=bool))


def test_senseless_thresholds_are_refused():
    for tolerance_px in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="tolerance_px"):
            surface_distance_score(FULL, FULL, tolerance_px)
    for iou_threshold in (0.4, 1.5, math.nan):
        with pytest.raises(ValueError, match="iou_threshold"):
            object_counts(FULL, FULL, iou_threshold=iou_threshold)


@given(blob_triples)
def test_memory_order_changes_no_score(masks):
    """Masks decoded by pycocotools are column-major."""
    prediction, truth, ignore = masks
    columns = np.asfortranarray(prediction), np.asfortranarray(truth)
    ignored = np.asfortranarray(ignore)
    assert count_pixels(*columns, ignored) == count_pixels(*masks)
    assert surface_distance_score(*columns, 2, ignored) == surface_distance_score(
        prediction, truth, 2, ignore
    )
    assert object_counts(*columns, ignored) == object_counts(*masks)
    assert surface_distance_score(prediction[::-1], truth[::-1], 2, ignore[::-1]) == pytest.approx(
        surface_distance_score(prediction, truth, 2, ignore)
    )
    assert object_counts(prediction[:, ::-1], truth[:, ::-1], ignore[:, ::-1]) == object_counts(
        *masks
    )
