import json

import numpy as np
import pytest

from approaches.base import Budget, RequirementMissingError, Traits
from approaches.predictors import CachedPredictor
from approaches.tta_ensemble import EnsembleConfig, TtaEnsemble
from common.geometry import D4_VIEWS, apply_view
from common.json_files import DamagedFileError
from common.masks.probabilities import ProbabilityMaps


class Noisy:
    """Knows the truth of every image, and blurs it with noise of its own that depends on the
    view.
    """

    traits = Traits(pretrained_on="ImageNet")

    def __init__(self, data_set, noise, seed):
        self.noise, self.seed, self.asked = noise, seed, 0
        self.truth = {}
        for sample in data_set:
            for view in D4_VIEWS:
                seen, mask = (
                    np.rot90(a[:, ::-1] if view.flipped else a, view.quarter_turns)
                    for a in (sample.image, sample.mask)
                )
                self.truth.setdefault(np.ascontiguousarray(seen).tobytes(), mask)

    def predict_proba(self, image):
        self.asked += 1
        random = np.random.default_rng([self.seed, int(image.sum())])
        mask = self._mask(image)
        return np.clip(mask * 0.5 + random.normal(0.25, self.noise, mask.shape), 0, 1).astype(
            np.float32
        )

    def _mask(self, image):
        key = np.ascontiguousarray(image).tobytes()
        return self.truth[key].astype(np.float32)

    def parameters(self):
        return 10


class Watched(Noisy):
    """Keeps what it was asked for."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = set()

    def predict_proba(self, image):
        self.seen.add(np.ascontiguousarray(image).tobytes())
        return super().predict_proba(image)


class Useless(Noisy):
    def _mask(self, image):
        return np.zeros(image.shape[:2], np.float32)


def fitted(data, members):
    return TtaEnsemble(EnsembleConfig(), members).fit(data.fit, data.tune, budget=Budget(steps=1))


def test_noisy_members_are_averaged_and_useless_ones_left_out(sample_data):
    members = {
        "one": Noisy(sample_data.tune, 0.3, 1),
        "two": Noisy(sample_data.tune, 0.3, 2),
        "bad": Useless(sample_data.tune, 0.3, 3),
    }
    ensemble = fitted(sample_data, members)
    assert set(ensemble.weights_) == {"one", "two"} == set(ensemble.members)
    assert ensemble.views_ == len(D4_VIEWS)  # independent noise in each view averages out too
    notes = json.loads(json.dumps(ensemble.report_.notes))
    assert notes["tune_dice_gain_of_members"] > 0 and notes["tune_dice_gain_of_views"] > 0
    assert ensemble.parameters() == 20 and ensemble.traits.pretrained_on == "ImageNet"
    members["two"].traits = Traits(pretrained_on="COCO, ImageNet")
    assert ensemble.traits.pretrained_on == "COCO, ImageNet"


def test_views_are_doubled_as_long_as_that_gains_what_it_costs(sample_data, monkeypatch):
    scores = {1: 0.5, 2: 0.6, 4: 0.601, 8: 0.7}
    monkeypatch.setattr(
        TtaEnsemble, "_score", lambda self, samples, weights, views: scores[len(views)]
    )
    found = []
    for least_gain in (0.2, 0.05, 0.0005):
        ensemble = TtaEnsemble(
            EnsembleConfig(least_gain_of_views=least_gain),
            {"one": Noisy(sample_data.tune, 0.3, 1)},
        ).fit(sample_data.fit, sample_data.tune, budget=Budget(steps=1))
        found.append(
            (ensemble.views_, round(ensemble.report_.notes["tune_dice_gain_of_views"], 6))
        )
    assert found == [(1, 0.1), (2, 0.1), (8, 0.2)]  # what is not kept is told all the same


def test_one_perfect_member_is_enough_and_it_says_so(sample_data):
    ensemble = fitted(
        sample_data,
        {"good": Noisy(sample_data.tune, 0.0, 1), "bad": Useless(sample_data.tune, 0.3, 2)},
    )
    assert ensemble.weights_ == {"good": 1} and ensemble.views_ == 1
    assert "one member is enough" in ensemble.report_.notes["selection"]


def test_nothing_that_a_member_predicted_is_predicted_again(sample_data, tmp_path):
    member = Noisy(sample_data.tune, 0.3, 1)
    remembered = CachedPredictor(member, ProbabilityMaps(tmp_path))
    for sample in sample_data.tune:
        remembered.quantised(sample.image)
    known = member.asked
    ensemble = fitted(sample_data, {"one": remembered})
    with_objects = [sample for sample in sample_data.tune if sample.mask.any()]
    assert member.asked == known + 7 * len(with_objects)
    asked = member.asked
    for sample in with_objects:
        ensemble.predict_proba(sample.image)
    assert member.asked == asked


def test_views_are_compared_on_images_of_many_groups_however_few_the_time_allows(
    labelled, tmp_path
):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(12)]
    mask = np.zeros((32, 32), bool)
    mask[8:24, 8:20] = True
    tune_set = labelled(images, [mask] * 12)
    # 0 to 3, 4 to 7, 8 to 11
    tune_set.groups = {image_id: f"place {image_id // 4}" for image_id in tune_set.ids}
    (tmp_path / "plan.json").write_text('{"images": 3}')
    member = Watched(tune_set, 0.3, 1)
    ensemble = TtaEnsemble(EnsembleConfig(), {"one": member})
    ensemble.fit(tune_set, tune_set, budget=Budget(minutes=1), folder=tmp_path)
    turned = [apply_view(image, D4_VIEWS[1]).tobytes() in member.seen for image in images]
    assert np.reshape(turned, (3, 4)).sum(axis=1).tolist() == [1, 1, 1]
    (tmp_path / "plan.json").write_text('{"images": -3}')
    with pytest.raises(DamagedFileError, match=r"plan\.json .*'images': -3.*Delete "):
        ensemble.fit(tune_set, tune_set, budget=Budget(minutes=1), folder=tmp_path)


def test_views_are_undone(sample_data):
    """A member without noise gives the truth in every view, so their mean must be the truth
    again.
    """
    ensemble = fitted(sample_data, {"good": Noisy(sample_data.tune, 0.0, 1)})
    ensemble.views_ = len(D4_VIEWS)
    for sample in sample_data.tune:
        assert np.array_equal(ensemble.predict_proba(sample.image) >= 0.5, sample.mask)


def test_without_members_it_says_which_command_trains_some(sample_data):
    with pytest.raises(RequirementMissingError, match=r"bench.py --approaches .*tta_ensemble"):
        fitted(sample_data, {})
