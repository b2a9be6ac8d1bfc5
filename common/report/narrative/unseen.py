"""Whether `val` shows objects that training has seen, and what is known of those that it never
saw.
"""

import numpy as np
import pandas as pd

from common.metrics import with_objects
from common.records import Record
from common.report.finished_run import FinishedRun, Shared
from common.words import counted, plural

DIVIDED = "had to be divided between fit and tune"  # a note of the split
FEW = 10  # groups; fewer are too few to rank by
# Parts of `val` by where their groups occur.
TRAINED, CHOSEN_ON, NEVER, SEEN = "also in fit", "also in tune", "never seen", "also in train"


def of_unseen(run: FinishedRun) -> str:
    """How the scores on seen and unseen objects compare."""
    shared = run.shared
    if shared is None or run.per_image.empty:
        return "Whether groups of `val` occur in `train` too is not stored with this run."
    if not shared.count:
        return (
            "No group of `val` occurs in `train`, as far as groups are known (named in the "
            f"annotations, or images that are nearly the same).{_of_tune(run)}"
        )
    rows = _untrained(run)
    if rows.empty:
        known = (
            "which of them were trained on is not stored with this run"
            if shared.trained is None
            else "every image with objects belongs to a group that was trained on"
        )
        return f"{overlap(run, shared)}; {known}.{_of_tune(run)}"
    groups, means = rows["group"].nunique(), rows.groupby("approach", sort=False)["dice"].mean()
    few = ", too few to rank by" if groups < FEW else ""
    return (
        f"{overlap(run, shared)}. On the {counted(groups, 'group')} not trained on{few}, "
        f"`{means.idxmax()}` is first.{_of_tune(run)}"
    )


def overlap(run: FinishedRun, shared: Shared) -> str:
    """How many groups of `val` occur in `train` too."""
    groups = run.per_image["group"].nunique()
    return (
        f"{shared.count} of the {counted(groups, 'group')} of `val` "
        f"{plural('occurs', shared.count, 'occur')} in `train` too"
    )


def _of_tune(run: FinishedRun) -> str:
    if all(tune_dice(run.records.get(name)) is None for name in run.names):
        return ""
    divided = any(DIVIDED in note for note in run.about.notes or ())
    but = " but for one that had to be divided" if divided else ""
    return (
        f" The groups of *tune* were held out of training{but}, yet its values are optimistic: "
        "thresholds and members were chosen there."
    )


def parts(run: FinishedRun) -> pd.DataFrame:
    """Mean Dice on seen and unseen objects: `approach`, and a column for each part of which
    something is known. Without a second part there are no rows.
    """
    table = pd.DataFrame({"approach": run.names})
    rows = with_objects(run.per_image)
    places = _places(run, rows)
    if places is None:
        table["val"] = [run.row(name)["dice_mean"] for name in run.names]
    else:
        means = rows["dice"].astype(float).groupby([places, rows["approach"]]).mean()
        for place in (TRAINED, CHOSEN_ON, SEEN, NEVER):
            if place in means.index:
                images = rows.loc[places == place, "img_id"].nunique()
                label = f"val, groups {place} ({counted(images, 'image')})"
                table[label] = table["approach"].map(means[place])
    tune = [tune_dice(run.records.get(name)) for name in run.names]
    if any(dice is not None for dice in tune):
        table["tune, at the threshold chosen there"] = np.array(tune, dtype=float)
    folds = run.tables["folds"]
    if len(folds):
        unseen = folds.drop_duplicates("approach").set_index("approach")["unseen_dice"]
        table["train, each group left out once"] = table["approach"].map(unseen)
    return table if len(table.columns) > 2 else table.head(0)


def tune_dice(record: Record | None) -> float | None:
    """Mean Dice on *tune* at the chosen threshold, without further steps; None where it is not
    stored.
    """
    tuning = None if record is None else record.tuning
    if tuning is None or not tuning.thresholds:
        return None
    threshold = tuning.postprocess.threshold
    return float(np.interp(threshold, tuning.thresholds, tuning.dice_mean))


def _places(run: FinishedRun, rows: pd.DataFrame) -> pd.Series | None:
    """Where the group of each row occurs; None where that is not known."""
    shared = run.shared
    if rows.empty or shared is None or shared.names is None:
        return None
    seen = rows["group"].isin(shared.names)
    if shared.trained is None:
        return seen.map({True: SEEN, False: NEVER})
    return seen.map({True: CHOSEN_ON, False: NEVER}).mask(
        rows["group"].isin(shared.trained), TRAINED
    )


def _untrained(run: FinishedRun) -> pd.DataFrame:
    """Rows of the images with objects whose groups no approach was trained on; none where that is
    not known.
    """
    rows = with_objects(run.per_image)
    places = _places(run, rows)
    return rows.head(0) if places is None else rows[places.isin([CHOSEN_ON, NEVER])]
