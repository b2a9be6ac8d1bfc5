"""What a reader saw on the photos without labels: a small table beside the run, and the sentences
filled from it.
"""

from pathlib import Path

import pandas as pd

from common.words import counted, listed, percent

NAME = "photos_read.csv"
COUNTS = ("objects", "found", "invented")
COLUMNS = ("photo", "approach", *COUNTS, "remark")
HOW = (
    f"To have them counted, write `{NAME}` into the folder of the run, one row for each photo: "
    "`photo`, `approach` (whose masks you look at), `objects` (that you see), `found` (of them, "
    "outlined), `invented` (pieces of the mask that are no object), `remark` (what was missed and "
    "what was invented); then `python -m common.report RUN`."
)


def read_reading(folder: Path) -> pd.DataFrame:
    """The table that a reader wrote beside a run; empty where there is none.

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
        said = ", ".join(f"{column} {row[column]}" for column in COUNTS)
        raise ValueError(
            f"{path}: {row['photo']} has {said}; whole numbers are expected, and no more found "
            "than there are objects."
        )
    return table.assign(**counts.astype(int), remark=table["remark"].fillna(""))[list(COLUMNS)]


def of_reading(reading: pd.DataFrame, winner: str | None) -> str:
    """What was found, missed and invented on the photos, with the remarks as a list; how to write
    it where it is not.

    Args:
        reading: of `read_reading`.
        winner: the chosen approach; rows on the masks of another are not used.
    """
    rows = reading[reading["approach"] == winner]
    if rows.empty:
        others = sorted(set(reading["approach"]))
        said = f"What a reader noted is of the masks of {listed(others)}. " if others else ""
        return f"{said}**Nobody has noted what these masks miss and invent.** {HOW}"
    objects, found, invented = (int(rows[column].sum()) for column in COUNTS)
    missed = rows[rows["found"] < rows["objects"]]
    false = rows[rows["invented"] > 0]
    share = f" ({percent(found / objects)})" if objects else ""
    sentences = [
        f"A reader looked at the masks of `{winner}` on {counted(len(rows), 'photo')}: of "
        f"{counted(objects, 'object')} {found} were found{share}.",
        f"Missed: {objects - found}{_where(missed)}." if len(missed) else "None was missed.",
        f"Invented: {counted(invented, 'piece')}{_where(false)}."
        if len(false)
        else "Nothing was invented.",
        "It is the judgement of one reader on few photos, and a found object may be outlined "
        "badly.",
    ]
    remarks = [f"- {row.photo}: {row.remark}" for row in rows.itertuples() if row.remark]
    return "\n".join([" ".join(sentences), *(["", *remarks] if remarks else [])])


def _where(rows: pd.DataFrame) -> str:
    return f" (on {listed(rows['photo'].tolist(), most=12)})"
