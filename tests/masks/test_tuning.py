import numpy as np
import pytest

from common.masks.postprocess import Postprocess, threshold_curve
from common.masks.tuning import cross_fitted_thresholds, tune_postprocess


def scene(number, *, specks=0, hole=False):
    """A 12x30 object at probability .8 on ground at .1, perhaps with specks of .8 beside it, or a
    hole in it.
    """
    random = np.random.default_rng(number)
    mask = np.zeros((64, 64), bool)
    mask[20:32, 10:40] = True
    levels = np.where(mask, 204, 25).astype(np.uint8)
    if hole:
        levels[25:27, 20:22] = 25
    for _ in range(specks):
        row, column = random.integers(36, 60), random.integers(0, 60)
        levels[slice(row, row + 2), slice(column, column + 2)] = 204
    return levels, mask, np.zeros_like(mask)


def tuned(scenes, groups=None):
    return tune_postprocess(lambda: iter(scenes), groups)


def test_specks_beside_every_object_are_dropped():
    found = tuned([scene(number, specks=6) for number in range(30)])
    assert found.postprocess.min_area_px > 4
    assert [step.step for step in found.steps if step.kept] == ["least area"]
    levels, mask, _ = scene(99, specks=6)
    np.testing.assert_array_equal(found.postprocess.apply(levels), mask)


def test_holes_in_every_object_are_filled():
    found = tuned([scene(number, hole=True) for number in range(30)])
    assert found.postprocess.fill_holes_px >= 4 and found.postprocess.min_area_px == 0
    levels, mask, _ = scene(0, hole=True)
    np.testing.assert_array_equal(found.postprocess.apply(levels), mask)


def test_objects_without_a_sure_pixel_are_dropped_by_hysteresis():
    """False objects as large as true ones at .5, true ones with a core at .9: no area tells them
    apart.
    """
    scenes = []
    for number in range(30):
        levels, mask, ignore = scene(number)
        levels[mask] = 128
        levels[24:28, 20:30] = 230
        levels[45:57, 10:40] = 128
        scenes.append((levels, mask, ignore))
    found = tuned(scenes)
    assert found.postprocess.seed is not None and found.postprocess.seed > 0.5
    np.testing.assert_array_equal(found.postprocess.apply(scenes[0][0]), scenes[0][1])


def test_a_step_that_helps_a_single_group_is_not_kept():
    scenes = [scene(number, specks=6 if number < 4 else 0) for number in range(24)]
    groups = [number // 4 for number in range(24)]
    found = tuned(scenes, groups)
    area = next(step for step in found.steps if step.step == "least area")
    assert area.gain > 0 and area.lower <= 0 and not area.kept
    assert found.postprocess.min_area_px == 0


def test_noise_alone_keeps_no_step_in_most_of_twenty_draws():
    """Whatever steps do to masks that are right but for noise, nineteen of twenty must not be kept
    by chance.
    """
    kept = 0
    for draw in range(20):
        random = np.random.default_rng(draw)
        scenes = []
        for number in range(12):
            levels, mask, ignore = scene(number)
            flipped = random.random(mask.shape) < 0.02
            scenes.append((np.where(flipped & ~mask, 60, levels).astype(np.uint8), mask, ignore))
        kept += any(step.kept for step in tuned(scenes).steps)
    assert kept <= 2


def test_an_object_half_as_long_as_a_small_one_of_tune_is_never_dropped():
    """Large specks would be worth dropping on tune; but a butt from twice as far away is as small
    as they.
    """
    scenes = []
    for number in range(30):
        levels, mask, ignore = scene(number)  # objects of 360 px
        levels[45:57, 10:20] = 204  # specks of 120 px, a third of them
        scenes.append((levels, mask, ignore))
    assert tuned(scenes).postprocess.min_area_px <= 90


def test_one_group_chooses_a_threshold_and_no_step():
    found = tuned([scene(number, specks=6) for number in range(4)], ["one"] * 4)
    assert found.postprocess == Postprocess(found.postprocess.threshold)
    assert not any(step.kept for step in found.steps)


def test_images_without_an_object_change_nothing():
    scenes = [scene(number, specks=3) for number in range(10)]
    empty = (scenes[0][0], np.zeros((64, 64), bool), np.zeros((64, 64), bool))
    assert tuned([empty, *scenes]).postprocess == tuned(scenes).postprocess


def test_the_curve_and_every_step_are_kept():
    found = tuned([scene(0), scene(1)])
    assert len(found.thresholds) == len(found.dice_mean) and len(found.steps) == 3


def test_a_cross_fitted_threshold_does_not_know_its_own_group():
    """Two groups that want different thresholds each get the other's."""
    low, high = scene(0), scene(1)
    low = (np.where(low[1], 60, 25).astype(np.uint8), *low[1:])
    high = (np.where(high[1], 250, 200).astype(np.uint8), *high[1:])
    curve = threshold_curve([low, low, high, high])
    thresholds = cross_fitted_thresholds(curve, ["low", "low", "high", "high"])
    assert (thresholds[:2] > 0.75).all() and (thresholds[2:] < 0.3).all()


def test_a_single_group_gets_its_own_threshold():
    curve = threshold_curve([scene(0), scene(1)])
    assert set(cross_fitted_thresholds(curve, ["a", "a"])) == {curve.choose()}


def test_no_object_at_all_is_an_error():
    nothing = np.zeros((8, 8), np.uint8), np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    with pytest.raises(ValueError, match="no image of tune has an object"):
        tuned([nothing])
