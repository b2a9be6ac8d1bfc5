"""Two leaderboards of the same data beside each other, made before and after something was
changed, and what differs between their runs. Nothing is concluded that two single runs cannot
show.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from common.leaderboard import as_markdown, read_leaderboard
from common.records.description import RunDescription, read_description
from common.records.folder import RunFolder
from common.words import between, code, counted, listed


def stored_board(run: Path) -> pd.DataFrame | None:
    """The leaderboard of a run, None where there is none."""
    return read_leaderboard(run) if (run / "leaderboard.csv").is_file() else None


def before_and_after(before: Path, after: Path) -> str:
    """A Markdown table of both leaderboards, and sentences on what changed between them.

    Args:
        before: folder with `leaderboard.csv` and `run.json`.
        after: the same.
    """
    runs = (before, after)
    boards = [board for run in runs if (board := stored_board(run)) is not None]
    if len(boards) < len(runs):
        missing = [run.name for run in runs if stored_board(run) is None]
        return (
            "Nothing can be compared before and after: no leaderboard is stored in "
            f"{listed(code(missing))}."
        )
    both = boards[1].merge(boards[0], on="approach", how="outer", suffixes=("", "_before"))
    both = both.sort_values("dice_mean", ascending=False, na_position="last")
    both["change"] = both["dice_mean"] - both["dice_mean_before"]
    columns = ["approach", "Dice before", "Dice after", "after minus before"]
    rows = [
        (
            f"`{row.approach}`",
            _score(row, "_before"),
            _score(row, ""),
            "" if pd.isna(row.change) else f"{row.change:+.3f}",
        )
        for row in both.itertuples()
    ]
    table = as_markdown(pd.DataFrame(rows, columns=columns), columns)
    about = [_about(run) for run in (before, after)]
    sentences = [
        _of_budgets(about, both),
        _of_settings(about),
        _of_steps(boards),
        _of_changes(both),
    ]
    return f"{table}\n\n{' '.join(sentence for sentence in sentences if sentence)}"


def _score(row: Any, which: str) -> str:
    """A mean Dice with its interval."""
    mean, lower, upper = (
        getattr(row, f"{column}{which}") for column in ("dice_mean", "dice_lower", "dice_upper")
    )
    if pd.isna(mean):
        return "no result"
    return f"{mean:.3f}" if pd.isna(lower) else f"{mean:.3f} ({between(lower, upper)})"


def _about(run: Path) -> RunDescription:
    has_one = RunFolder(run).description.is_file()
    return read_description(run) if has_one else RunDescription()


def _of_budgets(about: Sequence[RunDescription], both: pd.DataFrame) -> str:
    """Time limits and steps of both runs."""
    minutes = [one.identity.budget.minutes for one in about]
    budgets = (
        f"Budget of a training: {minutes[0]:g} minutes before, {minutes[1]:g} after."
        if all(minutes)
        else ""
    )
    steps = both.reindex(columns=["approach", "fit_steps_before", "fit_steps"]).dropna()
    if steps.empty:
        return budgets
    pairs = [
        f"{row.fit_steps_before:,.0f} and {row.fit_steps:,.0f} for `{row.approach}`"
        for row in steps.itertuples()
    ]
    return (
        f"{budgets} Steps before and after: {listed(pairs, most=12)}; the machine was not "
        "equally fast."
    ).strip()


def _of_settings(about: Sequence[RunDescription]) -> str:
    """Which settings that both runs name have other values."""
    before, after = ({name: one.config for name, one in run.approaches.items()} for run in about)
    changed = [
        f"`{key}` of `{name}` from {before[name][key]} to {value}"
        for name, config in after.items()
        for key, value in config.items()
        if key in before.get(name, {}) and before[name][key] != value
    ]
    if changed:
        return f"Settings that were changed: {listed(changed, most=len(changed))}."
    return "No setting that both runs name was changed." if before and after else ""


def _of_steps(boards: list[pd.DataFrame]) -> str:
    """Whether the runs could go beyond a threshold, and who did."""
    before, after = (
        "postprocess" in board and board["postprocess"].notna().any() for board in boards
    )
    if not after:
        return ""
    steps = boards[1]["postprocess"].dropna()
    kept = int(steps.str.contains(",").sum())
    since = "" if before else " were added between the two runs and"
    return (
        "Steps of the post-processing beyond the threshold (hysteresis, filled holes, a least "
        f"area){since} are kept where *tune* shows a gain: by {kept or 'none'} of "
        f"{counted(len(steps), 'approach', 'approaches')}."
    )


def _of_changes(both: pd.DataFrame) -> str:
    """Which score moved most, and whether any left the interval of the one before."""
    rows = both.dropna(subset=["change"])
    if rows.empty:
        return "No approach has a result in both."
    most = rows.loc[rows["change"].abs().idxmax()]
    left = rows[
        (rows["dice_mean"] < rows["dice_lower_before"])
        | (rows["dice_mean"] > rows["dice_upper_before"])
    ]
    outside = (
        f"outside its interval before: {listed(code(left['approach']), most=12)}"
        if len(left)
        else "every score after lies within its interval before, so no change is shown"
    )
    return (
        f"The largest change is that of `{most['approach']}` ({most['change']:+.3f}); {outside}. "
        "Each run is one training with one seed, so a difference may come from the trainings "
        "alone."
    )
