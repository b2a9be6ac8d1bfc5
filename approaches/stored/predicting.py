"""A model on new photos: what is predicted, where it is written, and what came of it in a line."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeAlias

import numpy as np

from approaches.base import ConfigError
from approaches.predictors import ProbabilityError
from approaches.segmenter import Segmenter
from approaches.stored.engines import with_engine
from common.coco import read_image
from common.coco.images import is_deep
from common.data.licence import licence_line
from common.gallery import GalleryPhoto, write_gallery
from common.predictions import Photo, PredictionFolder
from common.predictions.photos import COCO_FILE, GALLERY, searched
from common.progress import progress
from common.words import counted

log = logging.getLogger(__name__)
DEEP = (
    "%s has 16 bits a channel, and only the upper 8 are read: where its values are of 12 bits or "
    "fewer, it looks black. Save such photos as 8-bit RGB, scaled to 0 to 255."
)
Failure: TypeAlias = OSError | ProbabilityError


@dataclass(frozen=True)
class Predicted:
    """What was predicted for a photo.

    Attributes:
        photo: which one.
        image: (H, W, 3) uint8 RGB, upright.
        mask: (H, W) bool.
        levels: (H, W) uint8, the probabilities in steps of 1/255.
        objects: how many the mask holds, specks not counted.
        specks: how many of those.
    """

    photo: Photo
    image: np.ndarray
    mask: np.ndarray
    levels: np.ndarray
    objects: int
    specks: int


@dataclass
class Outcome:
    """What came of all photos so far.

    Attributes:
        found: the number of objects of each photo that has a mask.
        specks: on all photos, see `common.masks.objects.is_speck`.
        unread: why the others have none.
    """

    found: list[int] = field(default_factory=list)
    specks: int = 0
    unread: list[Failure] = field(default_factory=list)


def predict(
    segmenter: Segmenter,
    photos: Sequence[Photo],
    folder: PredictionFolder,
    save_proba: bool = False,
) -> Iterator[Predicted | Failure]:
    """Write what is predicted for each photo, at the photo's size, upright.

    Args:
        segmenter: makes the masks.
        photos: image files.
        folder: opened, takes the masks.
        save_proba: write the probabilities too.

    Yields:
        For each photo what was predicted when its mask is written, or why it has none: it cannot
        be read, or the model gave no probabilities for it.

    Raises:
        OSError: a file cannot be written.
    """
    deep = False
    for photo in progress(photos, f"{segmenter.name}: predicting"):
        try:
            image = read_image(photo.path, upright=True)
        except OSError as error:
            yield error
            continue
        if not deep and is_deep(photo.path):
            deep = True
            log.warning(DEEP, photo.path)
        try:
            levels = segmenter.quantised(image)
        except ProbabilityError as error:
            yield ProbabilityError(f"{photo.path}: {error}")
            continue
        mask = segmenter.mask_of(image, levels)
        pieces = folder.add(photo, image, mask, levels)
        if save_proba:
            folder.add_probabilities(photo, levels)
        factor = segmenter.scale_of(image)
        if factor != 1:
            height, width = image.shape[:2]
            seen = "(%d x %d px) was seen at %.2g times its size"
            log.info(f"%s {seen}", photo.path, width, height, factor)
        specks = sum(piece.speck for piece in pieces)
        yield Predicted(photo, image, mask, levels, len(pieces) - specks, specks)


def in_engine(
    segmenter: Segmenter, engine: str, photos: Sequence[Photo], threads: int
) -> Segmenter:
    """The model in another engine, measured on the first photo that can be read; see
    `with_engine`.
    """
    for photo in photos if engine != "torch" else ():
        try:
            image = read_image(photo.path, upright=True)
        except OSError:
            continue  # it is told of when its turn has come
        return with_engine(segmenter, engine, image, threads)
    return segmenter


def gallery_photos(
    results: Iterable[Predicted | Failure], outcome: Outcome
) -> Iterator[GalleryPhoto]:
    """The photos of a gallery; what came of each is noted when its turn has come."""
    for result in results:
        if isinstance(result, Predicted):
            outcome.found.append(result.objects)
            outcome.specks += result.specks
            yield result.photo.name, result.image, result.mask, result.levels
        else:
            outcome.unread.append(result)


def write_page(
    output: Path, segmenter: Segmenter, photos: Iterable[GalleryPhoto], places: Sequence[str]
) -> Path:
    """Write `gallery.html` on what is predicted, while it is predicted; see `write_gallery`."""
    folders = [Path(place) for place in places if Path(place).is_dir()]
    return write_gallery(
        output,
        photos,
        title="Predictions on new photos",
        subtitle=str(segmenter),
        attribution=next(filter(None, map(licence_line, folders)), ""),
        threshold=segmenter.postprocess.threshold,
        name=GALLERY,
        zipped=False,
    )


def checked_output(output: Path | None, run: Path, places: Sequence[str]) -> Path:
    """The folder to write to; `predictions/<name of the run>` unless given.

    Raises:
        ConfigError: it would lie among the photos.
    """
    chosen = output or Path("predictions") / run.resolve().name
    inside = chosen.resolve()
    for folder, names in map(searched, places):
        around = folder.resolve()
        below = inside.relative_to(around).parts[:1] if inside.is_relative_to(around) else None
        if below == () or (below and fnmatch(below[0], names)):
            raise ConfigError(
                f"the output {chosen} would lie among the photos of {folder}, and masks there "
                "could be taken for photos. Name a folder elsewhere with --output."
            )
    return chosen


def summary(segmenter: Segmenter, outcome: Outcome, output: Path, page: Path | None) -> str:
    """What was found and where it lies."""
    found = outcome.found
    with_objects = sum(number > 0 for number in found)
    specks = counted(outcome.specks, "speck") + " of less than 1/20,000 of its photo"
    rows = {
        "look at first": page or output / "overlays",
        "masks": output / "masks",
        "outlined photos": output / "overlays",
        "every object": f"{output / 'objects.csv'} and {COCO_FILE}",
    }
    return "\n".join(
        [
            f"{segmenter}: {counted(sum(found), 'object')} on {with_objects} of "
            f"{counted(len(found), 'photo')}" + (f", and {specks}" if outcome.specks else ""),
            *(f"  {what + ':':17}{where}" for what, where in rows.items()),
        ]
    )
