"""How sure the ranking is (other images, other trainings, having been chosen), and what must not
be concluded.
"""

import numpy as np

from common.leaderboard import sentences as conclusions
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING, budget_of
from common.statistics.costs import BUSY
from common.words import code, counted, listed, percent, plural

FEW_GROUPS = 30
FEW_PHOTOS = 30


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
    asked = [name for name in run.names if name in run.about.asked or not run.about.asked]
    return conclusions.of_seeds(rows, asked, trainings)


def of_limits(run: FinishedRun, photos: int | None = None) -> str:
    """The limits as a Markdown list, those that hold for this run.

    Args:
        run: that the report is about.
        photos: how many photos without labels were looked at; None where it is not known.
    """
    found = [*_of_images(run), *_of_data(run), *_of_training(run), *_of_costs(run)]
    if photos is not None and photos < FEW_PHOTOS:
        number = counted(photos, "photo") if photos else "no photo"
        found.append(f"With {number} without labels, little is known of photos from elsewhere.")
    return "\n".join(f"- {sentence}" for sentence in found)


def _of_images(run: FinishedRun) -> list[str]:
    compared = run.comparison
    if compared is None:
        return ["No approach has a score, so nothing can be concluded."]
    found = []
    if compared.units < compared.images:
        few = " So few can miss what goes wrong on one image in twenty." * (
            compared.units < FEW_GROUPS
        )
        found.append(
            f"The {counted(compared.images, 'image')} with objects are {compared.units} "
            f"independent groups, on which the intervals rest.{few}"
        )
    elif compared.images < FEW_GROUPS:
        found.append(f"The scores come from {counted(compared.images, 'image')} only.")
    if run.board["n_empty"].fillna(0).max() == 0:
        found.append(
            "Every image of `val` has an object: nothing is known of inventions where there is "
            "none."
        )
    if compared.reason:
        found.append(f"There are no intervals: {compared.reason}.")
    return found


def _of_data(run: FinishedRun) -> list[str]:
    return [
        f"The run warned: {note.removeprefix('warning:').strip()}."
        for note in run.about.notes or ()
        if note.startswith("warning:")
    ]


def _of_training(run: FinishedRun) -> list[str]:
    if not run.names:
        return []
    found = []
    if run.board["dice_over_seeds"].isna().all():
        found.append(
            "Each approach was trained once; what another training would change was not measured "
            "(`--seeds 3` measures it)."
        )
    if budget_of(run):
        found.append(f"With more than {budget_of(run)} each, the order may be different.")
    if run.about.identity.smoke:
        found.append("The smallest settings were used.")
    names = run.board.loc[run.board["status"] != "ok", "approach"].tolist()
    if names:
        found.append(
            f"{percent(len(names) / len(run.board))} of the approaches have no result and may be "
            "better."
        )
    return found


def _of_costs(run: FinishedRun) -> list[str]:
    device = run.about.device
    if not device or run.board["predict_seconds_per_image"].isna().all():
        return []
    found = [f"On another device than this one ({device}) costs may rank differently."]
    spread = run.board["reference_spread"].max()
    if run.rows["predict_seconds_lower"].isna().any():
        found.append(
            "Costs were measured without an interval: small differences between them mean little."
        )
    elif spread > BUSY:
        found.append(
            "The machine was busy while costs were measured: the same work took up to "
            f"{spread:.1f} times as long in one round as in another. Costs that differ by less "
            "cannot be compared."
        )
    return found
