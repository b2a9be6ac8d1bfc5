"""Noise, grounds, clutter, light and camera of the sample data."""

import cv2
import numpy as np
import pytest

from common.sample import camera, clutter, ground
from common.sample.light import DAYS, TEST_DAYS, Light, draw_light, lit, relief_shadow, sun_map
from common.sample.noise import cells, octaves

SIZE = 192


def rngs(seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    return np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])


def sun_from_the_right(elevation: float = 0.5) -> Light:
    flat = (1 - elevation**2) ** 0.5
    return Light(
        "test",
        (flat, 0.0, elevation),
        np.ones(3, np.float32),
        np.ones(3, np.float32),
        patchy=False,
    )


@pytest.mark.parametrize("coarse", [3.0, 20.0, 100.0])
def test_octaves_have_unit_spread_and_the_asked_shape(coarse):
    field = octaves(np.random.default_rng(0), (300, 517), coarse)
    assert field.shape == (300, 517)
    assert field.dtype == np.float32
    assert 0.6 < field.std() < 1.4


def test_octaves_are_smooth_down_to_the_finest_wavelength():
    field = octaves(np.random.default_rng(0), (256, 256), 64, 16)
    assert np.abs(np.diff(field)).mean() < 0.15


def test_cells_are_about_as_far_apart_as_asked():
    labels, depth = cells(np.random.default_rng(0), (240, 240), 12)
    assert 250 < len(np.unique(labels)) < 650
    assert depth.min() == 0
    assert 4 < depth.max() < 20


@pytest.mark.parametrize("kind", list(ground.KINDS))
def test_a_ground_is_a_finite_albedo_with_texture(kind):
    style, rng = rngs(1)
    surface = ground.surface(kind, style, rng, SIZE)
    assert surface.albedo.shape == (SIZE, SIZE, 3)
    assert surface.albedo.dtype == surface.height.dtype == np.float32
    assert np.isfinite(surface.albedo).all() and np.isfinite(surface.height).all()
    assert surface.albedo.min() >= -0.01 and surface.albedo.max() <= 1.05
    assert surface.albedo.std() > 0.003


@pytest.mark.parametrize("kind", list(ground.KINDS))
def test_places_of_one_kind_differ_more_than_photos_of_one_place(kind):
    def colour(place: int, photo: int) -> np.ndarray:
        style, rng = np.random.default_rng([place, 5]), np.random.default_rng([photo, 6])
        return np.log(ground.KINDS[kind](style, rng, SIZE).albedo.mean((0, 1)))

    same = np.mean([np.linalg.norm(colour(3, photo) - colour(3, photo + 9)) for photo in range(3)])
    other = np.mean(
        [np.linalg.norm(colour(place, 0) - colour(place + 9, 0)) for place in range(6)]
    )
    assert other > 1.3 * same


def test_real_test_has_kinds_of_ground_and_lights_of_its_own():
    assert not set(ground.WEIGHTS) & set(ground.TEST_WEIGHTS)
    assert set(ground.WEIGHTS) | set(ground.TEST_WEIGHTS) == set(ground.KINDS)
    assert not set(DAYS) & set(TEST_DAYS)
    drawn = {draw_light(np.random.default_rng(seed), "real_test").name for seed in range(40)}
    assert drawn == set(TEST_DAYS)


@pytest.mark.parametrize("mark", [ground.dirt, ground.crack, ground.wet, ground.paint])
def test_marks_change_a_part_of_the_surface(mark):
    changed = []
    for seed in range(6):
        plain = ground.Ground(
            np.full((SIZE, SIZE, 3), 0.3, np.float32), np.zeros((SIZE, SIZE), np.float32)
        )
        mark(plain, np.random.default_rng(seed))
        changed.append((np.abs(plain.albedo - 0.3) > 0.01).any(-1).mean())
    assert max(changed) > 0.003
    assert min(changed) < 0.9


def test_slopes_towards_the_sun_are_lighter():
    # falls to the right, faces the sun there
    ramp = np.repeat(np.arange(64, dtype=np.float32)[None] * -0.5, 64, axis=0)
    albedo = np.full((64, 64, 3), 0.5, np.float32)
    facing = lit(albedo, ramp, sun_from_the_right())[1][32, 32, 0]
    away = lit(albedo, -ramp, sun_from_the_right())[1][32, 32, 0]
    assert facing > 2 * away


def test_a_wall_throws_its_shadow_away_from_the_sun():
    height = np.zeros((64, 64), np.float32)
    height[:, 30:34] = 10
    sunlit = relief_shadow(height, sun_from_the_right())
    assert sunlit[32, 27] < 0.1
    assert sunlit[32, 37] == 1


def test_the_sun_map_stays_in_range():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        field = sun_map(rng, (SIZE, SIZE), draw_light(rng, "real_test" if seed % 2 else "train"))
        assert field.dtype == np.float32
        assert 0 <= field.min() <= field.max() <= 1


@pytest.mark.parametrize("drawer", list(clutter.HARD_LITTER), ids=lambda drawer: drawer.__name__)
def test_clutter_has_a_soft_alpha_and_finite_colours(drawer):
    for seed in range(4):
        thing = drawer(np.random.default_rng(seed), 25.0, sun_from_the_right())
        assert thing.alpha.dtype == thing.shade.dtype == thing.sunshine.dtype == np.float32
        assert thing.alpha.min() >= 0 and thing.alpha.max() <= 1
        assert thing.alpha.max() > 0.5
        assert ((thing.alpha > 0.02) & (thing.alpha < 0.98)).any()
        assert np.isfinite(thing.shade).all() and np.isfinite(thing.sunshine).all()
        assert max(thing.alpha.shape) < 12 * 25


def test_a_tilted_camera_foreshortens_what_points_away_and_not_what_lies_across():
    view = camera.View(pitch=0.6, size=512)
    assert view.tilt_of(0.0) == pytest.approx(0)
    assert abs(view.tilt_of(np.pi / 2)) == pytest.approx(0.6)
    assert view.scale_at(500) > 1 > view.scale_at(10)


def test_the_perspective_narrows_towards_the_top():
    stripes = np.zeros((256, 256), np.float32)
    stripes[:, ::32] = 1
    seen = camera.View(pitch=0.6, size=256).warp(stripes)
    top, bottom = (seen[row] > 0.3 for row in (4, 251))
    assert np.diff(np.flatnonzero(np.diff(top.astype(int)) == 1)).mean() < 34
    assert np.diff(np.flatnonzero(np.diff(bottom.astype(int)) == 1)).mean() > 40


def test_the_camera_stores_a_readable_photo_near_middle_exposure():
    scene = np.full((128, 128, 3), 0.02, np.float32)
    values = []
    for seed in range(20):
        stored = camera.shoot(scene, np.random.default_rng(seed))
        values.append(cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_COLOR).mean())
    assert 40 < np.median(values) < 180
    assert np.std(values) > 5
