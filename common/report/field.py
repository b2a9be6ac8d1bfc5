"""What is known of photos from elsewhere beside the tables of a run: causes of mistakes that a
person counted, and trainings that were compared on them. Both are read as they were written.
"""

import re
from pathlib import Path

import pandas as pd

CAUSES = "failures.csv"
# Cause → what a remark says of it, as a regular expression.
REMARKED = {
    "kerb": "kerb",
    "leaf": "leaf|leaves",
    "pipe": "pipe",
    "paper or scrap": "paper|scrap",
    "shadow": "shadow",
    "pale chip": "chip",
    "small and white": "white butt",
    "touching butts": "touch",
}
GROUND_COLUMNS = ("training", "dice", "found", "invented")


def read_causes(folder: Path) -> pd.DataFrame:
    """How often each cause led to a mistake; empty where nobody counted.

    Args:
        folder: of a run, with `failures.csv` or without.

    Returns:
        Columns `cause`, `kind` (such as *missed* or *invented*) and `count`, most frequent cause
        first.

    Raises:
        ValueError: a column is missing, or a count is no whole number.
    """
    path = folder / CAUSES
    if not path.is_file():
        return pd.DataFrame(columns=["cause", "kind", "count"])
    table = pd.read_csv(path, dtype={"cause": str, "kind": str})
    missing = [column for column in ("cause", "kind", "count") if column not in table]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}; it needs cause,kind,count.")
    counts = pd.to_numeric(table["count"], errors="coerce")
    if (bad := counts.isna() | (counts < 0) | (counts % 1 != 0)).any():
        raise ValueError(
            f"{path}: {table.loc[bad, 'cause'].iloc[0]} has the count "
            f"{table.loc[bad, 'count'].iloc[0]}; a whole number is expected."
        )
    table = table.assign(count=counts.astype(int))[["cause", "kind", "count"]]
    total = table.groupby("cause")["count"].transform("sum")
    order = table.assign(total=total).sort_values(
        ["total", "cause"], ascending=[False, True], kind="stable"
    )
    return order.drop(columns="total").reset_index(drop=True)


def causes_in(review: pd.DataFrame) -> pd.DataFrame:
    """Causes that the remarks on photos name, each once for a photo.

    Args:
        review: of `common.report.review.read_review`.

    Returns:
        The columns of `read_causes`; the kind is *photos*.
    """
    remarks = review["remark"].fillna("").astype(str).str.lower()
    counts = {cause: int(remarks.str.contains(words).sum()) for cause, words in REMARKED.items()}
    rows = [(cause, "photos", count) for cause, count in counts.items() if count]
    rows.sort(key=lambda row: -row[2])
    return pd.DataFrame(rows, columns=["cause", "kind", "count"])


def read_ground(text: str) -> pd.DataFrame:
    """The trainings in the table of *Real ground* in `results/README.md`.

    Args:
        text: of the file; a row counts whose cells hold "Dice, found, invented".

    Returns:
        Columns `training`, `dice`, `found`, `invented`, in the order of the table; no row where
        there is no such table.
    """
    section = text.partition("\n## Real ground\n")[2].partition("\n## ")[0]
    rows = []
    for line in section.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("| ").split("|")]
        scores = re.search(r"\| (0\.\d+), (\d+), (\d+) \|", line)
        if scores:
            dice, found, invented = scores.groups()
            rows.append((cells[0], float(dice), int(found), int(invented)))
    return pd.DataFrame(rows, columns=list(GROUND_COLUMNS))
