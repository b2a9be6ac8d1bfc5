"""What the figures of weak spots draw, number by number: a swapped or negated column is seen."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from common.report.plots.behaviour import (
    SCALE,
    reliability_figure,
    robustness_figure,
    strata_figures,
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


def test_strata_show_dice_with_its_bounds_and_name_theirs():
    figures = strata_figures(STRATA)
    assert list(figures) == ["contrast"]
    [axes] = figures["contrast"].axes
    points = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert points["a"][:, 1].tolist() == [0.6, 0.9] and points["b"][:, 1].tolist() == [0.4, 0.8]
    assert (points["a"][:, 0] < points["b"][:, 0]).all()
    assert points["a"][:, 0] == pytest.approx([0.82, 1.82])
    bounds = [
        segment[:, 1].tolist() for lines in axes.collections for segment in lines.get_segments()
    ]
    assert bounds == [[0.5, 0.7], [0.85, 0.95], [0.7, 0.9]]
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "5.0 to 20.0\n7 images",
        "20.5 to 150\n8 images",
    ]
    assert axes.get_xlabel() == "contrast to the ground (Delta E)"
    two = pd.concat([STRATA, STRATA.assign(by="object_area_px")])
    assert list(strata_figures(two)) == ["contrast", "object_area_px"]


def test_each_corruption_stands_below_the_images_as_they_are():
    [axes] = robustness_figure(ROBUSTNESS).axes
    numbers = [text.get_text() for text in axes.texts]
    assert numbers == [".90", ".50*", ".65"]  # over both severities
    assert [to_hex(patch.get_facecolor()) for patch in axes.patches] == [
        to_hex(SCALE(dice)) for dice in (0.9, 0.5, 0.65)
    ]
    assert [text.get_color() for text in axes.texts] == ["black", "white", "black"]
    rows = [text.get_text() for text in axes.get_yticklabels()]
    assert rows == ["as it is", "noise", "blur"]
    plain = robustness_figure(ROBUSTNESS.assign(in_augmentation=False)).axes[0]
    assert not [text for text in plain.texts if "*" in text.get_text()]


def test_reliability_is_object_share_over_probability_where_pixels_are_enough():
    [axes] = reliability_figure(CALIBRATION).axes
    [line] = [line for line in axes.lines if line.get_label() == "a"]
    assert line.get_xydata().tolist() == [[0.1, 0.2], [0.9, 0.7]]  # 99 pixels are too few
