import numpy as np
import pytest

from common.data.named_sets import Photo, TrueObject
from common.data.sets import Sample
from common.masks.found_objects import count_hits, score_photo
from common.masks.postprocess import Postprocess


def canvas(*rectangles):
    """A mask (60, 80) bool of rectangles (top, left, height, width)."""
    mask = np.zeros((60, 80), bool)
    for top, left, height, width in rectangles:
        bottom, right = top + height, left + width
        mask[top:bottom, left:right] = True
    return mask


OBJECT = TrueObject(10, 10, np.ones((10, 20), bool))


@pytest.mark.parametrize(("width", "found"), [(9, 0), (10, 1), (20, 1)])
def test_half_of_an_object_is_enough(width, found):
    assert count_hits(canvas((10, 10, 10, width)), [OBJECT]).found == found


def test_each_annotation_is_an_object_also_where_two_touch():
    beside = TrueObject(10, 30, np.ones((10, 20), bool))
    assert count_hits(canvas((10, 10, 10, 40)), [OBJECT, beside]) == (2, 0)


@pytest.mark.parametrize(
    ("rectangle", "invented"),
    [
        ((40, 40, 4, 5), 1),
        ((40, 40, 4, 4), 0),  # less than 20 px
        ((10, 28, 10, 20), 0),  # a tenth lies on the object
        ((10, 28, 10, 21), 1),
    ],
)
def test_a_piece_is_invented_that_hardly_meets_an_object(rectangle, invented):
    assert count_hits(canvas(rectangle), [OBJECT]).invented == invented


def slanting(share):
    """A rod from corner to corner of a box of 30x30 px, up to a share of its length."""
    rows, columns = np.indices((30, 30))
    along, across = (rows + columns) / 58, np.abs(rows - columns)
    return (across <= 5) & (along <= share)


@pytest.mark.parametrize(("share", "found"), [(1.0, 1), (0.6, 1), (0.3, 0)])
def test_half_of_a_slanting_object_finds_its_box(share, found):
    box = TrueObject(5, 5, np.ones((30, 30), bool), is_box=True)
    mask = canvas()
    mask[5:35, 5:35] = slanting(share)
    assert count_hits(mask, [box]).found == found


def test_specks_in_two_corners_do_not_find_a_box():
    box = TrueObject(5, 5, np.ones((30, 30), bool), is_box=True)
    assert count_hits(canvas((5, 5, 2, 2), (33, 33, 2, 2)), [box]).found == 0


def test_what_is_ignored_is_neither_found_nor_invented():
    mask, ignore = canvas((40, 40, 10, 10)), canvas((38, 38, 14, 14))
    assert count_hits(mask, [OBJECT]).invented == 1
    assert count_hits(mask, [OBJECT], ignore).invented == 0


def photo(objects, mask):
    image, ignore = np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), bool)
    return Photo(Sample(7, image, mask, ignore), "place", tuple(objects))


def test_dice_is_of_photos_whose_objects_all_have_an_outline():
    mask = canvas((10, 10, 10, 20))
    levels = np.where(mask, 255, 0).astype(np.uint8)
    drawn = score_photo(photo([OBJECT], mask), levels, Postprocess())
    assert (drawn.objects, drawn.found, drawn.dice, drawn.tp) == (1, 1, 1.0, 200)
    box = TrueObject(40, 40, np.ones((10, 10), bool), is_box=True)
    mixed = score_photo(photo([OBJECT, box], mask), levels, Postprocess())
    assert (mixed.objects, mixed.boxes, mixed.found, mixed.tp) == (2, 1, 1, None)
    assert np.isnan(mixed.dice)
    empty = score_photo(photo([], canvas()), levels, Postprocess())
    assert (empty.objects, empty.invented, empty.fp) == (0, 1, 200)
    assert np.isnan(empty.dice)


def test_a_mask_of_the_whole_photo_finds_nothing_where_invented_pieces_do_not_count():
    everything = np.ones((60, 80), bool)
    assert count_hits(everything, [OBJECT]) == (1, 1)
    assert count_hits(everything, [OBJECT], apart=True) == (0, 1)
    assert count_hits(canvas((10, 10, 10, 20), (40, 40, 9, 9)), [OBJECT], apart=True) == (1, 1)
