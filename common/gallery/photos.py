"""The page for photos without labels: photo, outline, predicted mask, cut-out and probability side
by side.

There is no ground truth for these photos, so this file gives no score; it shows what was predicted
and counts it. Photos are consumed as a stream.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from common.gallery.names import Slugs, displayable
from common.gallery.page import Figure, Filter, Item, Order, Page
from common.gallery.pictures import (
    MOST_OUTLINES,
    check_picture,
    heat_map,
    outline,
    store,
    store_both,
    store_cutout,
)
from common.gallery.publish import publish
from common.masks.objects import PredictedObject, predicted_objects
from common.words import counted

PHOTOS = "real_test"
MOST_CONFIDENCES = 20  # that are named in the line of a photo
_ORDERS = (
    Order("place", "in the order of their names"),
    Order("objects", "most objects first", True),
    Order("least", "least sure object first"),
)
_FILTERS = (
    Filter("objects", "with objects"),
    Filter("objects", "without objects", above_zero=False),
)
GalleryPhoto: TypeAlias = tuple[str, np.ndarray, np.ndarray, np.ndarray | None]


@dataclass
class _Counts:
    """What the photos hold so far."""

    objects: int = 0
    specks: int = 0
    object_px: int = 0
    px: int = 0
    with_objects: int = 0
    items: list[Item] = field(default_factory=list)
    has_heat: bool = False


def write_gallery(
    folder: Path | str,
    photos: Iterable[GalleryPhoto],
    *,
    title: str,
    subtitle: str = "",
    attribution: str = "",
    threshold: float | None = None,
    name: str = PHOTOS,
    zipped: bool = True,
) -> Path:
    """Write `real_test.html`, its images in `real_test/` and both in `real_test.zip`.

    An older page there is replaced whole, and stays as it was where something is refused.

    Args:
        folder: Where the three go; made when missing.
        photos: (name, image (H, W, 3) uint8 RGB, mask (H, W) bool, probabilities (H, W) uint8 in
            steps of 1/255 or None) of every photo, consumed one by one and shown in this order.
            Names are unique; any characters will do. Without probabilities the photo has no heat
            map and its objects no confidence.
        title: The page's heading.
        subtitle: The line below it, such as approach and threshold.
        attribution: Whose the photos are, such as the first line of their licence.
        threshold: Of the probabilities, for the legend of the heat maps.
        name: Of page, folder and zip.
        zipped: Whether a zip is wanted.

    Returns:
        The page's path.

    Raises:
        GalleryError: A name came twice, an image or mask has the wrong shape or dtype, or the
            check found something.
        OSError: A file cannot be written.
    """

    def page(images: Path) -> Page:
        slugs, counts = Slugs(), _Counts()
        for photo in photos:
            _add(counts, images, slugs, *photo)
        return _page(counts, name, title, subtitle, attribution, threshold)

    return publish(Path(folder), name, page, zipped)


def _add(
    counts: _Counts,
    images: Path,
    slugs: Slugs,
    name: str,
    image: np.ndarray,
    mask: np.ndarray,
    levels: np.ndarray | None,
) -> None:
    """Write the pictures of one photo and add what stands beside them."""
    slug = slugs.of(name)
    check_picture(name, image, mask)
    pieces = predicted_objects(mask, np.zeros(mask.shape, np.uint8) if levels is None else levels)
    objects = [piece for piece in pieces if not piece.speck]
    confidences = [found.confidence for found in objects] if levels is not None else []
    specks, object_px = len(pieces) - len(objects), int(mask.sum())
    counts.objects += len(objects)
    counts.specks += specks
    counts.object_px += object_px
    counts.px += mask.size
    counts.with_objects += bool(objects)
    counts.has_heat |= levels is not None
    wording = _objects(len(objects), specks)
    facts = [f"{mask.shape[1]} × {mask.shape[0]} px", wording]
    facts += [f"{_percent(object_px, mask.size)} of the image"] if object_px else []
    facts += [f"outlines of the {MOST_OUTLINES} longest"] if len(pieces) > MOST_OUTLINES else []
    figures = _figures(
        images, slug, image, mask, levels, objects, f"{displayable(name)}, {wording}"
    )
    keys = {
        "place": float(len(counts.items)),
        "objects": float(len(objects)),
        "least": min(confidences, default=None),
    }
    line = _confidence_line(confidences)
    counts.items.append(Item(name, " · ".join(facts), figures, keys, line))


def _figures(
    images: Path,
    slug: str,
    image: np.ndarray,
    mask: np.ndarray,
    levels: np.ndarray | None,
    objects: Sequence[PredictedObject],
    said: str,
) -> list[Figure]:
    """Write the pictures of one photo; outline and photo share their file."""
    white = mask.astype(np.uint8) * 255
    photo, small = store_both(images, f"{slug}_photo.jpg", image)
    black, small_mask = store_both(images, f"{slug}_mask.png", white)
    cutout, small_cutout = store_cutout(images, f"{slug}_cutout", image, mask)
    drawn = outline(mask, objects)
    figures = [
        Figure("photo", "Photo", f"Photo: {said}", small, photo.file),
        Figure("outline", "Outline", f"Outlines on {said}", small, photo.file, outline=drawn),
        Figure("mask", "Predicted mask", f"Predicted mask: {said}", small_mask, black.file),
        Figure("cutout", "Cut out", f"Cut out by the mask: {said}", small_cutout, cutout.file),
    ]
    if levels is not None:
        heat = store(images, f"{slug}_probability.jpg", heat_map(image, levels))
        alt = f"Heat map of the probability: {said}"
        figures.append(Figure("heat", "Probability", alt, heat, heat.file))
    return figures


def _page(
    counts: _Counts,
    name: str,
    title: str,
    subtitle: str,
    attribution: str,
    threshold: float | None,
) -> Page:
    """The page of all photos."""
    summary, notes = "No photos: there was nothing to predict, so there is nothing to show.", []
    if counts.items:
        summary = (
            f"{counted(len(counts.items), 'photo')}, {counts.with_objects} with objects · "
            f"{_objects(counts.objects, counts.specks)} in all · "
            f"{_percent(counts.object_px, counts.px)} of all pixels"
        )
        notes = [
            "There are no labels for these photos, so no score.",
            "An object is a connected region of the mask; one of less than 1/20,000 of the photo "
            "is a speck and is not counted.",
        ]
    if counts.has_heat:
        notes.append("Confidence is the mean probability of an object's pixels.")
    orders = _ORDERS if counts.has_heat else _ORDERS[:2]
    legend = "heat" if counts.has_heat else ""
    return Page(
        name,
        title,
        subtitle,
        summary,
        notes,
        attribution,
        counts.items,
        orders=orders,
        filters=_FILTERS,
        legend=legend,
        threshold=threshold,
    )


def _objects(number: int, specks: int) -> str:
    wording = counted(number, "object") if number else "no objects"
    return wording + (f" (and {counted(specks, 'speck')})" if specks else "")


def _confidence_line(confidences: Sequence[float]) -> str:
    """The confidence of each object, numbered as in the outline."""
    if not confidences:
        return ""
    if len(confidences) == 1:
        return f"Confidence: {confidences[0]:.2f}"
    parts = [
        f"{number}: {confidence:.2f}"
        for number, confidence in enumerate(confidences[:MOST_CONFIDENCES], start=1)
    ]
    rest = confidences[MOST_CONFIDENCES:]
    more = f", and {len(rest)} more, {min(rest):.2f} to {max(rest):.2f}" if rest else ""
    return f"Confidence of each object: {', '.join(parts)}{more}"


def _percent(part: int, whole: int) -> str:
    return "< 0.01 %" if 0 < part < whole / 10_000 else f"{100 * part / whole:.2f} %"
