import cv2
import numpy as np
import pytest

from approaches.pixel_features import GROUPS, feature_names, pixel_features


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def columns(image: np.ndarray, scales: int = 2) -> dict[str, np.ndarray]:
    return dict(zip(feature_names(scales), np.moveaxis(pixel_features(image, scales), 2, 0), strict=True))


@pytest.mark.parametrize("scales", [1, 2, 5, 7])
def test_every_column_has_its_own_name(scales):
    names = feature_names(scales)
    assert len(set(names)) == len(names) == pixel_features(noise(40, 60), scales).shape[2]


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 2), (2, 1), (1, 9), (5, 1), (2, 2), (3, 3), (17, 31), (64, 64), (65, 33)]
)
def test_the_grid_has_half_the_size_rounded_up(height, width):
    features = pixel_features(noise(height, width), scales=6)
    assert features.shape == ((height + 1) // 2, (width + 1) // 2, len(feature_names(6)))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_has_the_columns_it_has_among_all(group):
    image, alone = noise(50, 70), feature_names(3, [group])
    everything = dict(zip(feature_names(3), np.moveaxis(pixel_features(image, 3), 2, 0), strict=True))
    assert alone
    for name, column in zip(alone, np.moveaxis(pixel_features(image, 3, [group]), 2, 0), strict=True):
        np.testing.assert_array_equal(column, everything[name])


def test_groups_together_are_all_columns():
    assert sorted(name for group in GROUPS for name in feature_names(4, [group])) == sorted(feature_names(4))


def test_features_move_with_the_image_away_from_the_border():
    """Two scales look at most four pyramid levels down, where one pixel is 16 px: shifts by 16 px are exact."""
    large = cv2.GaussianBlur(noise(288, 288), (0, 0), 3)
    here, there = pixel_features(large[:256, :256], 2), pixel_features(large[16:272, 32:288], 2)
    inner = np.s_[32:88, 32:88]
    shifted = here[32 + 8 : 88 + 8, 32 + 16 : 88 + 16]
    np.testing.assert_allclose(there[inner], shifted, atol=0.02)
    assert np.abs(there[inner] - here[inner]).max() > 1


def test_the_image_is_not_changed_and_may_be_read_only():
    image = noise(20, 30)
    before = image.copy()
    image.setflags(write=False)
    pixel_features(image, 3)
    np.testing.assert_array_equal(image, before)


def test_the_same_image_gives_the_same_bits_wherever_its_arrays_lie():
    """Some vectorised functions of OpenCV round by where in memory an array begins; a tree may then split otherwise."""
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
        tolerance = 0.2 if name.startswith("spread") else 0.01  # a difference of two large float32 squares
        assert np.abs(column - expected).max() < tolerance, name


@pytest.mark.parametrize(("line", "strong", "weak"), [(255, "ridge_2px", "valley_2px"), (0, "valley_2px", "ridge_2px")])
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
