"""What a person saw on the photos without labels: a small table beside the run, checked."""

from pathlib import Path

import pandas as pd

NAME = "photos_read.csv"
COUNTS = ("objects", "found", "invented")
COLUMNS = ("photo", "approach", *COUNTS, "remark")


def read_review(folder: Path) -> pd.DataFrame:
    """The table that a person wrote beside a run; empty where there is none.

    Args:
        folder: of the run.

    Returns:
        Columns `photo`, `approach`, `objects`, `found`, `invented` (whole numbers) and `remark`
        (text, may be empty).

    Raises:
        ValueError: a column is missing, a count is no whole number, or more was found than there
            is; the row is named.
    """
    path = folder / NAME
    if not path.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.read_csv(path, dtype={"photo": str, "approach": str, "remark": str})
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise ValueError(
            f"{path} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}."
        )
    counts = table[list(COUNTS)].apply(pd.to_numeric, errors="coerce")
    bad = counts.isna().any(axis=1) | (counts < 0).any(axis=1) | (counts % 1 != 0).any(axis=1)
    bad |= counts["found"] > counts["objects"]
    if bad.any():
        row = table.loc[bad].iloc[0]
        counted = ", ".join(f"{column} {row[column]}" for column in COUNTS)
        raise ValueError(
            f"{path}: {row['photo']} has {counted}; whole numbers are expected, and no more found "
            "than there are objects."
        )
    return table.assign(**counts.astype(int), remark=table["remark"].fillna(""))[list(COLUMNS)]
