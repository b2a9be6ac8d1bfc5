import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from common.analysis.calibration import (
    BAND_PX,
    BINS,
    brier,
    calibration_counts,
    expected_calibration_error,
    reliability_curve,
)


def scene(seed, shape=(40, 70)):
    """Levels, a mask with one or two objects, ignored pixels; the levels know something of the
    mask.
    """
    random = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    for _ in range(random.integers(1, 3)):
        top, left = random.integers(0, shape[0] - 6), random.integers(0, shape[1] - 9)
        bottom, right = top + random.integers(1, 7), left + random.integers(1, 10)
        mask[top:bottom, left:right] = True
    levels = np.clip(random.normal(np.where(mask, 160, 80), 90), 0, 255).astype(np.uint8)
    return levels, mask, random.random(shape) < 0.1


def judged(levels, mask, ignore):
    """Probabilities and truth in the band, found by measuring every distance."""
    objects = np.argwhere(mask & ~ignore)
    pixels = np.argwhere(~ignore)
    pixels = pixels[cdist(pixels, objects).min(axis=1) <= BAND_PX]
    rows, columns = pixels.T
    return levels[rows, columns] / 255, mask[rows, columns]


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_brier_and_curve_are_those_of_scikit_learn_on_the_band(seed):
    one = scene(seed)
    # one scene in thousands has all its objects ignored, and no band
    assume((one[1] & ~one[2]).any())
    proba, truth = judged(*one)
    counts = calibration_counts(*one)
    assert brier(counts) == pytest.approx(brier_score_loss(truth, proba), abs=1e-12)
    # A level on the end of a bin belongs below; the ends of scikit-learn are rounded, hence the
    # little step down.
    share, mean = calibration_curve(
        truth, np.maximum(proba - 1e-12, 0), n_bins=BINS, strategy="uniform"
    )
    curve = reliability_curve(counts)
    assert len(curve) == BINS and curve["pixels"].sum() == len(proba)
    filled = curve.dropna()
    np.testing.assert_allclose(filled["object_share"], share, atol=1e-9)
    np.testing.assert_allclose(filled["proba_mean"], mean, atol=1e-9)
    assert (
        (filled["proba_mean"] >= filled["low"] - 1e-9)
        & (filled["proba_mean"] <= filled["high"] + 1e-9)
    ).all()
    by_hand = (
        filled["pixels"] * (filled["proba_mean"] - filled["object_share"]).abs()
    ).sum() / len(proba)
    assert expected_calibration_error(counts) == pytest.approx(by_hand, abs=1e-12)


def test_counts_of_images_add_up_also_after_storing():
    several = [scene(seed) for seed in range(4)]
    total = sum(calibration_counts(*one) for one in several)
    pooled = [
        np.concatenate(parts) for parts in zip(*(judged(*one) for one in several), strict=True)
    ]
    assert brier(total) == pytest.approx(brier_score_loss(pooled[1], pooled[0]), abs=1e-12)
    stored = json.loads(json.dumps(total.tolist()))
    assert brier(stored) == brier(total)
    assert expected_calibration_error(stored) == expected_calibration_error(total)
    assert reliability_curve(stored).equals(reliability_curve(total))


def test_every_level_is_in_the_bin_that_holds_it():
    mask = np.zeros((1, 256), bool)
    for level in range(256):
        levels = np.full(mask.shape, level, np.uint8)
        mask[:] = False
        mask[0, 0] = True
        rows = np.flatnonzero(calibration_counts(levels, mask)[:, 0])
        assert rows.tolist() == [max(math.ceil(round(level / 255 * BINS, 9)) - 1, 0)]


def test_the_band_is_a_disc_around_a_pixel():
    mask = np.zeros((60, 60), bool)
    mask[30, 30] = True
    counts = calibration_counts(np.zeros(mask.shape, np.uint8), mask)
    ys, xs = np.mgrid[:60, :60] - 30
    assert counts[0].tolist() == [(ys**2 + xs**2 <= BAND_PX**2).sum(), 0, 1, 255**2]
    assert counts[1:].sum() == 0


def test_what_lies_outside_the_band_or_is_ignored_changes_nothing():
    levels, mask, ignore = scene(3, (120, 120))
    ys, xs = np.nonzero(mask)
    far = np.ones(mask.shape, bool)
    top, left = max(0, ys.min() - BAND_PX), max(0, xs.min() - BAND_PX)
    bottom, right = ys.max() + BAND_PX + 1, xs.max() + BAND_PX + 1
    far[top:bottom, left:right] = False
    assert far.any() and ignore.any()
    other = np.where(far | ignore, 255 - levels, levels).astype(np.uint8)
    turned = mask ^ ignore
    before = calibration_counts(levels, mask, ignore)
    assert before.sum() > 0
    assert np.array_equal(calibration_counts(other, turned, ignore), before)


def test_probabilities_that_are_right_score_zero_and_wrong_ones_score_one():
    _, mask, ignore = scene(1)
    right = np.where(mask, 255, 0).astype(np.uint8)
    assert brier(calibration_counts(right, mask, ignore)) == 0
    assert expected_calibration_error(calibration_counts(right, mask, ignore)) == 0
    assert brier(calibration_counts(255 - right, mask, ignore)) == 1
    assert expected_calibration_error(calibration_counts(255 - right, mask, ignore)) == 1


def test_a_calibrated_map_has_a_smaller_error_than_an_overconfident_one():
    random = np.random.default_rng(0)
    true_proba = np.tile(np.linspace(0.05, 0.95, 200), (200, 1))
    mask = random.random(true_proba.shape) < true_proba
    calibrated = np.rint(true_proba * 255).astype(np.uint8)
    overconfident = np.where(true_proba > 0.5, 250, 5).astype(np.uint8)
    errors = [
        expected_calibration_error(calibration_counts(one, mask))
        for one in (calibrated, overconfident)
    ]
    assert errors[0] < 0.02 < 0.15 < errors[1]


@pytest.mark.parametrize("ignored", [False, True])
def test_an_image_without_objects_counts_nothing_and_no_pixel_is_no_score(ignored):
    levels, mask, _ = scene(0)
    counts = calibration_counts(levels, mask & ignored, np.full(mask.shape, ignored))
    assert counts.shape == (BINS, 4) and not counts.any()
    assert math.isnan(brier(counts)) and math.isnan(expected_calibration_error(counts))
    assert reliability_curve(counts)["proba_mean"].isna().all()


def test_other_kinds_of_arrays_are_refused():
    levels, mask, ignore = scene(0)
    with pytest.raises(ValueError, match=r"levels float64 \(40, 70\).*quantise"):
        calibration_counts(levels / 255, mask, ignore)
    with pytest.raises(ValueError, match=r"mask uint8"):
        calibration_counts(levels, mask.astype(np.uint8), ignore)
    with pytest.raises(ValueError, match=r"ignore bool \(1, 70\)"):
        calibration_counts(levels, mask, ignore[:1])
    with pytest.raises(ValueError, match=r"float64 of shape \(15, 4\); expected whole numbers"):
        brier(np.zeros((15, 4)))
    with pytest.raises(ValueError, match=r"shape \(2, 15, 4\)"):
        reliability_curve(np.zeros((2, 15, 4), int))
