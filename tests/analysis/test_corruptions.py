import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from common.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from common.data import Sample
from common.sample import render_scene

NAMES = tuple(CORRUPTIONS)
STAY = tuple(name for name in NAMES if name != "scale")
EVERY = [(name, severity) for name in NAMES for severity in SEVERITIES]


@pytest.fixture(scope="module")
def photo() -> Sample:
    scene = render_scene(3, index=1, size=192)
    assert scene.mask.any()
    ignore = np.zeros_like(scene.mask)
    ignore[:20, :30] = True
    for array in (scene.image, scene.mask, ignore):
        array.setflags(write=False)  # as samples of a data set are
    return Sample(7, scene.image, scene.mask, ignore)


def same(one: Sample, other: Sample) -> bool:
    pairs = ((one.image, other.image), (one.mask, other.mask), (one.ignore, other.ignore))
    return one.image_id == other.image_id and all(np.array_equal(a, b) for a, b in pairs)


def change(one: Sample, other: Sample) -> float:
    return float(np.square(one.image.astype(float) - other.image).mean())


def grey(value=128, shape=(60, 80), image_id=0) -> Sample:
    nothing = np.zeros(shape, bool)
    return Sample(image_id, np.full((*shape, 3), value, np.uint8), nothing, nothing)


def test_there_are_eight():
    assert set(NAMES) == {
        "noise",
        "blur",
        "jpeg",
        "brightness",
        "contrast",
        "colour_cast",
        "shadow",
        "scale",
    }


@pytest.mark.parametrize(("name", "severity"), EVERY)
def test_size_and_kinds_stay_and_the_given_sample_is_left_alone(photo, name, severity):
    before = Sample(photo.image_id, photo.image.copy(), photo.mask.copy(), photo.ignore.copy())
    after = corrupt(photo, name, severity, 0)
    assert same(photo, before)
    assert after.image.shape == photo.image.shape and after.image.dtype == np.uint8
    assert after.mask.shape == after.ignore.shape == photo.mask.shape
    assert after.mask.dtype == after.ignore.dtype == bool
    assert not any(
        np.shares_memory(a, b) for a, b in ((after.image, photo.image), (after.mask, photo.mask))
    )
    assert change(photo, after) > 0


def test_order_does_not_matter(photo):
    forwards = [corrupt(photo, *one, 5) for one in EVERY]
    backwards = [corrupt(photo, *one, 5) for one in reversed(EVERY)][::-1]
    assert all(same(a, b) for a, b in zip(forwards, backwards, strict=True))


def test_another_process_makes_the_same_picture():
    program = (
        "import numpy as np, zlib\n"
        "from common.analysis.corruptions import CORRUPTIONS, corrupt\n"
        "from common.data import Sample\n"
        "image = np.arange(40 * 50 * 3).reshape(40, 50, 3).astype(np.uint8); none = np.zeros((40, "
        "50), bool)\nprint([zlib.crc32(corrupt(Sample(4, image, none, none), name, 2, "
        "1).image.tobytes()) for name in CORRUPTIONS])"
    )
    root = Path(__file__).parents[2]
    there = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    ).stdout
    with contextlib.redirect_stdout(io.StringIO()) as here:
        exec(program, {})
    assert here.getvalue() == there and there.count(",") == len(NAMES) - 1


@pytest.mark.parametrize("name", ["noise", "brightness", "colour_cast", "shadow"])
def test_seed_and_image_decide_the_whims(name):
    images = [corrupt(grey(image_id=image_id), name, 2, 0).image for image_id in range(8)]
    seeds = [corrupt(grey(), name, 2, seed).image for seed in range(8)]
    assert len({image.tobytes() for image in images}) > 1
    assert len({image.tobytes() for image in seeds}) > 1


@pytest.mark.parametrize("name", STAY)
def test_a_higher_severity_changes_more(photo, name):
    for image_id in range(4):
        sample = Sample(image_id, photo.image, photo.mask, photo.ignore)
        changes = [change(sample, corrupt(sample, name, severity, 0)) for severity in SEVERITIES]
        assert changes[0] < changes[1] < changes[2], (image_id, changes)


@pytest.mark.parametrize("name", STAY)
def test_only_scale_moves_anything(photo, name):
    after = corrupt(photo, name, 3, 0)
    assert np.array_equal(after.mask, photo.mask) and np.array_equal(after.ignore, photo.ignore)


def test_brightness_goes_up_on_some_images_and_down_on_others():
    means = np.array(
        [
            corrupt(grey(image_id=image_id), "brightness", 1, 0).image.mean()
            for image_id in range(20)
        ]
    )
    assert (means > 140).sum() >= 4 and (means < 115).sum() >= 4


def test_kinds_of_corruption_draw_their_whims_apart():
    """The halves of both first draws must not go together: brighter or darker, and more blue than
    green or less.
    """
    pairs = set()
    for image_id in range(20):
        sample = grey(image_id=image_id)
        cast = corrupt(sample, "colour_cast", 3, 0).image[0, 0]
        pairs.add(
            (corrupt(sample, "brightness", 1, 0).image.mean() > 128, bool(cast[2] > cast[1]))
        )
    assert len(pairs) == 4


@pytest.mark.parametrize(
    ("name", "severity"), [("noise", 1), ("noise", 2), ("blur", 3), ("colour_cast", 3)]
)
def test_lightness_of_grey_stays_where_nothing_is_clipped(name, severity):
    for image_id in range(4):
        after = corrupt(grey(110, (100, 100), image_id), name, severity, 0).image
        assert abs(after.mean(axis=(0, 1)) @ [0.299, 0.587, 0.114] - 110) < 1


def test_contrast_is_lost_around_the_mean():
    image = np.zeros((10, 10, 3), np.uint8)
    image[5:] = 200
    nothing = np.zeros((10, 10), bool)
    after = corrupt(Sample(0, image, nothing, nothing), "contrast", 3, 0).image.astype(float)
    assert abs(after.mean() - 100) <= 1
    assert 40 <= after[5:].mean() - after[:5].mean() <= 60


def test_blur_spreads_a_point_evenly_and_reaches_further_with_severity():
    image = np.zeros((31, 31, 3), np.uint8)
    image[15, 15] = 255
    nothing = np.zeros((31, 31), bool)
    lit = [
        corrupt(Sample(0, image, nothing, nothing), "blur", severity, 0).image[..., 0] > 0
        for severity in (1, 2, 3)
    ]
    assert [int(np.flatnonzero(one[15]).max()) - 15 for one in lit] == [1, 3, 5]
    assert all(np.array_equal(one, np.rot90(one)) for one in lit)


def test_a_shadow_darkens_a_part_and_leaves_a_part():
    for image_id in range(12):
        after = corrupt(grey(image_id=image_id, shape=(96, 128)), "shadow", 2, 0).image.astype(int)
        assert after.max() <= 128
        assert (after.max(axis=2) < 90).mean() > 0.15, image_id
        assert (after.min(axis=2) >= 127).mean() > 0.15, image_id
        steps = (
            np.abs(np.diff(after[..., 1], axis=1)).max(),
            np.abs(np.diff(after[..., 1], axis=0)).max(),
        )
        assert max(steps) < 40, "the edge is soft"


@pytest.mark.parametrize("severity", SEVERITIES)
def test_scale_shrinks_objects_with_the_picture_and_counts_mirrored_ones(severity):
    """Where object, ignored and rest have a colour of their own, colours must go on telling the
    mask everywhere.
    """
    image = np.full((120, 160, 3), (0, 0, 255), np.uint8)
    mask, ignore = np.zeros((120, 160), bool), np.zeros((120, 160), bool)
    mask[10:40, 5:45] = mask[90:110, 100:150] = True
    ignore[0:50, 120:160] = True
    image[mask], image[ignore] = (255, 0, 0), (0, 255, 0)
    after = corrupt(Sample(0, image, mask, ignore), "scale", severity, 0)
    assert (after.mask == (after.image[..., 0] >= 128)).all()
    assert (after.ignore == (after.image[..., 1] >= 128)).all()
    factor = CORRUPTIONS["scale"].strengths[severity - 1]
    height, width = round(120 * factor), round(160 * factor)
    top, left = (120 - height) // 2, (160 - width) // 2
    middle = after.mask[slice(top, top + height), slice(left, left + width)]
    assert abs(middle.sum() - factor**2 * mask.sum()) < 0.08 * mask.sum()
    assert after.mask.sum() > middle.sum(), "there are copies of objects outside"
    assert np.array_equal(after.mask[top:, :][0], after.mask[:top, :][-1]), (
        "what is outside is a mirror image"
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 2), (33, 64)])
@pytest.mark.parametrize("name", NAMES)
def test_small_pictures_are_corrupted_too(name, shape):
    random = np.random.default_rng(0)
    sample = Sample(
        0,
        random.integers(0, 256, (*shape, 3), dtype=np.uint8),
        np.ones(shape, bool),
        np.zeros(shape, bool),
    )
    after = corrupt(sample, name, 3, 0)
    assert after.image.shape == (*shape, 3) and after.mask.all() and not after.ignore.any()


@pytest.mark.parametrize(("name", "severity"), [("fog", 1), ("noise", 0), ("noise", 4)])
def test_what_does_not_exist_is_refused_with_what_does(photo, name, severity):
    with pytest.raises(
        ValueError, match=rf"got '{name}' at severity {severity}.*colour_cast.*1, 2, 3"
    ):
        corrupt(photo, name, severity, 0)
