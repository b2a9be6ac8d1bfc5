"""Where the chosen approach fails: single images, kinds of images, corrupted images, and wrong probabilities."""

import numpy as np
import pandas as pd

from common.describe.finding import counted, listed, percent
from common.finished import FinishedRun
from common.narrative.choice import NOTHING

NAMES = {
    "object_area_px": ("area of the objects", "px"),
    "contrast": ("contrast of the objects to the ground", "Delta E"),
    "ground_brightness": ("brightness of the ground", "L*"),
}
FAILED, GOOD = 0.5, 0.9  # Dice
LEAN = 0.02  # a mean probability that is off by more is called too high or too low


def hardest(run: FinishedRun, count: int = 5) -> list[int]:
    """Ids of the images on which the best approach of each has the lowest Dice, hardest first.

    Args:
        run: whose images of `val` with objects are looked at.
        count: at most so many.
    """
    if run.per_image.empty:
        return []
    shown = run.per_image[run.per_image["tp"] + run.per_image["fn"] > 0]
    best = shown.groupby("img_id")["dice"].max().sort_index().sort_values(kind="stable")
    return [int(image_id) for image_id in best.index[:count]]


def of_images(run: FinishedRun) -> str:
    """How Dice is spread over the images."""
    dice = _dice(run)
    if dice is None:
        return NOTHING
    good, failed = int((dice >= GOOD).sum()), int((dice < FAILED).sum())
    return (
        f"`{run.winner}` reaches a Dice of {GOOD:g} on {good} of {len(dice)} images and stays below {FAILED:g} on "
        f"{failed}; its median is {dice.median():.3f}, its mean {dice.mean():.3f}."
    )


def of_worst(run: FinishedRun) -> str:
    """The worst images of the chosen approach, and those that no approach solves."""
    dice = _dice(run)
    if dice is None:
        return NOTHING
    worst = dice.sort_values(kind="stable")[:5]
    said = [f"{image_id} ({value:.2f})" for image_id, value in worst.items()]
    shown = run.per_image[run.per_image["tp"] + run.per_image["fn"] > 0]
    best = shown.groupby("img_id")["dice"].max()
    all_fail = sorted(best.index[best < FAILED])
    sentences = [f"Lowest Dice of `{run.winner}`: images {listed(said)}."]
    if all_fail:
        sentences.append(
            f"{counted(len(all_fail), 'image')} of {len(best)} {'has' if len(all_fail) == 1 else 'have'} a Dice below "
            f"{FAILED:g} with every approach: {listed([str(image_id) for image_id in all_fail])}. To choose among "
            "these "
            "approaches does not help there; look at the images and their annotations first."
        )
    else:
        sentences.append(f"No image has a Dice below {FAILED:g} with every approach.")
    return " ".join(sentences)


def of_strata(run: FinishedRun) -> str:
    """On which kinds of images the chosen approach is weakest, and whether its masks are too large or too small."""
    strata = run.tables["strata"]
    rows = strata[strata["approach"] == run.winner] if len(strata) else strata
    if rows.empty:
        return "Kinds of images were not compared in this run."
    sentences = []
    for kind, parts in rows.groupby("by", sort=False):
        if len(parts) < 2:
            continue
        said, unit = NAMES.get(kind, (kind, ""))
        low, high = parts.loc[parts["dice_mean"].idxmin()], parts.loc[parts["dice_mean"].idxmax()]
        apart = low["upper"] < high["lower"]
        sentences.append(
            f"By {said}: lowest where it is {_range(low, unit)} ({low['dice_mean']:.3f}), highest where it is "
            f"{_range(high, unit)} ({high['dice_mean']:.3f}); their intervals "
            f"{'do not overlap' if apart else 'overlap or are unknown, so this may be chance'}."
        )
    largest = rows.loc[rows["area_bias"].abs().idxmax()]
    said, unit = NAMES.get(largest["by"], (largest["by"], ""))
    size = "large" if largest["area_bias"] > 0 else "small"
    sentences.append(
        f"Its masks are furthest from the true area where the {said} is {_range(largest, unit)}: on average too {size} "
        f"by {_of_area(abs(largest['area_bias']))}."
    )
    return f"`{run.winner}` in thirds of the images. {' '.join(sentences)}"


def _of_area(bias: float) -> str:
    """A share of the true area, or a multiple of it."""
    return f"{percent(bias)} of it" if bias < 1 else f"{bias:.1f} times as much"


def _range(part: pd.Series, unit: str) -> str:
    digits = 0 if part["high"] >= 100 else 1
    return f"{part['low']:,.{digits}f} to {part['high']:,.{digits}f} {unit}".strip()


def of_robustness(run: FinishedRun) -> str:
    """What corrupted images cost the chosen approach, and who is best on them."""
    table = run.tables["robustness"]
    rows = table[table["approach"] == run.winner] if len(table) else table
    if rows.empty:
        return "Corrupted images were not scored in this run; `--robustness 20` does so with 20 images."
    images = int(rows["n_images"].iloc[0])
    kinds = rows.groupby("corruption", sort=False)[["drop", "in_augmentation"]].mean()
    worst = kinds["drop"].idxmax()
    sentences = [
        f"On corrupted copies of {counted(images, 'image')}, `{run.winner}` loses {kinds['drop'].mean():.3f} mean Dice "
        f"over all corruptions, and most, {kinds.loc[worst, 'drop']:.3f}, under *{worst.replace('_', ' ')}*."
    ]
    met = kinds["in_augmentation"] > 0
    if met.any() and not met.all():
        names = [f"*{name.replace('_', ' ')}*" for name in kinds.index[met]]
        sentences.append(
            f"Its training augmentation had something like {listed(names)}; over the others it loses "
            f"{kinds.loc[~met, 'drop'].mean():.3f}."
        )
    kept = table.groupby("approach", sort=False)["dice_mean"].mean()
    if len(kept) > 1:
        sentences.append(f"Highest mean Dice on corrupted images: `{kept.idxmax()}` ({kept.max():.3f}).")
    few = " These are few images and no interval is given: read large differences only." if images < 30 else ""
    return " ".join(sentences) + few


def of_calibration(run: FinishedRun) -> str:
    """Whether the probabilities of the chosen approach mean what they say."""
    table = run.tables["calibration"]
    rows = table[(table["approach"] == run.winner) & (table["pixels"] > 0)] if len(table) else table
    if rows.empty:
        return "Calibration was not measured in this run."
    weights = rows["pixels"]
    gap = float(np.average(rows["proba_mean"] - rows["object_share"], weights=weights))
    error, brier = run.row(run.winner)["calibration_error"], run.row(run.winner)["brier"]
    lean = "too high" if gap > LEAN else "too low" if gap < -LEAN else "neither too high nor too low on the whole"
    sentences = [
        f"Near the objects, the probability that `{run.winner}` gives to a pixel is off by {error:.3f} on average over "
        f"its bins (Brier score {brier:.3f}), and {lean} ({gap:+.3f})."
    ]
    errors = run.board.dropna(subset=["calibration_error"]).set_index("approach")["calibration_error"]
    if len(errors) > 1:
        sentences.append(f"The smallest error has `{errors.idxmin()}` ({errors.min():.3f}).")
    sentences.append(
        "Masks are cut at a threshold that was chosen on *tune*, which makes up for such a lean; the probabilities "
        "themselves matter to whoever sorts pixels or photos by them."
    )
    return " ".join(sentences)


def _dice(run: FinishedRun) -> pd.Series | None:
    """Dice of the chosen approach by image, of the images with objects."""
    found = run.dice(run.winner) if run.winner is not None and len(run.per_image) else {}
    return pd.Series(found, dtype=float) if found else None
