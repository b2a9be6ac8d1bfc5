"""Which studies were run, what stands out over all of them, what their trainings cost, and two
leaderboards of the same data before and after a change.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from common.leaderboard import as_markdown, read_leaderboard
from common.leaderboard.studies import BASELINE
from common.records.description import RunDescription, read_description
from common.records.folder import RunFolder
from common.words import between, code, counted, listed, plural


def study_tables(
    folder: Path, names: Collection[str]
) -> dict[str, dict[str, pd.DataFrame | None]]:
    """The stored tables of all studies.

    Args:
        folder: with files `<data>-<study>.csv`; it may be absent.
        names: of the studies.

    Returns:
        Data set → study, in the order of `names` → its table, None where it was not run. Where
        nothing was run at all, there is one data set called *none*.
    """
    found: dict[str, dict[str, pd.DataFrame | None]] = {}
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        fitting = [name for name in names if path.stem.endswith(f"-{name}")]
        if fitting:
            name = max(fitting, key=len)
            tables = found.setdefault(path.stem.removesuffix(f"-{name}"), dict.fromkeys(names))
            tables[name] = pd.read_csv(path)
    return found or {"none": dict.fromkeys(names)}


def of_studies(found: Mapping[str, Mapping[str, pd.DataFrame | None]]) -> str:
    """Which studies were run on which data, and which were not.

    Args:
        found: of `study_tables`.
    """
    sentences = []
    for data, tables in found.items():
        done = [name for name, table in tables.items() if table is not None]
        open_ = [name for name, table in tables.items() if table is None]
        if not done:
            return (
                f"**None of the {len(tables)} studies was run**: what stands below is expected, "
                "not found."
            )
        sentences.append(
            f"On {data}, {len(done)} of {len(tables)} studies were run: {listed(done, most=12)}."
        )
        if open_:
            sentences.append(f"**Not run: {listed(open_, most=12)}.**")
    return " ".join(sentences)


def of_budget(
    table: pd.DataFrame | None, approach: str = "", board: pd.DataFrame | None = None
) -> str:
    """How long the trainings of a study were, how many there were, and what a dot of its figure
    is.

    Args:
        table: of the study; None where it was not run, which leaves nothing to tell.
        approach: that the study varies.
        board: a leaderboard whose training of that approach is named for comparison; None names
            none.
    """
    rows = table[table["seeds"].notna()] if table is not None else pd.DataFrame()
    if rows.empty:
        return ""
    sentences = [_lengths(rows), _of_board(approach, board)]
    seeds, groups = int(rows["seeds"].max()), int(rows["n_groups"].max())
    sentences.append(
        f"{counted(seeds, 'training')} of each, with different seeds and scored on different "
        f"folds of `train`, {counted(groups, 'independent group')} of images in all. So a dot "
        "differs from the next in both seed and fold; how much the seed alone changes was not "
        "measured."
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _lengths(rows: pd.DataFrame) -> str:
    """Steps and seconds of a training of the baseline and of the variations."""
    parts = []
    for column, form in (("fit_steps", "{:,.0f} steps"), ("fit_seconds", "{:,.0f} s")):
        values = rows.set_index("variation").reindex(columns=[column])[column].dropna()
        if BASELINE in values:
            least, most = (form.format(one) for one in (values.min(), values.max()))
            others = f" ({least.split()[0]} to {most} over all)" if least != most else ""
            parts.append(form.format(values[BASELINE]) + others)
    return f"A training of the baseline took {listed(parts)}." if parts else ""


def _of_board(approach: str, board: pd.DataFrame | None) -> str:
    rows = board[board["approach"] == approach] if board is not None else pd.DataFrame()
    rows = rows.reindex(columns=["fit_steps", "fit_seconds"]).dropna()
    if rows.empty:
        return ""
    steps, seconds = rows.iloc[0]
    return (
        f"In the leaderboard `{approach}` was trained for {steps:,.0f} steps in {seconds:,.0f} s."
    )


def of_overview(tables: Mapping[str, pd.DataFrame | None]) -> str:
    """What stands out in the figure of all studies.

    Args:
        tables: study → its table, None where it was not run.
    """
    ran = [table[table["variation"] != BASELINE] for table in tables.values() if table is not None]
    rows = pd.concat(ran or [pd.DataFrame(columns=["verdict"])]).dropna(subset=["verdict"])
    if rows.empty:
        return "No variation of any study has a result, so the figure is empty."
    counts = rows["verdict"].value_counts()
    helps, hurts, tied = (int(counts.get(one, 0)) for one in ("helps", "hurts", "not told apart"))
    reach = float((rows["to_baseline_upper"] - rows["to_baseline_lower"]).median()) / 2
    return (
        f"Of {counted(len(rows), 'variation')} with a result, {helps} "
        f"{plural('is', helps, 'are')} shown to help and {hurts} to hurt; "
        f"{tied} {plural('is', tied, 'are')} not told apart from the baseline. The median bounds "
        f"reach {reach:.3f} to each side: a smaller change could rarely be shown with so few "
        "independent groups of images."
    )


def of_ideas(answers: Mapping[str, str], groups: Mapping[int, str]) -> str:
    """Which finding of the data analysis each idea of the augmentation answers, as a Markdown
    list.

    Args:
        answers: idea → the findings, with the numbers of their sections.
        groups: image id → group, of the images that are trained on.
    """
    opening = (
        f"The {counted(len(groups), 'image')} to train on form "
        f"{counted(len(set(groups.values())), 'group')} of related images. Which findings each "
        "idea answers, by their sections:"
    )
    return "\n".join(
        [opening, "", *(f"- **{idea}**: {answer}." for idea, answer in answers.items())]
    )


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
    minutes = [_about(run).identity.budget.minutes for run in runs]
    budgets = (
        f"Budget of a training: {minutes[0]:g} minutes before, {minutes[1]:g} after. "
        if all(minutes)
        else ""
    )
    return f"{table}\n\n{budgets}{_of_changes(both)}"


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


def _of_changes(both: pd.DataFrame) -> str:
    """Whether any score left the interval of the one before."""
    rows = both.dropna(subset=["change"])
    if rows.empty:
        return "No approach has a result in both."
    left = rows[
        (rows["dice_mean"] < rows["dice_lower_before"])
        | (rows["dice_mean"] > rows["dice_upper_before"])
    ]
    outside = (
        f"Outside its interval before: {listed(code(left['approach']), most=12)}"
        if len(left)
        else "Every score after lies within its interval before, so no change is shown"
    )
    return (
        f"{outside}. Each run is one training with one seed, so a difference may come from the "
        "trainings alone."
    )
