"""How sure the ranking is (other images, other trainings, having been chosen), and what must not
be concluded.
"""

from collections.abc import Iterator

import numpy as np

from common.leaderboard import sentences as conclusions
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import FEW, NOTHING, budget_of
from common.statistics.costs import BUSY
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
    if len(stands.worse) == len(run.names) - 1:
        sentences = [f"Every other approach is shown to be worse than `{stands.best}`."]
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
    units = counted(compared.units, "group" if compared.units < compared.images else "image")
    if compared.too_few:
        return f"{units}: too few to show most differences between {len(run.names)} approaches."
    least = dict(zip(compared.names, compared.minimum_detectable, strict=True))
    known = max((least[name] for name in names if least[name] > 0), default=0)
    if not known:
        return ""
    missed = listed(code([name for name in names if least[name] > 0]))
    return (
        f"With {units} like these, a true loss of {missed} below {known:.3f} mostly goes "
        "unnoticed."
    )


def of_resamples(run: FinishedRun) -> str:
    """How much of the ranking other images and other trainings would keep."""
    compared = run.comparison
    if compared is None or len(compared.names) < 2:
        return ""
    if compared.ranks.reason:
        return f"How stable the ranking is cannot be told: {compared.ranks.reason}."
    chosen = compared.selection.chosen
    often = [
        f"`{compared.names[place]}` in {percent(chosen[place])}"
        for place in np.argsort(-chosen, kind="stable")
        if chosen[place] > 0
    ]
    return (
        f"Repeated on resamples of the images, the whole choice falls on {listed(often)}. "
        f"{conclusions.of_schemes(compared)}{_of_seeds(run)}"
    )


def _of_seeds(run: FinishedRun) -> str:
    """What other trainings of the same approaches gave; empty where there were none."""
    rows = run.board.dropna(subset=["dice_over_seeds"])
    if rows.empty:
        return ""
    asked = [name for name in run.names if name in run.about.asked or not run.about.asked]
    return f" {conclusions.of_seeds(rows, asked, int(rows['seeds'].max()))}"


def of_limits(run: FinishedRun, photos: int | None = None) -> str:
    """The limits as a Markdown list, those that hold for this run.

    Args:
        run: that the report is about.
        photos: how many photos without labels were looked at; None where it is not known.
    """
    found = [*_of_images(run), *_of_training(run), *_of_costs(run)]
    if photos is not None and photos < FEW:
        number = counted(photos, "photo") if photos else "no photo"
        found.append(f"With {number} without labels, little is known of photos from elsewhere.")
    return "\n".join(f"- {sentence}" for sentence in found)


def _of_images(run: FinishedRun) -> Iterator[str]:
    compared = run.comparison
    if compared is None:
        yield "No approach has a score, so nothing can be concluded."
        return
    images = counted(compared.images, "image")
    few = " So few can miss what goes wrong on one image in twenty." * (compared.units < FEW)
    if compared.units < compared.images:
        yield (
            f"The {images} with objects are {compared.units} independent groups, on which the "
            f"intervals rest.{few}"
        )
    elif few:
        yield f"All scores come from {images}.{few}"
    if run.board["n_empty"].fillna(0).max() == 0:
        yield "Every image of `val` has an object: nothing is known of ground without any."
    if compared.reason:
        yield f"There are no intervals: {compared.reason}."
    for note in run.about.notes or ():
        if note.startswith("warning:"):
            yield f"The run warned: {note.removeprefix('warning:').strip()}."


def _of_training(run: FinishedRun) -> Iterator[str]:
    if run.names and run.board["dice_over_seeds"].isna().all():
        yield (
            "Each approach was trained once; what another training would change was not measured "
            "(`--seeds 3` measures it)."
        )
    if run.names and budget_of(run):
        yield f"With more than {budget_of(run)} each, the order may be different."


def _of_costs(run: FinishedRun) -> Iterator[str]:
    device, spread = run.about.device, run.board["reference_spread"].max()
    if not device or run.board["predict_seconds_per_image"].isna().all():
        return
    yield f"On another device than this one ({device}) costs may rank differently."
    if run.rows["predict_seconds_lower"].isna().any():
        yield (
            "Costs were measured without an interval: small differences between them mean little."
        )
    elif spread > BUSY:
        yield (
            "The machine was busy while costs were measured: the same work took up to "
            f"{spread:.1f} times as long in one round as in another. Costs that differ by less "
            "cannot be compared."
        )
