"""A stored model on new photos: `python -m approaches.predict RUN PHOTOS… --output DIR`.

One black and white PNG is written for each photo, made by the winner of the run or by the approach
that is named. A photo that cannot be read is named at the end, and the others get their masks.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from approaches import processes
from approaches.base import ConfigError
from approaches.segmenter import ProbabilityError, Segmenter, add_scale
from common.coco import PHOTO_SUFFIXES, list_photos, read_image
from common.commands import command, started_as
from common.image_files import write_pixels
from common.logs import console_log
from common.progress import progress

log = logging.getLogger(__name__)


def photos_of(places: Sequence[Path]) -> list[Path]:
    """The photos that are named, and those in the folders that are named.

    Raises:
        ConfigError: a place does not exist, there is no photo, or two photos would get the same
            mask file.
    """
    missing = [str(place) for place in places if not place.exists()]
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} does not exist; name photos or folders of photos."
        )
    photos = [
        photo for place in places for photo in (list_photos(place) if place.is_dir() else [place])
    ]
    if not photos:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise ConfigError(
            f"0 photos found in {', '.join(map(str, places))}; expected files that end in {kinds}."
        )
    stems = [photo.stem for photo in photos]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise ConfigError(
            f"more than one photo is called {', '.join(twice)}; masks need different names. "
            "Rename them."
        )
    return photos


def predict(
    segmenter: Segmenter, photos: Sequence[Path], output: Path
) -> Iterator[OSError | ProbabilityError | None]:
    """Write the mask of each photo, at the photo's size, upright, 255 where the object is.

    Args:
        segmenter: makes the masks.
        photos: image files.
        output: folder for `<name of the photo>.png`; files of the same name are replaced.

    Yields:
        For each photo None when its mask is written, or why it has none: it cannot be read, or the
        model gave no probabilities for it.

    Raises:
        ConfigError: the masks would lie among the photos.
        OSError: a mask cannot be written.
    """
    if output.resolve() in {photo.resolve().parent for photo in photos}:
        raise ConfigError(
            f"--output {output} is a folder of the photos; masks there could replace them. Name "
            "another."
        )
    for photo in progress(photos, f"{segmenter.name}: predicting"):
        try:
            image = read_image(photo, upright=True)
        except OSError as error:
            yield error
            continue
        try:
            mask = segmenter.predict(image).astype(np.uint8) * 255
        except ProbabilityError as error:
            yield ProbabilityError(f"{photo}: {error}")
            continue
        write_pixels(output / f"{photo.stem}.png", mask)
        factor = segmenter.scale_of(image)
        if factor != 1:
            height, width = image.shape[:2]
            log.info(
                "%s (%d x %d px) was seen at %.2g times its size", photo, width, height, factor
            )
        yield None


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, 1 if a photo has no mask, 2 if there is nothing to predict with or on, 130 if it was
        interrupted.
    """
    parser = argparse.ArgumentParser(
        prog=started_as("python -m approaches.predict"),
        description="A stored model on new photos.",
    )
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("photos", type=Path, nargs="+", help="photos, or folders of photos")
    parser.add_argument("--output", type=Path, required=True, help="folder for the masks")
    parser.add_argument("--approach", help="the winner of the run unless given")
    add_scale(parser)
    options = parser.parse_args(words)
    processes.use_threads()
    unread: list[OSError | ProbabilityError] = []
    written = 0
    with console_log(logging.INFO), command(f"no mask is in {options.output}") as ending:
        photos = photos_of(options.photos)
        segmenter = Segmenter.load(options.run, options.approach, options.scale)
        for error in predict(segmenter, photos, options.output):
            written += error is None
            unread += [error] if error else []
            ending.if_interrupted = f"{written} masks are in {options.output}"
        print(f"{written} masks in {options.output}")
        if unread:
            heading = f"{len(unread)} of {len(photos)} photos have no mask:"
            print(heading, *unread, sep="\n", file=sys.stderr)
            ending.code = 1
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
