import dataclasses
import math

import numpy as np
import pytest

from common.data import Sample
from common.masks.evaluate import ImageScore, in_order, score_image, score_table
from common.masks.postprocess import Postprocess


def sample(mask, ignore=None, image_id=4):
    mask = np.array(mask, dtype=bool)
    ignore = np.zeros_like(mask) if ignore is None else np.array(ignore, dtype=bool)
    return Sample(image_id, np.zeros((*mask.shape, 3), np.uint8), mask, ignore)


def score(image_id):
    levels = np.array([[255, 0]], np.uint8)
    return dataclasses.replace(
        score_image(sample([[1, 0]]), levels, Postprocess()), img_id=image_id
    )


def square(corner, size=6, shape=(30, 30)):
    mask = np.zeros(shape, bool)
    end = corner + size
    mask[corner:end, corner:end] = True
    return mask


def test_counts_and_scores_of_a_hand_made_image():
    levels = np.array([[200, 200, 100, 0]], np.uint8)
    found = score_image(sample([[1, 0, 1, 0]], image_id=9), levels, Postprocess(0.5))
    assert (found.img_id, found.tp, found.fp, found.fn, found.tn) == (9, 1, 1, 1, 1)
    assert (found.dice, found.iou, found.precision, found.recall) == (
        0.5,
        pytest.approx(1 / 3),
        0.5,
        0.5,
    )
    assert found.area_bias == 0


def test_the_threshold_decides_and_the_score_at_half_stays_beside_it():
    levels = np.array([[200, 200, 100, 0]], np.uint8)
    found = score_image(sample([[1, 1, 1, 0]]), levels, Postprocess(0.2))
    assert found.dice == 1
    assert found.dice_at_half == pytest.approx(0.8)


def test_ignored_pixels_are_in_no_count_and_no_object():
    truth, wrong = square(2), square(20)
    found = score_image(
        sample(truth, ignore=wrong), ((truth | wrong) * 255).astype(np.uint8), Postprocess()
    )
    assert (found.tp, found.fp, found.fn) == (36, 0, 0)
    assert (found.object_tp, found.object_fp, found.object_fn) == (1, 0, 0)
    assert found.nsd_2px == found.dice == found.dice_at_half == 1
    assert found.tp + found.fp + found.fn + found.tn == 30 * 30 - 36


def test_objects_and_outline_are_those_of_the_tuned_mask():
    truth = square(2) | square(20)
    levels = (square(2) * 90).astype(np.uint8)
    found = score_image(sample(truth), levels, Postprocess(0.3))
    assert (found.object_tp, found.object_fp, found.object_fn) == (1, 0, 1)
    # both outlines of the one that was found, of three in all
    assert found.nsd_2px == pytest.approx(40 / 60)
    assert score_image(sample(truth), levels, Postprocess(0.5)).object_tp == 0


def test_an_image_without_object_and_prediction_has_no_dice_but_a_row():
    found = score_image(sample(np.zeros((4, 4))), np.zeros((4, 4), np.uint8), Postprocess())
    assert math.isnan(found.dice) and math.isnan(found.recall)
    assert (found.tn, found.nsd_2px) == (16, 1)


def test_table_has_one_row_for_each_expected_image_by_id():
    table = score_table(in_order([score(5), score(2), score(9)], (9, 5, 2)))
    assert table["img_id"].tolist() == [2, 5, 9]
    assert table.columns.tolist() == [field.name for field in dataclasses.fields(ImageScore)]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([1, 2], r"3 images must be scored once each; missing \[3\], surplus \[\]"),
        ([1, 2, 3, 3], r"missing \[\], surplus \[3\]"),
        ([1, 2, 3, 8], r"missing \[\], surplus \[8\]"),
        ([1, 2, 2], r"missing \[3\], surplus \[2\]"),
        ([], r"missing \[1, 2, 3\]"),
    ],
)
def test_a_missing_a_repeated_and_an_unexpected_image_are_errors(found, message):
    with pytest.raises(ValueError, match=message):
        in_order([score(image_id) for image_id in found], (1, 2, 3))
