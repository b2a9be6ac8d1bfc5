"""Whether `val` shows objects that training has seen, and what is known of those that it never
saw.
"""

import numpy as np
import pandas as pd

from common.leaderboard import as_markdown
from common.metrics import with_objects
from common.records import Record
from common.report.finished_run import FinishedRun, Shared
from common.report.narrative.phrases import NOTHING
from common.words import counted, plural

DIVIDED = "had to be divided between fit and tune"  # a note of the split
FEW = 10  # groups; fewer are too few to rank by
# Parts of `val` by where their groups occur, as columns of a table.
TRAINED, CHOSEN_ON, NEVER, SEEN = "in fit too", "in tune alone", "never seen", "in train too"


def seen_in_training(run: FinishedRun) -> str:
    """One sentence where groups of `val` occur in `train` too; else nothing."""
    shared = run.shared
    if shared is None or not shared.count:
        return ""
    clauses = [
        f"**{_overlap(run, shared)}**, so this says little about objects not seen in training"
    ]
    rows = _untrained(run)
    dice = rows.loc[rows["approach"] == run.winner, "dice"] if len(rows) else rows
    if len(dice):
        groups = counted(rows["group"].nunique(), "group")
        clauses.append(
            f"on the {counted(len(dice), 'image')} of {groups} not trained on it reaches "
            f"{dice.mean():.3f}"
        )
    tune = tune_dice(run.records.get(run.winner or ""))
    if tune is not None:
        clauses.append(
            f"on *tune*, {_held_out(run)}, it reaches {tune:.3f} (optimistic: choices were made "
            "there)"
        )
    return "; ".join(clauses) + "."


def of_unseen(run: FinishedRun) -> str:
    """How the scores on seen and unseen objects compare, and who is first on objects held out of
    training.
    """
    shared = run.shared
    if shared is None or run.per_image.empty:
        return "Whether groups of `val` occur in `train` too is not stored with this run."
    if not shared.count:
        new = (
            "No group of `val` occurs in `train`, as far as groups are known (named in the "
            "annotations, or images that are nearly the same): the scores are about objects not "
            "seen in training."
        )
        return " ".join([new, *_of_tune(run)])
    return " ".join([f"{_overlap(run, shared)}.", *_of_untrained(run, shared), *_of_tune(run)])


def _overlap(run: FinishedRun, shared: Shared) -> str:
    """How many groups of `val` occur where."""
    groups = run.per_image["group"].nunique()
    where = "" if shared.trained is None else f" ({len(shared.trained)} of them in *fit*)"
    return (
        f"{shared.count} of the {counted(groups, 'group')} of `val` "
        f"{plural('occurs', shared.count, 'occur')} in `train` too{where}"
    )


def _of_untrained(run: FinishedRun, shared: Shared) -> list[str]:
    """Who is first on the images of `val` whose groups were not trained on."""
    rows = _untrained(run)
    if rows.empty:
        return [
            "Which of them were trained on is not stored with this run, so the others cannot be "
            "scored separately."
            if shared.trained is None
            else "Every image with objects belongs to a group that was trained on."
        ]
    groups, means = rows["group"].nunique(), rows.groupby("approach", sort=False)["dice"].mean()
    few = ", too few to rank by" if groups < FEW else ""
    return [
        f"On the {counted(rows['img_id'].nunique(), 'image')} with objects of "
        f"{counted(groups, 'group')} not trained on{few}, `{means.idxmax()}` is first with "
        f"{means.max():.3f}."
    ]


def _of_tune(run: FinishedRun) -> list[str]:
    """Who is first on *tune*."""
    found = {name: tune_dice(run.records.get(name)) for name in run.names}
    tune = {name: dice for name, dice in found.items() if dice is not None}
    if not tune:
        return []
    first = max(tune, key=tune.__getitem__)
    same = sorted(tune, key=tune.__getitem__, reverse=True) == list(tune)
    return [
        f"On *tune*, {_held_out(run)}, `{first}` is first with {tune[first]:.3f}, and the order "
        f"is {'the same as' if same else 'different from that'} on `val`.",
        "These values are optimistic: epochs, thresholds and members of ensembles were chosen "
        "there.",
    ]


def unseen_table(run: FinishedRun) -> str:
    """Mean Dice on seen and unseen objects, approach by approach, as a Markdown table.

    Columns of which nothing is known are left out: parts of `val` where the run does not tell
    which groups `train` has too, *tune* where the records are not stored. Where both are, there is
    no table.
    """
    if not run.names:
        return NOTHING
    table = pd.DataFrame({"approach": run.names})
    table["val"] = [run.row(name)["dice_mean"] for name in run.names]
    rows = with_objects(run.per_image)
    places = _places(run, rows)
    if places is not None and len(set(places)) > 1:
        means = rows["dice"].astype(float).groupby([places, rows["approach"]]).mean()
        for place in (TRAINED, CHOSEN_ON, SEEN, NEVER):
            if place in means.index:
                images = rows.loc[places == place, "img_id"].nunique()
                table[f"val, groups {place} ({images})"] = table["approach"].map(means[place])
    tune = [tune_dice(run.records.get(name)) for name in run.names]
    if any(dice is not None for dice in tune):
        table["tune, at its threshold"] = np.array(tune, dtype=float)
    return as_markdown(table, list(table.columns)) if len(table.columns) > 2 else ""


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


def _held_out(run: FinishedRun) -> str:
    """How far *tune* was held out of training."""
    divided = any(DIVIDED in note for note in run.about.notes or ())
    return "whose groups were held out of training" + (
        " but for one that had to be divided" if divided else ""
    )
