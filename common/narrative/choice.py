"""What is chosen and why, who cannot be told apart from the best, how stable the ranking is, and what it all costs."""

import numpy as np
import pandas as pd

from common.describe.finding import counted, listed, percent
from common.finished import FinishedRun

NOTHING = "No approach of this run has a complete result, so nothing is chosen."


def code(names) -> list[str]:
    """Names as they are written in a text.

    Examples:
        >>> code(["unet"])
        ['`unet`']
    """
    return [f"`{name}`" for name in names]


def between(lower: float, upper: float, digits: int = 3, sign: str = "") -> str:
    """An interval in words.

    Examples:
        >>> between(0.9, 0.95), between(-0.1, 0.2, 2, "+")
        ('0.900 to 0.950', '-0.10 to +0.20')
    """
    return f"{lower:{sign}.{digits}f} to {upper:{sign}.{digits}f}"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best.

    Examples:
        >>> duration(0.0123), duration(1.5), duration(2034), duration(7300), duration(float("nan"))
        ('12.3 ms', '1.5 s', '34 min', '2.0 h', 'an unknown time')
    """
    if pd.isna(seconds):
        return "an unknown time"
    for least, unit, of_unit, digits in ((3600, 3600, "h", 1), (120, 60, "min", 0), (1, 1, "s", 1)):
        if seconds >= least:
            return f"{seconds / unit:.{digits}f} {of_unit}"
    return f"{1000 * seconds:.3g} ms"


def answer(run: FinishedRun) -> str:
    """The first sentences of the report: take this one, so good is it, so much does it cost."""
    if run.winner is None or run.comparison is None:
        return NOTHING
    row, compared = run.row(run.winner), run.comparison
    images = counted(compared.images, "image") + " of `val` with objects"
    if compared.units < compared.images:
        images += f" ({compared.units} independent groups)"
    within = "no interval can be given" if pd.isna(row["dice_lower"]) else "95 % interval " + between(*_interval(row))
    sentences = [
        f"**Take `{run.winner}`.** Its mean Dice on the {images} is **{row['dice_mean']:.3f}** ({within}); "
        f"corrected for having been chosen on these images, {_corrected(run)}.",
        f"A mask takes {duration(row['predict_seconds_per_image'])} on {_device(run)}, the training took "
        f"{duration(row['fit_seconds'])}.",
    ]
    alike = [name for name in run.names if run.row(name)["verdict"] == "not told apart"]
    if alike:
        best = compared.names[compared.winner.best]
        sentences.append(f"Not told apart from the best (`{best}`) on these images: {listed(code(alike))}.")
    return " ".join(sentences)


def of_table(run: FinishedRun) -> str:
    """How many approaches came through, and the span of their scores."""
    board = run.board
    sentences = []
    if run.names:
        rows = board[board["status"] == "ok"]
        first, last = rows.iloc[0], rows.iloc[-1]
        sentences.append(
            f"{counted(len(rows), 'approach')[:-1] + 'es' if len(rows) > 1 else '1 approach'} came through; mean Dice "
            f"runs from {last['dice_mean']:.3f} (`{last['approach']}`) to {first['dice_mean']:.3f} "
            f"(`{first['approach']}`)."
        )
        outlines = rows.loc[rows["nsd_2px"].idxmax()] if rows["nsd_2px"].notna().any() else None
        if outlines is not None:
            sentences.append(
                f"The best outlines are those of `{outlines['approach']}`: {percent(outlines['nsd_2px'])} of their "
                "pixels lie within 2 px of the true outline."
            )
        sentences += _empty(run, first)
    for row in board[board["status"] != "ok"].itertuples():
        reason = f": {' '.join(str(row.reason).split())}" if pd.notna(row.reason) else ""
        verb = {"failed": "failed", "skipped": "was skipped"}.get(row.status, f"is {row.status}")
        sentences.append(f"`{row.approach}` {verb}{reason.rstrip('.')}.")
    return " ".join(sentences) or NOTHING


def _empty(run: FinishedRun, first: pd.Series) -> list[str]:
    if not first["n_empty"] > 0:
        return []
    chosen = run.winner or first["approach"]
    empty = int(first["n_empty"])
    seen = round(run.row(chosen)["empty_fp_rate"] * empty)
    return [f"On {seen} of the {counted(empty, 'image')} without object `{chosen}` sees something."]


def of_ties(run: FinishedRun) -> str:
    """Who is equivalent to the best, who is worse, and who cannot be told apart from it."""
    compared = run.comparison
    if compared is None or len(compared.names) < 2:
        return "There is no second approach to compare with."
    best = compared.names[compared.winner.best]
    verdicts = {
        verdict: [name for name in run.names if run.row(name)["verdict"] == verdict]
        for verdict in ("equivalent", "not told apart", "worse")
    }
    sentences = []
    if verdicts["worse"]:
        sentences.append(f"Worse than `{best}`, with bounds that exclude 0: {listed(code(verdicts['worse']))}.")
    if verdicts["equivalent"]:
        sentences.append(
            f"Within the margin of {run.margin:g} of it: {listed(code(verdicts['equivalent']))}; to choose the "
            "cheapest "
            "of them loses nothing that matters."
        )
    for name in verdicts["not told apart"]:
        row = run.row(name)
        bounds = between(row["simultaneous_lower"], row["simultaneous_upper"], sign="+")
        sentences.append(
            f"`{name}` is not told apart from it: its difference of {row['difference']:+.3f} may be anything from "
            f"{bounds}. That is not the same as being as good."
        )
    sentences += [_smallest(run)] if verdicts["not told apart"] else []
    sentences.append("The bounds hold for all pairs at once with 95 %.")
    return " ".join(filter(None, sentences))


def _smallest(run: FinishedRun) -> str:
    rows = run.board[(run.board["status"] == "ok") & (run.board["minimum_detectable"] > 0)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return (
        f"So many images would show a true difference of {row['minimum_detectable']:.3f} between the best and "
        f"`{row['approach']}` in 80 % of trials; a smaller one they would mostly miss."
    )


def of_ranking(run: FinishedRun) -> str:
    """How much of the ranking other images would keep."""
    compared = run.comparison
    if compared is None or len(compared.names) < 2:
        return "With a single approach there is no ranking."
    if compared.ranks.reason:
        return f"How stable the ranking is cannot be said: {compared.ranks.reason}."
    order = list(compared.order)
    first = order[int(np.argmax(compared.ranks.p_first[order]))]
    sentences = [
        f"`{compared.names[first]}` ranks first in {percent(compared.ranks.p_first[first])} of the resamples of the "
        f"images; the ranking of all approaches agrees with the one here by a Kendall tau of "
        f"{compared.ranks.kendall_tau:.2f} on average (1: the same order)."
        if np.isfinite(compared.ranks.kendall_tau)
        else f"`{compared.names[first]}` ranks first in {percent(compared.ranks.p_first[first])} of the resamples."
    ]
    moving = [place for place in order if compared.ranks.lower[place] < compared.ranks.upper[place]]
    if moving:
        ranks = (f"`{compared.names[p]}` {compared.ranks.lower[p]:g} to {compared.ranks.upper[p]:g}" for p in moving)
        sentences.append(f"Ranks that change within 95 % of them: {listed(list(ranks))}.")
    else:
        sentences.append("No rank changes within 95 % of them.")
    sentences.append(f"Under other ways to rank, {compared.schemes}.")
    return " ".join(sentences)


def of_choice(run: FinishedRun) -> str:
    """The rule, what it chose, and what the others would have cost or saved."""
    compared = run.comparison
    if compared is None or run.winner is None:
        return NOTHING
    best, chosen = compared.names[compared.winner.best], run.row(run.winner)
    sentences = [f"Chosen by the rule *{compared.rule}*: {compared.winner.reason}."]
    if run.winner != best:
        row = run.row(best)
        sentences.append(
            f"`{best}` has {row['dice_mean'] - chosen['dice_mean']:.4f} more mean Dice"
            f"{_times_slower(chosen, row, ' and takes ')}."
        )
    return " ".join([*sentences, *_faster(run, chosen)])


def _faster(run: FinishedRun, chosen: pd.Series) -> list[str]:
    """Those that would be faster than the chosen one and were not shown to be worse than the best."""
    rows = run.board[run.board["verdict"] == "not told apart"]
    rows = rows[rows["predict_seconds_per_image"] < chosen["predict_seconds_per_image"]]
    if rows.empty:
        return []
    said = [
        f"`{row.approach}` ({duration(row.predict_seconds_per_image)}; a loss of up to {-row.simultaneous_lower:.3f} "
        "is "
        "possible)"
        for row in rows.itertuples()
    ]
    first = rows.loc[rows["simultaneous_lower"].idxmax(), "approach"]
    return [
        f"Faster than its {duration(chosen['predict_seconds_per_image'])} for an image, but not shown to lose less "
        "than "
        f"{run.margin:g}: {listed(said)}.",
        f"Where speed matters more than that risk, look at `{first}` first.",
    ]


def _times_slower(fast: pd.Series, slow: pd.Series, before: str) -> str:
    ratio = slow["predict_seconds_per_image"] / fast["predict_seconds_per_image"]
    return f"{before}{ratio:.1f} times as long for an image" if np.isfinite(ratio) else ""


def of_costs(run: FinishedRun) -> str:
    """Seconds, memory and size; who is beaten in both Dice and time."""
    rows = run.board[run.board["status"] == "ok"].dropna(subset=["predict_seconds_per_image"])
    if rows.empty:
        return "Costs were not measured in this run."
    quick, slow = (rows.loc[rows["predict_seconds_per_image"].agg(which)] for which in ("idxmin", "idxmax"))
    sentences = [
        f"An image takes from {duration(quick['predict_seconds_per_image'])} (`{quick['approach']}`) to "
        f"{duration(slow['predict_seconds_per_image'])} (`{slow['approach']}`) on {_device(run)}."
    ]
    if run.winner in set(rows["approach"]):
        row = run.row(run.winner)
        sentences.append(
            f"`{run.winner}` has {row['model_mb']:.1f} MB on disk and needs up to {row['peak_memory_mb']:,.0f} MB of "
            "memory, Python and its libraries included."
        )
    beaten = rows.loc[rows["pareto"].eq(False), "approach"].tolist()
    if beaten:
        sentences.append(f"Beaten by another in both Dice and time: {listed(code(beaten))}.")
    return " ".join(sentences)


def of_selection(run: FinishedRun) -> str:
    """What the winner's score is worth after it was used to choose."""
    compared = run.comparison
    if compared is None:
        return NOTHING
    if not np.isfinite(compared.selection.corrected):
        return f"The score cannot be corrected for the choice: {compared.selection.reason}."
    naive, corrected = compared.selection.naive, compared.selection.corrected
    often = listed(
        [
            f"`{compared.names[place]}` in {percent(compared.selection.chosen[place])}"
            for place in np.argsort(-compared.selection.chosen, kind="stable")
            if compared.selection.chosen[place] > 0
        ]
    )
    return (
        f"The winner was chosen on the images that its score of {naive:.4f} is from. When the whole choice is "
        "repeated on "
        f"resamples and judged on the images left out, the expected score is {corrected:.4f}: {naive - corrected:+.4f} "
        f"may be the flattery of the choice. In these repetitions the choice falls on {often}. It corrects for "
        "the choice among approaches alone, for images like those of `val`, and errs on the low side, because a "
        "resample "
        "holds 63 % of the images."
    )


def of_seeds(run: FinishedRun) -> str:
    """What other trainings of the same approaches gave."""
    rows = run.board.dropna(subset=["dice_over_seeds"])
    if rows.empty:
        return (
            "Each approach was trained once, so nothing is known of how another training would turn out; `--seeds 3` "
            "measures it."
        )
    said = [
        f"`{row.approach}` {row.dice_over_seeds:.3f} "
        f"({between(row.dice_over_seeds_lower, row.dice_over_seeds_upper)}; "
        f"trainings differ by {row.seed_sd:.4f}, images by {row.image_sd:.3f})"
        for row in rows.itertuples()
    ]
    return (
        f"Mean Dice over {int(rows['seeds'].max())} trainings, with the interval over trainings and images and the "
        f"standard deviations of both: {listed(said, most=12)}. The choice rests on the first training alone."
    )


def _interval(row: pd.Series) -> tuple[float, float]:
    return row["dice_lower"], row["dice_upper"]


def _corrected(run: FinishedRun) -> str:
    corrected = run.comparison.selection.corrected
    return f"{corrected:.3f}" if np.isfinite(corrected) else "an unknown value"


def _device(run: FinishedRun) -> str:
    device, threads = run.about.get("device", "an unknown device"), run.about.get("threads")
    return f"{device.upper()} with {counted(threads, 'thread')}" if device == "cpu" and threads else device
