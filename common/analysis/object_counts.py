"""How many objects each approach finds, misses and invents.

A pure function of the per-image table of a run. Objects are counted over all images, also those
without an object, as in `object_f1`.
"""

import pandas as pd

COUNTS = {"object_tp": "found", "object_fn": "missed", "object_fp": "invented"}


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
