import numpy as np
import pytest

from common.masks.probabilities import ProbabilityMaps


@pytest.fixture
def maps(tmp_path):
    return ProbabilityMaps(tmp_path / "maps")


def picture(seed, shape=(6, 9)):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (*shape, 3), np.uint8), random.integers(0, 256, shape, np.uint8)


def test_a_map_comes_back_as_it_was(maps):
    image, levels = picture(0)
    maps.write(image, levels)
    read = maps.read(image)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, levels)
    assert image in maps


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_any_size_can_be_stored(maps, shape):
    image, levels = picture(1, shape)
    maps.write(image, levels)
    np.testing.assert_array_equal(maps.read(image), levels)


def test_an_image_that_was_not_predicted_has_no_map(maps):
    image, levels = picture(0)
    assert maps.read(image) is None and image not in maps
    maps.write(image, levels)
    other = image.copy()
    other[0, 0, 0] ^= 1
    assert maps.read(other) is None and other not in maps


def test_the_same_bytes_in_another_shape_are_another_image(maps):
    image, levels = picture(0, (6, 9))
    maps.write(image, levels)
    assert maps.read(image.reshape(9, 6, 3)) is None


def test_a_view_is_the_same_image_as_its_copy(maps):
    image, levels = picture(0)
    flipped = image[:, ::-1]
    maps.write(flipped, levels)
    np.testing.assert_array_equal(maps.read(flipped.copy()), levels)
    assert maps.read(image) is None


def test_a_damaged_map_counts_as_none(maps):
    image, levels = picture(0)
    maps.write(image, levels)
    path = next(maps.folder.iterdir())
    path.write_bytes(path.read_bytes()[:20])
    assert maps.read(image) is None


def test_a_map_can_be_written_again(maps):
    image, levels = picture(0)
    maps.write(image, levels)
    maps.write(image, 255 - levels)
    np.testing.assert_array_equal(maps.read(image), 255 - levels)
    assert len(list(maps.folder.iterdir())) == 1
