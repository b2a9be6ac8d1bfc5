"""What a study is said to show beforehand, against studies made of numbers."""

import numpy as np
import pandas as pd
import pytest

from common.leaderboard.study_power import Design, power_text
from common.statistics import detectable_over_trainings, differences_over_trainings

DESIGN = Design(variations=2, trainings=3, by_fold=(5,) * 5)
GROUPS, TRAINING = np.arange(15), np.repeat(np.arange(3), 5)


def made(random, effect, between, spread):
    """Scores of a baseline and two variations on 15 groups, five for each of three trainings."""
    luck = between * random.standard_normal((2, 3))[:, TRAINING]
    return np.vstack(
        [np.full(15, 0.5), 0.5 + effect + luck + spread * random.normal(size=(2, 15))]
    )


def finished(random, effect, between, spread):
    """What bounds over trainings say of such a study."""
    scores = made(random, effect, between, spread)
    bounds = differences_over_trainings(scores, 0, TRAINING, GROUPS, resamples=200)
    each = np.stack([scores[1:, label == TRAINING].mean(1) - 0.5 for label in range(3)], 1)
    return each, (bounds.upper - bounds.lower)[1:] / 2, bounds.lower[1:] > 0


@pytest.mark.parametrize(("between", "spread"), [(0.0, 0.03), (0.02, 0.01)])
def test_a_difference_that_should_be_shown_in_four_of_five_studies_is(between, spread):
    random = np.random.default_rng(1)
    told = [
        detectable_over_trainings(*finished(random, 0.0, between, spread)[:2], 15, 2, 3, 15)
        for _ in range(20)
    ]
    effect = float(np.mean(told))
    shown = [finished(random, effect, between, spread)[2] for _ in range(80)]
    assert 0.65 < np.mean(shown) < 0.95


def test_more_groups_and_more_trainings_show_less():
    each, widths = np.array([[0.01, 0.03, 0.02]]), np.array([0.02])
    now = detectable_over_trainings(each, widths, 15, 1, 3, 15)
    assert now[0] > widths[0]
    more = detectable_over_trainings(each, widths, 15, 1, 5, 25)
    assert more[0] < now[0] * np.sqrt(15 / 25) + 1e-9
    alone = detectable_over_trainings(each[:, :1], widths, 15, 1, 3, 15)
    assert alone[0] <= now[0], "one training tells nothing of the variance between trainings"


def stored(width, groups=15):
    rows = {
        "variation": ["baseline", "other", "failed"],
        "verdict": ["baseline", "not told apart", None],
        "by_seed": [None, "+0.001 +0.002 +0.003", None],
        "to_baseline_lower": [0, 0.002 - width, np.nan],
        "to_baseline_upper": [0, 0.002 + width, np.nan],
        "n_groups": [groups, groups, np.nan],
    }
    return pd.DataFrame(rows)


def test_nothing_stored_is_said():
    assert "is not known" in power_text("loss", DESIGN, {})
    failed = stored(0.01).iloc[[0, 2]]
    assert "is not known" in power_text("loss", DESIGN, {"loss": failed})


def test_a_small_variance_needs_no_more_and_a_larger_one_says_what_would_do():
    assert "To show" not in power_text("loss", DESIGN, {"loss": stored(0.004)})
    some = power_text("loss", DESIGN, {"loss": stored(0.0065)})
    assert "3 trainings each, judged on 15 of 25 groups" in some and "give --seeds 4" in some
    much = power_text("loss", DESIGN, {"loss": stored(0.05)})
    assert "no --seeds is enough" in much and "groups of images in train would do" in much


def test_a_stored_study_counts_before_others_of_its_approach():
    tables = {"crops": stored(0.004), "loss": stored(0.05)}
    assert power_text("loss", DESIGN, tables) == power_text("loss", DESIGN, {"loss": stored(0.05)})
    assert "crops, loss" in power_text("views", DESIGN, tables)
