"""Who is told apart from the best, and who is not."""

import pandas as pd

from common.leaderboard.standing import standing

ROWS = pd.DataFrame(
    [
        ("a", "best", 0.0),
        ("b", "equivalent", 0.001),
        ("c", "not told apart", -0.001),
        ("d", "not told apart", 0.01),
        ("e", "not told apart", 0.01),
        ("f", "worse", -0.1),
    ],
    columns=["approach", "verdict", "difference_upper"],
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
