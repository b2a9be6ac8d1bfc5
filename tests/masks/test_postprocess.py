import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.masks.postprocess import (
    THRESHOLDS,
    Postprocess,
    ThresholdCurve,
    first_level,
    quantise,
    reversed_cumulative,
    threshold_curve,
)


def random_map(random, shape=(11, 7), objects=0.3):
    return (
        random.integers(0, 256, shape, dtype=np.uint8),
        random.random(shape) < objects,
        random.random(shape) < 0.1,
    )


def slow_dice(levels, mask, ignore, threshold):
    """Dice at a threshold, from probabilities and not from levels."""
    prediction = (levels / 255 >= threshold) & ~ignore
    truth = mask & ~ignore
    return 2 * (prediction & truth).sum() / (prediction.sum() + truth.sum())


def curve(means, n_images=1):
    dice = np.tile(np.array(means, dtype=float), (n_images, 1))
    return ThresholdCurve(np.arange(1, len(means) + 1) / 10, dice)


def test_curve_is_that_of_trying_every_threshold_on_its_own():
    random = np.random.default_rng(0)
    maps = [random_map(random) for _ in range(5)]
    expected = [[slow_dice(*one, threshold) for threshold in THRESHOLDS] for one in maps]
    np.testing.assert_allclose(threshold_curve(maps).dice, expected, atol=1e-12)
    np.testing.assert_allclose(threshold_curve(maps).mean(), np.mean(expected, axis=0), atol=1e-12)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_a_level_is_object_exactly_where_its_probability_reaches_the_threshold(threshold):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(
        Postprocess(float(threshold)).apply(levels), levels / 255 >= threshold
    )
    np.testing.assert_array_equal(levels >= first_level(threshold), levels / 255 >= threshold)


@given(threshold=st.integers(0, 255))
def test_a_threshold_that_is_a_level_includes_that_level(threshold):
    assert first_level(threshold / 255) == threshold


@pytest.mark.parametrize(
    ("threshold", "first"), [(0.0, 0), (1.0, 255), (0.5, 128), (0.2, 51), (0.6, 153)]
)
def test_first_levels_that_are_easy_to_get_wrong(threshold, first):
    assert first_level(threshold) == first


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=50))
def test_quantised_probabilities_are_off_by_half_a_step_at_most(values):
    proba = np.array(values, dtype=np.float32).reshape(1, -1)
    levels = quantise(proba)
    assert levels.dtype == np.uint8
    assert np.abs(levels / 255 - proba).max() <= 0.5 / 255 + 1e-7
    np.testing.assert_array_equal(quantise(levels.astype(np.float32) / 255), levels)


@given(st.lists(st.integers(0, 255), max_size=60))
def test_counts_from_above(values):
    counts = reversed_cumulative(np.array(values, dtype=np.uint8))
    assert counts.tolist() == [sum(value >= level for value in values) for level in range(256)]


def test_the_middle_of_a_plateau_is_chosen():
    assert curve([0.1, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8, 0.2]).choose() == 0.5
    assert curve([0.1, 0.8, 0.2]).choose() == 0.2
    assert curve([0.8, 0.8, 0.8]).choose() == 0.2


def test_a_plateau_does_not_reach_over_a_valley():
    chosen = curve([0.8, 0.8, 0.8, 0.1, 0.8]).choose()
    assert chosen == 0.2


def test_a_loss_within_its_own_error_belongs_to_the_plateau_and_a_sure_one_does_not():
    """0.1 better on one image and 0.1 worse on another is chance; 0.01 worse on every image is
    not.
    """
    unsure = np.array([[0.7, 0.8, 0.7], [0.8, 0.7, 0.7], [0.7, 0.71, 0.2]])
    # middle of the first two, rounded down
    assert ThresholdCurve(np.array([0.1, 0.2, 0.3]), unsure).choose() == 0.1
    sure = np.array([[0.70, 0.71], [0.80, 0.81], [0.30, 0.31]])
    assert ThresholdCurve(np.array([0.1, 0.2]), sure).choose() == 0.2


def test_a_loss_that_one_group_alone_shows_belongs_to_the_plateau():
    """Two cut-outs prefer the third threshold, one the second, three do not care."""
    groups = np.repeat(np.arange(6), 10)
    dice = np.full((60, 3), 0.8)
    dice[:, 0] = 0.4
    dice[:, 1] -= np.array([0.05, -0.04, 0.02, 0, 0, 0])[groups]
    found = ThresholdCurve(np.array([0.1, 0.2, 0.3]), dice)
    assert found.choose() == 0.3 and found.choose(groups) == 0.2
    assert found.choose([0] * 60) == 0.3


@given(data=st.data())
@settings(max_examples=60)
def test_what_is_chosen_is_as_good_as_the_best_within_the_error(data):
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    maps = [random_map(random, (8, 8), 0.5) for _ in range(data.draw(st.integers(1, 6)))]
    found = threshold_curve(maps)
    chosen = list(found.thresholds).index(found.choose())
    loss = found.dice[:, found.mean().argmax()] - found.dice[:, chosen]
    error = loss.std(ddof=1) / np.sqrt(len(loss)) if len(loss) > 1 else 0
    assert loss.mean() <= error + 1e-12


def test_ignored_pixels_change_nothing():
    random = np.random.default_rng(1)
    levels, mask, ignore = random_map(random, (20, 20))
    other_levels, other_mask = levels.copy(), mask.copy()
    other_levels[ignore] = 255 - other_levels[ignore]
    other_mask[ignore] = ~other_mask[ignore]
    first, second = (
        threshold_curve([(a, b, ignore)]).dice
        for a, b in ((levels, mask), (other_levels, other_mask))
    )
    np.testing.assert_array_equal(first, second)


def test_images_without_objects_are_left_out_also_where_all_objects_are_ignored():
    random = np.random.default_rng(2)
    full = random_map(random)
    empty = (full[0], np.zeros_like(full[1]), full[2])
    ignored = (full[0], full[1], np.ones_like(full[1]))
    np.testing.assert_array_equal(
        threshold_curve([empty, full, ignored]).dice, threshold_curve([full]).dice
    )


@pytest.mark.parametrize("count", [0, 2])
def test_no_object_at_all_is_an_error(count):
    nothing = np.zeros((3, 3), np.uint8), np.zeros((3, 3), bool), np.zeros((3, 3), bool)
    with pytest.raises(ValueError, match="no image of tune has an object"):
        threshold_curve([nothing] * count)


def test_tuning_separates_what_can_be_separated():
    mask = np.zeros((10, 10), bool)
    mask[3:6, 3:6] = True
    levels = np.where(mask, 180, 60).astype(np.uint8)
    found = threshold_curve((levels, mask, ~mask & False) for _ in range(3))
    postprocess = Postprocess(found.choose())
    assert 60 / 255 < postprocess.threshold <= 180 / 255
    np.testing.assert_array_equal(postprocess.apply(levels), mask)
    assert found.mean().max() == 1


def picture(text):
    return np.array([[int(char) for char in row] for row in text.split()], np.uint8) * 25


@pytest.mark.parametrize(
    ("postprocess", "expected"),
    [
        (Postprocess(0.5), "0000000 0555000 0505080 0555000 0000006"),
        (Postprocess(0.5, fill_holes_px=1), "0000000 0555000 0555080 0555000 0000006"),
        (Postprocess(0.5, min_area_px=3), "0000000 0555000 0505000 0555000 0000000"),
        (Postprocess(0.5, seed=0.7), "0000000 0000000 0000080 0000000 0000000"),
        (
            Postprocess(0.4, seed=0.7, min_area_px=2, fill_holes_px=9),
            "0000000 0000000 0000000 0000000 0000000",
        ),
    ],
)
def test_each_step_does_what_its_name_says(postprocess, expected):
    levels = picture("0000000 0666000 0606080 0666000 0000006")
    np.testing.assert_array_equal(postprocess.apply(levels), picture(expected) > 0)


def test_objects_touch_across_corners_and_holes_at_the_border_stay_open():
    levels = picture("06000 60600 06000 00600 00060")
    # a diamond and what it touches across a corner
    assert Postprocess(0.5, min_area_px=6).apply(levels).sum() == 6
    assert Postprocess(0.5, fill_holes_px=9).apply(picture("066 006 066"))[1, 1] == 0


@given(st.integers(0, 200))
@settings(max_examples=40)
def test_area_and_seed_only_take_away_and_holes_only_add(number):
    random = np.random.default_rng(number)
    levels = random.integers(0, 256, (16, 16), dtype=np.uint8)
    plain = Postprocess(0.5).apply(levels)
    assert not (Postprocess(0.5, seed=0.9, min_area_px=4).apply(levels) & ~plain).any()
    assert not (plain & ~Postprocess(0.5, fill_holes_px=4).apply(levels)).any()


def test_what_is_done_is_told_in_words():
    assert str(Postprocess(0.46)) == "probability >= 0.46"
    assert "40 px or more" in str(Postprocess(0.46, min_area_px=40))
