"""What stands out over all studies of a data set, and two leaderboards of the same data before and
after a change.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from common.leaderboard import as_markdown, read_leaderboard
from common.leaderboard.studies import SAME
from common.metrics import with_objects
from common.records.description import read_description
from common.records.folder import RunFolder
from common.statistics import paired_differences
from common.words import between, code, counted, listed, plural


def study_tables(folder: Path, data: str, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """The stored tables of the studies that were run on a data set: study → table.

    Args:
        folder: with files `<data>-<study>.csv`; it may be absent.
        data: the name of the data set.
        names: of the studies, in their order.
    """
    paths = {name: folder / f"{data}-{name}.csv" for name in names}
    return {name: pd.read_csv(path) for name, path in paths.items() if path.is_file()}


def of_overview(tables: Mapping[str, pd.DataFrame]) -> str:
    """How many variations of all studies are shown to help or to hurt, and how small a change
    could be shown.

    Args:
        tables: study → its table.
    """
    ran = [table[table["variation"] != "baseline"] for table in tables.values()]
    rows = pd.concat(ran or [pd.DataFrame(columns=["verdict"])]).dropna(subset=["verdict"])
    if rows.empty:
        return "No variation of any study has a result, so the figure is empty."
    counts = rows["verdict"].value_counts()
    helps, hurts, alike, tied = (
        int(counts.get(one, 0)) for one in ("helps", "hurts", "equivalent", "not told apart")
    )
    reach = float((rows["to_baseline_upper"] - rows["to_baseline_lower"]).median()) / 2
    return (
        f"Of {counted(len(rows), 'variation')} with a result, {helps} "
        f"{plural('is', helps, 'are')} shown to help, {hurts} to hurt and {alike} to be as good "
        f"within {SAME:g}; "
        f"{tied} {plural('is', tied, 'are')} not told apart from the baseline. The median bounds "
        f"reach {reach:.3f} to each side: a smaller change could rarely be shown with so few "
        "independent groups of images."
    )


def before_and_after(before: Path, after: Path) -> str:
    """A Markdown table of both leaderboards, and which scores are shown to have changed, by the
    differences image by image.

    Args:
        before: folder with `leaderboard.csv`, `per_image.csv` and `run.json`.
        after: the same, with the `group` of each image.
    """
    runs = {"before": before, "after": after}
    missing = [run.name for run in runs.values() if not RunFolder(run).leaderboard.is_file()]
    if missing:
        return (
            "Nothing can be compared before and after: no leaderboard is stored in "
            f"{listed(code(missing))}."
        )
    boards = {which: read_leaderboard(run).set_index("approach") for which, run in runs.items()}
    both = pd.concat(boards, axis=1, sort=False)
    both = both.sort_values(("after", "dice_mean"), ascending=False, na_position="last")
    table = pd.DataFrame({"approach": code(both.index)})
    for which in runs:
        table[f"Dice {which}"] = [_score(row) for _, row in both[which].iterrows()]
    old, new = (with_objects(pd.read_csv(RunFolder(run).per_image)) for run in (before, after))
    changes = {name: _change(old, new, name) for name in both.index}
    table["after minus before"] = [
        "" if one is None else f"{one[0]:+.3f} ({between(*one[1:], sign='+')})"
        for one in changes.values()
    ]
    shown = [name for name, one in changes.items() if one is not None and one[1] * one[2] > 0]
    outcome = "No change is shown image by image"
    if shown:
        outcome = f"Shown to have changed, each by its own 95 % bounds: {listed(code(shown))}"
    first, second = (read_description(run).identity.budget.minutes for run in runs.values())
    budgets = ""
    if first and second:
        budgets = f"Budget of a training: {first:g} minutes before, {second:g} after. "
    return (
        f"{as_markdown(table, list(table.columns))}\n\n{budgets}{outcome}. Each run is one "
        "training with one seed, so a difference may come from the trainings alone."
    )


def _change(
    before: pd.DataFrame, after: pd.DataFrame, approach: str
) -> tuple[float, float, float] | None:
    """By how much the mean Dice of an approach changed, with 95 % bounds over groups; None where
    the two runs have not scored the same images.
    """
    old, new = (
        one[one["approach"] == approach].set_index("img_id").sort_index()
        for one in (before, after)
    )
    if old.empty or not old.index.equals(new.index):
        return None
    groups = new["group"].tolist() if "group" in new else None
    found = paired_differences(np.array([old["dice"], new["dice"]]), 0, groups)
    return float(found.mean[1]), float(found.lower[1]), float(found.upper[1])


def _score(row: pd.Series) -> str:
    """A mean Dice with its interval."""
    if pd.isna(row["dice_mean"]):
        return "no result"
    return f"{row['dice_mean']:.3f} ({between(row['dice_lower'], row['dice_upper'])})"
