"""What a network that has learned ImageNet sees in regions, and its principal components."""

import numpy as np
import pytest

from approaches.regions.pooled import Components, encoder_parameters, pooled_features

BOXES = np.array([[30, 40, 20, 10], [100, 20, 60, 60]], np.int32)


@pytest.fixture(scope="module")
def image():
    """Two squares of noise, one of them red, on grey."""
    random = np.random.default_rng(0)
    image = np.full((120, 200, 3), 120, np.uint8)
    image[40:50, 30:50] = random.integers(0, 255, (10, 20, 3))
    image[20:80, 100:160, 0] = random.integers(100, 255, (60, 60))
    return image


def test_each_region_has_its_own_features_whatever_lies_far_from_it(image):
    seen = pooled_features(image, BOXES)
    assert seen.shape == (2, 112 + 320) and seen.dtype == np.float32
    assert not np.allclose(seen[0], seen[1], atol=0.1)
    elsewhere = image.copy()
    elsewhere[100:, :] = 255
    np.testing.assert_array_equal(pooled_features(elsewhere, BOXES[:1])[0], seen[0])
    np.testing.assert_allclose(pooled_features(image, BOXES[1:])[0], seen[1], atol=1e-4)


def test_a_mirrored_photo_gives_the_same_features(image):
    mirrored = BOXES.copy()
    mirrored[:, 0] = image.shape[1] - BOXES[:, 0] - BOXES[:, 2]
    seen = pooled_features(image, BOXES)
    again = pooled_features(np.ascontiguousarray(image[:, ::-1]), mirrored)
    differing = np.abs(again - seen).mean() / np.abs(seen).mean()
    assert differing < 0.15  # the pixels of a crop are half a pixel off


def test_no_region_gives_no_row_and_one_at_the_border_is_seen(image):
    assert pooled_features(image, np.zeros((0, 4), np.int32)).shape == (0, 432)
    corner = pooled_features(image, np.array([[0, 0, 3, 3]], np.int32))
    assert np.isfinite(corner).all()
    assert encoder_parameters() == pytest.approx(2.96e6, rel=0.01)


def test_components_are_the_directions_of_most_variance_and_are_stored(tmp_path):
    random = np.random.default_rng(1)
    hidden = random.normal(size=(60, 2))
    rows = hidden @ random.normal(size=(2, 30)) + 0.01 * random.normal(size=(60, 30)) + 5
    rows = rows.astype(np.float32)
    found = Components.fit(rows, 2)
    explained = np.linalg.lstsq(np.c_[found.of(rows), np.ones(60)], rows, rcond=None)[1].sum()
    assert explained < 0.01 * rows.var(axis=0).sum() * len(rows)
    found.save(tmp_path / "components.safetensors")
    again = Components.load(tmp_path / "components.safetensors")
    np.testing.assert_array_equal(again.of(rows), found.of(rows))
    assert Components.fit(rows[:5], 12).of(rows).shape == (60, 5)  # no more than there are


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "components.safetensors"
    path.write_bytes(b"no such thing")
    with pytest.raises(OSError, match=r"components\.safetensors does not hold"):
        Components.load(path)
