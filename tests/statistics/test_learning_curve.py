import numpy as np
import pytest

from common.statistics.learning_curve import learning_curve

SIZES = (2, 4, 9, 18)


def law(size: float, a: float, b: float, level: float = 0.0) -> float:
    return 1 - level - a * (size / 2) ** -b


def test_a_power_law_is_found_and_carried_on():
    dice = [[law(size, 0.9, b) for b in (0.5, 0.6, 0.7)] for size in SIZES]
    curve = learning_curve(SIZES, dice)
    mean, lower, upper = curve.at(36)
    expected = np.mean([law(36, 0.9, b) for b in (0.5, 0.6, 0.7)])
    assert mean == pytest.approx(expected, abs=0.002)
    assert lower < mean < upper <= 1


def test_what_has_levelled_off_is_not_carried_on_upwards():
    dice = [[law(size, 0.5, 2.5, level=0.1)] * 2 for size in SIZES]
    assert learning_curve(SIZES, dice).at(1000)[0] == pytest.approx(0.9, abs=0.005)


def test_trainings_that_agree_leave_no_doubt_and_one_alone_leaves_all():
    agreed = learning_curve(SIZES, [[law(size, 0.5, 0.4)] * 3 for size in SIZES])
    mean, lower, upper = agreed.at(9)
    assert (lower, upper) == pytest.approx((mean, mean))
    alone = learning_curve(SIZES, [[law(size, 0.5, 0.4)] for size in SIZES])
    assert np.isnan(alone.at(9)[1:]).all()


def test_the_order_of_the_sizes_does_not_matter():
    dice = [[law(size, 0.9, b) for b in (0.5, 0.7)] for size in SIZES]
    one, other = learning_curve(SIZES, dice), learning_curve(SIZES[::-1], dice[::-1])
    assert one.at(36) == pytest.approx(other.at(36), abs=0.001)


def test_two_sizes_are_no_curve():
    with pytest.raises(ValueError, match=r"2 different size\(s\).*needs 3"):
        learning_curve((4, 4, 8), [[0.5], [0.6], [0.7]])
