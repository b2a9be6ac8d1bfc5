"""How approaches stand to the best of them. It is decided here once, from the verdicts and bounds
of a comparison; sentences and tables only tell it.
"""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Standing:
    """What the bounds allow to say of each approach; all names best first.

    Attributes:
        names: that were compared.
        best: the one with the highest mean.
        equivalent: whose loss to the best is shown to be below the margin.
        worse: whose loss is shown to be above zero, and not below the margin.
        not_told_apart: of which neither is shown.
        worse_as_pair: of these, who would be called worse if they were compared with the best
            alone.
    """

    names: tuple[str, ...]
    best: str
    equivalent: tuple[str, ...]
    worse: tuple[str, ...]
    not_told_apart: tuple[str, ...]
    worse_as_pair: tuple[str, ...]

    @property
    def undecided(self) -> bool:
        """Whether nothing is shown of any of several approaches."""
        return len(self.names) > 1 and len(self.not_told_apart) == len(self.names) - 1


def standing(rows: pd.DataFrame) -> Standing:
    """Read the standing off a table of compared approaches.

    Args:
        rows: best first, columns `approach`, `verdict`, `difference_upper`: those of
            `Comparison.table()`, or the complete rows of a leaderboard.
    """
    of = {verdict: tuple(part["approach"]) for verdict, part in rows.groupby("verdict")}
    tied = rows[rows["verdict"] == "not told apart"]
    return Standing(
        names=tuple(rows["approach"]),
        best=of["best"][0],
        equivalent=of.get("equivalent", ()),
        worse=of.get("worse", ()),
        not_told_apart=tuple(tied["approach"]),
        worse_as_pair=tuple(tied.loc[tied["difference_upper"] < 0, "approach"]),
    )
