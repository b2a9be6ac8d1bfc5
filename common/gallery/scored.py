"""The page for labelled images: what each approach found (green), invented (red), missed (blue),
worst image first, every approach on the same image.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.data import Sample
from common.gallery.names import Slugs, displayable
from common.gallery.page import Figure, Filter, Item, Key, Order, Page, Picture
from common.gallery.pictures import (
    check_picture,
    limited,
    store_both,
    store_errors,
)
from common.gallery.publish import publish
from common.masks.evaluate import ImageScore
from common.words import counted

SCORED = "val"
MOST_IMAGES = 200
LARGEST_PX = 1600  # the longer side of what a click opens
_ORDERS = (
    Order("dice", "worst first"),
    Order("dice", "best first", True),
    Order("missed", "most missed first", True),
    Order("invented", "most invented first", True),
    Order("group", "by group"),
    Order("place", "in the order of their ids"),
)
_FILTERS = (Filter("missed", "with missed objects"), Filter("invented", "with invented objects"))


@dataclass(frozen=True)
class Prediction:
    """What an approach made of an image: mask (H, W) bool, and its score."""

    mask: np.ndarray
    score: ImageScore


@dataclass(frozen=True)
class ScoredImage:
    """One labelled image.

    Attributes:
        name: of its file; unique.
        group: of images that are not independent.
        sample: image, mask and ignored pixels.
        predictions: approach → what it made of it; one that is missing is not shown.
    """

    name: str
    group: str
    sample: Sample
    predictions: Mapping[str, Prediction]


def shown_ids(scores: Sequence[ImageScore], most: int = MOST_IMAGES) -> list[int]:
    """The images that a page shows, worst Dice first: all, or of more than `most` the worst half,
    and a quarter each from around the median and from the best.

    An image without an object on which nothing is predicted is as good as can be.

    Args:
        scores: of the approach that they are chosen by.
        most: how many are shown.
    """
    ranked = [
        score.img_id for score in sorted(scores, key=lambda score: (_dice(score), score.img_id))
    ]
    if len(ranked) <= most:
        return ranked
    quarter = most // 4
    half = most - 2 * quarter
    first_best = len(ranked) - quarter
    first = min(max(half, len(ranked) // 2 - quarter // 2), first_best - quarter)
    after = first + quarter
    return [*ranked[:half], *ranked[first:after], *ranked[first_best:]]


def write_scored_gallery(
    folder: Path | str,
    images: Iterable[ScoredImage],
    approaches: Sequence[str],
    *,
    title: str,
    subtitle: str = "",
    attribution: str = "",
    of: int | None = None,
    name: str = SCORED,
    zipped_mb: float = 64.0,
) -> Path:
    """Write `val.html`, its images in `val/`, and both in `val.zip` where they are small.

    An older page there is replaced whole, and stays as it was where something is refused.

    Args:
        folder: Where they go; made when missing.
        images: consumed one by one, and shown in this order: that of the first approach's Dice.
        approaches: in the order in which they are offered, the first four are shown at first.
        title: The page's heading.
        subtitle: The line below it.
        attribution: Whose the images are.
        of: How many images there are, where these are only a part (see `shown_ids`).
        name: Of page, folder and zip.
        zipped_mb: The zip is left out where the images have more megabytes.

    Returns:
        The page's path.

    Raises:
        GalleryError: A name came twice, an image or mask has the wrong shape or dtype, or the
            check found something.
        OSError: A file cannot be written.
    """

    def page(pictures: Path) -> Page:
        slugs = Slugs()
        items = [_item(pictures, slugs, image, approaches) for image in images]
        return Page(
            name,
            title,
            subtitle,
            _summary(len(items), of),
            _notes(approaches),
            attribution,
            items,
            orders=_ORDERS,
            filters=_FILTERS,
            approaches=approaches,
            legend="errors",
            noun="image",
        )

    return publish(Path(folder), name, page, zipped_mb)


def _summary(number: int, of: int | None) -> str:
    if of is None or of <= number:
        return f"{counted(number, 'image')}, worst first"
    return (
        f"{number:,} of {counted(of, 'image')}, worst first: half of them are the worst, and a "
        "quarter each typical and best ones"
    )


def _notes(approaches: Sequence[str]) -> list[str]:
    return [
        f"Images are worst and best by the Dice of {approaches[0]}, unless you choose another.",
        "An object is missed, and another invented, where prediction and label do not overlap by "
        "half (IoU >= 0.5); so an object that was found in part counts as both.",
        f"Pictures are at most {LARGEST_PX:,} px a side.",
    ]


def _item(pictures: Path, slugs: Slugs, image: ScoredImage, approaches: Sequence[str]) -> Item:
    """Write the pictures of one image: the photo, and what each approach did lies over it."""
    sample, slug = image.sample, slugs.of(image.name)
    check_picture(
        image.name,
        sample.image,
        sample.mask,
        sample.ignore,
        *(each.mask for each in image.predictions.values()),
    )
    small_image = limited(sample.image, LARGEST_PX)
    photo, small = store_both(pictures, f"{slug}_photo.jpg", small_image)
    truth, ignore = _at(sample.mask, photo), _at(sample.ignore, photo)
    figures = [Figure("photo", "Photo", f"Photo: {displayable(image.name)}", small, photo.file)]
    for number, approach in enumerate(approaches):
        found = image.predictions.get(approach)
        if found is None:
            continue
        file = f"{slug}_errors-{number}.png"
        overlay = store_errors(pictures, file, _at(found.mask, photo), truth, ignore)
        facts = _facts(found.score)
        alt = f"{approach} on {displayable(image.name)}: {facts}"
        figure = Figure("errors", approach, alt, small, photo.file, facts, None, overlay, number)
        figures.append(figure)
    height, width = sample.mask.shape
    facts = f"{width} × {height} px · group {image.group}"
    return Item(image.name, facts, figures, _keys(image, approaches))


def _at(mask: np.ndarray, photo: Picture) -> np.ndarray:
    """A mask (H, W) bool at the size of its photo's picture: true where half of it is."""
    if mask.shape == (photo.height, photo.width):
        return mask
    return limited(mask.astype(np.uint8) * 255, max(photo.height, photo.width)) > 127


def _keys(image: ScoredImage, approaches: Sequence[str]) -> dict[str, Key]:
    """What the page is sorted and filtered by; None for an approach without a prediction."""
    found = [image.predictions.get(approach) for approach in approaches]
    scores = [None if each is None else each.score for each in found]
    return {
        "place": float(image.sample.image_id),
        "group": image.group,
        "dice": [None if score is None else round(_dice(score), 4) for score in scores],
        "missed": [None if score is None else float(score.object_fn) for score in scores],
        "invented": [None if score is None else float(score.object_fp) for score in scores],
    }


def _dice(score: ImageScore) -> float:
    return 1.0 if math.isnan(score.dice) else score.dice


def _facts(score: ImageScore) -> str:
    """Dice and objects in words."""
    if score.tp + score.fn == 0:
        wording = "no object here"
        return (
            f"{wording}, {score.object_fp} invented" if score.fp else f"{wording}, none predicted"
        )
    counts = (score.object_tp, "found"), (score.object_fn, "missed"), (score.object_fp, "invented")
    return " · ".join(
        [f"Dice {score.dice:.3f}", *(f"{number} {what}" for number, what in counts if number)]
    )
