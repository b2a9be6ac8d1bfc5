"""What the studies found, all together and one by one, and what their trainings cost."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from common.leaderboard.studies import BASELINE
from common.words import between, counted, listed, plural


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


def of_study(table: pd.DataFrame | None) -> str:
    """What a study found, in sentences.

    Args:
        table: of `common.leaderboard.studies.study_table`; None where the study was not run.
    """
    if table is None:
        return "**This study was not run**, so there is nothing beyond what is expected."
    rows = table[table["variation"] != BASELINE]
    judged = rows[rows["verdict"].notna()]
    if judged.empty:
        return (
            "**This study has no result**: neither its baseline nor any variation can be compared."
        )
    sentences = []
    for verdict, words in (("helps", "Shown to help"), ("hurts", "Shown to hurt")):
        chosen = judged[judged["verdict"] == verdict]
        if len(chosen):
            sentences.append(
                f"{words}: {listed([_difference(row) for row in chosen.itertuples()], most=12)}."
            )
    alike = judged.loc[judged["verdict"] == "not told apart"]
    if len(alike):
        sentences.append(
            "Not told apart from the baseline: "
            f"{listed([_difference(row) for row in alike.itertuples()], most=12)}; this does "
            "not mean that there is no difference."
        )
    for row in rows[rows["verdict"].isna()].itertuples():
        reason = getattr(row, "reason", None)
        sentences.append(
            f"*{row.variation}* has no result "
            f"({reason if pd.notna(reason) else 'it was not compared'})."
        )
    return " ".join(sentences)


def _difference(row: Any) -> str:
    bounds = between(row.to_baseline_lower, row.to_baseline_upper, 3, "+")
    return f"*{row.variation}* ({row.to_baseline:+.3f}, {bounds})"


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
    ran = {study: table for study, table in tables.items() if table is not None}
    rows = pd.concat(
        [table.assign(study=study)[table["variation"] != BASELINE] for study, table in ran.items()]
        or [pd.DataFrame()]
    )
    rows = rows[rows["verdict"].notna()] if len(rows) else rows
    if rows.empty:
        return "No variation of any study has a result, so the figure is empty."
    counts = {
        verdict: int((rows["verdict"] == verdict).sum())
        for verdict in ("helps", "hurts", "not told apart")
    }
    tied = counts["not told apart"]
    low, high = (rows.sort_values("to_baseline").iloc[place] for place in (0, -1))
    reach = float((rows["to_baseline_upper"] - rows["to_baseline_lower"]).median()) / 2
    return (
        f"Of {counted(len(rows), 'variation')} with a result, {counts['helps']} "
        f"{plural('is', counts['helps'], 'are')} shown to help and {counts['hurts']} to hurt; "
        f"{tied} {plural('is', tied, 'are')} not told apart from the baseline. The highest "
        f"difference is that of *{high['study']}: {high['variation']}* "
        f"({high['to_baseline']:+.3f}), the lowest that of *{low['study']}: {low['variation']}* "
        f"({low['to_baseline']:+.3f}). The median bounds reach {reach:.3f} to each side: a "
        "smaller change could rarely be shown with so few independent groups of images."
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
        "idea answers, by the sections of `data_analysis.ipynb`:"
    )
    return "\n".join(
        [opening, "", *(f"- **{idea}**: {answer}." for idea, answer in answers.items())]
    )
