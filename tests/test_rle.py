import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as pycoco

from common.rle import RleError, decode_rle, encode_rle

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
def test_memory_order_does_not_change_the_code(mask):
    assert encode_rle(np.asfortranarray(mask)) == encode_rle(mask)


@given(masks)
def test_runs_are_those_of_pycocotools_on_the_transposed_mask(mask):
    """COCO counts down the columns, so the transposed mask has the submission's runs."""
    runs = np.array(encode_rle(mask).split(), dtype=int).reshape(-1, 2)
    edges = (runs[:, :1] - 1 + np.stack([0 * runs[:, 1], runs[:, 1]], axis=1)).ravel()
    counts = np.diff(edges, prepend=0, append=mask.size).tolist()
    rle = pycoco.frPyObjects({"size": list(mask.T.shape), "counts": counts}, *mask.T.shape)
    np.testing.assert_array_equal(pycoco.decode(rle).astype(bool).T, mask)


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


def test_mask_without_symmetry_has_its_runs_along_the_rows():
    mask = np.zeros((3, 4), dtype=bool)
    mask[0, 3] = mask[1, 0] = mask[2, 1] = True
    assert encode_rle(mask) == "4 2 10 1"


def test_run_crosses_row_ends():
    mask = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 0]], dtype=bool)
    assert encode_rle(mask) == "3 5"
    np.testing.assert_array_equal(decode_rle("3 5", (3, 3)), mask)


def test_full_mask_is_one_run():
    full = np.ones((2, 5), dtype=bool)
    assert encode_rle(full) == "1 10"


def test_empty_mask_is_the_empty_string():
    empty = np.zeros((2, 5), dtype=bool)
    assert encode_rle(empty) == ""
    np.testing.assert_array_equal(decode_rle("", (2, 5)), empty)


def test_runs_that_touch_are_read():
    assert decode_rle("1 2 3 1", (1, 4)).tolist() == [[True, True, True, False]]


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
def test_only_2d_bool_masks_are_encoded(mask, found):
    with pytest.raises(ValueError, match=f"encode_rle got .*{found}.*needs a 2-D bool mask"):
        encode_rle(mask)


@pytest.mark.parametrize("shape", [(4,), (2, 2, 3), (2.5, 2), (-1, 4), None, "ab"])
def test_shape_must_be_two_integers(shape):
    with pytest.raises(RleError, match="needs two integers"):
        decode_rle("1 1", shape)
