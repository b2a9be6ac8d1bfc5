"""What approaches find, miss and invent on a named set, with intervals over groups, and whether
their order there is that of `val`: functions of a table of photos.

A share of counts over all photos (found of all objects, F1) is a ratio of sums. Its interval is
that of its linearised values, one for each photo, whose mean is the ratio, so that the same
studentised resamples of whole groups serve all measures.

Source: Cochran 1977, Sampling Techniques, §6 (ratio estimate).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from common.statistics import mean_intervals, paired_differences
from common.statistics.resampling import DECIMALS


@dataclass(frozen=True)
class Measure:
    """One number over the photos of a set.

    Attributes:
        name: column of the table.
        wording: in a sentence.
        is_better_low: whether less is better.
        most: its largest value.
    """

    name: str
    wording: str
    is_better_low: bool = False
    most: float = 1.0


MEASURES = (
    Measure("dice_mean", "mean Dice"),
    Measure("object_f1", "object F1"),
    Measure("found_share", "found objects"),
    Measure("invented_per_image", "inventions per photo", True, np.inf),
    Measure("invented_per_empty", "inventions per photo without objects", True, np.inf),
)
RANKED = ("dice_mean", "object_f1", "invented_per_image")  # by which orders are compared


@dataclass(frozen=True)
class Turned:
    """Two approaches whose order on a set is not that of `val`.

    Attributes:
        measure: by which they are compared on the set.
        ahead: on `val`.
        behind: on `val`, and ahead on the set.
        difference: of the measure, `behind` minus `ahead`, positive where `behind` is better.
        lower: 95 % bound, for this pair alone; NaN for a single group.
        upper: the same.
    """

    measure: str
    ahead: str
    behind: str
    difference: float
    lower: float
    upper: float

    @property
    def is_shown(self) -> bool:
        """Whether the interval excludes zero."""
        return self.lower > 0


def counts_of(photos: pd.DataFrame) -> dict[str, int]:
    """The sums over the photos of one approach.

    Args:
        photos: columns objects, boxes, found, invented, group, dice.
    """
    empty = photos[photos["objects"] == 0]
    return {
        "n_images": len(photos),
        "n_groups": photos["group"].nunique(),
        "n_dice": int(photos["dice"].notna().sum()),
        "objects": int(photos["objects"].sum()),
        "boxes": int(photos["boxes"].sum()),
        "found": int(photos["found"].sum()),
        "missed": int((photos["objects"] - photos["found"]).sum()),
        "invented": int(photos["invented"].sum()),
        "n_empty": len(empty),
        "empty_hit": int((empty["invented"] > 0).sum()),
    }


def summary_of(photos: pd.DataFrame) -> dict[str, float]:
    """Counts and measures of one approach, each with its 95 % interval over groups.

    Args:
        photos: a row for each, columns as for `counts_of`.

    Returns:
        `counts_of`, and for each of `MEASURES` its value and with `_lower` and `_upper` its
        bounds; NaN where the set has nothing to measure it on, and bounds NaN for a single group.
    """
    row: dict[str, float] = dict(counts_of(photos))
    for measure in MEASURES:
        values, groups = _values(photos, measure.name)
        bounds = [np.nan, np.nan, np.nan]
        if len(values):
            found = mean_intervals(values[None], groups, bounds=None)
            within = np.clip([found.lower[0], found.upper[0]], 0, measure.most)
            bounds = [float(found.mean[0]), *within.tolist()]
        for suffix, number in zip(("", "_lower", "_upper"), bounds, strict=True):
            row[measure.name + suffix] = number
    return row


def turned_pairs(photos: Mapping[str, pd.DataFrame], on_val: Mapping[str, float]) -> list[Turned]:
    """The pairs of approaches whose order on the set is not that of `val`.

    Args:
        photos: approach → its rows, of the same photos for all.
        on_val: approach → mean Dice on `val`; those that are not in it are left out.

    Returns:
        By measure, those first that are clearest on `val`.
    """
    names = sorted((name for name in photos if name in on_val), key=lambda name: -on_val[name])
    found = []
    for measure in (one for one in MEASURES if one.name in RANKED):
        columns = [_values(photos[name], measure.name) for name in names]
        if len(names) < 2 or not len(columns[0][0]):
            continue
        scores = np.stack([values for values, _ in columns])
        scores = -scores if measure.is_better_low else scores
        for place, ahead in enumerate(names):
            gaps = paired_differences(scores, place, columns[0][1], bounds=None)
            found += [
                Turned(measure.name, ahead, behind, *map(float, bounds))
                for behind, *bounds in zip(names, gaps.mean, gaps.lower, gaps.upper, strict=True)
                if on_val[ahead] > on_val[behind] and round(bounds[0], DECIMALS) > 0
            ]
    return found


def compared_measures(photos: pd.DataFrame) -> list[Measure]:
    """Those of `RANKED` that a set has something to measure on."""
    return [one for one in MEASURES if one.name in RANKED and len(_values(photos, one.name)[0])]


def _values(photos: pd.DataFrame, measure: str) -> tuple[np.ndarray, list[object]]:
    """One value for each photo that counts, whose mean is the measure, and their groups."""
    rows = {
        "dice_mean": photos["dice"].notna(),
        "invented_per_empty": photos["objects"] == 0,
    }.get(measure)
    rows = photos if rows is None else photos[rows]
    groups = rows["group"].tolist()
    found, objects, invented = (
        rows[column].to_numpy(float) for column in ("found", "objects", "invented")
    )
    if measure == "dice_mean":
        return rows["dice"].to_numpy(float), groups
    if measure in ("invented_per_image", "invented_per_empty"):
        return invented, groups
    if not objects.sum():
        return np.zeros(0), []
    if measure == "found_share":
        return _linearised(found, objects), groups
    return _linearised(2 * found, objects + found + invented), groups


def _linearised(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Values (n,) whose mean is the ratio of the sums, and whose spread is its own."""
    ratio = numerator.sum() / denominator.sum()
    return ratio + (numerator - ratio * denominator) / denominator.mean()
