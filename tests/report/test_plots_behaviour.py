"""What the figures of weak spots draw, number by number: a swapped or negated column is seen."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from common.report.plots.behaviour import (
    SCALE,
    reliability_figure,
    robustness_figure,
    strata_figure,
)

STRATA = pd.DataFrame(
    [
        ("contrast", 1, 5.0, 20.0, 7, "a", 0.6, 0.5, 0.7, 0.3),
        ("contrast", 2, 20.5, 150.0, 8, "a", 0.9, 0.85, 0.95, -0.1),
        ("contrast", 1, 5.0, 20.0, 7, "b", 0.4, np.nan, np.nan, 2.0),
        ("contrast", 2, 20.5, 150.0, 8, "b", 0.8, 0.7, 0.9, 0.0),
    ],
    columns="by stratum low high n_images approach dice_mean lower upper area_bias".split(),
)
ROBUSTNESS = pd.DataFrame(
    [
        ("a", "noise", 1, 0.7, 0.2, True),
        ("a", "noise", 2, 0.3, 0.6, True),
        ("a", "blur", 1, 0.8, 0.1, False),
        ("a", "blur", 2, 0.5, 0.4, False),
    ],
    columns="approach corruption severity dice_mean drop in_augmentation".split(),
)
CALIBRATION = pd.DataFrame(
    {
        "approach": "a",
        "low": [0.0, 0.5, 0.8],
        "high": [0.5, 0.8, 1.0],
        "pixels": [300, 99, 101],
        "proba_mean": [0.1, 0.6, 0.9],
        "object_share": [0.2, 0.5, 0.7],
    }
)


def test_strata_show_dice_with_its_bounds_and_the_signed_bias():
    above, below = strata_figure(STRATA).axes
    points = {line.get_label(): line.get_xydata() for line in above.lines}
    assert points["a"][:, 1].tolist() == [0.6, 0.9] and points["b"][:, 1].tolist() == [0.4, 0.8]
    assert (points["a"][:, 0] < points["b"][:, 0]).all()
    assert points["a"][:, 0] == pytest.approx([0.82, 1.82])
    bounds = [
        segment[:, 1].tolist() for lines in above.collections for segment in lines.get_segments()
    ]
    assert bounds == [[0.5, 0.7], [0.85, 0.95], [0.7, 0.9]]
    assert [bar.get_height() for bar in below.patches] == [0.3, -0.1, 2.0, 0.0]


def test_strata_name_their_bounds_and_the_ticks_of_the_bias_reach_its_values():
    _, below = strata_figure(STRATA).axes
    assert [text.get_text() for text in below.get_xticklabels()] == [
        "5.0 to 20.0\n7 images",
        "20.5 to 150\n8 images",
    ]
    assert below.get_xlabel() == "contrast to the ground (Delta E)"
    ticks = [text.get_text() for text in below.get_yticklabels()]
    assert ticks == ["-0.1", "0", "+0.1", "+0.2", "+0.5", "+1", "+2"]
    assert below.get_ylim() == pytest.approx((-0.12, 2.4))


def test_far_too_small_masks_have_ticks_of_their_own_in_order():
    _, below = strata_figure(STRATA.assign(area_bias=[-0.9, 0.1, 0.1, 0.1])).axes
    places = below.get_yticks().tolist()
    assert places == sorted(places) and places[0] == -1


def test_each_corruption_stands_beside_the_images_as_they_are():
    axes = robustness_figure(ROBUSTNESS).axes[0]
    numbers = [text.get_text() for text in axes.texts if text.get_text().startswith(".")]
    assert numbers == [".90", ".70", ".30", ".80", ".50"]
    filled = [patch for patch in axes.patches if not patch.get_hatch()]
    assert [to_hex(patch.get_facecolor()) for patch in filled] == [
        to_hex(SCALE(dice)) for dice in (0.9, 0.7, 0.3, 0.8, 0.5)
    ]
    hatched = [patch.get_x() for patch in axes.patches if patch.get_hatch()]
    assert hatched == [filled[1].get_x(), filled[2].get_x()]
    inks = [text.get_color() for text in axes.texts if text.get_text().startswith(".")]
    assert inks == ["black", "black", "white", "black", "white"]
    assert "hatched" in axes.get_xlabel()
    plain = robustness_figure(ROBUSTNESS.assign(in_augmentation=False)).axes[0]
    assert "hatched" not in plain.get_xlabel()


def test_reliability_is_object_share_over_probability_where_pixels_are_enough():
    curve, shares = reliability_figure(CALIBRATION).axes
    [line] = [line for line in curve.lines if line.get_label() == "a"]
    assert line.get_xydata().tolist() == [[0.1, 0.2], [0.9, 0.7]]  # 99 pixels are too few
    [steps] = shares.patches
    assert steps.get_data()[0] == pytest.approx([60.0, 19.8, 20.2])
    assert steps.get_data()[1].tolist() == [0.0, 0.5, 0.8, 1.0]
