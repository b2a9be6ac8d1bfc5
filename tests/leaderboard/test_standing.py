"""Who is told apart from the best, who is not, and who would be faster at a risk."""

import numpy as np
import pandas as pd

from common.leaderboard.standing import faster_at_a_risk, standing

ROWS = pd.DataFrame(
    [
        ("a", "best", 0.0, 0.0, 1.0),
        ("b", "equivalent", 0.001, -0.002, 2.0),
        ("c", "not told apart", -0.001, -0.05, 0.5),
        ("d", "not told apart", 0.01, -0.02, 0.8),
        ("e", "not told apart", 0.01, -0.01, 1.0),
        ("f", "worse", -0.1, -0.2, 0.1),
    ],
    columns=[
        "approach",
        "verdict",
        "difference_upper",
        "simultaneous_lower",
        "predict_seconds_per_image",
    ],
)


def test_each_approach_stands_where_its_verdict_puts_it():
    found = standing(ROWS)
    assert found.names == tuple("abcdef") and found.best == "a"
    assert (found.equivalent, found.worse) == (("b",), ("f",))
    assert found.not_told_apart == ("c", "d", "e")
    assert found.worse_as_pair == ("c",)
    assert not found.undecided


def test_only_several_approaches_without_any_verdict_are_undecided():
    tied = ROWS[ROWS["verdict"].isin(["best", "not told apart"])]
    assert standing(tied).undecided
    assert not standing(ROWS.head(1)).undecided
    assert not standing(ROWS.drop([2, 3, 4])).undecided


def test_who_is_faster_at_a_risk_is_ordered_by_what_may_be_lost():
    found = faster_at_a_risk(ROWS, "a")
    assert found["approach"].tolist() == ["d", "c"]  # e is as slow, f is worse
    assert found["possible_loss"].tolist() == [0.02, 0.05]
    assert faster_at_a_risk(ROWS.assign(simultaneous_lower=np.nan), "a").empty
    assert faster_at_a_risk(ROWS, "c").empty
