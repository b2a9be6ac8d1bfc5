import json

import cv2
import numpy as np
import pytest

from approaches.base import Budget, NotFittedError
from approaches.threshold import CHANNELS, Threshold, channel
from common.data import DataSet
from common.masks.evaluate import score_image
from common.masks.postprocess import Postprocess, quantise

NOTHING = DataSet(())


def scene(
    background: tuple[int, int, int], colour: tuple[int, int, int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """An image of two noisy colours and the mask of the second."""
    random = np.random.default_rng(seed)
    mask = np.zeros((60, 80), bool)
    left = 10 + 5 * seed
    right = left + 30
    mask[20:40, left:right] = True
    image = np.where(mask[..., None], colour, background) + random.integers(-12, 13, (60, 80, 1))
    return np.clip(image, 0, 255).astype(np.uint8), mask


def fitted(labelled, background, colour) -> tuple[Threshold, DataSet]:
    images, masks = zip(*(scene(background, colour, seed) for seed in range(3)), strict=True)
    tune_set = labelled(images, masks)
    return Threshold().fit(NOTHING, tune_set, budget=Budget()), tune_set


@pytest.mark.parametrize(
    ("background", "colour", "bright"),
    [((60, 60, 60), (180, 180, 180), True), ((190, 190, 190), (70, 70, 70), False)],
)
def test_light_and_dark_objects_are_both_found(labelled, background, colour, bright):
    model, tune_set = fitted(labelled, background, colour)
    assert model.bright_ is bright
    for sample in tune_set:
        proba = model.predict_proba(sample.image)
        assert proba[sample.mask].min() > proba[~sample.mask].max()


def test_the_channel_that_separates_is_chosen(labelled):
    """Brightness varies more within object and background than between them; only the colour tells
    them apart.
    """
    images, masks = [], []
    for seed in range(3):
        image, mask = scene((100, 100, 100), (100, 100, 100), seed)
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        lab[..., 0] = np.random.default_rng(seed).integers(60, 200, mask.shape)
        lab[..., 2] = np.where(mask, 170, 128)
        images.append(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))
        masks.append(mask)
    model = Threshold().fit(NOTHING, labelled(images, masks), budget=Budget())
    assert (model.channel_, model.bright_) == ("blue-yellow", True)
    assert model.report_.notes == {"channel": "blue-yellow", "bright": True}


def test_ignored_pixels_do_not_decide(labelled):
    """Half of each image is bright and ignored; the objects are the darkest pixels of the other
    half.
    """
    images, masks, ignored = [], [], []
    for seed in range(3):
        image, mask = scene((150, 150, 150), (60, 60, 60), seed)
        image[:, 60:] = 255
        ignore = np.zeros_like(mask)
        ignore[:, 60:] = True
        images.append(image)
        masks.append(mask & ~ignore)
        ignored.append(ignore)
    assert not Threshold().fit(NOTHING, labelled(images, masks, ignored), budget=Budget()).bright_


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_an_8_bit_map(name):
    image = np.random.default_rng(0).integers(0, 256, (11, 7, 3), dtype=np.uint8)
    levels = channel(image, name)
    assert (levels.shape, levels.dtype) == ((11, 7), np.uint8)


def test_channels_are_what_their_names_say():
    image = np.zeros((1, 6, 3), np.uint8)
    image[0] = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 255), (0, 0, 0)]
    values = {name: channel(image, name)[0].tolist() for name in CHANNELS}
    assert values["red"] == [255, 0, 0, 255, 255, 0]
    assert values["green"] == [0, 255, 0, 255, 255, 0]
    assert values["blue"] == [0, 0, 255, 0, 255, 0]
    assert values["value"] == [255, 255, 255, 255, 255, 0]
    assert values["saturation"] == [255, 255, 255, 255, 0, 0]
    assert values["lightness"][4:] == [255, 0]
    assert values["green-red"][0] > 128 > values["green-red"][1]
    assert values["blue-yellow"][3] > 128 > values["blue-yellow"][2]


def test_a_tune_set_without_objects_is_refused(labelled):
    image, mask = scene((60, 60, 60), (180, 180, 180), 0)
    with pytest.raises(ValueError, match="object"):
        Threshold().fit(NOTHING, labelled([image], [np.zeros_like(mask)]), budget=Budget())


def test_the_stored_choice_is_the_same_model(labelled, tmp_path):
    model, tune_set = fitted(labelled, (60, 90, 60), (180, 80, 40))
    folder = tmp_path / "model"
    folder.mkdir()
    model.save(folder)
    assert json.loads((folder / "threshold.json").read_text()) == {
        "channel": model.channel_,
        "bright": model.bright_,
    }
    again = Threshold().load(folder)
    np.testing.assert_array_equal(
        again.predict_proba(tune_set[0].image), model.predict_proba(tune_set[0].image), strict=True
    )


def test_before_fit_it_says_what_to_do():
    with pytest.raises(NotFittedError, match="fit"):
        Threshold().predict_proba(np.zeros((4, 4, 3), np.uint8))


def test_it_beats_calling_everything_object(sample_data):
    model = Threshold().fit(sample_data.fit, sample_data.tune, budget=Budget())
    everything = np.full((192, 192), 255, np.uint8)
    gains = []
    for sample in sample_data.tune:
        if not sample.mask.any():
            continue
        levels = quantise(model.predict_proba(sample.image))
        best = max(
            score_image(sample, levels, Postprocess(cut / 100)).dice for cut in range(2, 100, 2)
        )
        gains.append(best - score_image(sample, everything, Postprocess(0.5)).dice)
    assert gains
    assert np.mean(gains) > 0.05
