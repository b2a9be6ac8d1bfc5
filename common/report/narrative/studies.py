"""What stands out over all studies of a data set, and two leaderboards of the same data before and
after a change.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from common.leaderboard import as_markdown, read_leaderboard
from common.leaderboard.studies import SAME
from common.records.description import read_description
from common.records.folder import RunFolder
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
    """A Markdown table of both leaderboards, and whether any score left the interval of the one
    before.

    Args:
        before: folder with `leaderboard.csv` and `run.json`.
        after: the same.
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
    change = both["after"]["dice_mean"] - both["before"]["dice_mean"]
    table = pd.DataFrame({"approach": code(both.index)})
    for which in runs:
        table[f"Dice {which}"] = [_score(row) for _, row in both[which].iterrows()]
    table["after minus before"] = change.map("{:+.3f}".format, na_action="ignore").to_list()
    score, old = both["after"]["dice_mean"], both["before"]
    left = both.index[(score < old["dice_lower"]) | (score > old["dice_upper"])]
    outside = (
        f"Outside its interval before: {listed(code(left), most=12)}"
        if len(left)
        else "Every score after lies within its interval before, so no change is shown"
    )
    first, second = (read_description(run).identity.budget.minutes for run in runs.values())
    budgets = ""
    if first and second:
        budgets = f"Budget of a training: {first:g} minutes before, {second:g} after. "
    return (
        f"{as_markdown(table, list(table.columns))}\n\n{budgets}{outside}. Each run is one "
        "training with one seed, so a difference may come from the trainings alone."
    )


def _score(row: pd.Series) -> str:
    """A mean Dice with its interval."""
    if pd.isna(row["dice_mean"]):
        return "no result"
    return f"{row['dice_mean']:.3f} ({between(row['dice_lower'], row['dice_upper'])})"
