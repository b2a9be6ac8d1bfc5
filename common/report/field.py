"""What is known of photos from elsewhere beside the tables of a run: causes of mistakes that a
person counted, and runs that were tested on different ones of them, taken together.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from common.analysis.set_scores import summary_of
from common.leaderboard import read_leaderboard
from common.records.folder import RunFolder

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


def read_stages(path: Path) -> dict[str, tuple[list[Path], str]]:
    """The stages of a search, for `taken_together`.

    Args:
        path: a CSV with the columns `stage`, `run` (a folder beside the file) and `approach`, one
            row for each run of a stage.

    Returns:
        Stage → runs and approach, in the order of the file; without stages of which a run is not
        there.
    """
    stages: dict[str, tuple[list[Path], str]] = {}
    for row in pd.read_csv(path).itertuples():
        runs, _ = stages.setdefault(row.stage, ([], row.approach))
        runs.append(path.parent / row.run)
    return {
        stage: (runs, approach)
        for stage, (runs, approach) in stages.items()
        if all((run / "test_sets.csv").is_file() for run in runs)
    }


def photos_of_tests(runs: Sequence[Path], approach: str) -> pd.DataFrame:
    """What an approach came to on each photo of the test sets of several runs, such as two that
    were each tested on the half of the photos that the other had as its field.

    Args:
        runs: folders, each with `test_sets.csv` and a `per_image_<NAME>.csv` for each set.
        approach: in all of them.

    Returns:
        Columns `set`, `img_id`, `group`, `objects`, `boxes`, `found`, `invented`, `dice`.

    Raises:
        ValueError: a photo was tested in two of the runs.
    """
    tables = []
    for run in runs:
        sets = pd.read_csv(run / "test_sets.csv")
        tested = (sets["role"] == "test") & (sets["approach"] == approach)
        for name in sets.loc[tested, "set"].unique():
            table = pd.read_csv(RunFolder(run).per_image_of(name)).assign(set=name)
            tables.append(table[table["approach"] == approach])
    photos = pd.concat(tables, ignore_index=True)
    twice = photos.duplicated(["group", "img_id", "objects"])
    if twice.any():
        raise ValueError(
            f"{int(twice.sum())} photos of {', '.join(run.name for run in runs)} were tested "
            "twice; expected runs that were each tested on photos of their own."
        )
    return photos[["set", "img_id", "group", "objects", "boxes", "found", "invented", "dice"]]


def taken_together(stages: Mapping[str, tuple[Sequence[Path], str]]) -> pd.DataFrame:
    """One row for each stage of a search, in their order: runs and the approach of each.

    Returns:
        Index: the stages. Columns `val` (mean Dice there, of all runs), `dice`, `objects`,
        `found`, `invented` and `object_f1` (on photos with objects), `bare` (invented on those
        without) and `clean_share` (of these, on which nothing is), how many photos these are,
        `photos_with` and `photos_without`, and with `_lower` and `_upper` the 95 % bounds over
        groups of `found_share`, `invented_rate` (of a photo with objects) and `bare_rate`.
    """
    rows = {}
    for stage, (runs, approach) in stages.items():
        photos = photos_of_tests(runs, approach)
        views = summary_of(photos[photos["objects"] > 0])
        grounds = summary_of(photos[photos["objects"] == 0])
        boards = [read_leaderboard(run).set_index("approach") for run in runs]
        row: dict[str, float] = {
            "val": np.mean([one.loc[approach, "dice_mean"] for one in boards]),
            "dice": views["dice_mean"],
            "objects": views["objects"],
            "found": views["found"],
            "invented": views["invented"],
            "object_f1": views["object_f1"],
            "bare": grounds["invented"],
            "clean_share": 1 - grounds["empty_hit"] / grounds["n_images"],
            "photos_with": views["n_images"],
            "photos_without": grounds["n_images"],
        }
        for end in ("", "_lower", "_upper"):
            row["found_share" + end] = views["found_share" + end]
            row["invented_rate" + end] = views["invented_per_image" + end]
            row["bare_rate" + end] = grounds["invented_per_empty" + end]
        rows[stage] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    whole = ["objects", "found", "invented", "bare", "photos_with", "photos_without"]
    return table.astype(dict.fromkeys(whole, int))
