"""A stored model on new photos: `python -m approaches.predict RUN PHOTOS`.

Each photo gets a black and white mask and an overlay, the photo with the outline of the mask. All
objects are listed in `objects.csv`, and in `predictions.coco.json` as annotations that CVAT,
FiftyOne, Label Studio and pycocotools open. A photo that cannot be read is named at the end, and
the others are predicted.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from approaches import processes
from approaches.base import ConfigError
from approaches.predictors import ProbabilityError
from approaches.segmenter import Segmenter, add_scale
from common.coco import read_image
from common.commands import command, started_as
from common.logs import console_log
from common.predictions import Photo, PredictionFolder, find_photos
from common.progress import progress
from common.words import counted

log = logging.getLogger(__name__)


def predict(
    segmenter: Segmenter,
    photos: Sequence[Photo],
    folder: PredictionFolder,
    save_proba: bool = False,
) -> Iterator[int | OSError | ProbabilityError]:
    """Write what is predicted for each photo, at the photo's size, upright.

    Args:
        segmenter: makes the masks.
        photos: image files.
        folder: opened, takes the masks.
        save_proba: write the probabilities too.

    Yields:
        For each photo the number of its objects when its mask is written, or why it has none: it
        cannot be read, or the model gave no probabilities for it.

    Raises:
        OSError: a file cannot be written.
    """
    for photo in progress(photos, f"{segmenter.name}: predicting"):
        try:
            image = read_image(photo.path, upright=True)
        except OSError as error:
            yield error
            continue
        try:
            levels = segmenter.quantised(image)
        except ProbabilityError as error:
            yield ProbabilityError(f"{photo.path}: {error}")
            continue
        number = folder.add(photo, image, segmenter.mask_of(image, levels), levels)
        if save_proba:
            folder.add_probabilities(photo, levels)
        factor = segmenter.scale_of(image)
        if factor != 1:
            height, width = image.shape[:2]
            seen = "(%d x %d px) was seen at %.2g times its size"
            log.info(f"%s {seen}", photo.path, width, height, factor)
        yield number


def checked_output(output: Path | None, run: Path, places: Sequence[str]) -> Path:
    """The folder to write to; `predictions/<name of the run>` unless given.

    Raises:
        ConfigError: it would lie among the photos.
    """
    chosen = output or Path("predictions") / run.resolve().name
    folders = [Path(place) if Path(place).is_dir() else Path(place).parent for place in places]
    inside = chosen.resolve()
    for place, folder in zip(places, folders, strict=True):
        among = inside == folder.resolve()
        if among or (Path(place).is_dir() and folder.resolve() in inside.parents):
            raise ConfigError(
                f"the output {chosen} would lie among the photos of {folder}, and masks there "
                "could be taken for photos. Name a folder elsewhere with --output."
            )
    return chosen


def _share(text: str) -> float:
    """The value of `--threshold`."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no probability above 0 and up to 1")
    return value


def _pixels(text: str) -> int:
    """The value of `--min-area`."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of pixels from 0 up")
    return value


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=started_as("python -m approaches.predict"),
        description="A stored model on new photos.",
    )
    parser.add_argument("run", type=Path, help="folder of a finished run, or an exported model")
    parser.add_argument(
        "photos",
        nargs="+",
        help="photos, folders (with all below them), or patterns such as 'photos/**/*.jpg'",
    )
    parser.add_argument(
        "--output", type=Path, help="folder to fill (predictions/<name of the run>)"
    )
    parser.add_argument("--approach", help="the winner of the run unless given")
    parser.add_argument(
        "--threshold",
        type=_share,
        metavar="P",
        help="least probability of a pixel of an object; the one chosen in training unless given",
    )
    add_scale(parser)
    parser.add_argument(
        "--min-area",
        type=_pixels,
        metavar="PX",
        help="drop objects of fewer pixels; as chosen in training unless given",
    )
    parser.add_argument(
        "--save-proba", action="store_true", help="write the probabilities too, as grey images"
    )
    parser.add_argument(
        "--category", default="object", help="name of an object in the COCO file (object)"
    )
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, 1 if a photo has no mask, 2 if there is nothing to predict with or on, 130 if it was
        interrupted.
    """
    options = _options(words)
    processes.use_threads()
    unread: list[OSError | ProbabilityError] = []
    found: list[int] = []
    with console_log(logging.INFO), command("no mask was written") as ending:
        photos = find_photos(options.photos)
        output = checked_output(options.output, options.run, options.photos)
        loaded = Segmenter.load(options.run, options.approach, options.scale)
        segmenter = loaded.changed(options.threshold, options.min_area)
        with PredictionFolder(output, str(segmenter), options.category).opened() as folder:
            for result in predict(segmenter, photos, folder, options.save_proba):
                if isinstance(result, int):
                    found.append(result)
                else:
                    unread.append(result)
                ending.if_interrupted = f"{counted(len(found), 'mask')} in {output}/masks"
        print(_summary(segmenter, found, output))
        if unread:
            heading = f"{len(unread)} of {len(photos)} photos have no mask:"
            print(heading, *unread, sep="\n", file=sys.stderr)
            ending.code = 1
    return ending.code


def _summary(segmenter: Segmenter, found: Sequence[int], output: Path) -> str:
    """What was found and where it lies."""
    with_objects = sum(number > 0 for number in found)
    return (
        f"{segmenter}: {counted(sum(found), 'object')} on {with_objects} of "
        f"{counted(len(found), 'photo')}\n"
        f"{counted(len(found), 'mask')} in {output}/masks, each over its photo in "
        f"{output}/overlays, all objects in {output}/objects.csv and predictions.coco.json"
    )


if __name__ == "__main__":
    sys.exit(main())
