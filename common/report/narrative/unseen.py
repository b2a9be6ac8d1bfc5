"""What is known of objects that training never saw, in `val` and over all groups of `train`, and
of labelled photos of another origin.
"""

import numpy as np
import pandas as pd

from common.leaderboard.folds import fold_section
from common.leaderboard.named_sets import read_photos, told_sets
from common.metrics import with_objects
from common.records import Record
from common.records.description import SharedGroups
from common.report.finished_run import FinishedRun
from common.words import counted, plural

DIVIDED = "had to be divided between fit and tune"  # a note of the split
FEW = 10  # groups; fewer are too few to rank by
# Parts of `val` by where their groups occur.
TRAINED, CHOSEN_ON, NEVER = "also in fit", "also in tune", "never seen"
NO_SETS = (
    "No labelled photos from elsewhere were scored in this run, so how the approaches do outside "
    "this data set was not measured; `--test NAME=DIR` scores all of them on such photos."
)


def of_unseen(run: FinishedRun) -> str:
    """How the scores on seen and unseen objects compare."""
    shared = run.about.score_groups_in_train
    if shared is None or run.per_image.empty:
        return "Whether groups of `val` occur in `train` too is not stored with this run."
    if not shared.both:
        return (
            "No group of `val` occurs in `train`, as far as groups are known: those named in the "
            f"annotations, and images that are nearly the same.{_of_tune(run)}"
        )
    rows = with_objects(run.per_image)
    rows = rows[~rows["group"].isin(shared.fit)]
    if rows.empty:
        every = "every image with objects belongs to a group that was trained on"
        return f"{overlap(run, shared)}; {every}.{_of_tune(run)}"
    groups, means = rows["group"].nunique(), rows.groupby("approach", sort=False)["dice"].mean()
    few = ", too few to rank by" if groups < FEW else ""
    return (
        f"{overlap(run, shared)}. On the {counted(groups, 'group')} not trained on{few}, "
        f"`{means.idxmax()}` is first.{_of_tune(run)}"
    )


def overlap(run: FinishedRun, shared: SharedGroups) -> str:
    """How many groups of `val` occur in `train` too."""
    groups, both = run.per_image["group"].nunique(), len(shared.both)
    return (
        f"{both} of the {counted(groups, 'group')} of `val` {plural('occurs', both, 'occur')} in "
        "`train` too"
    )


def _of_tune(run: FinishedRun) -> str:
    if all(tune_dice(run.records.get(name)) is None for name in run.names):
        return ""
    divided = any(DIVIDED in note for note in run.about.notes or ())
    but = " (but for one group that had to be divided)" if divided else ""
    return (
        f" Values on *tune*, the part of `train` held out of training{but}, are optimistic: "
        "thresholds and members were chosen there."
    )


def parts(run: FinishedRun) -> pd.DataFrame:
    """Mean Dice on seen and unseen objects: `approach`, and a column for each part of which
    something is known. Without a second part there are no rows.
    """
    table = pd.DataFrame({"approach": run.names})
    rows = with_objects(run.per_image)
    shared = run.about.score_groups_in_train
    if shared is None or rows.empty:
        table["val"] = [run.row(name)["dice_mean"] for name in run.names]
    else:
        in_fit, in_tune = rows["group"].isin(shared.fit), rows["group"].isin(shared.tune)
        places = in_tune.map({True: CHOSEN_ON, False: NEVER}).mask(in_fit, TRAINED)
        means = rows["dice"].astype(float).groupby([places, rows["approach"]]).mean()
        for place in (TRAINED, CHOSEN_ON, NEVER):
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


def of_folds(run: FinishedRun) -> str:
    """The table over all groups of `train`; how to come by one where there is none."""
    without_heading = fold_section(run.tables["folds"]).partition("\n\n")[2]
    return without_heading or (
        "No folds of `train` were left out of training; `--folds 5` trains every approach on five "
        "and scores it on all groups of `train`, each unseen by the model that is scored."
    )


def of_chosen_there(run: FinishedRun) -> str:
    """What the chosen approach finds, misses and invents on each set."""
    table = run.tables["test_sets"]
    if table.empty:
        return NO_SETS
    own = table[(table["status"] == "ok") & (table["approach"] == run.winner)]
    sentences = [_of_chosen(row) for _, row in own.iterrows()]
    if not sentences:
        return f"`{run.winner}` was not scored on them."
    return f"`{run.winner}`, chosen on `val`: {'; '.join(sentences)}."


def _of_chosen(row: pd.Series) -> str:
    """What the winner does on one set, in counts; how sure they are, the figure shows."""
    invented = counted(int(row["invented"]), "piece")
    photos = counted(int(row["n_images"]), "photo")
    where = f"on *{row['set']}*" + " (chosen on it too)" * (row["role"] == "field")
    if not row["objects"]:
        hit = int(row["empty_hit"])
        return f"{where}, {photos} without an object, it invents {invented} on {hit} of them"
    found, objects = int(row["found"]), counted(int(row["objects"]), "object")
    return f"{where} it finds {found} of {objects} and invents {invented} on {photos}"


def of_test_sets(run: FinishedRun) -> str:
    """For each set a table and the order of all approaches."""
    table = run.tables["test_sets"]
    if table.empty:
        return NO_SETS
    photos = {name: read_photos(run.folder, name) for name in table["set"].unique()}
    on_val = {name: float(run.row(name)["dice_mean"]) for name in run.names}
    told = told_sets(table, photos, on_val, run.tables["field_choice"])
    return told.replace("## ", "#### ")
