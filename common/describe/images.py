"""One image as one row of numbers: its objects, what they lie on, and how well the photo was
taken.
"""

import numpy as np

from common.data import Sample
from common.describe.objects import label_objects
from common.describe.pixels import (
    colour_distance,
    grain,
    local_deviation,
    mean_colour,
    noise,
    ring_around,
    sharpness,
    to_lab,
)

PHOTO_COLUMNS = (
    "ground_brightness",
    "ground_a",
    "ground_b",
    "ground_texture",
    "sharpness",
    "noise",
    "grain_px",
)


def describe_image(sample: Sample) -> dict[str, float]:
    """Measure one labelled image.

    Ignored pixels are neither object nor ground. Everything about the ground is measured outside
    the objects.

    Returns:
        `img_id`, `height_px`, `width_px`; `objects`, the number of 8-connected components;
        `object_area_px` of all of them; `object_share` of the image's pixels that are not ignored;
        `contrast`, the Delta E between the mean colours of the objects and of the ring 3 to 12 px
        around them (NaN without object, or without room for a ring); and the columns of
        `describe_photo`.
    """
    lab = to_lab(sample.image)
    mask = sample.mask & ~sample.ignore
    ring = ring_around(mask) & ~sample.ignore
    known = mask.size - int(np.count_nonzero(sample.ignore))
    area = int(np.count_nonzero(mask))
    return {
        "img_id": sample.image_id,
        "height_px": mask.shape[0],
        "width_px": mask.shape[1],
        "objects": label_objects(mask)[0],
        "object_area_px": area,
        "object_share": area / known if known else float("nan"),
        "contrast": colour_distance(mean_colour(lab, mask), mean_colour(lab, ring)),
        **_describe_ground(lab, ~(mask | sample.ignore)),
    }


def describe_photo(image: np.ndarray) -> dict[str, float]:
    """Measure what needs no mask; objects, which are unknown here, are taken as part of the
    ground.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        `ground_brightness`, `ground_a`, `ground_b`: the mean colour in CIELAB, brightness from 0
            to 100;
        `ground_texture`: mean standard deviation of L* in windows of 9×9 px; `sharpness`: variance
            of the Laplacian;
        `noise`: standard deviation in L*; `grain_px`: size of the texture (see
            `common.describe.pixels`).
    """
    return _describe_ground(to_lab(image), np.ones(image.shape[:2], dtype=bool))


def _describe_ground(lab: np.ndarray, ground: np.ndarray) -> dict[str, float]:
    lightness = np.ascontiguousarray(lab[..., 0])
    brightness, red, yellow = mean_colour(lab, ground)
    texture = local_deviation(lightness, ground)[ground].mean() if ground.any() else np.nan
    values = (
        brightness,
        red,
        yellow,
        texture,
        sharpness(lightness, ground),
        noise(lightness),
        grain(lightness),
    )
    return dict(zip(PHOTO_COLUMNS, map(float, values), strict=True))
