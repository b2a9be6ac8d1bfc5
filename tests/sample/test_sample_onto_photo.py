import numpy as np
import pytest

from common.sample import lay_butts_on, lay_litter_on


def photo(seed=0, side=256):
    random = np.random.default_rng(seed)
    image = np.clip(random.normal(110, 12, (side, side, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((side, side), bool)
    mask[100:120, 90:150] = True
    return image, mask


@pytest.mark.parametrize("lay", [lay_butts_on, lay_litter_on])
def test_the_same_numbers_lay_the_same_things_and_the_photo_given_stays(lay):
    image, mask = photo()
    before = image.copy(), mask.copy()
    first, again = (lay(image, mask, np.random.default_rng(5), 4) for _ in range(2))
    for one, other, given in zip(first, again, before, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == given.dtype and one.shape == given.shape
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_new_butts_are_where_the_picture_changed_and_old_objects_stay_in_the_mask():
    added = 0
    for seed in range(15):
        image, mask = photo(seed)
        laid, new = lay_butts_on(image, mask, np.random.default_rng(seed), 2)
        changed = np.abs(laid.astype(int) - image).max(axis=2) > 6
        assert (new & mask).sum() > 0.9 * mask.sum()
        fresh = new & ~mask
        added += bool(fresh.any())
        if fresh.any():
            assert changed[fresh].mean() > 0.8
    assert added >= 12


def test_litter_adds_nothing_to_the_mask_and_hides_what_it_lies_on():
    hidden = 0
    for seed in range(25):
        image, mask = photo(seed)
        laid, left = lay_litter_on(image, mask, np.random.default_rng(seed), 12)
        assert not (left & ~mask).any()
        assert (laid != image).any()
        hidden += int(left.sum() < mask.sum())
        assert left.sum() > 0.3 * mask.sum()
    assert hidden >= 3


def test_far_from_what_is_laid_the_photo_is_as_it_was_but_for_rounding():
    image, mask = photo()
    laid, _ = lay_litter_on(image, np.zeros_like(mask), np.random.default_rng(1), 1)
    assert (
        np.median(np.abs(laid.astype(int) - image)) == 0
        and (np.abs(laid.astype(int) - image) <= 1).mean() > 0.5
    )
