"""What must not be concluded from a run."""

from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import budget_of
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
    return [f"On another device than this one ({device}) costs may rank differently."]
