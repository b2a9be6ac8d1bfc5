"""A stored model on new photos: `python -m approaches.predict RUN PHOTOS… --output DIR`.

One black and white PNG is written for each photo, made by the winner of the run or by the approach that is named.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from approaches import TABLE, load, processes
from approaches.base import ConfigError
from approaches.run import model_folder
from common.coco import PHOTO_SUFFIXES, list_photos, read_image
from common.files import write_whole
from common.postprocess import Postprocess, quantise
from common.progress import progress
from common.records import RUN_FILE, Record, read_record


def photos_of(places: Sequence[Path]) -> list[Path]:
    """The photos that are named, and those in the folders that are named.

    Raises:
        ConfigError: a place does not exist, there is no photo, or two photos would get the same mask file.
    """
    missing = [str(place) for place in places if not place.exists()]
    if missing:
        raise ConfigError(f"{', '.join(missing)} does not exist; name photos or folders of photos.")
    photos = [photo for place in places for photo in (list_photos(place) if place.is_dir() else [place])]
    if not photos:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise ConfigError(f"0 photos found in {', '.join(map(str, places))}; expected files that end in {kinds}.")
    stems = [photo.stem for photo in photos]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise ConfigError(f"more than one photo is called {', '.join(twice)}; masks need different names. Rename them.")
    return photos


def trained(run: Path, approach: str | None) -> Record:
    """The record of a complete approach of a run, or of its winner.

    Raises:
        ConfigError: the run has no winner yet, or no complete approach of that name.
    """
    path = run / RUN_FILE
    described = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    name = approach or described.get("winner")
    record = read_record(run, name) if name in TABLE else None
    if record is None or record.status != "ok":
        raise ConfigError(f"{run} has no complete approach {name or 'that won'}; train it there first with bench.py.")
    return record


def predict(run: Path, approach: str | None, photos: Sequence[Path], output: Path) -> list[Path]:
    """Write the mask of each photo, at the photo's size, upright, 255 where the object is.

    Args:
        run: folder of a run.
        approach: one of its approaches; None takes its winner.
        photos: image files.
        output: folder for `<name of the photo>.png`; files of the same name are replaced.

    Raises:
        ConfigError: the run has no winner yet, or no complete approach of that name; or the masks would lie among the
            photos.
    """
    if output.resolve() in {photo.resolve().parent for photo in photos}:
        raise ConfigError(f"--output {output} is a folder of the photos; masks there could replace them. Name another.")
    record = trained(run, approach)
    model, postprocess = load(model_folder(run, record.approach)), Postprocess(**record.postprocess)
    written = []
    for photo in progress(photos, f"{record.approach}: predicting"):
        levels = quantise(model.predict_proba(read_image(photo, upright=True)))
        mask = postprocess.apply(levels).astype(np.uint8) * 255
        written.append(output / f"{photo.stem}.png")
        write_whole(written[-1], cv2.imencode(".png", mask)[1].tobytes())
    return written


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m approaches.predict", description="A stored model on new photos.")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("photos", type=Path, nargs="+", help="photos, or folders of photos")
    parser.add_argument("--output", type=Path, required=True, help="folder for the masks")
    parser.add_argument("--approach", help="the winner of the run unless given")
    options = parser.parse_args(words)
    processes.use_threads()
    try:
        written = predict(options.run, options.approach, photos_of(options.photos), options.output)
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(written)} masks in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
