"""Where the chosen approach fails: single images, what is lost on them, kinds of images, corrupted
images, and probabilities that do not mean what they say.
"""

import numpy as np
import pandas as pd

from common.analysis.lost_dice import loss_parts
from common.analysis.strata import QUANTITIES, failed_by_all, outer_difference
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import FEW, NOTHING
from common.words import counted, listed, markdown_table, percent

FAILED = 0.5  # Dice
LEAN = 0.02  # a mean probability that is off by more is called too high or too low
COUNTED = {"object_fp", "object_fn"}  # columns of a run that matched objects one by one
# Kind of `common.analysis.lost_dice` → an image of it.
LOST = {
    "missed": "with a missed object",
    "invented": "with an invented object and none missed",
    "outline": "where only outlines differ",
}
COUNTED_SO = (
    "The whole loss of an image counts under the first of these: an object is missed (no "
    "predicted piece matches it at IoU >= 0.5), a piece is invented (it matches no object), only "
    "outlines differ."
)


def examples(run: FinishedRun) -> dict[str, list[int]]:
    """Kind → ids of images of `val` by the Dice of the chosen approach: the three worst, two
    around the median, the best; with few images each stands only once.
    """
    dice = run.dice(run.winner) if run.winner else {}
    ids = sorted(dice, key=lambda image_id: (dice[image_id], image_id))
    worst, rest = ids[:3], ids[3:]
    best, rest = rest[-1:], rest[:-1]
    middle = max(len(rest) // 2 - 1, 0)
    found = {"worst": worst, "typical": rest[middle:][:2], "best": best}
    return {kind: ids for kind, ids in found.items() if ids}


def of_losses(run: FinishedRun) -> str:
    """What costs the chosen approach most of its Dice, and images that no approach solves."""
    rows = _rows(run)
    if rows.empty:
        return NOTHING
    sentences = []
    if set(rows.columns) >= COUNTED:
        lost = loss_parts(rows)
        if not lost["loss"].sum() > 0:
            return f"`{run.winner}` loses nothing: its Dice is 1 on every image."
        most = lost["loss"].idxmax()
        sentences.append(
            f"Of the Dice that `{run.winner}` loses, {percent(lost.loc[most, 'share'])} is lost "
            f"on the {counted(int(lost.loc[most, 'images']), 'image')} {LOST[most]}."
        )
    hopeless = failed_by_all(run.per_image, FAILED)
    if hopeless:
        sentences.append(
            f"On {counted(len(hopeless), 'image')} every approach stays below {FAILED:g}; look at "
            "their annotations first."
        )
    return " ".join(sentences) or "Objects were not counted in this run."


def loss_table(run: FinishedRun) -> str:
    """On which images the Dice is lost, as a Markdown table, and how that is counted; empty where
    it was not.
    """
    rows = _rows(run)
    if rows.empty or not set(rows.columns) >= COUNTED:
        return ""
    lost = loss_parts(rows)
    shares = lost["share"].map(percent, na_action="ignore").fillna("")
    cells = zip(LOST.values(), lost["images"].map(str), shares, strict=True)
    table = markdown_table(("images", "number", "share of the loss"), cells)
    return f"{table}\n\n{COUNTED_SO}"


def of_kinds(run: FinishedRun) -> str:
    """On which kinds of images the chosen approach is weaker by more than chance; empty where they
    were not compared.
    """
    rows, images = _rows(run), run.tables["images"]
    kinds = [kind for kind in QUANTITIES if kind in images]
    if rows.empty or not kinds:
        return ""
    weaker, open_ = [], []
    for side in outer_difference(rows, images, kinds).itertuples():
        quantity = QUANTITIES[side.by][0]
        if pd.isna(side.lower) or side.lower <= 0 <= side.upper:
            open_.append(quantity)
        else:
            ends = ("highest", "lowest") if side.difference < 0 else ("lowest", "highest")
            weaker.append(
                f"the third with the {ends[0]} {quantity} than in that with the {ends[1]}"
            )
    sentences = [f"The Dice of `{run.winner}` is lower in {listed(weaker)}."] if weaker else []
    if open_:
        sentences.append(f"Differences by {listed(open_)} may be chance.")
    return " ".join(sentences)


def _rows(run: FinishedRun) -> pd.DataFrame:
    """The images of the chosen approach."""
    table = run.per_image
    return table if table.empty else table[table["approach"] == run.winner]


def of_robustness(run: FinishedRun) -> str:
    """Under which corruption the chosen approach loses most, and who is best on them."""
    table = run.tables["robustness"]
    rows = table[table["approach"] == run.winner] if len(table) else table
    if rows.empty:
        return (
            "Corrupted images were not scored in this run; `--robustness 20` does so with 20 "
            "images."
        )
    kinds = rows.groupby("corruption", sort=False)[["drop", "in_augmentation"]].mean()
    worst = kinds["drop"].idxmax()
    met = "something" if kinds.loc[worst, "in_augmentation"] > 0 else "nothing"
    sentences = [
        f"`{run.winner}` loses most under *{worst.replace('_', ' ')}*, and its training "
        f"augmentation holds {met} like it."
    ]
    kept = table.groupby("approach", sort=False)["dice_mean"].mean()
    if kept.idxmax() != run.winner:
        sentences.append(f"Over all corruptions `{kept.idxmax()}` keeps more.")
    images = int(rows["n_images"].iloc[0])
    if images < FEW:
        sentences.append(
            f"{counted(images, 'image')} without intervals: only large differences mean anything."
        )
    return " ".join(sentences)


def of_calibration(run: FinishedRun) -> str:
    """Whether the probabilities of the chosen approach mean what they say."""
    rows = run.tables["calibration"]
    if len(rows):
        rows = rows[(rows["approach"] == run.winner) & (rows["pixels"] > 0)]
    if rows.empty:
        return "Calibration was not measured in this run."
    gap = float(np.average(rows["proba_mean"] - rows["object_share"], weights=rows["pixels"]))
    lean = "too high" if gap > LEAN else "too low" if gap < -LEAN else "right within 0.02"
    between = rows[(rows["low"] > 0) & (rows["high"] < 1)]
    off = (between["proba_mean"] - between["object_share"]).abs()
    worst = ""
    if off.max() > LEAN:
        there = between.loc[off.idxmax()]
        worst = (
            f"At single probabilities they are off by up to {off.max():.2f}: of pixels at "
            f"{there['proba_mean']:.2f}, {percent(there['object_share'])} are object. "
        )
    return (
        f"Within 16 px of the objects, the probabilities of `{run.winner}` are {lean} on average. "
        f"{worst}Masks are cut at a threshold chosen on *tune*, so this matters only where "
        "probabilities are used themselves."
    )
