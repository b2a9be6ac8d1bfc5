import numpy as np
import pytest

from approaches.network.augment import Crops
from approaches.network.losses import NOTHING
from approaches.network.paste import lay_generated, paste_from
from common.data import Sample


def sample(red_at=(20, 30)):
    """A green picture with a red 10x20 object."""
    image = np.full((80, 80, 3), (0, 160, 0), np.uint8)
    mask = np.zeros((80, 80), bool)
    top, left = red_at
    mask[slice(top, top + 10), slice(left, left + 20)] = True
    image[mask] = (200, 0, 0)
    return Sample(1, image, mask, np.zeros_like(mask))


def grey(side=96):
    return np.full((side, side, 3), 90, np.uint8), np.zeros((side, side), np.uint8)


def test_what_is_pasted_is_the_object_and_is_in_the_target():
    found = 0
    for seed in range(20):
        image, target = paste_from(sample(), *grey(), np.random.default_rng(seed))
        reddish = (image[..., 0] > 170) & (image[..., 1] < 45)
        assert not (reddish & (target == 0)).any()
        # none of the ground comes with it
        assert not (image[target == 0] == (0, 160, 0)).all(axis=1).any()
        found += bool((target == 1).any())
    assert found > 15


def test_pixels_that_are_ignored_and_the_given_arrays_stay():
    image, target = grey()
    target[:10] = NOTHING
    before = image.copy(), target.copy()
    _, pasted = paste_from(sample(), image, target, np.random.default_rng(0))
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(target, before[1])
    laid = lay_generated(image, target, np.random.default_rng(0), "butts")[1]
    assert (laid[:10] == NOTHING).all() and set(np.unique(pasted)) <= {0, 1, NOTHING}


def test_pasted_objects_differ_in_size_and_light_and_cast_shadows():
    areas, reds, darker = [], [], 0
    for seed in range(60):
        image, target = paste_from(sample(), *grey(), np.random.default_rng(seed))
        if (target == 1).sum() > 40:
            areas.append((target == 1).sum())
            reds.append(np.median(image[target == 1][:, 0]))
        darker += bool((image[target == 0] < 80).all(axis=1).any())
    assert min(areas) < 100 and max(areas) > 300  # 200 px in the image
    assert np.ptp(reds) > 40
    assert 20 < darker < 55  # not all of them


def test_an_object_is_as_bright_as_the_ground_lets_expect():
    """On a ground darker than its own it becomes darker, on a lighter one lighter."""
    red = {}
    for ground in (20, 180):
        window = np.full((96, 96, 3), ground, np.uint8)
        pasted = [
            paste_from(sample(), window, np.zeros((96, 96), np.uint8), np.random.default_rng(seed))
            for seed in range(20)
        ]
        reds = [image[target == 1][:, 0].mean() for image, target in pasted if target.any()]
        red[ground] = np.mean(reds)
    assert red[20] < 160 < 200 < red[180]


def test_an_object_that_the_border_cuts_is_not_pasted():
    image, target = grey()
    pasted = paste_from(sample(red_at=(0, 0)), image, target, np.random.default_rng(0))
    np.testing.assert_array_equal(pasted[1], target)


@pytest.mark.parametrize(("kind", "adds"), [("butts", True), ("litter", False)])
def test_generated_butts_are_in_the_target_and_litter_is_not(kind, adds):
    changed, objects = 0, 0
    for seed in range(12):
        image, target = lay_generated(*grey(192), np.random.default_rng(seed), kind)
        changed += int((image != 90).any())
        objects += int((target == 1).any())
    assert changed >= 10
    assert objects >= 10 if adds else objects == 0


@pytest.mark.parametrize("share", ["paste_share", "butt_share", "litter_share"])
def test_crops_with_things_on_them_depend_on_seed_and_place_alone(sample_data, share):
    settings = {
        "crop_px": 64,
        "strength": "none",
        "object_share": 0.5,
        "seed": 3,
        "epoch_length": 16,
    }
    plain = Crops(sample_data.fit, **settings)
    first, again = (Crops(sample_data.fit, **settings, **{share: 1.0}) for _ in range(2))
    drawn = [first[place] for place in range(6)]
    for place in reversed(range(6)):
        assert all((a == b).all() for a, b in zip(drawn[place], again[place], strict=True))
    assert any((drawn[place][0] != plain[place][0]).any() for place in range(6))
