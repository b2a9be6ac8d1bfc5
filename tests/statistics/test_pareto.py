import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.statistics import pareto

# few values, so many ties
POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=9)


def columns(points) -> tuple[np.ndarray, np.ndarray]:
    score, cost = np.array(points, float).reshape(-1, 2).T
    return score, cost


@given(POINTS)
def test_nobody_on_the_front_is_beaten_and_everybody_behind_it_is_by_one_on_it(points):
    front = pareto(*columns(points))
    assert front.shape == (len(points),) and front.dtype == bool

    def beats(a, b):
        return a[0] >= b[0] and a[1] <= b[1] and a != b

    for one, on_front in zip(points, front, strict=True):
        assert on_front == (not any(beats(other, one) for other in points))
        if not on_front:
            assert any(
                beats(other, one) for other, ahead in zip(points, front, strict=True) if ahead
            )


@given(POINTS.filter(bool))
def test_the_best_of_the_cheapest_and_the_cheapest_of_the_best_are_on_the_front(points):
    score, cost = columns(points)
    front = pareto(score, cost)
    assert front[np.lexsort((-score, cost))[0]] and front[np.lexsort((cost, -score))[0]]


def test_of_equals_neither_beats_the_other_and_a_dearer_equal_is_beaten():
    assert pareto([0.9, 0.9, 0.9], [1, 1, 2]).tolist() == [True, True, False]
    assert pareto([0.9, 0.8], [1, 1]).tolist() == [True, False]


def test_what_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="approach 1 has score 0.8 and cost nan"):
        pareto([0.9, 0.8], [1.0, float("nan")])
    with pytest.raises(ValueError, match=r"\(2,\) scores and \(1,\) costs"):
        pareto([0.9, 0.8], [1.0])
