"""What masks hold that were predicted on photos without labels, beside what is annotated in
`train`.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from common.coco import DEFAULT_OPTIONS, ReadOptions, rasterise, read_entries
from common.describe.objects import SIZES, object_sizes
from common.masks.objects import is_speck


def photo_objects(photos: Iterable[tuple[str, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """A row for each object that was found on each photo, specks left out; a photo without any has
    one row, whose `object` is 0.

    Args:
        photos: name, image (H, W, 3) uint8 and mask (H, W) bool of each.

    Returns:
        Columns `photo`, `object` (from 1), `area_px`, `length_px`, `width_px`.
    """
    rows = []
    for name, _, mask in photos:
        found = [size for size in object_sizes(mask) if not is_speck(size["area_px"], mask)]
        rows += [
            {"photo": name, "object": number, **size} for number, size in enumerate(found, start=1)
        ]
        rows += [] if found else [{"photo": name, "object": 0}]
    return pd.DataFrame(rows, columns=["photo", "object", *SIZES])


def train_objects(data: Path, options: ReadOptions = DEFAULT_OPTIONS) -> pd.DataFrame:
    """Sizes of the annotated objects of `train`: columns `area_px`, `length_px`, `width_px`.

    Args:
        data: the data folder; where it has no `train` the table is empty.
        options: how its annotations are read.
    """
    entries = read_entries(data / "train", options) if (data / "train").is_dir() else []
    sizes = []
    for entry in entries:
        mask, ignore = rasterise(entry)
        sizes += object_sizes(mask & ~ignore)
    return pd.DataFrame(sizes, columns=list(SIZES))
