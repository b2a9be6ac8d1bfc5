"""What a run tells beyond its leaderboard, as tables on disk: who fails where, on what, and how
sure it is.

images.csv         what each image of `val` shows: objects, area, contrast, brightness of the
ground; `failed_by_all`
                   marks those that no approach solves
strata.csv         Dice by size of the object, contrast and brightness
worst_images.csv   the ten worst images of each approach, with the same mark
calibration.csv    reliability curve of each approach near the objects
robustness.csv     Dice under each corruption and severity, where it was measured
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from common.analysis.calibration import reliability_curve
from common.analysis.robustness import severity_table
from common.analysis.strata import failed_by_all, strata_table, worst_images
from common.csv_files import write_table
from common.leaderboard import corrupted_and_clean, has_robustness, per_image_table
from common.leaderboard.rows import robust_on_shared_images
from common.metrics import with_objects
from common.records import CompleteRecord, Record, complete_records
from common.records.folder import RunFolder


def detail_tables(
    records: Sequence[Record], images: pd.DataFrame, groups: Mapping[int, str] | None = None
) -> dict[str, pd.DataFrame]:
    """The tables by their names; those for which nothing was measured are left out.

    Args:
        records: of one run.
        images: what each scored image shows (`common.describe.describe_data_set`).
        groups: image id → group of images that are not independent.
    """
    complete = complete_records(robust_on_shared_images(records))
    table = per_image_table(complete)
    if with_objects(table).empty:
        return {"images": images}
    failed = set(failed_by_all(table))
    worst = worst_images(table)
    tables = {
        "images": images.assign(failed_by_all=images["img_id"].isin(failed)),
        "strata": strata_table(table, images, groups=groups),
        "worst_images": worst.assign(failed_by_all=worst["img_id"].isin(failed)),
        "calibration": _stacked(
            {
                record.approach: reliability_curve(record.calibration)
                for record in complete
                if record.calibration
            }
        ),
        "robustness": _stacked(
            {record.approach: _severities(record) for record in complete if has_robustness(record)}
        ),
    }
    return {name: found for name, found in tables.items() if len(found)}


def write_details(
    run: Path,
    records: Sequence[Record],
    images: pd.DataFrame,
    groups: Mapping[int, str] | None = None,
) -> None:
    """Write the tables into the folder of a run."""
    for name, table in detail_tables(records, images, groups).items():
        write_table(RunFolder(run).table(name), table)


def _severities(record: CompleteRecord) -> pd.DataFrame:
    return severity_table(*corrupted_and_clean(record), record.robustness.marked)


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The tables of several approaches under each other, with their names in front."""
    if not tables:
        return pd.DataFrame()
    stacked = pd.concat(
        [table.assign(approach=name) for name, table in tables.items()], ignore_index=True
    )
    return stacked[["approach", *(column for column in stacked.columns if column != "approach")]]
