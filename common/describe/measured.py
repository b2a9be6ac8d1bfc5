"""All that is measured of a data folder, as four tables that can be stored: numbers alone, so that
what images of a restrictive licence are like can be shown without them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from common.csv_files import write_table
from common.data import Data
from common.describe.similarity import similar_images
from common.describe.tables import describe_data_set, describe_photos, joined


@dataclass(frozen=True, eq=False)
class Measured:
    """The tables of a data folder; all but `photos` have columns `split` and `group`.

    Attributes:
        images: a row for each labelled image, see `describe_data_set`.
        objects: a row for each object, see `describe_data_set`.
        photos: a row for each photo without labels, see `describe_photos`.
        grounds: a row for each labelled image, see `similar_images`.
    """

    images: pd.DataFrame
    objects: pd.DataFrame
    photos: pd.DataFrame
    grounds: pd.DataFrame

    @property
    def train(self) -> pd.DataFrame:
        """The images of `train`."""
        return self.images[self.images["split"] == "train"]

    def by_origin(self) -> dict[str, pd.DataFrame]:
        """Images of `train` and of `val`, and the photos: all that can be compared unlabelled."""
        val = self.images[self.images["split"] == "val"]
        return {"train": self.train, "val": val, "real_test": self.photos}


def measure(
    data: Data, progress: Callable[[Iterable[Any], str], Iterable[Any]] = lambda items, _: items
) -> Measured:
    """Measure all images and photos of a data folder; about 0.1 s for each image of 512×512 px.

    Args:
        data: the folder, read.
        progress: wraps the images, with the words for them.
    """
    sets = {"train": data.fit.joined(data.tune), "val": data.score}
    bars = {split: partial(_shown, progress, f"describing {split}") for split in sets}
    tables = {split: describe_data_set(one, bars[split]) for split, one in sets.items()}
    images, objects = (
        joined({split: pair[place] for split, pair in tables.items()}) for place in (0, 1)
    )
    return Measured(images, objects, describe_photos(data.photos), similar_images(sets))


def _shown(
    progress: Callable[[Iterable[Any], str], Iterable[Any]], what: str, items: Iterable[Any]
) -> Iterable[Any]:
    return progress(items, what)


def write_measured(measured: Measured, folder: Path) -> None:
    """Write each table as `<its name>.csv` into a folder, with six digits for each number."""
    for field in fields(measured):
        write_table(folder / f"{field.name}.csv", getattr(measured, field.name))


def read_measured(folder: Path) -> Measured:
    """Read the tables that `write_measured` has written.

    Raises:
        FileNotFoundError: a table is missing.
    """
    names = [field.name for field in fields(Measured)]
    missing = [f"{name}.csv" for name in names if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} has no {', '.join(missing)}; expected the tables of a data folder. Make "
            f"them with: python -m common.describe DATA --tables {folder}"
        )
    text = {"group": str, "nearest_split": str, "name": str}
    return Measured(*(pd.read_csv(folder / f"{name}.csv", dtype=text) for name in names))
