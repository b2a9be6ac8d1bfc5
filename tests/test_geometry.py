import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from common.geometry import D4_VIEWS, apply_view, crop_back, invert_view, pad_to_multiple

pictures = hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=9).flatmap(
    lambda shape: st.sampled_from([np.uint8, np.float32, bool]).map(
        lambda dtype: np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(dtype)
    )
)
EIGHT = [
    lambda a: a,
    lambda a: a[:, ::-1],
    lambda a: a[::-1],
    lambda a: a[::-1, ::-1],
    lambda a: a.swapaxes(0, 1),
    lambda a: a.swapaxes(0, 1)[:, ::-1],
    lambda a: a.swapaxes(0, 1)[::-1],
    lambda a: a.swapaxes(0, 1)[::-1, ::-1],
]
"""The eight views once more, from slices and transposes alone."""


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3)])
def test_views_are_the_eight_flips_and_turns(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    got = {
        apply_view(array, view).tobytes() + bytes(apply_view(array, view).shape)
        for view in D4_VIEWS
    }
    expected = {
        np.ascontiguousarray(turn(array)).tobytes() + bytes(turn(array).shape) for turn in EIGHT
    }
    assert len(D4_VIEWS) == len(expected) == 8
    assert got == expected


@given(pictures, st.sampled_from(D4_VIEWS))
def test_inverse_brings_back_every_pixel(picture, view):
    back = invert_view(apply_view(picture, view), view)
    assert back.dtype == picture.dtype
    assert back.flags.c_contiguous
    np.testing.assert_array_equal(back, picture)


@given(pictures, st.sampled_from(D4_VIEWS))
def test_views_are_contiguous(picture, view):
    """Torch refuses negative strides."""
    assert apply_view(picture, view).flags.c_contiguous


def test_first_view_changes_nothing():
    array = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(apply_view(array, D4_VIEWS[0]), array)


def test_a_map_of_one_channel_follows_its_picture():
    """A mask predicted on the turned picture comes back to the pixels it belongs to."""
    picture = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    for view in D4_VIEWS:
        found = apply_view(picture, view)[:, :, 0] == picture[0, 2, 0]
        assert np.argwhere(invert_view(found, view)).tolist() == [[0, 2]]


@given(pictures, st.integers(1, 40), st.sampled_from(["reflect", "symmetric", "edge", "constant"]))
def test_padding_reaches_the_multiple_and_crops_back(picture, multiple, mode):
    padded, crop = pad_to_multiple(picture, multiple, mode)
    assert padded.shape[0] % multiple == padded.shape[1] % multiple == 0
    assert padded.shape[0] < picture.shape[0] + multiple
    assert padded.shape[1] < picture.shape[1] + multiple
    assert padded.shape[2:] == picture.shape[2:]
    assert padded.dtype == picture.dtype
    np.testing.assert_array_equal(crop_back(padded, crop), picture)
    np.testing.assert_array_equal(
        crop_back(padded.astype(np.float32), crop), picture.astype(np.float32)
    )


@given(st.integers(1, 9), st.integers(1, 40))
def test_reflection_goes_back_and_forth_when_the_picture_is_small(width, multiple):
    padded, _ = pad_to_multiple(np.arange(width)[None], multiple)
    period = max(2 * (width - 1), 1)
    expected = [
        min(column % period, period - column % period) if width > 1 else 0
        for column in range(padded.shape[1])
    ]
    assert padded[0].tolist() == expected


def test_picture_that_fits_is_not_padded():
    picture = np.zeros((64, 32, 3), dtype=np.uint8)
    assert pad_to_multiple(picture, 32)[0].shape == (64, 32, 3)


def test_constant_padding_is_zero():
    padded, _ = pad_to_multiple(np.ones((3, 3), dtype=np.uint8), 4, "constant")
    assert padded.sum() == 9


def test_pad_refuses_what_it_cannot_pad():
    with pytest.raises(ValueError, match="multiple=0"):
        pad_to_multiple(np.zeros((2, 2)), 0)
    with pytest.raises(ValueError, match="at least one pixel"):
        pad_to_multiple(np.zeros((0, 2)), 4)
    with pytest.raises(ValueError, match=r"got shape \(1, 3, 8, 8\)"):
        pad_to_multiple(np.zeros((1, 3, 8, 8)), 4)


def test_crop_back_refuses_a_map_that_is_too_small():
    _, crop = pad_to_multiple(np.zeros((5, 5)), 8)
    with pytest.raises(ValueError, match=r"got shape \(4, 8\) for a crop of 5 x 5"):
        crop_back(np.zeros((4, 8), dtype=np.float32), crop)


@pytest.mark.parametrize("function", [apply_view, invert_view])
def test_views_refuse_batches(function):
    with pytest.raises(ValueError, match="one picture"):
        function(np.zeros((1, 3, 8, 8)), D4_VIEWS[1])
