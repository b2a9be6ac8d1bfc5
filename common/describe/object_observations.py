"""What the measured objects say: numbers, sizes, places, directions, colours, contrast, and their
share of the image.

Each function reads a table and returns an `Observation`. A sentence is chosen by the numbers, so
that none stands under a data set of which it is not true.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chisquare

from common.describe.observation import Observation
from common.words import counted, listed, percent, span

FIELDS = 5  # of the image, to each side; the figure of positions has the same
LEAST_IN_FIELD = 5  # expected in each field, or the chi-square test does not hold
# an unevenness that chance makes in fewer than one of a hundred data sets is called one
CHANCE = 0.01
FAINT = 10.0  # Delta E; objects below it are hard to see against a textured ground
GREY = 12.0  # chroma below which a colour is white, grey or black


@dataclass(frozen=True)
class TrainingCrops:
    """The training crops that the consequences are about. The defaults are usual ones; whoever
    trains on others says so.

    Attributes:
        side_px: of a square crop.
        magnification: the least and the greatest of the augmentation.
        near_objects: share of the crops that lie near an object; the rest lies anywhere.
    """

    side_px: int = 192
    magnification: tuple[float, float] = (0.6, 1.5)
    near_objects: float = 0.8


USUAL = TrainingCrops()
NOTHING = Observation(
    "objects",
    "There is no object in these images.",
    "Nothing can be learned or scored; annotate images first.",
)


def of_counts(images: pd.DataFrame, crops: TrainingCrops = USUAL) -> Observation:
    """How many images and objects.

    Args:
        images: of `describe_data_set`, with a column `split`.
        crops: of the training.
    """
    parts = []
    for split, table in images.groupby("split", sort=False):
        parts.append(
            f"{split} has {counted(len(table), 'image')} with "
            f"{counted(int(table['objects'].sum()), 'object')}"
        )
    empty = int((images["objects"] == 0).sum())
    most = int(images["objects"].max())
    spread = f"{counted(empty, 'image')} without object, at most {counted(most, 'object')} in one"
    if empty:
        then = (
            f"The {counted(empty, 'image')} without object show how often an approach sees what "
            "is not there (`empty_fp_rate`); the mean Dice is taken over the others."
        )
    else:
        then = (
            "No image is without object, so `empty_fp_rate` has no value and objects that are not "
            "there are punished only beside real ones. "
            f"{percent(1 - crops.near_objects)} of the crops are taken anywhere, most of them "
            "without object; add photos of bare and littered ground if false alarms matter."
        )
    if most == 1:
        then += (
            " Photos may show several objects where these images show one: do not keep only the "
            "largest."
        )
    return Observation("counts", f"{'; '.join(parts).capitalize()}: {spread}.", then)


def of_sizes(objects: pd.DataFrame, crops: TrainingCrops = USUAL) -> Observation:
    """How large the objects are, for the crop, the scaling and the outline.

    Args:
        objects: of `describe_data_set`.
        crops: of the training.
    """
    if objects.empty:
        return NOTHING
    length, width = objects["length_px"], objects["width_px"]
    low, high = length.quantile([0.05, 0.95])
    fits = float((length <= crops.side_px).mean())
    outline = 2 * (length + width).median()
    lost = outline / (2 * objects["area_px"].median())
    found = (
        f"The median object is {span(length, 'px')} long and {span(width, 'px')} wide, so the "
        f"long ones are {high / low:.1f} times as long as the short ones. {percent(fits)} fit "
        f"into a crop of {crops.side_px} px. An object is a connected piece of the mask: a blade "
        "of grass across it makes two."
    )
    smaller, larger = crops.magnification
    whole = "A crop shows nearly every object whole"
    then = (
        f"{whole if fits > 0.9 else 'Crops cut many objects: take larger ones'}, and scaling"
        f" by {smaller:g} to {larger:g} takes the sizes to {low * smaller:.0f} to "
        f"{high * larger:.0f} px. At the median size, an outline that lies one pixel inside "
        f"everywhere costs about {lost:.2f} Dice, so differences of a hundredth between "
        "approaches are a question of outlines, and at half the resolution the same slip costs "
        "twice as much."
    )
    return Observation("sizes", found, then)


def of_positions(objects: pd.DataFrame) -> Observation:
    """Where in the image objects lie; even or not by a chi-square test on 5×5 fields, on 3×3 of
    few objects.
    """
    if objects.empty:
        return NOTHING
    side = FIELDS if len(objects) >= LEAST_IN_FIELD * FIELDS**2 else 3
    places = [
        np.clip((objects[axis] * side).astype(int), 0, side - 1)
        for axis in ("centre_y", "centre_x")
    ]
    counts = np.bincount(places[0] * side + places[1], minlength=side**2)
    uneven = chisquare(counts).pvalue < CHANCE
    cut = float(objects["touches_border"].mean())
    found = (
        f"Of {side}×{side} equal fields of the image the fullest holds "
        f"{percent(counts.max() / counts.sum())} of the objects and the emptiest "
        f"{percent(counts.min() / counts.sum())} ({100 / side**2:.3g} % each if they lay evenly), "
        f"{'more uneven than chance makes them' if uneven else 'which chance alone can make'}. "
        f"{percent(cut)} of the objects touch the border."
    )
    then = (
        "The place is a cue that photos will not confirm; crops taken around objects hide it from "
        "the networks."
        if uneven
        else (
            "The place was not shown to tell anything, so nothing speaks against crops taken "
            "anywhere."
        )
    )
    if cut < 0.02:
        then += (
            " Objects cut by the border hardly occur: a network trained on whole images would not "
            "learn them, crops that cut through objects make them."
        )
    return Observation("positions", found, then)


def of_shapes(objects: pd.DataFrame) -> Observation:
    """Directions (chi-square test on six sectors), aspect and solidity."""
    if objects.empty:
        return NOTHING
    pointed = objects[objects["aspect"] > 1.3]
    counts = np.bincount((pointed["angle_deg"] // 30).astype(int).clip(0, 5), minlength=6)
    uneven = counts.sum() > 0 and chisquare(counts).pvalue < CHANCE
    wording = (
        "more to some sides than chance makes them"
        if uneven
        else "to all sides as evenly as chance would have it"
    )
    found = (
        f"The median object is {span(objects['aspect'], digits=1)} times as long as wide and "
        f"fills {percent(float(objects['solidity'].median()))} of its convex hull. "
        f"{percent(len(pointed) / len(objects))} are long enough to have a direction, and these "
        f"point {wording}."
    )
    then = (
        "Flips and turns show directions that the data lacks, which is right for things that lie "
        "as they fell."
        if uneven
        else "Every direction occurs, so flips, quarter turns and rotations make images that "
        "could be in the data: all are used in training, and flips and turns when predicting."
    )
    return Observation("shapes", found, then)


def of_colours(objects: pd.DataFrame) -> Observation:
    """Colour of the objects against that of the ring around each."""
    judged = objects.dropna(subset=["contrast"])
    if judged.empty:
        return NOTHING
    higher = {
        "lighter": float((judged["object_l"] > judged["ring_l"]).mean()),
        "more red": float((judged["object_a"] > judged["ring_a"]).mean()),
        "more yellow": float((judged["object_b"] > judged["ring_b"]).mean()),
    }
    words = {"lighter": "darker", "more red": "more green", "more yellow": "more blue"}
    grey = float((np.hypot(judged["object_a"], judged["object_b"]) < GREY).mean())
    best = max(higher, key=lambda word: abs(higher[word] - 0.5))
    share, word = max((higher[best], best), (1 - higher[best], words[best]))
    wording = listed([f"{percent(value)} are {word}" for word, value in higher.items()])
    found = (
        f"Against what lies around them, {wording}. {percent(grey)} of the objects are white or "
        "grey on average."
    )
    limits = "goes a long way here" if share > 0.95 else "on one channel cannot be enough"
    then = (
        f"The best single rule, *{word} than the surroundings*, holds for {percent(share)} of the "
        f"objects: a threshold {limits}, and also selects whatever else is {word} on the ground. "
        "Hue is shifted only a little in training, since colour is evidence; brightness and "
        "saturation vary more."
    )
    return Observation("colours", found, then)


def of_contrast(objects: pd.DataFrame) -> Observation:
    """How far the objects stand out, and which do not; each split by itself where there is a
    column `split`.
    """
    judged = objects.dropna(subset=["contrast"])
    if judged.empty:
        return NOTHING
    faint = judged[judged["contrast"] < FAINT].sort_values("contrast")
    found = (
        f"The median object is {span(judged['contrast'])} from its surroundings in colour (Delta "
        f"E; 2.3 is just noticeable). {'None' if faint.empty else len(faint)} of "
        f"{counted(len(judged), 'object')} ({percent(len(faint) / len(judged))}) "
        f"{'lies' if len(faint) < 2 else 'lie'} below {FAINT:g}"
    )
    found += (
        f", the faintest in the images {', '.join(map(str, faint['img_id'].unique()[:5]))}."
        if len(faint)
        else "."
    )
    if "split" in judged and len(set(judged["split"])) > 1:
        medians = judged.groupby("split", sort=False)["contrast"].median()
        found += (
            " By split the medians are "
            f"{listed([f'{value:.0f} in {split}' for split, value in medians.items()])}."
        )
    then = (
        "Compare approaches on these faint objects by themselves: a mean over all hides them. In "
        "training, changes of brightness and contrast make more of them."
        if len(faint)
        else "No object is faint here, which flatters all approaches; do not expect it of photos."
    )
    return Observation("contrast", found, then)


def of_share(images: pd.DataFrame, crops: TrainingCrops = USUAL) -> Observation:
    """How much of the image is object.

    Args:
        images: of `describe_data_set`.
        crops: of the training.
    """
    visible = images[images["objects"] > 0]
    if visible.empty:
        return NOTHING
    share = float(visible["object_share"].median())
    in_crop = min(
        1.0, float((visible["object_area_px"] / visible["objects"]).median()) / crops.side_px**2
    )
    found = (
        f"In an image with objects they cover {percent(share)} of the pixels in the median, one "
        f"pixel in {1 / share:,.0f}. A mask without any object would be right in "
        f"{percent(1 - share)} of the pixels."
    )
    then = (
        "Accuracy says nothing here; Dice is scored. Cross-entropy alone is mostly about ground, "
        "so the loss adds Dice to it, and most crops are taken near objects, where one of median "
        f"size covers {percent(in_crop)} of {crops.side_px}×{crops.side_px} px."
    )
    return Observation("share", found, then)
