import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as pycoco

from common.rle import (
    RleError,
    coco_to_submission,
    decode_coco_rle,
    decode_rle,
    encode_coco_rle,
    encode_rle,
    submission_to_coco,
)

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=13))


def runs_by_hand(mask: np.ndarray) -> str:
    """One pixel after the other, row by row."""
    numbers, position, start = [], 0, None
    for row in mask.tolist():
        for pixel in row:
            position += 1
            if pixel and start is None:
                start = position
            if not pixel and start is not None:
                numbers += [start, position - start]
                start = None
    if start is not None:
        numbers += [start, position + 1 - start]
    return " ".join(str(number) for number in numbers)


@given(masks)
def test_encode_equals_a_loop_over_the_pixels(mask):
    assert encode_rle(mask) == runs_by_hand(mask)


@given(masks)
def test_decode_inverts_encode(mask):
    decoded = decode_rle(encode_rle(mask), mask.shape)
    assert decoded.dtype == bool
    np.testing.assert_array_equal(decoded, mask)


@given(masks)
def test_memory_order_does_not_change_either_code(mask):
    fortran = np.asfortranarray(mask)
    assert encode_rle(fortran) == encode_rle(mask)
    assert encode_coco_rle(fortran) == encode_coco_rle(mask)


@given(masks)
def test_coco_counts_decode_in_pycocotools_to_the_same_mask(mask):
    rle = json.loads(json.dumps(encode_coco_rle(mask)))
    compressed = pycoco.frPyObjects(rle, *mask.shape)
    np.testing.assert_array_equal(pycoco.decode([compressed])[:, :, 0].astype(bool), mask)
    assert int(pycoco.area([compressed])[0]) == mask.sum()


@given(masks)
def test_coco_counts_compress_to_what_pycocotools_encodes(mask):
    """The very same counts, so no superfluous run of length 0 is written."""
    ours = pycoco.frPyObjects(encode_coco_rle(mask), *mask.shape)
    assert ours == pycoco.encode(np.asfortranarray(mask.astype(np.uint8)))


@given(masks)
def test_coco_decode_inverts_encode(mask):
    decoded = decode_coco_rle(encode_coco_rle(mask))
    assert decoded.dtype == bool
    assert decoded.flags.c_contiguous
    np.testing.assert_array_equal(decoded, mask)


@given(masks)
def test_dialects_convert_into_each_other(mask):
    text, rle = encode_rle(mask), encode_coco_rle(mask)
    assert submission_to_coco(text, mask.shape) == rle
    assert coco_to_submission(rle) == text


@settings(max_examples=300)
@given(st.lists(st.integers(-2, 14), max_size=8), st.integers(1, 4), st.integers(1, 4))
def test_decode_accepts_exactly_sorted_runs_inside_the_image(numbers, height, width):
    covered: list[int] = []
    for start, length in zip(numbers[0::2], numbers[1::2], strict=False):
        covered += range(start, start + length) if length > 0 else [-1]
    legal = (
        len(numbers) % 2 == 0
        and covered == sorted(set(covered))
        and all(1 <= p <= height * width for p in covered)
    )
    text = " ".join(map(str, numbers))
    if not legal:
        with pytest.raises(RleError, match="pair"):
            decode_rle(text, (height, width))
    else:
        assert (np.flatnonzero(decode_rle(text, (height, width))) + 1).tolist() == covered


def test_mask_without_symmetry_tells_the_dialects_apart():
    mask = np.zeros((3, 4), dtype=bool)
    mask[0, 3] = mask[1, 0] = mask[2, 1] = True
    assert encode_rle(mask) == "4 2 10 1"
    assert encode_coco_rle(mask) == {"size": [3, 4], "counts": [1, 1, 3, 1, 3, 1, 2]}


def test_run_crosses_row_ends():
    mask = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 0]], dtype=bool)
    assert encode_rle(mask) == "3 5"
    np.testing.assert_array_equal(decode_rle("3 5", (3, 3)), mask)


def test_full_mask_is_one_run():
    full = np.ones((2, 5), dtype=bool)
    assert encode_rle(full) == "1 10"
    assert encode_coco_rle(full) == {"size": [2, 5], "counts": [0, 10]}
    assert decode_coco_rle({"size": [2, 5], "counts": [0, 10]}).all()


def test_empty_mask_is_the_empty_string():
    empty = np.zeros((2, 5), dtype=bool)
    assert encode_rle(empty) == ""
    assert encode_coco_rle(empty) == {"size": [2, 5], "counts": [10]}
    np.testing.assert_array_equal(decode_rle("", (2, 5)), empty)
    assert submission_to_coco("", (2, 5)) == {"size": [2, 5], "counts": [10]}


def test_runs_that_touch_are_read():
    assert decode_rle("1 2 3 1", (1, 4)).tolist() == [[True, True, True, False]]


def test_runs_of_length_0_in_coco_counts_are_read():
    assert decode_coco_rle({"size": [1, 4], "counts": [1, 1, 0, 1, 1, 0]}).tolist() == [
        [False, True, True, False]
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1 2 3", r"pair 2 \('3'\) has a start and no length"),
        ("1 2 2 1", r"pair 2 \('2 1'\) overlaps pair 1 \('1 2'\)"),
        ("1 1 1 1", r"pair 2 \('1 1'\) overlaps pair 1"),
        ("1 1 5 2 3 1", r"pair 3 \('3 1'\) is not sorted.* pair 2 \('5 2'\)"),
        ("2 2 11 3", r"pair 2 \('11 3'\) ends at pixel 13, outside an image of 3 x 4 = 12 pixels"),
        ("13 1", r"pair 1 \('13 1'\) ends at pixel 13"),
        ("0 2", r"pair 1 \('0 2'\) starts before pixel 1"),
        ("-3 2", r"pair 1 \('-3 2'\) starts before pixel 1"),
        ("1 1 4 0", r"pair 2 \('4 0'\) has a length below 1"),
        ("4 -2", r"pair 1 \('4 -2'\) has a length below 1"),
        ("1 1 3 x", r"pair 2 \('3 x'\) holds 'x'.*not an integer"),
        ("1.0 2", r"pair 1 \('1.0 2'\) holds '1.0'.*not an integer"),
        ("1,2", r"pair 1 \('1,2'\) holds '1,2'"),
        ("1_0 1", r"pair 1 .* holds '1_0'"),
        ("nan", r"pair 1 .* holds 'nan'"),
        ("1 99999999999999999999", r"pair 1 .* holds '99999999999999999999'"),
        ("999999999999999999 999999999999999999", r"pair 1 .* outside an image"),
    ],
)
def test_malformed_text_is_refused_with_its_place(text, place):
    with pytest.raises(RleError, match=place):
        decode_rle(text, (3, 4))


def test_first_wrong_pair_is_the_one_named():
    with pytest.raises(RleError, match=r"pair 2 \('3 0'\)"):
        decode_rle("1 1 3 0 2 1 50 1", (3, 4))


def test_empty_cell_read_as_nan_says_how_to_read(tmp_path):
    (tmp_path / "submission.csv").write_text("img_id,rle\n1,\n2,3 4\n")
    cell = pd.read_csv(tmp_path / "submission.csv")["rle"][0]
    with pytest.raises(RleError, match="keep_default_na=False"):
        decode_rle(cell, (3, 4))
    cell = pd.read_csv(tmp_path / "submission.csv", keep_default_na=False)["rle"][0]
    assert not decode_rle(cell, (3, 4)).any()


@pytest.mark.parametrize("encode", [encode_rle, encode_coco_rle])
@pytest.mark.parametrize(
    ("mask", "found"),
    [
        (np.zeros((2, 2), dtype=np.uint8), r"shape \(2, 2\) and dtype uint8"),
        (np.zeros((2, 2), dtype=np.float32), "dtype float32"),
        (np.zeros((2, 2, 1), dtype=bool), r"shape \(2, 2, 1\)"),
        (np.zeros(4, dtype=bool), r"shape \(4,\)"),
        ([[True, False]], "list"),
    ],
)
def test_only_2d_bool_masks_are_encoded(encode, mask, found):
    with pytest.raises(
        ValueError, match=f"{encode.__name__} got .*{found}.*needs a 2-D bool mask"
    ):
        encode(mask)


@pytest.mark.parametrize("shape", [(4,), (2, 2, 3), (2.5, 2), (-1, 4), None, "ab"])
def test_shape_must_be_two_integers(shape):
    with pytest.raises(RleError, match="needs two integers"):
        decode_rle("1 1", shape)


@pytest.mark.parametrize("counts", ["04", b"04"])
def test_compressed_counts_are_sent_to_pycocotools(counts):
    with pytest.raises(RleError, match=r"pycocotools\.mask\.decode"):
        decode_coco_rle({"size": [2, 2], "counts": counts})


@pytest.mark.parametrize(
    ("rle", "problem"),
    [
        ({"size": [2, 2], "counts": [1, 2]}, "add up to 3 pixels, 'size' says 2 x 2 = 4"),
        ({"size": [2, 2], "counts": [1, 4]}, "add up to 5 pixels"),
        ({"size": [2, 2], "counts": [5, -1]}, r"counts\[1\] is -1"),
        ({"size": [2, 2], "counts": [2, 2.0]}, r"counts\[1\] is 2.0"),
        ({"size": [2, 2], "counts": [2, "2"]}, r"counts\[1\] is '2'"),
        ({"size": [2, 2], "counts": 4}, "needs a list"),
        ({"size": [4], "counts": [4]}, "needs two integers"),
        ({"counts": [4]}, "keys 'size' and 'counts'"),
        ({"size": [2, 2]}, "keys 'size' and 'counts'"),
        ([[0, 0, 1, 1]], "needs a dict"),
    ],
)
def test_malformed_coco_rle_is_refused(rle, problem):
    with pytest.raises(RleError, match=problem):
        decode_coco_rle(rle)
