"""What is known of objects that training never saw, in `val` and over all groups of `train`, and
of labelled photos of another origin.
"""

import numpy as np
import pandas as pd

from common.leaderboard import as_markdown
from common.leaderboard.field_choice import choice_section
from common.leaderboard.folds import EXPLAINED, READABLE
from common.leaderboard.named_sets import order_sentence, read_photos, readable_columns, set_line
from common.metrics import with_objects
from common.records import Record
from common.report.finished_run import FinishedRun, Shared
from common.words import between, counted, plural

DIVIDED = "had to be divided between fit and tune"  # a note of the split
FEW = 10  # groups; fewer are too few to rank by
# Parts of `val` by where their groups occur.
TRAINED, CHOSEN_ON, NEVER, SEEN = "also in fit", "also in tune", "never seen", "also in train"
NO_SETS = (
    "No labelled photos of another origin were scored in this run, so how the approaches do "
    "outside this data set was not measured; `--test NAME=DIR` scores all of them on such photos."
)


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


def of_folds(run: FinishedRun) -> str:
    """The table over all groups of `train`, who is first there, and how the chosen one stands."""
    table = run.tables["folds"]
    if table.empty:
        return (
            "No folds of `train` were left out of training; `--folds 5` trains every approach on "
            "five and scores it on all groups of `train`, each unseen by the model that is scored."
        )
    whole = table[table["status"] == "ok"].sort_values("unseen_dice", ascending=False)
    parts = [as_markdown(whole, READABLE)] if len(whole) else []
    parts += [
        f"`{row.approach}` {row.status}: {row.reason}."
        for row in table[table["status"] != "ok"].itertuples()
    ]
    if len(whole):
        first = whole.iloc[0]
        bounds = between(first["unseen_lower"], first["unseen_upper"])
        sentence = (
            f"On the {counted(int(first['n_images']), 'image')} with objects of all "
            f"{counted(int(first['n_groups']), 'group')} of `train`, each predicted by a model "
            f"that saw nothing of its group, `{first['approach']}` is first with "
            f"{first['unseen_dice']:.3f} ({bounds})."
        )
        own = whole[whole["approach"] == run.winner]
        if len(own):
            row = own.iloc[0]
            verb = "reaches" if row["approach"] == first["approach"] else "comes to"
            sentence += (
                f" `{run.winner}`, chosen on `val`, {verb} {row['unseen_dice']:.3f} there and "
                f"{row['val_dice']:.3f} on `val` ({row['difference']:+.3f})."
            )
        parts.append(sentence)
    return "\n\n".join([*parts, EXPLAINED])


def of_chosen_there(run: FinishedRun) -> str:
    """What the chosen approach finds, misses and invents on each set."""
    table = run.tables["test_sets"]
    if table.empty:
        return NO_SETS
    sentences = {
        str(name): _of_chosen(run, rows[rows["status"] == "ok"])
        for name, rows in table.groupby("set", sort=False)
    }
    return " ".join(f"*{name}*: {sentence}" for name, sentence in sentences.items() if sentence)


def of_test_sets(run: FinishedRun) -> str:
    """For each set a table and the order of all approaches."""
    table = run.tables["test_sets"]
    if table.empty:
        return NO_SETS
    on_val = {name: float(run.row(name)["dice_mean"]) for name in run.names}
    parts = []
    for name, rows in table.groupby("set", sort=False):
        scored = rows[rows["status"] == "ok"]
        failed = rows[rows["status"] != "ok"]
        parts.append(f"**{name}**" + (f": {set_line(scored.iloc[0])}" if len(scored) else ""))
        parts.append(as_markdown(scored, readable_columns(scored)))
        parts.append(order_sentence(str(name), read_photos(run.folder, str(name)), on_val))
        parts += [f"`{row.approach}` {row.status}: {row.reason}." for row in failed.itertuples()]
    parts.append(choice_section(run.tables["field_choice"]).removeprefix("## ").strip())
    return "\n\n".join(filter(None, parts))


def _of_chosen(run: FinishedRun, scored: pd.DataFrame) -> str:
    """What the winner finds, misses and invents on one set."""
    rows = scored[scored["approach"] == run.winner]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    invents = (
        f"invents {row['invented_per_image']:.2f} a photo "
        f"({between(row['invented_per_image_lower'], row['invented_per_image_upper'], 2)})"
    )
    if not row["objects"]:
        hit = f"{int(row['empty_hit'])} of {counted(int(row['n_empty']), 'photo')}"
        return f"`{run.winner}`, chosen on `val`, {invents}; {hit} without any object are hit."
    bounds = between(row["found_share_lower"], row["found_share_upper"], 2)
    return (
        f"`{run.winner}`, chosen on `val`, finds {int(row['found'])} of "
        f"{counted(int(row['objects']), 'object')} ({row['found_share']:.2f}, {bounds}) and "
        f"{invents}."
    )
