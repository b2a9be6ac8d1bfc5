import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from approaches.base import Budget, NotFittedError
from approaches.pixel_lightgbm import (
    FEATURE_GROUPS,
    PixelConfig,
    PixelLightGBM,
    feature_names,
    pixel_features,
)
from approaches.threshold import Threshold
from common.data import DataSet
from common.masks.evaluate import score_image
from common.masks.postprocess import Postprocess, quantise, threshold_curve

SMOKE = PixelConfig.smoke()


@pytest.fixture(scope="module")
def model(sample_data) -> PixelLightGBM:
    return PixelLightGBM(SMOKE).fit(
        sample_data.fit, sample_data.tune, budget=Budget(steps=40), seed=3
    )


def mean_dice(approach, data) -> float:
    """Mean Dice on *score* at the threshold that is tuned on *tune*."""
    maps = ((quantise(approach.predict_proba(s.image)), s.mask, s.ignore) for s in data.tune)
    tuned = Postprocess(threshold_curve(maps).choose())
    scores = [
        score_image(s, quantise(approach.predict_proba(s.image)), tuned).dice for s in data.score
    ]
    return float(np.nanmean(scores))


def test_most_background_is_left_to_the_first_trees_and_masks_stay_as_they_are(
    model, sample_data, tmp_path
):
    first, most = model.cascade_
    assert 1 <= first <= model.report_.steps / 4 + 1
    whole = PixelLightGBM(SMOKE)
    model.save(tmp_path)
    (tmp_path / "cascade.json").unlink()
    whole.load(tmp_path)
    assert whole.cascade_ is None
    differing, left = [], []
    for sample in sample_data.score:
        rows = model._features(sample.image).reshape(-1, model.booster_.num_feature())
        left.append(model.booster_.predict(rows, raw_score=True, num_iteration=first) > most)
        one, other = (each.predict_proba(sample.image) for each in (model, whole))
        differing.append(((one >= 0.3) != (other >= 0.3)).mean())
    assert np.mean(differing) < 0.001
    assert np.mean(np.concatenate(left)) < 0.5
    assert mean_dice(model, sample_data) == pytest.approx(mean_dice(whole, sample_data), abs=0.02)


def without_objects(data_set: DataSet) -> DataSet:
    return DataSet([replace(entry, annotations=()) for entry in data_set.entries])


def test_it_learns_and_beats_the_trivial_baselines(model, sample_data):
    floor = Threshold().fit(sample_data.fit, sample_data.tune, budget=Budget())
    everything = [
        score_image(sample, np.full(sample.mask.shape, 255, np.uint8), Postprocess(0.5)).dice
        for sample in sample_data.score
    ]
    reached = mean_dice(model, sample_data)
    assert reached > mean_dice(floor, sample_data) + 0.05
    assert reached > np.nanmean(everything) + 0.2


def test_probabilities_are_corrected_for_the_balanced_sample(model, sample_data):
    """Half of the pixels it learns from are object; of the pixels of a photo only a few are."""
    share = np.mean([sample.mask.mean() for sample in sample_data.score])
    predicted = np.mean([model.predict_proba(sample.image).mean() for sample in sample_data.score])
    assert share < 0.1
    assert share / 2.5 < predicted < share * 2.5


def test_the_same_seed_gives_the_same_trees_and_another_seed_others(sample_data):
    texts = [
        PixelLightGBM(SMOKE)
        .fit(sample_data.fit, sample_data.tune, budget=Budget(steps=8), seed=seed)
        .booster_.model_to_string()
        for seed in (3, 3, 4)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_an_image_gives_the_same_pixels_whatever_stands_beside_it(sample_data):
    model, fit_set = PixelLightGBM(SMOKE), sample_data.fit
    together, labels, _ = model._sampled(fit_set.subset(fit_set.ids[:3]), seed=0)
    alone, _, _ = model._sampled(fit_set.subset(fit_set.ids[2:3]), seed=0)
    before = len(together) - len(alone)
    np.testing.assert_array_equal(together[before:], alone)
    assert len(together) == len(labels)


def test_the_columns_carry_the_names_of_the_features(model):
    assert model.booster_.feature_name() == feature_names(SMOKE.scales, SMOKE.feature_groups)


@pytest.mark.parametrize("groups", [("colour",), ("edges", "texture")])
def test_groups_of_features_can_be_left_out(sample_data, groups):
    config = SMOKE.with_values({"feature_groups": groups})
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget(steps=3))
    assert model.booster_.num_feature() == len(feature_names(config.scales, groups))
    assert model.predict_proba(sample_data.score[0].image).shape == (192, 192)


def test_steps_limit_the_rounds(sample_data):
    model = PixelLightGBM(SMOKE).fit(sample_data.fit, sample_data.tune, budget=Budget(steps=5))
    assert model.booster_.current_iteration() == 5
    assert model.report_.steps <= 5


def test_a_time_limit_ends_the_boosting(sample_data):
    endless = SMOKE.with_values(
        {"rounds": 1_000_000, "patience": 1_000_000, "learning_rate": 1e-4}
    )
    start = time.monotonic()
    model = PixelLightGBM(endless).fit(
        sample_data.fit, sample_data.tune, budget=Budget(minutes=2 / 60)
    )
    seconds = time.monotonic() - start
    assert 10 < model.booster_.current_iteration() < 1_000_000
    assert model.booster_.current_iteration() == model.report_.notes["rounds_allowed"]
    assert seconds < 8


def test_without_a_time_limit_rounds_are_those_of_the_settings(sample_data):
    config = SMOKE.with_values({"rounds": 7})
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget())
    assert model.booster_.current_iteration() == 7
    assert model.report_.notes["rounds_allowed"] == 7


def test_boosting_stops_when_tune_no_longer_gains(sample_data):
    config = SMOKE.with_values({"rounds": 400, "learning_rate": 0.5, "patience": 5})
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget())
    assert model.booster_.current_iteration() == model.report_.steps < 100


def test_without_patience_all_rounds_are_trained_and_tune_is_not_looked_at(sample_data):
    config = SMOKE.with_values({"rounds": 30, "learning_rate": 0.5, "patience": 0})
    models = [
        PixelLightGBM(config).fit(sample_data.fit, tune_set, budget=Budget(), seed=3)
        for tune_set in (sample_data.tune, without_objects(sample_data.tune))
    ]
    assert [model.report_.steps for model in models] == [30, 30]
    assert models[0].booster_.model_to_string() == models[1].booster_.model_to_string()
    judged = PixelLightGBM(config.with_values({"patience": 5})).fit(
        sample_data.fit, sample_data.tune, budget=Budget(), seed=3
    )
    assert judged.report_.steps < 30


def test_a_time_limit_without_patience_keeps_the_last_round(sample_data, tmp_path):
    config = SMOKE.with_values({"rounds": 1_000_000, "patience": 0, "learning_rate": 1e-4})
    model = PixelLightGBM(config).fit(
        sample_data.fit, sample_data.tune, budget=Budget(minutes=1 / 60)
    )
    assert (
        10
        < model.report_.steps
        == model.booster_.current_iteration()
        == model.report_.notes["rounds_allowed"]
    )
    model.save(tmp_path)
    assert PixelLightGBM(config).load(tmp_path).booster_.current_iteration() == model.report_.steps


@pytest.mark.parametrize("role", ["fit", "tune"])
def test_labels_of_one_kind_are_refused(sample_data, role):
    sets = {"fit": sample_data.fit, "tune": sample_data.tune}
    sets[role] = without_objects(sets[role])
    with pytest.raises(ValueError, match="needs both kinds"):
        PixelLightGBM(SMOKE).fit(sets["fit"], sets["tune"], budget=Budget(steps=3))


def test_ignored_pixels_are_not_drawn(labelled):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(2)]
    mask, nothing = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    mask[8:24, 8:40] = True
    half = np.zeros((64, 64), bool)
    half[32:] = True
    images[0][32:] = 255
    whole_image = ~nothing
    model = PixelLightGBM(SMOKE.with_values({"pixels_per_image": 100_000}))
    rows, labels, _ = model._sampled(
        labelled(images, [mask, nothing], [half, whole_image]), seed=0
    )
    # the upper half of the first image on the half grid; of the second nothing
    assert len(rows) == 16 * 32
    assert labels.sum() == 8 * 16


def test_a_stored_model_keeps_the_best_rounds_and_its_correction(model, sample_data, tmp_path):
    model.save(tmp_path)
    loaded = PixelLightGBM(SMOKE).load(tmp_path)
    image = sample_data.score[0].image
    np.testing.assert_array_equal(
        loaded.predict_proba(image), model.predict_proba(image), strict=True
    )
    assert loaded.booster_.current_iteration() == model.report_.steps
    assert loaded.balance_ == model.balance_ < 1


def test_before_fit_it_says_what_to_do():
    with pytest.raises(NotFittedError, match="fit"):
        PixelLightGBM().predict_proba(np.zeros((4, 4, 3), np.uint8))


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def columns(image: np.ndarray, scales: int = 2) -> dict[str, np.ndarray]:
    return dict(
        zip(feature_names(scales), np.moveaxis(pixel_features(image, scales), 2, 0), strict=True)
    )


@pytest.mark.parametrize("scales", [1, 2, 5, 7])
def test_every_column_has_its_own_name(scales):
    names = feature_names(scales)
    assert len(set(names)) == len(names) == pixel_features(noise(40, 60), scales).shape[2]


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 1), (1, 2), (2, 1), (1, 9), (5, 1), (2, 2), (3, 3), (17, 31), (64, 64), (65, 33)],
)
def test_the_grid_has_half_the_size_rounded_up(height, width):
    features = pixel_features(noise(height, width), scales=6)
    assert features.shape == ((height + 1) // 2, (width + 1) // 2, len(feature_names(6)))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("group", FEATURE_GROUPS)
def test_a_group_alone_has_the_columns_it_has_among_all(group):
    image, alone = noise(50, 70), feature_names(3, [group])
    everything = dict(
        zip(feature_names(3), np.moveaxis(pixel_features(image, 3), 2, 0), strict=True)
    )
    assert alone
    for name, column in zip(
        alone, np.moveaxis(pixel_features(image, 3, [group]), 2, 0), strict=True
    ):
        np.testing.assert_array_equal(column, everything[name])


def test_groups_together_are_all_columns():
    assert sorted(
        name for group in FEATURE_GROUPS for name in feature_names(4, [group])
    ) == sorted(feature_names(4))


def test_features_move_with_the_image_away_from_the_border():
    """Two scales look at most four pyramid levels down, where one pixel is 16 px: shifts by 16 px
    are exact.
    """
    large = cv2.GaussianBlur(noise(288, 288), (0, 0), 3)
    here, there = pixel_features(large[:256, :256], 2), pixel_features(large[16:272, 32:288], 2)
    inner = np.s_[32:88, 32:88]
    shifted = here[40:96, 48:104]
    np.testing.assert_allclose(there[inner], shifted, atol=0.02)
    assert np.abs(there[inner] - here[inner]).max() > 1


def test_the_image_is_not_changed_and_may_be_read_only():
    image = noise(20, 30)
    before = image.copy()
    image.setflags(write=False)
    pixel_features(image, 3)
    np.testing.assert_array_equal(image, before)


def test_the_same_image_gives_the_same_bits_wherever_its_arrays_lie():
    """Some vectorised functions of OpenCV round by where in memory an array begins; a tree may
    then split otherwise.
    """
    image = noise(150, 190)
    first, between = pixel_features(image), []
    for size in range(100, 2000, 190):
        between.append(np.empty(size, np.uint8))
        np.testing.assert_array_equal(pixel_features(image), first)


def test_a_plain_image_has_its_colour_and_nothing_else():
    image = np.full((64, 64, 3), (200, 120, 40), np.uint8)
    lab = cv2.cvtColor(np.float32([[[200, 120, 40]]]) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    for name, column in columns(image, scales=3).items():
        expected = lab["Lab".index(name.split("_")[1])] if name.startswith("colour") else 0
        # a difference of two large float32 squares
        tolerance = 0.2 if name.startswith("spread") else 0.01
        assert np.abs(column - expected).max() < tolerance, name


@pytest.mark.parametrize(
    ("line", "strong", "weak"), [(255, "ridge_2px", "valley_2px"), (0, "valley_2px", "ridge_2px")]
)
def test_a_bright_line_is_a_ridge_and_a_dark_one_a_valley(line, strong, weak):
    image = np.full((64, 64, 3), 128, np.uint8)
    image[:, 30:34] = line
    found = columns(image)
    on_line = np.s_[10:22, 15:17]
    assert np.abs(found[strong][on_line]).min() > 3 * np.abs(found[weak][on_line]).max()
    assert (found["ridge_2px"] <= found["valley_2px"]).all()


def test_texture_is_larger_where_the_image_is_rough():
    image = np.full((64, 128, 3), 128, np.uint8)
    image[:, 64:] = noise(64, 64)
    spread = columns(image)["spread_L_2px"]
    assert spread[:, 40:].mean() > 10 * spread[:, :24].mean()


def test_contrast_tells_an_object_from_its_surroundings():
    image = np.full((128, 128, 3), 90, np.uint8)
    image[56:72, 56:72] = 200
    contrast = columns(image, scales=3)["contrast_L_4px"]
    assert contrast[32, 32] > 10
    assert abs(contrast[4, 4]) < 1
