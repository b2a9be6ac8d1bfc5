"""How sure the ranking is: other images, other trainings, and having been chosen."""

import numpy as np

from common.leaderboard import sentences as conclusions
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import code, counted, listed, percent, plural


def of_ranking(run: FinishedRun) -> str:
    """What these images could show at all, and what the score is worth after it was used to
    choose.
    """
    compared, stands = run.comparison, run.standing
    if compared is None or stands is None:
        return NOTHING
    if len(run.names) < 2:
        return "With a single approach there is nothing to compare."
    sentences = [_detectable(run, stands.not_told_apart)]
    if stands.worse_as_pair:
        names = listed(code(stands.worse_as_pair))
        verb = plural("is", len(stands.worse_as_pair), "are")
        sentences.append(
            f"Compared with the best alone, {names} {verb} worse; the bounds here hold for all "
            "pairs at once."
        )
    naive, corrected = compared.selection.naive, compared.selection.corrected
    if np.isfinite(corrected) and f"{naive:.3f}" != f"{corrected:.3f}":
        sentences.append(
            f"Corrected for having been chosen on these images, `{run.winner}` has a mean Dice of "
            f"{corrected:.3f}."
        )
    return " ".join(filter(None, sentences))


def _detectable(run: FinishedRun, names: tuple[str, ...]) -> str:
    """What the images that there are could show of those that are not told apart."""
    compared = run.comparison
    if compared is None or not names:
        return ""
    unit = "group" if compared.units < compared.images else "image"
    if compared.too_few:
        few = f"{counted(compared.units, unit)} {plural('is', compared.units, 'are')} too few"
        return f"{few} to show most differences between {len(compared.names)} approaches."
    least = dict(zip(compared.names, compared.minimum_detectable, strict=True))
    known = [least[name] for name in names if least[name] > 0]
    if not known:
        return ""
    return (
        f"{counted(compared.units, unit)} like these mostly miss a true difference below "
        f"{max(known):.3f}."
    )


def of_resamples(run: FinishedRun) -> str:
    """How much of the ranking other images would keep."""
    compared = run.comparison
    if compared is None:
        return NOTHING
    if len(compared.names) < 2:
        return "With a single approach there is no ranking."
    if compared.ranks.reason:
        return f"How stable the ranking is cannot be told: {compared.ranks.reason}."
    often = [
        f"`{compared.names[place]}` in {percent(compared.selection.chosen[place])}"
        for place in np.argsort(-compared.selection.chosen, kind="stable")
        if compared.selection.chosen[place] > 0
    ]
    chosen = f"Repeated on resamples, the whole choice falls on {listed(often)}."
    return " ".join([chosen, conclusions.of_schemes(compared)])


def of_seeds(run: FinishedRun) -> str:
    """What other trainings of the same approaches gave."""
    if not run.names:
        return NOTHING
    rows = run.board.dropna(subset=["dice_over_seeds"])
    trainings = 1 if rows.empty else int(rows["seeds"].max())
    return conclusions.of_seeds(rows, run.names, trainings)
