"""Several trainings of each approach: how much of the variation is the training's, and how much
the images'.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from common.leaderboard.rows import dice_by_image
from common.records import Record, complete_records
from common.statistics import variance_components

COLUMNS = (
    "approach seeds dice_over_seeds dice_over_seeds_lower dice_over_seeds_upper seed_sd image_sd"
).split()


def seed_table(
    by_seed: Sequence[Sequence[Record]], groups: Mapping[int, str] | None = None
) -> pd.DataFrame:
    """One row for each approach that came through with every seed; no rows for a single seed.

    Args:
        by_seed: the records of each seed.
        groups: image id → group of images that are not independent.

    Returns:
        `dice_over_seeds`: mean Dice over seeds and images with objects, with its 95 % interval;
            `seed_sd`, `image_sd`:
        standard deviations between trainings and between images.
    """
    rows = []
    names = [record.approach for record in by_seed[0]] if len(by_seed) > 1 else []
    for name in names:
        found = [
            record
            for records in by_seed
            for record in complete_records(records)
            if record.approach == name
        ]
        if len(found) != len(by_seed):
            continue
        scores = pd.DataFrame(
            {seed: dice_by_image(record) for seed, record in enumerate(found)}
        ).dropna()
        labels = None if groups is None else [groups[image_id] for image_id in scores.index]
        parts = variance_components(scores.to_numpy().T, labels)
        spread = np.sqrt([parts.seed_variance, parts.image_variance])
        rows.append([name, len(found), parts.mean, parts.lower, parts.upper, *spread])
    return pd.DataFrame(rows, columns=COLUMNS)
