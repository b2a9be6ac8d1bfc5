"""The statistics under the leaderboard: what must hold exactly, what agrees with scipy, what a
simulation bounds.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from simulate_statistics import CASES, simulate

from common.statistics import (
    compare,
    differences_over_trainings,
    mean_intervals,
    minimum_detectable_difference,
    paired_differences,
    rank_stability,
    ranking_schemes,
    resample_weights,
    selection_corrected_score,
    simultaneous_comparisons,
    variance_components,
    verdicts,
    winner,
)
from common.statistics.ranks import kendall_taus


def dice_like(k=4, n=120, seed=0, spread=0.05):
    """Scores of k approaches that share easy and hard images."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.beta(9, 2, n) + spread * rng.standard_normal((k, n)), 0, 1)


def numbers(comparison):
    """Every number of the table, in the order of the names."""
    table = (
        comparison.table().sort_values("approach").drop(columns=["approach", "verdict", "winner"])
    )
    return table.to_numpy(dtype=float)


# resamples


def test_each_resample_draws_as_many_images_as_there_are_and_all_equally_often():
    weights = resample_weights(50, resamples=4000, seed=1)
    assert weights.shape == (4000, 50)
    assert (weights.sum(1) == 50).all()
    assert np.allclose(weights.mean(0), 1, atol=0.08)
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.05)


def test_groups_are_drawn_whole():
    groups = ["a", "b", "a", "c", "b", "a"]
    weights = resample_weights(6, groups, resamples=500)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] == weights[:, 5]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(1) == 3).all()
    assert (weights[:, 0] != weights[:, 1]).any()


def test_the_same_seed_repeats_and_another_does_not():
    assert np.array_equal(resample_weights(30, seed=3), resample_weights(30, seed=3))
    assert not np.array_equal(resample_weights(30, seed=3), resample_weights(30, seed=4))


def test_each_image_as_its_own_group_is_the_ungrouped_result():
    scores = dice_like()
    own = [f"photo {i}" for i in np.random.default_rng(0).permutation(scores.shape[1])]
    plain, grouped = (
        compare(scores, "abcd", resamples=500),
        compare(scores, "abcd", resamples=500, groups=own),
    )
    assert np.array_equal(numbers(plain), numbers(grouped), equal_nan=True)
    assert plain.selection.corrected == grouped.selection.corrected


# what is refused


@pytest.mark.parametrize(
    "function", [mean_intervals, simultaneous_comparisons, rank_stability, ranking_schemes, winner]
)
def test_a_missing_score_is_refused_with_its_row_and_column(function):
    scores = dice_like()
    scores[2, 17] = np.nan
    with pytest.raises(
        ValueError, match=r"scores\[2, 17\] is nan.*approach 2 has no score for image 17"
    ):
        function(scores)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": "aab"}, "3 different names"),
        ({"names": "ab"}, "3 different names"),
        ({"groups": ["x"] * 7}, "7 labels for 10 images"),
        ({"groups": [None] + ["x"] * 9}, r"groups\[0\] is missing"),
        ({"costs": [1, 2]}, "expected 3 numbers"),
        ({"costs": [1, 2, np.nan]}, "expected 3 numbers"),
        ({"margin": -0.1}, "margin=-0.1"),
        ({"rule": "cheapest"}, "rule='cheapest' is unknown"),
        ({"second_scores": np.zeros((2, 10))}, "second_scores has 2 approaches"),
        ({"scores": np.zeros(10)}, r"shape \(10,\)"),
        ({"scores": np.full((3, 10), 80.0)}, "outside bounds"),
    ],
)
def test_unusable_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(**{"scores": dice_like(3, 10), "names": "abc", "resamples": 50, **arguments})


# intervals


def test_intervals_agree_with_scipy_where_the_methods_agree():
    scores = dice_like(2, 400)
    ours = mean_intervals(scores, resamples=4000)
    for row in range(2):
        theirs = stats.bootstrap(
            (scores[row],),
            np.mean,
            n_resamples=4000,
            method="BCa",
            vectorized=True,
            rng=np.random.default_rng(0),
        ).confidence_interval
        width = theirs.high - theirs.low
        assert ours.lower[row] == pytest.approx(theirs.low, abs=0.1 * width)
        assert ours.upper[row] == pytest.approx(theirs.high, abs=0.1 * width)
    assert ours.standard_error == pytest.approx(stats.sem(scores, axis=1))


def test_the_interval_of_a_difference_agrees_with_scipy_on_the_differences():
    scores = dice_like(2, 400)
    ours = paired_differences(scores, reference=0, resamples=4000)
    theirs = stats.bootstrap(
        (scores[1] - scores[0],), np.mean, n_resamples=4000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert [ours.lower[1], ours.upper[1]] == pytest.approx(
        [theirs.low, theirs.high], abs=0.1 * (theirs.high - theirs.low)
    )
    assert [ours.mean[0], ours.lower[0], ours.upper[0]] == [0, 0, 0]


def test_grouped_standard_errors_are_those_of_the_group_means_when_groups_are_equal():
    scores = dice_like(3, 80)
    result = mean_intervals(scores, groups=np.repeat(np.arange(20), 4), resamples=200)
    assert result.standard_error == pytest.approx(
        stats.sem(scores.reshape(3, 20, 4).mean(2), axis=1)
    )


def test_copies_of_images_in_one_group_do_not_narrow_the_interval():
    scores = dice_like(3, 40)
    once = mean_intervals(scores, resamples=1000)
    copied = mean_intervals(
        np.repeat(scores, 5, axis=1), groups=np.repeat(np.arange(40), 5), resamples=1000
    )
    assert copied.lower == pytest.approx(once.lower)
    assert copied.upper == pytest.approx(once.upper)


def test_intervals_stay_inside_the_range_of_the_metric():
    scores = np.array([[1.0] * 19 + [0.9], [0.0] * 19 + [0.1]])
    result = mean_intervals(scores, resamples=500)
    assert result.upper[0] == 1
    assert result.lower[1] == 0
    free = mean_intervals(scores, resamples=500, bounds=None)
    assert free.upper[0] > 1 or free.lower[1] < 0


def test_two_images_get_the_wide_interval_that_two_images_deserve():
    scores = np.array([[0.70, 0.72]])
    student = stats.t.interval(0.95, 1, scores.mean(), stats.sem(scores[0]))
    result = mean_intervals(scores, resamples=500)
    assert result.lower[0] <= student[0] + 1e-9
    assert result.upper[0] >= student[1] - 1e-9


def test_the_detectable_difference_is_critical_value_and_0_84_standard_errors_and_counts_groups():
    scores = dice_like(2, 80)
    error = (scores[1] - scores[0]).std(ddof=1) / np.sqrt(80)
    assert minimum_detectable_difference(scores, 0)[1] == pytest.approx(2.8016 * error, rel=1e-4)
    assert minimum_detectable_difference(scores, 0, critical_value=3)[1] == pytest.approx(
        3.8416 * error, rel=1e-4
    )
    groups = np.repeat(np.arange(20), 4)
    copied = np.repeat(scores[:, ::4], 4, axis=1)
    grouped = minimum_detectable_difference(copied, 0, groups)[1]
    assert grouped == pytest.approx(minimum_detectable_difference(scores[:, ::4], 0)[1])
    assert np.isnan(minimum_detectable_difference(scores, 0)[0])


def test_the_detectable_difference_of_a_comparison_is_that_of_its_simultaneous_bounds():
    result = compare(dice_like(5, 60), "abcde")
    best = result.winner.best
    half_width = (result.simultaneous.upper - result.simultaneous.lower)[:, best] / 2
    others = np.arange(5) != best
    expected = half_width * (1 + stats.norm.ppf(0.8) / result.simultaneous.critical_value)
    assert result.minimum_detectable[others] == pytest.approx(expected[others])
    assert np.isnan(result.minimum_detectable[best])
    assert np.isnan(compare(dice_like(2, 10), "ab", groups=["same"] * 10).minimum_detectable).all()


def test_the_detectable_difference_is_found_in_about_80_of_100_trials():
    noise = 0.05 * np.random.default_rng(0).standard_normal((300, 4, 60))
    bounds = [simultaneous_comparisons(0.5 + one, resamples=300) for one in noise]
    critical = np.mean([one.critical_value for one in bounds])
    detectable = (critical + stats.norm.ppf(0.8)) * 0.05 * np.sqrt(2 / 60)
    told = minimum_detectable_difference(0.5 + noise[0], 0, critical_value=critical)[1]
    assert told == pytest.approx(detectable, rel=0.2)
    assert 0.7 < np.mean([one.lower[0, 1] + detectable > 0 for one in bounds]) < 0.9


# all pairs at once


def test_identical_approaches_are_never_told_apart_and_share_the_first_place():
    scores = np.repeat(dice_like(1), 2, axis=0)
    result = compare(scores, ["first", "second"], costs=[2, 1])
    assert result.simultaneous.p_value[0, 1] == 1
    assert result.simultaneous.lower[0, 1] == result.simultaneous.upper[0, 1] == 0
    assert result.ranks.p_first == pytest.approx([0.5, 0.5])
    assert result.verdicts == ("equivalent", "best")
    assert result.winner.index == 1
    assert result.selection.corrected == pytest.approx(result.selection.naive, abs=0.005)


def test_equal_approaches_with_their_own_noise_are_not_told_apart():
    result = compare(dice_like(2, 60, seed=3, spread=0.1), ["first", "second"])
    assert sorted(result.verdicts) == ["best", "not told apart"]
    assert result.ranks.p_first.sum() == pytest.approx(1)
    assert result.ranks.p_first.min() > 0.02


def test_a_lead_of_ten_points_makes_the_others_worse():
    scores = dice_like(4, 100) * 0.8
    scores[2] += 0.1
    result = compare(scores, "abcd", costs=[1, 2, 30, 4])
    assert result.verdicts == ("worse", "worse", "best", "worse")
    assert result.winner.index == 2
    assert result.table().approach[0] == "c"
    assert result.ranks.p_first[2] == 1


def test_a_constant_lead_is_certain_with_many_images_and_nothing_with_two():
    many = simultaneous_comparisons(np.array([[0.5] * 30, [0.4] * 30]))
    assert many.lower[0, 1] == many.upper[0, 1] == pytest.approx(0.1)
    assert many.p_value[0, 1] < 0.001
    two = simultaneous_comparisons(np.array([[1.0, 1.0], [0.0, 0.0]]))
    assert two.lower[0, 1] == -1
    assert two.p_value[0, 1] == 0.5
    assert verdicts(two) == ("best", "not told apart")


def test_bounds_are_antisymmetric_and_exclude_zero_exactly_where_p_is_below_5_percent():
    scores = dice_like(5, 40)
    scores = np.clip(scores - np.array([0, 0.005, 0.01, 0.02, 0.06])[:, None], 0, 1)
    for n in (40, 7):
        result = simultaneous_comparisons(scores[:, :n])
        assert np.allclose(result.lower, -result.upper.T)
        outside = (result.lower > 0) | (result.upper < 0)
        assert np.array_equal(outside, result.p_value < 0.05)
        assert outside.any() or n == 7
        assert not outside.all()


def test_for_two_approaches_the_adjusted_p_is_near_that_of_the_paired_t_test():
    scores = dice_like(2, 200)
    scores[1] -= 0.008
    ours = simultaneous_comparisons(scores, resamples=8000, bounds=None).p_value[0, 1]
    assert ours == pytest.approx(stats.ttest_rel(scores[0], scores[1]).pvalue, abs=0.02)


def test_a_pair_that_differs_on_one_image_does_not_widen_the_bounds_of_the_others():
    scores = dice_like(3, 100)
    alone = simultaneous_comparisons(scores)
    almost = scores[0].copy()
    almost[5] = 0
    together = simultaneous_comparisons(np.vstack([scores, almost]))
    assert together.critical_value < 1.35 * alone.critical_value


def in_trainings(k, spread, rng, trainings=3, groups=(4, 3, 3), size=6):
    """Rows that differ by nothing but noise: of a training of each, of a group, of an image; and
    the labels.
    """
    training = np.repeat(np.arange(trainings), [size * count for count in groups])
    group = np.arange(len(training)) // size
    of_training, of_group, of_image = spread
    noise = of_training * rng.standard_normal((k, trainings))[:, training]
    noise += of_group * rng.standard_normal((k, len(np.unique(group))))[:, group]
    return 0.6 + noise + of_image * rng.standard_normal((k, len(training))), training, group


@pytest.mark.parametrize(
    "spread", [(0, 0.01, 0.04), (0.01, 0.01, 0.04), (0.01, 0.003, 0.01)], ids=str
)
@pytest.mark.parametrize("variations", [1, 7])
def test_variations_that_change_nothing_are_all_within_the_bounds_in_about_95_of_100_studies(
    variations, spread
):
    held = 0
    for trial in range(500):
        scores, training, group = in_trainings(
            variations + 1, spread, np.random.default_rng(trial)
        )
        bounds = differences_over_trainings(scores, 0, training, group, resamples=300, seed=trial)
        held += bool(((bounds.lower <= 0) & (bounds.upper >= 0)).all())
    assert held >= 465


def test_a_variation_that_varies_far_more_than_the_others_does_not_hide_them():
    seen = 0
    for trial in range(50):
        rng = np.random.default_rng(trial)
        scores, training, group = in_trainings(4, (0.004, 0.006, 0.03), rng)
        scores[3] += 0.15 * rng.standard_normal(3)[training]
        scores[2] += 0.04
        found = differences_over_trainings(scores, 0, training, group, resamples=300, bounds=None)
        seen += found.lower[2] > 0
        assert found.standard_error[3] > 2 * found.standard_error[2] or trial not in (0, 1, 2)
    assert seen >= 35


def test_a_variation_that_helps_in_every_training_is_seen():
    seen = 0
    for trial in range(50):
        scores, training, group = in_trainings(
            4, (0.004, 0.006, 0.03), np.random.default_rng(trial)
        )
        scores[2] += 0.04
        seen += differences_over_trainings(scores, 0, training, group, resamples=300).lower[2] > 0
    assert seen >= 40


def test_differences_over_trainings_are_means_and_the_baseline_differs_by_nothing():
    scores, training, group = in_trainings(3, (0.01, 0.01, 0.01), np.random.default_rng(5))
    found = differences_over_trainings(scores, 1, training, group)
    np.testing.assert_allclose(found.mean, (scores - scores[1]).mean(1), atol=1e-9)
    assert (found.lower[1], found.mean[1], found.upper[1]) == (0, 0, 0) and not found.reason


def test_one_training_or_one_group_is_said_and_equal_differences_show_nothing():
    scores = np.array([[0.5, 0.6, 0.7], [0.6, 0.6, 0.9]])
    assert "its variance is not in" in differences_over_trainings(scores, 0, np.zeros(3)).reason
    constant = differences_over_trainings(np.array([[0.5, 0.6], [0.8, 0.9]]), 0, np.zeros(2))
    assert constant.lower[1] == -1 and constant.upper[1] == 1
    with pytest.raises(ValueError, match="predicted by two trainings"):
        differences_over_trainings(scores, 0, np.array([0, 0, 1]), ["a", "b", "a"])


def test_more_approaches_need_a_larger_critical_value():
    values = [
        simultaneous_comparisons(dice_like(k, 100, spread=0.2)).critical_value for k in (2, 4, 8)
    ]
    assert 1.8 < values[0] < values[1] < values[2] < 4


def test_with_a_single_approach_nothing_was_chosen_and_nothing_is_corrected():
    """Groups of very different sizes and difficulty: every image weighs the same all the same."""
    scores, groups = np.r_[np.full(50, 0.5), np.full(50, 0.9)][None], [0] * 50 + list(range(1, 51))
    corrected = selection_corrected_score(scores, groups=groups, resamples=4000).corrected
    assert corrected == pytest.approx(0.7, abs=0.02)


def test_of_equal_approaches_one_of_unknown_cost_does_not_win():
    scores = np.stack([dice_like(1)[0]] * 2)
    assert winner(scores, np.array([np.inf, 3.0])).index == 1
    assert winner(scores, np.array([np.inf, np.inf])).index == 0


@pytest.mark.parametrize("costs", [[1.0, np.inf, 2.0], [np.inf] * 3])
def test_the_best_is_the_best_even_if_its_cost_is_unknown(costs):
    scores = np.clip(dice_like(3, 100) - np.array([0.4, 0, 0.2])[:, None], 0, 1)
    assert winner(scores, np.array(costs)).best == 1
    assert compare(scores, "abc", costs=costs).verdicts[1] == "best"
    assert selection_corrected_score(scores, np.array(costs)).chosen.tolist() == [0, 1, 0]


# ranks


def test_ranks_follow_the_means_and_their_intervals_hold_them():
    scores = np.clip(dice_like(4, 200) - np.array([0.1, 0, 0.2, 0.001])[:, None], 0, 1)
    result = rank_stability(scores)
    assert result.rank.tolist() == [3, 1, 4, 2] or result.rank.tolist() == [3, 2, 4, 1]
    assert ((result.lower <= result.rank) & (result.rank <= result.upper)).all()
    assert result.mean_rank.sum() == pytest.approx(10)
    assert result.p_first.sum() == pytest.approx(1)
    assert 0.6 < result.kendall_tau <= 1


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=8))
def test_kendall_tau_is_that_of_scipy(pairs):
    first, second = np.array(pairs, dtype=float).T
    expected = stats.kendalltau(first, second).statistic
    assert kendall_taus(first[None], second)[0] == pytest.approx(expected, nan_ok=True)


def test_ranking_schemes_show_where_they_disagree():
    # One failure costs the first approach its mean, although it is ahead on every other image.
    scores = np.array([[0.9, 0.9, 0.9, 0.9, 0.0], [0.8] * 5, [0.7] * 5])
    result = ranking_schemes(scores, second_scores=scores[:, :4])
    assert result.rankings["mean then rank"].tolist() == [2, 1, 3]
    assert result.rankings["rank then mean"].tolist() == [1, 2, 3]
    assert result.rankings["second metric"].tolist() == [1, 2, 3]
    assert (result.same_first, result.same_order) == (1, 1)
    agreeing = ranking_schemes(scores[:, :4])
    assert (agreeing.same_first, agreeing.same_order, len(agreeing.rankings)) == (2, 2, 2)


# winner


def test_the_cheapest_wins_only_if_its_loss_is_shown_to_be_small():
    rng = np.random.default_rng(0)
    best = rng.beta(9, 2, 400) * 0.9 + 0.05
    close = best - 0.002 + 0.005 * rng.standard_normal(400)
    noisy = np.clip(best - 0.002 + 0.3 * rng.standard_normal(400), 0, 1)
    costs = [100, 10, 1]
    scores = np.clip([best, close, noisy], 0, 1)
    chosen = winner(scores, costs)
    assert (chosen.best, chosen.index, chosen.eligible) == (0, 1, (0, 1))
    assert winner(scores, costs, rule="best").index == 0
    assert winner(scores, costs, margin=0.0).index == 0
    assert winner(scores, costs, margin=0.5).index == 2


def test_ties_go_to_the_cheaper_then_the_earlier():
    scores = np.repeat(dice_like(1), 3, axis=0)
    assert winner(scores, [3, 1, 1], rule="best").best == 1
    assert winner(scores, [3, 1, 1]).index == 1
    assert winner(scores).index == 0
    better = scores.copy()
    better[2] = np.clip(better[2] + 0.001, 0, 1)
    assert winner(better, [1, 1, 1]).index == 2


def test_the_order_of_approaches_changes_no_number():
    scores = dice_like(4, 60)
    order = [2, 0, 3, 1]
    plain = compare(scores, "abcd", costs=[4, 3, 2, 1], resamples=500)
    turned = compare(scores[order], "cadb", costs=[2, 4, 1, 3], resamples=500)
    assert np.allclose(numbers(plain), numbers(turned), equal_nan=True)
    assert plain.names[plain.winner.index] == turned.names[turned.winner.index]
    assert plain.selection.corrected == pytest.approx(turned.selection.corrected)


def test_the_order_of_images_changes_no_number_beyond_resampling_noise():
    scores = dice_like(4, 100)
    turned = scores[:, np.random.default_rng(1).permutation(100)]
    first, second = compare(scores, "abcd"), compare(turned, "abcd")
    assert np.allclose(first.means.lower, second.means.lower, atol=0.005)
    assert np.allclose(first.simultaneous.upper, second.simultaneous.upper, atol=0.003)
    assert np.allclose(first.ranks.p_first, second.ranks.p_first, atol=0.06)
    assert first.selection.corrected == pytest.approx(second.selection.corrected, abs=0.002)


# correction for selection


def test_a_clear_winner_needs_no_correction_and_a_crowd_of_equals_does():
    clear = dice_like(2, 100) * 0.5
    clear[0] += 0.4
    result = selection_corrected_score(clear, rule="best")
    assert result.corrected == pytest.approx(result.naive, abs=0.004)
    assert result.chosen.tolist() == [1, 0]
    crowd = np.random.default_rng(0).uniform(0, 1, (10, 60))
    result = selection_corrected_score(crowd, rule="best")
    assert result.corrected < result.naive - 0.02


def test_the_correction_leaves_out_whole_groups():
    # Copies of an image fall into the choice and into what is left out, unless the group keeps
    # them together.
    rng = np.random.default_rng(1)
    scores = np.repeat(rng.uniform(0, 1, (8, 25)), 8, axis=1)
    apart = selection_corrected_score(scores, rule="best")
    together = selection_corrected_score(scores, rule="best", groups=np.repeat(np.arange(25), 8))
    assert together.naive == apart.naive
    assert together.corrected < apart.corrected - 0.02


# seeds


def test_variances_of_seeds_and_images_are_told_apart():
    rng = np.random.default_rng(0)
    scores = (
        0.5
        + 0.04 * rng.standard_normal((40, 1))
        + 0.10 * rng.standard_normal(300)
        + 0.02 * rng.standard_normal((40, 300))
    )
    result = variance_components(scores, resamples=500, bounds=None)
    assert result.seed_variance == pytest.approx(0.04**2, rel=0.6)
    assert result.image_variance == pytest.approx(0.10**2, rel=0.3)
    assert result.rest_variance == pytest.approx(0.02**2, rel=0.1)
    assert result.lower < result.mean < result.upper


def test_what_a_training_does_to_a_whole_group_is_no_difference_between_trainings():
    found, ignored, group = [], [], np.arange(100) // 5
    for trial in range(100):
        rng = np.random.default_rng(trial)
        scores = (
            0.5
            + 0.05 * rng.standard_normal((3, 20))[:, group]
            + 0.02 * rng.standard_normal((3, 100))
        )
        found.append(variance_components(scores, group, resamples=20).seed_variance)
        ignored.append(variance_components(scores, resamples=20).seed_variance)
    assert np.mean(found) < 0.6 * np.mean(ignored)


def test_seeds_that_differ_widen_the_interval_and_one_seed_says_what_it_leaves_out():
    images = dice_like(1, 100)[0] * 0.8
    alike = variance_components(np.vstack([images] * 3))
    apart = variance_components(np.vstack([images, images + 0.05, images + 0.1]))
    assert apart.upper - apart.lower > 1.5 * (alike.upper - alike.lower)
    assert alike.seed_variance == pytest.approx(0)
    single = variance_components(images[None])
    assert single.reason == "one seed: training variance not measured"
    assert np.isnan(single.seed_variance)
    assert single.lower < single.mean < single.upper


# the whole comparison


@pytest.mark.parametrize("k", [1, 3])
def test_one_group_gives_means_and_ranks_but_no_interval_and_says_why(k):
    scores = dice_like(k, 10)
    result = compare(scores, "abc"[:k], groups=["same"] * 10, resamples=100)
    assert np.isnan(result.means.lower).all()
    assert np.isnan(result.ranks.p_first).all()
    assert np.isnan(result.selection.corrected)
    assert result.reason.startswith("one image or group")
    assert result.winner.index == scores.mean(1).argmax()
    assert set(result.verdicts) <= {"best", "not told apart"}
    assert len(result.table()) == k


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 2), (1, 50), (2, 1), (2, 2), (6, 2), (3, 3)])
@pytest.mark.filterwarnings("error")
def test_small_tables_work_without_warnings(k, n):
    result = compare(
        dice_like(k, n), [f"approach {i}" for i in range(k)], costs=range(k), resamples=200
    )
    table = result.table()
    assert table["verdict"][0] == "best"
    assert table["winner"].sum() == 1
    assert table["mean"].is_monotonic_decreasing
    assert result.reason == "" or n == 1
    if k == 1 and n > 1:
        assert result.selection.corrected == pytest.approx(result.selection.naive, abs=0.05)


def test_a_loose_metric_without_bounds_works():
    result = compare(dice_like(3, 50) * 40 - 20, "abc", bounds=None, margin=0.5, resamples=300)
    assert np.isfinite(result.table()["mean_lower"]).all()


# promises, by simulation: 80 trials, limits at which a sound method fails once in ten thousand
# runs


def test_promises_hold_in_a_short_simulation():
    trials = 80
    names = [
        "Dice with 6 % zeros",
        "one approach ten times noisier",
        "groups of four",
        "one point ahead of a sibling",
    ]
    table = simulate(names, trials, resamples=300).set_index("case")
    assert len(table) == len(names)
    at_most = stats.binom.ppf(0.9999, trials, 0.05) / trials
    assert (table["false_worse"] <= at_most).all()
    assert (table["false_equivalent"] <= at_most).all()
    assert (table["coverage_all_pairs"] >= 1 - at_most).all()
    assert (table["coverage_mean"] >= 0.90).all()
    assert table.loc["one point ahead of a sibling", "power"] > 0.6
    equal = table.loc[names[:3]]
    assert (equal["bias_corrected_best"].abs() < 0.5 * equal["bias_naive_best"]).all()


def test_ignoring_groups_would_be_noticed():
    case = CASES["groups of four"]
    narrow = mean_intervals(case.draw(np.random.default_rng(0)), resamples=300)
    wide = mean_intervals(case.draw(np.random.default_rng(0)), groups=case.groups, resamples=300)
    assert (wide.standard_error > 1.1 * narrow.standard_error).mean() > 0.5
