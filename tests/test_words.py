"""How numbers are written in sentences: what a changed sign or a swapped word would make wrong."""

import numpy as np
import pytest

from common.words import between, counted, duration, fewer, listed, percent, plural, span


@pytest.mark.parametrize(
    ("lower", "upper", "text"),
    [
        (-9, -3, "3 to 9 fewer"),
        (3, 9, "3 to 9 more"),
        (-3, 9, "3 fewer to 9 more"),
        (-9, 0, "0 to 9 fewer"),
        (0, 9, "0 to 9 more"),
        (-1200.4, 0.4, "0 to 1,200 fewer"),
    ],
)
def test_a_difference_of_counts_says_fewer_below_zero_and_more_above(lower, upper, text):
    assert fewer(lower, upper) == text


def test_signs_are_written_only_where_asked_for():
    assert between(-0.01, 0.02, 3, "+") == "-0.010 to +0.020"
    assert between(-0.01, 0.02) == "-0.010 to 0.020"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (1000, "1,000 images")]
)
def test_only_one_is_singular(number, text):
    assert counted(number, "image") == text
    assert text.endswith(plural("image", number))


def test_shares_are_never_rounded_to_nothing_or_to_all():
    assert [percent(share) for share in (0, 1e-9, 0.0994, 0.0995, 0.9950, 0.9989, 1)] == [
        "0 %",
        "less than 0.1 %",
        "9.9 %",
        "10 %",
        "99.5 %",
        "99.9 %",
        "100 %",
    ]
    assert percent(np.nan) == "an unknown share"


def test_an_enumeration_names_all_where_no_limit_is_set():
    names = [str(number) for number in range(8)]
    assert listed(names) == "0, 1, 2, 3, 4, 5 and 2 more"
    assert listed(names, most=None) == "0, 1, 2, 3, 4, 5, 6 and 7"


def test_missing_values_are_left_out_of_a_span():
    assert span(np.array([np.nan, 1.0, 1.0])) == "1 (nine of ten from 1 to 1)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9994, "999 ms"), (1, "1.0 s"), (119, "119.0 s"), (120, "2 min"), (3600, "1.0 h")],
)
def test_the_unit_changes_with_the_length(seconds, text):
    assert duration(seconds) == text
