"""Where the chosen approach fails: single images, what is lost on them, and kinds of images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from common.analysis.lost_dice import images_of_half, loss_parts
from common.analysis.strata import QUANTITIES, failed_by_all, members_of, outer_difference
from common.metrics import with_objects
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import between, counted, listed, percent

FAILED, GOOD = 0.5, 0.9  # Dice
SKEWED = 0.05  # a mean area bias further from the median is named with the image behind it
# Kind of `common.analysis.lost_dice` → an image of it, and what would gain most where most is lost
# there.
LOST = {
    "missed": ("with a missed object", "finding every object"),
    "invented": ("with an invented object and none missed", "inventing fewer objects"),
    "outline": ("where only outlines differ", "drawing better outlines"),
}


def hardest(run: FinishedRun, count: int = 5) -> list[int]:
    """Ids of the images on which the best approach of each has the lowest Dice, hardest first.

    Args:
        run: whose images of `val` with objects are looked at.
        count: at most this many.
    """
    if run.per_image.empty:
        return []
    best = (
        with_objects(run.per_image)
        .groupby("img_id")["dice"]
        .max()
        .sort_index()
        .sort_values(kind="stable")
    )
    return [int(image_id) for image_id in best.index[:count]]


def of_images(run: FinishedRun) -> str:
    """How Dice is spread over the images."""
    dice = _dice(run)
    if dice is None or run.winner is None:
        return NOTHING
    good, failed = int((dice >= GOOD).sum()), int((dice < FAILED).sum())
    return (
        f"`{run.winner}` reaches a Dice of {GOOD:g} on {good} of {len(dice)} images and stays "
        f"below {FAILED:g} on {failed}; its median is {dice.median():.3f}, its mean "
        f"{run.row(run.winner)['dice_mean']:.3f}."
    )


def of_losses(run: FinishedRun) -> str:
    """What went wrong in the images that cost the chosen approach its Dice, and how few these
    are.
    """
    rows = _rows(run)
    if not {"object_fp", "object_fn"} <= set(rows.columns):
        return NOTHING if run.winner not in run.names else "Objects were not counted in this run."
    parts = loss_parts(rows)
    total = int(parts["images"].sum())
    if not parts["loss"].sum() > 0:
        return f"`{run.winner}` loses nothing: its Dice is 1 on every image."
    shares = [
        f"{percent(part.share)} of it on {counted(int(part.images), 'image')} "
        f"{LOST[part.Index][0]}"
        for part in parts.itertuples()
        if part.images
    ]
    return (
        f"`{run.winner}` loses {parts['loss'].sum() / total:.3f} mean Dice: {listed(shares)}. "
        f"So the most could be gained by {LOST[parts['loss'].idxmax()][1]}. Half of the loss "
        f"comes from {images_of_half(rows)} of {total} images. An object counts as missed where "
        "no predicted piece matches it at IoU >= 0.5, a piece as invented where it matches no "
        "object; the whole loss of an image counts under the first of these that occurs in it."
    )


def of_worst(run: FinishedRun) -> str:
    """The worst images of the chosen approach, and those that no approach solves."""
    dice = _dice(run)
    if dice is None:
        return NOTHING
    worst = dice.sort_values(kind="stable")[:5]
    lowest = [f"{image_id} ({value:.2f})" for image_id, value in worst.items()]
    all_fail = failed_by_all(run.per_image, FAILED)
    sentences = [f"Lowest Dice of `{run.winner}`: images {listed(lowest)}."]
    if all_fail:
        sentences.append(
            f"{counted(len(all_fail), 'image')} of {len(dice)} "
            f"{'has' if len(all_fail) == 1 else 'have'} a Dice below {FAILED:g} with every "
            f"approach: {listed([str(image_id) for image_id in all_fail])}. No choice among these "
            "approaches helps there; look at the images and their annotations first."
        )
    else:
        sentences.append(f"No image has a Dice below {FAILED:g} with every approach.")
    return " ".join(sentences)


def of_strata(run: FinishedRun) -> str:
    """Whether the chosen approach is weaker on some kinds of images, and whether its masks are too
    large or small.
    """
    strata = run.tables["strata"]
    rows = strata[strata["approach"] == run.winner] if len(strata) else strata
    if rows.empty:
        return "Kinds of images were not compared in this run." if run.names else NOTHING
    sides = _sides(run)
    sentences = [
        _by_kind(kind, parts, sides.loc[kind] if kind in sides.index else None)
        for kind, parts in rows.groupby("by", sort=False)
        if len(parts) > 1
    ]
    if sentences:
        first = (
            f"The images in thirds, from the lowest values to the highest, with the mean Dice of "
            f"`{run.winner}` in each; every interval holds by itself."
        )
        sentences = [first, *sentences]
    return " ".join([*sentences, *_area(run)])


def _sides(run: FinishedRun) -> pd.DataFrame:
    """The highest third against the lowest, by kind; no rows where the images are not
    described.
    """
    images, rows = run.tables["images"], _rows(run)
    if images.empty or rows.empty:
        return pd.DataFrame(columns=["difference", "lower", "upper"])
    kinds = [kind for kind in QUANTITIES if kind in images]
    return outer_difference(rows, images, kinds).set_index("by")


def _by_kind(kind: str, parts: pd.DataFrame, side: pd.Series | None) -> str:
    """Dice in the thirds of one kind, and what the difference of the outer two shows."""
    quantity, unit = QUANTITIES.get(kind, (kind, ""))
    dice = [f"{part['dice_mean']:.3f} ({_range(part)})" for _, part in parts.iterrows()]
    first = f"By {quantity}{f' ({unit})' if unit else ''}: {listed(dice)}"
    if side is None or pd.isna(side["lower"]):
        return f"{first}; whether that is more than chance is not known."
    chance = (
        "more than chance" if side["lower"] > 0 or side["upper"] < 0 else "which may be chance"
    )
    bounds = between(side["lower"], side["upper"], sign="+")
    return f"{first}; highest against lowest {side['difference']:+.3f} ({bounds}), {chance}."


def _area(run: FinishedRun) -> list[str]:
    """Whether the masks are too large or too small, by the median; and the image that makes the
    mean, if one does.
    """
    rows = _rows(run)
    rows = with_objects(rows).set_index("img_id") if len(rows) else rows
    if "area_bias" not in rows or rows["area_bias"].isna().all():
        return []
    bias = rows["area_bias"].astype(float).dropna()
    sentences = [
        f"On the median image its masks are {_of_area(bias.median())}{_furthest(run, bias)}."
    ]
    if abs(bias.mean() - bias.median()) > SKEWED:
        most = bias.abs().idxmax()
        without = bias.drop(most).mean() if len(bias) > 1 else np.nan
        sentences.append(
            f"On average they are {_of_area(bias.mean())}, most of all on image {most} "
            f"({_of_area(bias[most])}"
            f"{f'; without it {_of_area(without)}' if pd.notna(without) else ''})."
        )
    return sentences


def _furthest(run: FinishedRun, bias: pd.Series) -> str:
    """The third in which the median is furthest from the true area."""
    images = run.tables["images"]
    kinds = [kind for kind in QUANTITIES if kind in images]
    if not kinds or set(images["img_id"]) != set(run.per_image["img_id"]):
        return ""
    members = members_of(_rows(run), images, kinds)
    medians = (
        members.assign(bias=members["img_id"].map(bias))
        .groupby(["by", "stratum"])["bias"]
        .median()
    )
    kind, stratum = medians.abs().idxmax()
    inside = members.loc[(members["by"] == kind) & (members["stratum"] == stratum), "img_id"]
    values = images.set_index("img_id").loc[inside, kind]
    quantity, unit = QUANTITIES[kind]
    where = _range({"low": values.min(), "high": values.max()})
    return (
        f", and furthest off where the {quantity} is {where} {unit}: "
        f"{_of_area(medians[kind, stratum])}"
    )


def _of_area(bias: float) -> str:
    """A signed share of the true area, or a multiple of it.

    Examples:
        >>> _of_area(0.123), _of_area(-0.05), _of_area(0.0004)
        ('12 % too large', '5.0 % too small', 'of the true size')
        >>> _of_area(2.25)
        '2.2 times the true area too large'
    """
    if abs(bias) < 0.0005:
        return "of the true size"
    size = "large" if bias > 0 else "small"
    return (
        f"{percent(abs(bias))} too {size}"
        if abs(bias) < 1
        else f"{abs(bias):.1f} times the true area too {size}"
    )


def _range(part: Mapping[str, float] | pd.Series) -> str:
    digits = 0 if part["high"] >= 100 else 1
    return f"{part['low']:,.{digits}f} to {part['high']:,.{digits}f}"


def _rows(run: FinishedRun) -> pd.DataFrame:
    """The images of the chosen approach."""
    if run.per_image.empty or run.winner is None:
        return run.per_image.head(0)
    return run.per_image[run.per_image["approach"] == run.winner]


def _dice(run: FinishedRun) -> pd.Series | None:
    """Dice of the chosen approach by image, of the images with objects."""
    found = run.dice(run.winner) if run.winner is not None and len(run.per_image) else {}
    return pd.Series(found, dtype=float) if found else None
