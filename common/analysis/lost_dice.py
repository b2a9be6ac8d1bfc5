"""What an approach loses to a Dice of 1, divided by what went wrong, and on how few images it is
lost.

Pure functions of the per-image rows of one approach. Only images with an object count (tp + fn >
0), as in every mean of Dice.
"""

import numpy as np
import pandas as pd

from common.metrics import with_objects

KINDS = ("missed", "invented", "outline")


def loss_parts(scores: pd.DataFrame) -> pd.DataFrame:
    """Divide the loss, 1 - Dice of each image, by the worst that happened in the image.

    The whole loss of an image is booked under the first of these that holds:

    - `missed`: an object of it is matched by no predicted piece at IoU >= 0.5; it was not seen, or
    badly outlined, or
      run together with something else;
    - `invented`: all its objects are matched, and a predicted piece matches none;
    - `outline`: all objects and all pieces match, and what is lost is lost at the outlines.

    So the outlines of images with a missed or invented object count there, not under `outline`.

    Args:
        scores: a row for each image, columns tp, fn, dice, object_fp, object_fn.

    Returns:
        Indexed by `KINDS`: images, loss (sum of 1 - Dice), share of all that is lost (NaN where
            nothing is).

    Raises:
        ValueError: a column is missing.

    Examples:
        >>> counts = {"object_fn": [1, 0, 0], "object_fp": [1, 1, 0]}
        >>> rows = {"tp": 9, "fn": 1, "dice": [0.1, 0.7, 0.9], **counts}
        >>> loss_parts(pd.DataFrame(rows))["loss"].round(2).to_dict()
        {'missed': 0.9, 'invented': 0.3, 'outline': 0.1}
    """
    visible = _with_objects(scores, ("object_fp", "object_fn"))
    kinds = np.select([visible["object_fn"] > 0, visible["object_fp"] > 0], KINDS[:2], KINDS[2])
    lost = (
        (1 - visible["dice"].astype(float))
        .groupby(kinds)
        .agg(["size", "sum"])
        .reindex(KINDS, fill_value=0)
    )
    lost = lost.set_axis(["images", "loss"], axis=1)
    total = lost["loss"].sum()
    return lost.assign(share=lost["loss"] / total if total > 0 else np.nan)


def images_of_half(scores: pd.DataFrame) -> int:
    """The fewest images on which half of all that is lost is lost; 0 where nothing is.

    Args:
        scores: a row for each image, columns tp, fn, dice.

    Examples:
        >>> images_of_half(pd.DataFrame({"tp": 9, "fn": 1, "dice": [0.9, 0.2, 0.9, 0.9]}))
        1
    """
    lost = np.sort(1 - _with_objects(scores)["dice"].to_numpy(float))[::-1]
    total = lost.sum()
    return int(np.searchsorted(lost.cumsum(), total / 2 - 1e-12) + 1) if total > 0 else 0


def _with_objects(scores: pd.DataFrame, further: tuple[str, ...] = ()) -> pd.DataFrame:
    missing = [column for column in ("tp", "fn", "dice", *further) if column not in scores.columns]
    if missing:
        raise ValueError(
            f"the scores have no column {', '.join(missing)}; they need those of per_image.csv."
        )
    return with_objects(scores)
