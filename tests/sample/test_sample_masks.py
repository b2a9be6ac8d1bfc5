"""Masks, polygons and layers of the sample data: what is in a mask and what is not."""

import cv2
import numpy as np
import pytest
from pycocotools import mask as pycoco

from common.sample.butt import render_butt
from common.sample.design import draw_design
from common.sample.light import Light, draw_light
from common.sample.outline import outline, without_crumbs
from common.sample.patch import Canvas, Patch

SIZE = 160


@pytest.fixture
def low_sun() -> Light:
    ones = np.ones(3, np.float32)
    return Light("test", (0.8, 0.0, 0.6), 0.8 * ones, 0.2 * ones, patchy=False)


def grey_canvas(light: Light) -> Canvas:
    return Canvas(
        np.full((SIZE, SIZE, 3), 0.4, np.float32), light, np.ones((SIZE, SIZE), np.float32)
    )


def slab(height: int, width: int, tall: float = 12.0, value: float = 0.9) -> Patch:
    colour = np.full((height, width, 3), value, np.float32)
    return Patch(colour, np.zeros_like(colour), np.ones((height, width), np.float32), tall)


def some_butt(number: int, light: Light, diameter: float = 22.0) -> Patch:
    rng = np.random.default_rng(number)
    return render_butt(draw_design(rng), diameter, rng.uniform(0, 6), rng.normal(0, 0.2), light)


def random_mask(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((60, 75), dtype=np.float32)
    return without_crumbs(cv2.GaussianBlur(noise, (0, 0), 2) > 0.03)


def drawn(polygons: list[list[float]], height: int, width: int) -> np.ndarray:
    """The polygons as a mask, drawn as `annToMask` of pycocotools draws them."""
    runs = pycoco.merge(pycoco.frPyObjects(polygons, height, width))
    return pycoco.decode(runs).astype(bool)


@pytest.mark.parametrize("seed", range(25))
def test_polygons_raster_back_to_ragged_masks_with_holes_and_several_parts(seed):
    mask = random_mask(seed)
    assert mask.any()
    np.testing.assert_array_equal(drawn(outline(mask), *mask.shape), mask)


@pytest.mark.parametrize("case", ["one row", "corner", "ring", "all"])
def test_polygons_raster_back_to_edge_cases(case):
    mask = np.zeros((20, 30), bool)
    if case == "one row":
        mask[7, 3:9] = True
    elif case == "corner":
        mask[17:, 25:] = True
    elif case == "ring":
        mask[4:15, 4:15] = True
        mask[7:11, 7:11] = False
    else:
        mask[:] = True
    np.testing.assert_array_equal(drawn(outline(mask), 20, 30), mask)


def test_an_empty_mask_has_no_polygon():
    assert outline(np.zeros((9, 9), bool)) == []


def test_crumbs_go_and_parts_stay():
    mask = np.zeros((20, 20), bool)
    mask[2:10, 2:10] = True
    mask[15, 15] = True
    kept = without_crumbs(mask)
    assert kept.sum() == 64
    assert not kept[15, 15]


@pytest.mark.parametrize("number", range(8))
def test_the_mask_covers_what_the_alpha_covers(low_sun, number):
    canvas, butt = grey_canvas(low_sun), some_butt(number, low_sun)
    canvas.lay(butt, 80, 80, is_butt=True)
    (mask,) = canvas.masks()
    assert mask.sum() == pytest.approx(butt.alpha.sum(), rel=0.04)
    assert mask.sum() == (butt.alpha >= 0.5).sum()


@pytest.mark.parametrize("number", range(8))
def test_a_butt_has_a_soft_edge(low_sun, number):
    alpha = some_butt(number, low_sun).alpha
    edge = ((alpha > 0.05) & (alpha < 0.95)).sum()
    around = cv2.morphologyEx(
        (alpha >= 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))
    ).sum()
    assert 0.2 < edge / around < 1.6


def test_shadows_fall_away_from_the_sun_and_are_not_in_the_mask(low_sun):
    canvas = grey_canvas(low_sun)
    before = canvas.image.copy()
    canvas.lay(slab(30, 20), 80, 80, is_butt=True)
    (mask,) = canvas.masks()
    darker = canvas.image[..., 0] < 0.9 * before[..., 0]
    assert mask.sum() == 30 * 20
    assert not (darker & mask).any()
    beside_sunward, beside_shadow = darker[70:90, 95:105].mean(), darker[70:90, 58:68].mean()
    assert beside_shadow > 0.9
    assert beside_sunward < 0.1


def test_a_thing_in_the_shade_gets_no_sun(low_sun):
    bright = slab(20, 20, value=0.1)
    thing = Patch(bright.shade, np.full_like(bright.shade, 0.5), bright.alpha, 2.0)
    canvas = grey_canvas(low_sun)
    canvas.sun[:, :80] = 0
    canvas.lay(thing, 80, 80)
    assert canvas.image[80, 73, 0] == pytest.approx(0.1)
    assert canvas.image[80, 87, 0] == pytest.approx(0.6)


def test_a_hidden_part_is_not_in_the_mask(low_sun):
    canvas = grey_canvas(low_sun)
    canvas.lay(slab(30, 40), 80, 80, is_butt=True)
    canvas.lay(slab(60, 10), 80, 80)
    (mask,) = canvas.masks()
    assert not mask[:, 75:85].any()
    assert mask.sum() == 30 * 30
    assert len(outline(mask)) == 2


def test_a_butt_over_a_butt_takes_its_pixels(low_sun):
    canvas = grey_canvas(low_sun)
    canvas.lay(slab(30, 40), 70, 80, is_butt=True)
    canvas.lay(slab(30, 40), 90, 80, is_butt=True)
    below, above = canvas.masks()
    assert above.sum() == 30 * 40
    assert below.sum() == 30 * 20
    assert not (below & above).any()


def test_the_image_border_cuts_a_butt(low_sun):
    canvas = grey_canvas(low_sun)
    canvas.lay(slab(30, 40), 0, 80, is_butt=True)
    assert canvas.masks()[0].sum() == 30 * 20


def test_least_visible_foresees_what_laying_does(low_sun):
    canvas = grey_canvas(low_sun)
    canvas.lay(slab(30, 40), 80, 80, is_butt=True)
    cover = slab(60, 10)
    assert canvas.least_visible(cover, 80, 80, [1200.0]) == pytest.approx(0.75)
    assert canvas.least_visible(cover, 20, 20, [1200.0]) == 1
    canvas.lay(cover, 80, 80)
    assert canvas.masks()[0].sum() == 900


def test_a_round_butt_is_lighter_on_the_side_of_the_sun():
    light = draw_light(np.random.default_rng(0), "train")
    light = Light("test", (0.0, -0.8, 0.6), np.ones(3, np.float32), light.sky, patchy=False)
    lower_darker = []
    for number in range(12):
        design = draw_design(np.random.default_rng(number))
        butt = render_butt(design, 24, 0.0, 0.0, light)
        half = butt.alpha.shape[0] // 2
        inside = butt.alpha > 0.9
        total = (butt.shade + butt.sunshine)[..., 1]
        lower_darker.append(
            total[:half][inside[:half]].mean() > total[half:][inside[half:]].mean()
        )
    assert sum(lower_darker) >= 10


@pytest.mark.parametrize("diameter", [12.0, 30.0])
def test_a_butt_is_as_long_as_its_design_says(low_sun, diameter):
    design = draw_design(np.random.default_rng(3))
    butt = render_butt(design, diameter, 0.0, 0.0, low_sun)
    columns = (butt.alpha >= 0.5).any(0).sum()
    assert columns == pytest.approx(design.length * diameter, rel=0.15)


def test_designs_differ(low_sun):
    assert len({draw_design(np.random.default_rng(number)).seed for number in range(50)}) == 50
    lengths = [draw_design(np.random.default_rng(number)).length for number in range(200)]
    assert min(lengths) < 2.2
    assert max(lengths) > 5.5
