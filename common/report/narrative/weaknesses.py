"""Where the chosen approach fails: single images, what is lost on them, and kinds of images."""

import numpy as np
import pandas as pd

from common.analysis.lost_dice import loss_parts
from common.analysis.strata import QUANTITIES, failed_by_all, outer_difference
from common.metrics import with_objects
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import counted, listed, markdown_table, percent

FAILED = 0.5  # Dice
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
    dice = _dice(run)
    if dice is None:
        return {}
    ids = [int(image_id) for image_id in dice.sort_index().sort_values(kind="stable").index]
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
    if {"object_fp", "object_fn"} <= set(rows.columns):
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
    """On which images the Dice is lost, as a Markdown table; empty where it was not counted."""
    rows = _rows(run)
    if not {"object_fp", "object_fn"} <= set(rows.columns) or rows.empty:
        return ""
    cells = []
    for part in loss_parts(rows).itertuples():
        share = "" if pd.isna(part.share) else percent(part.share)
        cells.append((LOST[str(part.Index)], str(int(part.images)), share))
    return markdown_table(("images", "number", "share of the loss"), cells)


def of_kinds(run: FinishedRun) -> str:
    """On which kinds of images the chosen approach is weaker by more than chance, and whether its
    masks are too large or too small.
    """
    rows, images = _rows(run), run.tables["images"]
    kinds = [kind for kind in QUANTITIES if kind in images]
    if rows.empty or not kinds:
        return "Kinds of images were not compared in this run." if run.names else NOTHING
    weaker, open_ = [], []
    for side in outer_difference(rows, images, kinds).itertuples():
        quantity = QUANTITIES[side.by][0]
        if pd.isna(side.lower) or side.lower <= 0 <= side.upper:
            open_.append(quantity)
        else:
            end = "highest" if side.difference < 0 else "lowest"
            weaker.append(f"the third with the {end} {quantity}")
    sentences = [f"Its Dice is lower in {listed(weaker)}."] if weaker else []
    if open_:
        sentences.append(f"Differences by {listed(open_)} may be chance.")
    return " ".join([*sentences, *_area(rows)])


def _area(rows: pd.DataFrame) -> list[str]:
    """Whether the masks are too large or too small on the median image."""
    bias = with_objects(rows).get("area_bias", pd.Series(dtype=float)).astype(float).dropna()
    if bias.empty:
        return []
    middle = float(np.median(bias))
    if abs(middle) < 0.0005:
        return ["On the median image its mask has the true area."]
    size = "larger" if middle > 0 else "smaller"
    return [f"On the median image its mask is {percent(abs(middle))} {size} than the object."]


def _rows(run: FinishedRun) -> pd.DataFrame:
    """The images of the chosen approach."""
    if run.per_image.empty or run.winner is None:
        return run.per_image.head(0)
    return run.per_image[run.per_image["approach"] == run.winner]


def _dice(run: FinishedRun) -> pd.Series | None:
    """Dice of the chosen approach by image, of the images with objects."""
    found = run.dice(run.winner) if run.winner is not None and len(run.per_image) else {}
    return pd.Series(found, dtype=float) if found else None
