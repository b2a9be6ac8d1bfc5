"""What must not be concluded from a run."""

from common.report.finished_run import FinishedRun
from common.report.narrative.costs import budget_of
from common.words import counted, percent

FEW_GROUPS = 30
FEW_PHOTOS = 30


def of_limits(run: FinishedRun, photos: int | None = None) -> str:
    """The limits as a Markdown list, those that hold for this run.

    Args:
        run: that the report is about.
        photos: how many photos without labels were looked at; None where it is not known.
    """
    found = [*_of_images(run), *_of_data(run), *_of_training(run), *_of_costs(run)]
    if photos is not None and photos < FEW_PHOTOS:
        number = counted(photos, "photo") if photos else "no photo"
        found.append(
            f"With {number} without labels to look at, almost nothing is known about photos from "
            "elsewhere."
        )
    return "\n".join(f"- {sentence}" for sentence in found)


def _of_images(run: FinishedRun) -> list[str]:
    compared = run.comparison
    if compared is None:
        return ["No approach has a score, so nothing can be concluded."]
    found = []
    if compared.units < compared.images:
        few = " So few can miss a failure that occurs in one of twenty images." * (
            compared.units < FEW_GROUPS
        )
        found.append(
            f"The {counted(compared.images, 'image')} with objects are {compared.units} "
            f"independent groups, and the intervals rest on groups, not on images.{few}"
        )
    elif compared.images < FEW_GROUPS:
        found.append(f"The scores are from {counted(compared.images, 'image')} only.")
    if run.board["n_empty"].fillna(0).max() == 0:
        found.append(
            "Every image of `val` has an object, so how often something is predicted where there "
            "is nothing is not known."
        )
    if compared.reason:
        found.append(f"There are no intervals: {compared.reason}.")
    return found


def _of_data(run: FinishedRun) -> list[str]:
    notes = [note.removeprefix("warning:").strip() for note in run.about.notes or ()]
    warned = [
        note
        for note, raw in zip(notes, run.about.notes or (), strict=True)
        if raw.startswith("warning:")
    ]
    return [f"The run warned: {note}." for note in warned]


def _of_training(run: FinishedRun) -> list[str]:
    if not run.names:
        return []
    found = []
    if run.board["dice_over_seeds"].isna().all():
        found.append(
            "Each approach was trained once, so how much another training would differ was not "
            "measured."
        )
    if budget_of(run):
        found.append(
            f"Each training was given {budget_of(run)}; see *Trainings* for what it took. With "
            "more, the order may be different."
        )
    if run.about.identity.smoke:
        found.append(
            "The smallest settings were used: this run shows that everything works, not which "
            "approach is good."
        )
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
    return [
        f"Seconds and memory were measured on one machine ({device}); on another device the "
        "costs may rank differently."
    ]
