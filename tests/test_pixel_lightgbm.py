import time
from dataclasses import replace

import numpy as np
import pytest

from approaches.base import Budget, NotFittedError
from approaches.pixel_features import feature_names
from approaches.pixel_lightgbm import PixelConfig, PixelLightGBM
from approaches.threshold import Threshold
from common.data import DataSet
from common.evaluate import score_image
from common.postprocess import Postprocess, quantise, threshold_curve

SMOKE = PixelConfig.smoke()


@pytest.fixture(scope="module")
def model(sample_data) -> PixelLightGBM:
    return PixelLightGBM(SMOKE).fit(sample_data.fit, sample_data.tune, budget=Budget(steps=40), seed=3)


def mean_dice(approach, data) -> float:
    """Mean Dice on *score* at the threshold that is tuned on *tune*."""
    maps = ((quantise(approach.predict_proba(s.image)), s.mask, s.ignore) for s in data.tune)
    tuned = Postprocess(threshold_curve(maps).choose())
    scores = [score_image(s, quantise(approach.predict_proba(s.image)), tuned).dice for s in data.score]
    return float(np.nanmean(scores))


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
    np.testing.assert_array_equal(together[-len(alone) :], alone)
    assert len(together) == len(labels)


def test_the_columns_carry_the_names_of_the_features(model):
    assert model.booster_.feature_name() == feature_names(SMOKE.scales, SMOKE.feature_groups)


@pytest.mark.parametrize("groups", [("colour",), ("edges", "texture")])
def test_groups_of_features_can_be_left_out(sample_data, groups):
    config = replace(SMOKE, feature_groups=groups)
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget(steps=3))
    assert model.booster_.num_feature() == len(feature_names(config.scales, groups))
    assert model.predict_proba(sample_data.score[0].image).shape == (192, 192)


def test_steps_limit_the_rounds(sample_data):
    model = PixelLightGBM(SMOKE).fit(sample_data.fit, sample_data.tune, budget=Budget(steps=5))
    assert model.booster_.current_iteration() == 5
    assert model.report_.steps <= 5


def test_a_time_limit_ends_the_boosting(sample_data):
    endless = replace(SMOKE, rounds=1_000_000, patience=1_000_000, learning_rate=1e-4)
    start = time.monotonic()
    model = PixelLightGBM(endless).fit(sample_data.fit, sample_data.tune, budget=Budget(minutes=2 / 60))
    seconds = time.monotonic() - start
    assert 10 < model.booster_.current_iteration() < 1_000_000
    assert model.booster_.current_iteration() == model.report_.notes["rounds_allowed"]
    assert seconds < 8


def test_without_a_time_limit_rounds_are_those_of_the_settings(sample_data):
    config = replace(SMOKE, rounds=7)
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget())
    assert model.booster_.current_iteration() == 7
    assert model.report_.notes["rounds_allowed"] == 7


def test_boosting_stops_when_tune_no_longer_gains(sample_data):
    config = replace(SMOKE, rounds=400, learning_rate=0.5, patience=5)
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget())
    assert model.booster_.current_iteration() == model.report_.steps < 100


def test_without_patience_all_rounds_are_trained_and_tune_is_not_looked_at(sample_data):
    config = replace(SMOKE, rounds=30, learning_rate=0.5, patience=0)
    models = [
        PixelLightGBM(config).fit(sample_data.fit, tune_set, budget=Budget(), seed=3)
        for tune_set in (sample_data.tune, without_objects(sample_data.tune))
    ]
    assert [model.report_.steps for model in models] == [30, 30]
    assert models[0].booster_.model_to_string() == models[1].booster_.model_to_string()
    judged = PixelLightGBM(replace(config, patience=5)).fit(sample_data.fit, sample_data.tune, budget=Budget(), seed=3)
    assert judged.report_.steps < 30


def test_a_time_limit_without_patience_keeps_the_last_round(sample_data, tmp_path):
    config = replace(SMOKE, rounds=1_000_000, patience=0, learning_rate=1e-4)
    model = PixelLightGBM(config).fit(sample_data.fit, sample_data.tune, budget=Budget(minutes=1 / 60))
    assert 10 < model.report_.steps == model.booster_.current_iteration() == model.report_.notes["rounds_allowed"]
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
    model = PixelLightGBM(replace(SMOKE, pixels_per_image=100_000))
    rows, labels, _ = model._sampled(labelled(images, [mask, nothing], [half, whole_image]), seed=0)
    assert len(rows) == 16 * 32  # the upper half of the first image on the half grid; of the second nothing
    assert labels.sum() == 8 * 16


def test_a_stored_model_keeps_the_best_rounds_and_its_correction(model, sample_data, tmp_path):
    model.save(tmp_path)
    loaded = PixelLightGBM(SMOKE).load(tmp_path)
    image = sample_data.score[0].image
    np.testing.assert_array_equal(loaded.predict_proba(image), model.predict_proba(image), strict=True)
    assert loaded.booster_.current_iteration() == model.report_.steps
    assert loaded.balance_ == model.balance_ < 1


def test_before_fit_it_says_what_to_do():
    with pytest.raises(NotFittedError, match="fit"):
        PixelLightGBM().predict_proba(np.zeros((4, 4, 3), np.uint8))
