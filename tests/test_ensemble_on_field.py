"""What the ensemble chooses where there are photos of the field."""

import cv2
import numpy as np
import pytest

from approaches.base import Budget, ConfigError, Traits
from approaches.tta_ensemble import TWO_SCALES, EnsembleConfig, TtaEnsemble
from common.data import DataSet
from common.data.named_sets import NamedSet, SetSource
from tests.labelled_photos import square_entry

SIDE, LEAST_SEEN = 96, 400  # px, px of area


class SeesLarge:
    """Takes red for its probability, in pieces that are large enough in the image it is given."""

    traits = Traits()

    def predict_proba(self, image):
        red = (image[..., 0] > 128).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(red, connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= LEAST_SEEN
        large[0] = False
        return large[labels].astype(np.float32)

    def parameters(self):
        return 1


@pytest.fixture
def photos(tmp_path):
    """A function from a name and the side of its objects to entries and groups."""

    def make(name, side):
        (tmp_path / name).mkdir()
        entries = []
        for number in range(8):
            image = np.full((SIDE, SIDE, 3), 20 + number, np.uint8)
            first, last = 10 + number, 10 + number + side
            image[first:last, first:last, 0] = 255  # red
            entries.append(square_entry(tmp_path / name, number, image, first, side))
        return tuple(entries), {entry.image_id: entry.group for entry in entries}

    return make


def fitted(photos, side, fields=True, **settings):
    tune = DataSet(*photos("tune", 30))
    ensemble = TtaEnsemble(EnsembleConfig(**settings), {"one": SeesLarge()})
    if fields:
        entries, groups = photos("street", side)
        source = SetSource("street", entries[0].path.parent, "field")
        ensemble.fields = (NamedSet(source, entries, groups, "key"),)
    return ensemble.fit(tune, tune, budget=Budget(steps=1))


def test_objects_that_are_small_in_the_field_are_looked_at_twice(photos, tmp_path):
    ensemble = fitted(photos, side=18)
    assert ensemble.scales_ == TWO_SCALES
    notes = ensemble.report_.notes
    assert notes["chosen_on"] == ["tune", "street"] and notes["scales"] == list(TWO_SCALES)
    assert "scales for prediction" in [step.name for step in ensemble.preparation()]
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[10:28, 10:28, 0] = 255
    proba = ensemble.predict_proba(image)
    assert proba.shape == (SIDE, SIDE) and 0.45 < proba[19, 19] <= 0.5  # one of two looks
    ensemble.save(tmp_path)
    again = TtaEnsemble(EnsembleConfig(), {"one": SeesLarge()}).load(tmp_path)
    np.testing.assert_array_equal(again.predict_proba(image), proba)
    with pytest.raises(ConfigError, match="1 and 1.4 times its size"):
        again.onnx_module()


def test_one_look_is_enough_where_objects_are_as_large_or_nothing_is_known_of_the_field(photos):
    assert fitted(photos, side=30).scales_ == (1.0,)


def test_without_photos_of_the_field_nothing_else_is_tried(photos):
    ensemble = fitted(photos, side=18, fields=False)
    assert ensemble.scales_ == (1.0,) and ensemble.report_.notes["chosen_on"] == ["tune"]


def test_scales_that_are_set_are_kept(photos):
    assert fitted(photos, side=30, scales=(1.0, 2.0)).scales_ == (1.0, 2.0)


def test_a_time_limit_is_shared_by_all_images_that_it_is_enough_for(photos, monkeypatch):
    """Each prediction takes a second here, and a known one none, as in a run."""
    clock, known = [0.0], dict[bytes, np.ndarray]()

    class Timed(SeesLarge):
        def predict_proba(self, image):
            if image.tobytes() not in known:
                clock[0] += 1
                known[image.tobytes()] = super().predict_proba(image)
            return known[image.tobytes()]

    monkeypatch.setattr("approaches.tta_ensemble.time.monotonic", lambda: clock[0])
    tune, (entries, groups) = DataSet(*photos("tune", 30)), photos("street", 29)
    ensemble = TtaEnsemble(EnsembleConfig(), {"one": Timed()})
    ensemble.fields = (
        NamedSet(SetSource("street", entries[0].path.parent, "field"), entries, groups, "key"),
    )
    further = 3  # views of a square on the diagonal
    measured = len(tune) + len(entries) + further * (1 + len(entries))
    for images in (2, 5):
        clock[0] = 0.0
        known.clear()
        minutes = (measured + further * images + 0.5) / 60
        ensemble.fit(tune, tune, budget=Budget(minutes=minutes))
        assert ensemble.report_.notes["images_compared_for_views"] == images
