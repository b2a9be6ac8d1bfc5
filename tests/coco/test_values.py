"""Values of annotation files: read as what they plainly mean, or not at all."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.coco.values import LARGEST_ID, plain_id, plain_integer, plain_number, plain_truth

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
anything = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=3), scalars)


@given(anything)
def test_whatever_a_file_holds_is_read_or_refused(value):
    integer, number, truth = plain_integer(value), plain_number(value), plain_truth(value)
    assert integer is None or type(integer) is int
    assert number is None or math.isfinite(number)
    assert truth is None or isinstance(truth, bool)


@given(st.integers(-(2**53), 2**53), st.sampled_from([int, float, str, "{:09d}".format]))
def test_a_whole_number_is_read_in_every_writing(number, writing):
    assert plain_integer(writing(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_from_its_text_as_from_json(number):
    assert plain_number(str(number)) == plain_number(json.loads(json.dumps(number))) == number


@pytest.mark.parametrize(
    "text", ["2023_0001", "1_0", "train003", "0x10", "1e3", "٣", "", " ", "1 2", "1.5", "1,0"]
)
def test_text_that_is_no_whole_number_is_refused(text):
    assert plain_integer(text) is None


def test_ids_fit_into_64_bits_and_floats_that_are_no_longer_exact_are_refused():
    assert plain_id(LARGEST_ID) == LARGEST_ID
    assert plain_id(LARGEST_ID + 1) is None
    assert plain_id(1e18) is None
    assert plain_id("9" * 100) is None
