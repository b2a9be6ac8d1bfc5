"""How the approaches rank, who cannot be told apart from the best, and what other images or
trainings would change.
"""

import numpy as np
import pandas as pd

from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.statistics import Comparison
from common.words import between, code, counted, listed, percent

ALONE = "With a single approach there is nothing to compare."


def of_table(run: FinishedRun) -> str:
    """How many approaches came through, and the span of their scores."""
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
                else "Its outlines"
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
            f"One approach came through, `{first['approach']}`, with a mean Dice of "
            f"{first['dice_mean']:.3f}."
        )
    return (
        f"{len(rows)} approaches came through; mean Dice runs from {last['dice_mean']:.3f} "
        f"(`{last['approach']}`) to {first['dice_mean']:.3f} (`{first['approach']}`)."
    )


def _empty(run: FinishedRun, first: pd.Series) -> list[str]:
    if not first["n_empty"] > 0:
        return []
    chosen = run.winner or first["approach"]
    empty = int(first["n_empty"])
    seen = round(run.row(chosen)["empty_fp_rate"] * empty)
    return [
        f"On {seen} of the {counted(empty, 'image')} without object `{chosen}` sees something."
    ]


def of_ties(run: FinishedRun) -> str:
    """Who is equivalent to the best, who is worse, and who cannot be told apart from it."""
    compared = run.comparison
    if compared is None or not run.names:
        return NOTHING
    if len(compared.names) < 2:
        return ALONE
    best = compared.names[compared.winner.best]
    worse, equivalent, tied = (
        [name for name in run.names if run.row(name)["verdict"] == verdict]
        for verdict in ("worse", "equivalent", "not told apart")
    )
    sentences = []
    if worse:
        sentences.append(
            f"Worse than `{best}`, with bounds that exclude 0: {listed(code(worse), most=12)}."
        )
    if equivalent:
        sentences.append(
            f"Within the margin of {run.margin:g} of it: {listed(code(equivalent), most=12)}; to "
            "choose the cheapest of them loses nothing that matters."
        )
    sentences += _tied(run, compared, tied) if tied else []
    sentences.append(
        "The bounds hold for all pairs at once with 95 %." if not compared.reason else ""
    )
    return " ".join(filter(None, sentences))


def _tied(run: FinishedRun, compared: Comparison, names: list[str]) -> list[str]:
    """Those that are not told apart from the best, how far off they may be, and what would have
    been seen.
    """
    best = compared.names[compared.winner.best]
    said = [f"`{name}`{_may_be(run.row(name))}" for name in names]
    sentences = [
        f"Not told apart from `{best}`: {listed(said, most=12)}. That is not the same as being as "
        "good.",
        _worse_alone(run, compared, names),
        _smallest(compared, names),
    ]
    return list(filter(None, sentences))


def _may_be(row: pd.Series) -> str:
    if pd.isna(row["simultaneous_lower"]):
        return (
            f" ({row['difference']:+.3f}, no bounds can be given)"
            if pd.notna(row["difference"])
            else ""
        )
    bounds = between(row["simultaneous_lower"], row["simultaneous_upper"], sign="+")
    return f" (its difference of {row['difference']:+.3f} may be anything from {bounds})"


def _worse_alone(run: FinishedRun, compared: Comparison, names: list[str]) -> str:
    """Those of whom a comparison of the pair alone would say that they are worse."""
    upper = dict(zip(compared.names, compared.to_best.upper, strict=True))
    alone = [name for name in names if (run.row(name)["difference_upper"] < 0 or upper[name] < 0)]
    if not alone:
        return ""
    what = "group" if compared.units < compared.images else "image"
    rows = [run.row(name) for name in alone]
    said = [
        f"`{name}` ({between(row['difference_lower'], row['difference_upper'], sign='+')})"
        if pd.notna(row["difference_upper"])
        else f"`{name}`"
        for name, row in zip(alone, rows, strict=True)
    ]
    one = len(alone) == 1
    return (
        f"Compared with the best alone, {listed(said, most=12)} {'is' if one else 'are'} worse, "
        f"but not when all pairs must hold at once: {'its' if one else 'their'} scores vary too "
        f"much from {what} to {what}."
    )


def _smallest(compared: Comparison, names: list[str]) -> str:
    """The true differences that so many groups would show."""
    least = dict(zip(compared.names, compared.minimum_detectable, strict=True))
    said = [f"{least[name]:.3f} to `{name}`" for name in names if least[name] > 0]
    if not said:
        return ""
    many = counted(compared.units, "group" if compared.units < compared.images else "image")
    return (
        f"In 80 % of trials {many} like these would show a true difference of "
        f"{listed(said, most=12)}; smaller ones they would mostly miss."
    )


def of_ranking(run: FinishedRun) -> str:
    """How much of the ranking other images would keep."""
    compared = run.comparison
    if compared is None:
        return NOTHING
    if len(compared.names) < 2:
        return "With a single approach there is no ranking."
    if compared.ranks.reason:
        return f"How stable the ranking is cannot be said: {compared.ranks.reason}."
    order = list(compared.order)
    first = order[int(np.argmax(compared.ranks.p_first[order]))]
    agrees = (
        " of the images; the ranking of all approaches agrees with the one here by a Kendall tau "
        f"of {compared.ranks.kendall_tau:.2f} on average (1: the same order)."
        if np.isfinite(compared.ranks.kendall_tau)
        else "."
    )
    sentences = [
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
        sentences.append(f"Ranks that change within 95 % of them: {listed(list(ranks), most=12)}.")
    else:
        sentences.append("No rank changes within 95 % of them.")
    sentences.append(f"Under other ways to rank, {compared.schemes}.")
    return " ".join(sentences)


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
        f"{naive - corrected:+.4f} may be the flattery of the choice"
        if naive > corrected
        else "no flattery of the choice shows"
    )
    return (
        f"The winner was chosen on the images that its score of {naive:.4f} is from. When the "
        "whole choice is repeated on resamples and judged on the images left out, the expected "
        f"score is {corrected:.4f}: {flattery}. In these repetitions the choice falls on "
        f"{listed(often)}. It corrects for the choice among approaches alone, for images like "
        "those of `val`, and errs on the low side, because a resample holds 63 % of the images."
    )


def of_seeds(run: FinishedRun) -> str:
    """What other trainings of the same approaches gave."""
    if not run.names:
        return NOTHING
    rows = run.board.dropna(subset=["dice_over_seeds"])
    if rows.empty:
        return (
            "Each approach was trained once, so nothing is known of how another training would "
            "turn out; `--seeds 3` measures it."
        )
    said = [
        f"`{row.approach}` {row.dice_over_seeds:.3f} "
        f"({between(row.dice_over_seeds_lower, row.dice_over_seeds_upper)}; "
        f"trainings differ by {row.seed_sd:.4f}, images by {row.image_sd:.3f})"
        for row in rows.itertuples()
    ]
    return (
        f"Mean Dice over {int(rows['seeds'].max())} trainings, with the interval over trainings "
        f"and images and the standard deviations of both: {listed(said, most=12)}. The choice "
        "rests on the first training alone."
    )
