"""Two approaches side by side: how many objects each finds, misses and invents, and how sure the
difference is.

Pure functions of the per-image table of a run. Objects are counted over all images, also those
without an object, as in `object_f1`.
"""

from dataclasses import dataclass

import pandas as pd

from common.statistics import paired_differences

COUNTS = {"object_tp": "found", "object_fn": "missed", "object_fp": "invented"}


@dataclass(frozen=True)
class CountDifference:
    """A difference of two counts over all images, with its own 95 % interval (NaN for a single
    image or group).
    """

    total: int
    lower: float
    upper: float


def object_counts(per_image: pd.DataFrame) -> pd.DataFrame:
    """Objects found, missed and invented, matched at IoU >= 0.5.

    Args:
        per_image: a row for each approach and image, columns approach, object_tp, object_fp,
            object_fn.

    Returns:
        Columns found, missed, invented (int), a row for each approach in order of appearance; no
        rows where the table does not count objects.
    """
    if per_image.empty or not set(COUNTS) <= set(per_image.columns):
        return pd.DataFrame(columns=list(COUNTS.values()), dtype=int)
    return (
        per_image.groupby("approach", sort=False)[list(COUNTS)]
        .sum()
        .astype(int)
        .rename(columns=COUNTS)
    )


def count_difference(
    per_image: pd.DataFrame,
    one: str,
    other: str,
    column: str,
    resamples: int = 2000,
    seed: int = 0,
) -> CountDifference:
    """A count of one approach minus that of another, over the same images.

    Args:
        per_image: a row for each approach and image, columns approach, img_id, the count, and
            perhaps group, which names images that are not independent.
        one: approach.
        other: approach.
        column: such as object_fp.
        resamples: of the interval.
        seed: of the resamples.

    Raises:
        ValueError: an approach lacks an image that the other has.
    """
    rows = per_image[per_image["approach"].isin([one, other])]
    by_image = {
        name: rows[rows["approach"] == name].set_index("img_id")[column] for name in (one, other)
    }
    counts = pd.DataFrame(by_image).astype(float)
    groups = (
        rows.drop_duplicates("img_id").set_index("img_id")["group"] if "group" in rows else None
    )
    labels = None if groups is None else list(groups.loc[counts.index])
    found = paired_differences(counts.to_numpy().T, 1, labels, resamples, seed, bounds=None)
    return CountDifference(
        int(counts[one].sum() - counts[other].sum()),
        len(counts) * found.lower[0],
        len(counts) * found.upper[0],
    )
