"""How the approaches rank, who cannot be told apart from the best, and what other images or
trainings would change.
"""

import numpy as np
import pandas as pd

from common.leaderboard import sentences as conclusions
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import counted, listed, percent


def of_table(run: FinishedRun) -> str:
    """How many approaches have a result, and the span of their scores."""
    board = run.board
    sentences = []
    if run.names:
        rows = board[board["status"] == "ok"]
        sentences.append(_span(rows))
        outlines = rows.loc[rows["nsd_2px"].idxmax()] if rows["nsd_2px"].notna().any() else None
        if outlines is not None:
            first = (
                f"The best outlines are those of `{outlines['approach']}`"
                if len(rows) > 1
                else "Outlines"
            )
            sentences.append(
                f"{first}: {percent(outlines['nsd_2px'])} of their pixels lie within 2 px of the "
                "true outline."
            )
        sentences += _empty(run, rows.iloc[0])
    for row in board[board["status"] != "ok"].itertuples():
        reason = f": {' '.join(str(row.reason).split())}" if pd.notna(row.reason) else ""
        verb = {"failed": "failed", "skipped": "was skipped"}.get(row.status, f"is {row.status}")
        sentences.append(f"`{row.approach}` {verb}{reason.rstrip('.')}.")
    return " ".join(sentences) or NOTHING


def _span(rows: pd.DataFrame) -> str:
    first, last = rows.iloc[0], rows.iloc[-1]
    if len(rows) == 1:
        return (
            f"One approach has a result, `{first['approach']}`, with a mean Dice of "
            f"{first['dice_mean']:.3f}."
        )
    return (
        f"{len(rows)} approaches have a result; mean Dice runs from {last['dice_mean']:.3f} "
        f"(`{last['approach']}`) to {first['dice_mean']:.3f} (`{first['approach']}`)."
    )


def _empty(run: FinishedRun, first: pd.Series) -> list[str]:
    if not first["n_empty"] > 0:
        return []
    chosen = run.winner or first["approach"]
    empty = int(first["n_empty"])
    seen = round(run.row(chosen)["empty_fp_rate"] * empty)
    return [
        f"`{chosen}` predicts something on {seen} of the {counted(empty, 'image')} without "
        "objects."
    ]


def of_ties(run: FinishedRun) -> str:
    """Who is equivalent to the best, who is worse, and who cannot be told apart from it."""
    if run.comparison is None or not run.names:
        return NOTHING
    if len(run.names) < 2:
        return "With a single approach there is nothing to compare."
    return conclusions.of_ties(run.comparison, run.rows)


def of_ranking(run: FinishedRun) -> str:
    """How much of the ranking other images would keep."""
    compared = run.comparison
    if compared is None:
        return NOTHING
    if len(compared.names) < 2:
        return "With a single approach there is no ranking."
    if compared.ranks.reason:
        return f"How stable the ranking is cannot be told: {compared.ranks.reason}."
    order = list(compared.order)
    first = order[int(np.argmax(compared.ranks.p_first[order]))]
    agrees = (
        " of the images; the ranking of all approaches agrees with this one at a Kendall tau "
        f"of {compared.ranks.kendall_tau:.2f} on average (1: the same order)."
        if np.isfinite(compared.ranks.kendall_tau)
        else "."
    )
    found = [
        f"`{compared.names[first]}` ranks first in {percent(compared.ranks.p_first[first])} of "
        f"the resamples{agrees}"
    ]
    moving = [
        place for place in order if compared.ranks.lower[place] < compared.ranks.upper[place]
    ]
    if moving:
        ranks = (
            f"`{compared.names[p]}` {compared.ranks.lower[p]:g} to {compared.ranks.upper[p]:g}"
            for p in moving
        )
        found.append(f"95 % intervals of ranks: {listed(list(ranks), most=12)}.")
    else:
        found.append("The 95 % interval of every rank holds that rank alone.")
    found.append(conclusions.of_schemes(compared))
    return " ".join(found)


def of_selection(run: FinishedRun) -> str:
    """What the winner's score is worth after it was used to choose."""
    compared = run.comparison
    if compared is None:
        return NOTHING
    if not np.isfinite(compared.selection.corrected):
        return f"The score cannot be corrected for the choice: {compared.selection.reason}."
    if len(compared.names) < 2:
        return (
            "With a single approach nothing was chosen, so its score needs no correction for that."
        )
    naive, corrected = compared.selection.naive, compared.selection.corrected
    often = [
        f"`{compared.names[place]}` in {percent(compared.selection.chosen[place])}"
        for place in np.argsort(-compared.selection.chosen, kind="stable")
        if compared.selection.chosen[place] > 0
    ]
    flattery = (
        f"{naive - corrected:+.4f} may be the optimism of the choice"
        if naive > corrected
        else "the choice shows no optimism"
    )
    return (
        f"The winner was chosen on the same images that give its score of {naive:.4f}. When the "
        "whole choice is repeated on resamples and scored on the images left out, the expected "
        f"score is {corrected:.4f}: {flattery}. In these repetitions the choice falls on "
        f"{listed(often)}. The correction covers only the choice among approaches, for images "
        "like those of `val`, and errs on the low side, because a resample holds 63 % of the "
        "images."
    )


def of_seeds(run: FinishedRun) -> str:
    """What other trainings of the same approaches gave."""
    if not run.names:
        return NOTHING
    rows = run.board.dropna(subset=["dice_over_seeds"])
    trainings = 1 if rows.empty else int(rows["seeds"].max())
    return conclusions.of_seeds(rows, run.names, trainings)
