"""Costs from times taken in rounds, and what may be called cheaper."""

import numpy as np
import pytest

from common.statistics import compare, winner
from common.statistics.costs import shown_cheaper, spread, typical_costs, with_bounds


def rounds(typical, count, seed=0, noise=0.05):
    """Times of approaches and of the fixed work, each with noise of its own."""
    draws = np.random.default_rng(seed).lognormal(0, noise, (len(typical) + 1, count))
    return np.array([*typical, 0.02])[:, None] * draws


def test_what_a_round_shares_does_not_widen_the_interval_and_what_it_does_not_share_does():
    times = rounds([0.1, 0.12], 15)
    sizes = np.random.default_rng(1).uniform(0.85, 1.15, 15)
    alone, shared = (typical_costs(found[:-1], found[-1]) for found in (times, times * sizes))
    width = (alone[:, 2] - alone[:, 1]) / alone[:, 0]
    assert (shared[:, 2] - shared[:, 1]) / shared[:, 0] == pytest.approx(width)
    assert alone[:, 0] == pytest.approx([0.1, 0.12], rel=0.05)
    noisy = typical_costs(*np.split(rounds([0.1], 15, noise=0.15), [1]))
    assert (noisy[:, 2] - noisy[:, 1] > alone[0, 2] - alone[0, 1]).all()


def test_the_interval_holds_the_median_as_often_as_it_says():
    found = [
        typical_costs(times[:-1], times[-1])[0]
        for times in (rounds([0.1, 0.2, 0.3], 9, seed) for seed in range(400))
    ]
    held = np.mean([lower <= 0.1 <= upper for _, lower, upper in found])
    assert 0.93 < held <= 1


def test_a_restless_machine_shows_less():
    times = rounds([0.1, 0.15], 15, noise=0.02)
    quiet = typical_costs(times[:-1], times[-1])
    assert shown_cheaper(quiet).tolist() == [[False, True], [False, False]]
    busy = times[-1] * np.where(np.arange(15) % 3, 1, 2.5)
    assert spread(busy) > 2
    restless = typical_costs(times[:-1], busy)
    assert not shown_cheaper(restless).any()
    far = typical_costs(rounds([0.001, 0.1], 15)[:-1], busy)
    assert shown_cheaper(far)[0, 1]


def test_an_unknown_cost_is_never_cheaper_and_one_without_bounds_is_exact():
    costs = [with_bounds(*row) for row in [(np.nan,) * 3, (2, np.nan, np.nan), (1, 0.5, 1.9)]]
    assert shown_cheaper(costs).tolist() == [
        [False] * 3,
        [True, False, False],
        [True, True, False],
    ]


def test_a_cheaper_one_wins_only_if_it_is_shown_to_be_cheaper():
    scores = np.random.default_rng(0).beta(9, 2, (1, 200)) * [[1], [0.999], [0.998]]
    apart = [(10, 9, 11), (5, 4, 6), (4, 3, 5)]
    assert winner(scores, apart).index == 1  # two are cheaper, neither is cheaper than the other
    assert winner(scores, [(10, 9, 11), (9.5, 8.5, 10.5), (4, 3, 5)]).index == 2
    assert winner(scores, [(10, 9, 11), (9.5, 8.5, 10.5), (9, 8, 10)]).index == 0
    assert winner(scores, [10, 5, 4]).index == 2
    found = compare(scores, "abc", costs=apart)
    assert found.costs.tolist() == [10, 5, 4] and found.names[found.winner.index] == "b"
    assert found.selection.chosen.tolist() == [0, 1, 0]
