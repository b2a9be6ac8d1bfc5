import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from approaches.network.augment import STRENGTHS
from approaches.network.example_crops import IDEAS, example_crops
from common.report.plots.crops import crops_figure


@pytest.fixture(scope="module")
def shown(sample_data):
    return {
        name: example_crops(sample_data.fit, idea.settings, crop_px=96)
        for name, idea in IDEAS.items()
    }


def test_every_way_to_change_a_crop_is_shown():
    assert {idea.settings["strength"] for idea in IDEAS.values()} == set(STRENGTHS)
    shares = {key for idea in IDEAS.values() for key in idea.settings} - {"strength"}
    assert shares == {"paste_share", "butt_share", "litter_share", "generated_share"}


def test_crops_have_the_asked_size_and_show_objects(shown):
    for crops in shown.values():
        assert len(crops) == 4
        for image, mask in crops:
            assert image.shape == (96, 96, 3) and image.dtype == np.uint8
            assert mask.shape == (96, 96) and mask.dtype == bool
    assert all(mask.any() for _, mask in shown["none"])


@pytest.mark.parametrize("name", IDEAS)
def test_a_seed_gives_the_same_crops_and_another_seed_others(name, shown, sample_data):
    again = example_crops(sample_data.fit, IDEAS[name].settings, crop_px=96)
    other = example_crops(sample_data.fit, IDEAS[name].settings, crop_px=96, seed=1)
    for (image, mask), (image_again, mask_again) in zip(shown[name], again, strict=True):
        np.testing.assert_array_equal(image, image_again)
        np.testing.assert_array_equal(mask, mask_again)
    assert any((one[0] != two[0]).any() for one, two in zip(again, other, strict=True))


def test_the_crops_of_all_ideas_are_the_same_but_for_the_change(sample_data):
    names = ("none", "photometric", "copy-paste", "generated butts", "distractors")
    drawn = {
        name: example_crops(sample_data.fit, IDEAS[name].settings, crop_px=96, count=12)
        for name in names
    }
    plain = drawn["none"]
    assert all((a[1] == b[1]).all() for a, b in zip(plain, drawn["photometric"], strict=True))
    for name, adds in (("copy-paste", True), ("generated butts", True), ("distractors", False)):
        changed = [
            (a[0] != b[0]).any(axis=2).mean() for a, b in zip(plain, drawn[name], strict=True)
        ]
        assert sum(share > 0 for share in changed) >= 3, name
        assert np.mean(changed) < 0.5, name  # what is not covered keeps its pixels
        assert (
            any((b[1] & ~a[1]).any() for a, b in zip(plain, drawn[name], strict=True)) == adds
        ), name


def test_the_mask_is_that_of_the_crop(labelled):
    """A red object on green: wherever it is turned, the mask lies on the red pixels."""
    image, mask = np.full((120, 120, 3), (0, 160, 0), np.uint8), np.zeros((120, 120), bool)
    mask[40:60, 30:80] = True
    image[mask] = (200, 0, 0)
    for crop, found in example_crops(
        labelled([image], [mask]), {"strength": "geometric"}, count=3, crop_px=80
    ):
        red = crop[..., 0] > crop[..., 1]
        assert found.any() and (red == found).mean() > 0.97


def test_images_without_an_object_give_crops_too(labelled):
    nothing = labelled([np.zeros((64, 64, 3), np.uint8)], [np.zeros((64, 64), bool)])
    assert not any(
        mask.any() for _, mask in example_crops(nothing, {"strength": "none"}, count=2, crop_px=32)
    )


def test_the_figure_has_a_row_for_each_idea_and_outlines_masks(shown):
    figure = crops_figure(shown)
    FigureCanvasAgg(figure).draw()
    grid = np.array(figure.axes).reshape(len(shown), 4)
    assert [line[0].get_ylabel() for line in grid] == list(shown)
    assert all(len(axes.images) == 1 for axes in figure.axes)
    assert all(axes.collections for axes in grid[0])


def test_a_figure_without_crops_or_with_unequal_rows():
    image, mask = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool)
    assert crops_figure({}) is crops_figure({"none": []}) is None
    figure = crops_figure({"none": [(image, mask)] * 2, "full": [(image, ~mask)]})
    assert [len(axes.images) for axes in figure.axes] == [1, 1, 1, 0]
    with pytest.raises(ValueError, match=r"\(8, 8, 3\).*\(4, 4\).*'full'"):
        crops_figure({"full": [(image, mask[:4, :4])]})
