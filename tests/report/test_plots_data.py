import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from common.describe import describe_data_set, describe_photos, similar_images
from common.describe.tables import joined
from common.report.plots import data as object_plots
from common.report.plots import sets as set_plots
from common.report.plots.style import plain_ticks, styled_axes

OBJECT_FIGURES = {
    "sizes": object_plots.size_figure,
    "positions": object_plots.position_figure,
    "shapes": object_plots.shape_figure,
    "colours": object_plots.colour_figure,
    "contrast": object_plots.contrast_figure,
}


@pytest.fixture(scope="module")
def tables(sample_data) -> dict[str, pd.DataFrame]:
    sets = {"train": sample_data.fit.joined(sample_data.tune), "val": sample_data.score}
    measured = {split: describe_data_set(data_set) for split, data_set in sets.items()}
    return {
        "images": joined({split: table for split, (table, _) in measured.items()}),
        "objects": joined({split: table for split, (_, table) in measured.items()}),
        "similar": similar_images(sets),
        "photos": describe_photos(sample_data.photos),
    }


def drawn(name: str, tables: dict[str, pd.DataFrame]) -> Figure:
    if name in OBJECT_FIGURES:
        return OBJECT_FIGURES[name](tables["objects"])
    images = tables["images"]
    makers = {
        "share": lambda: set_plots.share_figure(images),
        "groups": lambda: set_plots.group_figure(images),
        "similarity": lambda: set_plots.similarity_figure(tables["similar"]),
        "photos": lambda: set_plots.photo_figure({"train": images, "real_test": tables["photos"]}),
    }
    return makers[name]()


def overlapping_labels(figure: Figure) -> list[str]:
    """Pairs of tick labels of one axis that lie over each other, after the figure was laid out."""
    figure.draw_without_rendering()
    found = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            labels = [
                tick.label1
                for tick in ticks
                if low <= tick.get_loc() <= high and tick.label1.get_visible()
            ]
            boxes = [
                (label.get_text(), label.get_window_extent())
                for label in labels
                if label.get_text()
            ]
            found += [
                f"{a} {b}"
                for (a, one), (b, two) in itertools.combinations(boxes, 2)
                if one.overlaps(two)
            ]
    return found


@pytest.mark.parametrize("name", [*OBJECT_FIGURES, "share", "groups", "similarity", "photos"])
def test_every_axis_says_what_it_shows_and_no_label_lies_on_another(name, tables):
    figure = drawn(name, tables)
    shown = [axes for axes in figure.axes if axes.axison]
    assert shown
    for axes in shown:
        assert axes.get_xlabel() or axes.get_label() == "<colorbar>"
    assert overlapping_labels(figure) == []


def test_overlapping_labels_would_be_found():
    figure, axes = styled_axes(width=1.5)
    axes[0, 0].set_xticks([0, 1, 2], ["a very long name"] * 3)
    assert overlapping_labels(figure)


@pytest.mark.parametrize("name", [*OBJECT_FIGURES, "share", "groups"])
def test_a_data_set_without_objects_is_drawn(name, tables):
    images = tables["images"].assign(objects=0, object_share=0.0, contrast=np.nan)
    figure = drawn(name, {"objects": tables["objects"].iloc[:0], "images": images})
    assert overlapping_labels(figure) == []


def test_shares_of_each_split_add_up_to_a_hundred(tables):
    figure = object_plots.size_figure(tables["objects"])
    for axes in figure.axes:
        heights = [np.ptp(patch.get_path().vertices[:, 1]) for patch in axes.patches]
        assert heights
        assert max(heights) <= 100
    counts = np.array(
        [np.asarray(text) for text in _numbers(object_plots.position_figure(tables["objects"]))]
    )
    assert counts.sum() == pytest.approx(100, abs=0.05 * len(counts))


def _numbers(figure: Figure) -> list[float]:
    return [float(text.get_text()) for text in figure.axes[0].texts]


def test_the_map_of_places_has_the_top_of_the_image_at_the_top():
    table = pd.DataFrame({"centre_x": [0.9], "centre_y": [0.05], "split": ["train"]})
    axes = object_plots.position_figure(table).axes[0]
    [full] = [text for text in axes.texts if text.get_text() == "100.0"]
    assert full.xy == (90, 10)
    assert axes.get_ylim() == (100, 0)


def test_the_crop_and_the_faint_are_drawn_where_they_are_given(tables):
    sizes = object_plots.size_figure(tables["objects"], crop_px=192).axes[0]
    assert [line.get_xdata()[0] for line in sizes.lines] == [192]
    contrast = object_plots.contrast_figure(tables["objects"], faint=10).axes[0]
    assert [line.get_xdata()[0] for line in contrast.lines] == [10]
    assert not object_plots.size_figure(tables["objects"]).axes[0].lines


def test_photos_without_any_row_are_left_out(tables):
    figure = set_plots.photo_figure(
        {"train": tables["images"], "real_test": tables["photos"].iloc[:0]}
    )
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["train"]


def test_axes_come_as_a_grid_in_one_style():
    figure, axes = styled_axes(2, 3, width=2, height=1.5)
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [6, 3]
    assert not any(one.spines["top"].get_visible() for one in axes.flat)
    with pytest.raises(ValueError, match="0 rows and 1 columns"):
        styled_axes(0)


@pytest.mark.parametrize(("low", "high"), [(3, 8), (1, 900), (0.01, 30), (1e-3, 1e5)])
def test_logarithmic_axes_have_few_plain_numbers(low, high):
    figure, axes = styled_axes()
    axes[0, 0].set_xlim(low, high)
    plain_ticks(axes[0, 0])
    texts = [label.get_text() for label in axes[0, 0].get_xticklabels()]
    assert 1 <= len(texts) <= 6
    assert all(low <= float(text.replace(",", "")) <= high for text in texts)
    assert axes[0, 0].get_xlim() == (low, high)
    assert overlapping_labels(figure) == []
