"""A stored model on new photos: `python -m approaches.predict RUN PHOTOS`.

Each photo gets a black and white mask and an overlay, the photo with the outline of the mask;
`gallery.html` shows them all. All objects are listed in `objects.csv`, and in
`predictions.coco.json` as annotations that CVAT, FiftyOne, Label Studio and pycocotools open; a
piece of a mask that is smaller than 1/20,000 of its photo is listed as a speck and not counted. A
photo that cannot be read is named at the end, and the others are predicted.
"""

import argparse
import collections
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands import CommandParser, Ending, command, number, started_as
from common.logs import console_log

if TYPE_CHECKING:
    from common.scale import Scale


def add_scale(parser: "argparse._ActionsContainer") -> None:
    """The option `--scale` of the commands that predict."""
    parser.add_argument(
        "--scale",
        type=_scale,
        default="auto",
        metavar="auto|native|NUMBER",
        help="resize photos before they are predicted: those that are much larger than the "
        "training images to their size (auto, the default), none (native), or all by a factor",
    )


def _scale(text: str) -> "Scale":
    """The value of `--scale`."""
    if text in ("auto", "native"):
        return "auto" if text == "auto" else "native"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.01 <= factor <= 16:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither auto, native nor a factor from 0.01 to 16"
        )
    return factor


def _share(text: str) -> float:
    """The value of `--threshold`."""
    return number(text, float, lambda share: 0 < share <= 1, "no probability above 0 and up to 1")


def _pixels(text: str) -> int:
    """The value of `--min-area`."""
    return number(text, int, lambda pixels: pixels >= 0, "no number of pixels from 0 up")


EXAMPLES = (
    "python -m approaches.predict results/RUN PHOTOS",
    "python -m approaches.predict results/RUN 'PHOTOS/**/*.jpg' --output masks",
    "python -m approaches.predict EXPORTED PHOTOS --threshold 0.7 --save-proba",
)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        prog=started_as("python -m approaches.predict"),
        description="A stored model on new photos: masks, outlines, objects, a page to look at.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="folder of a finished run, or an exported model"
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTOS",
        help="photos, folders (with all below them), or patterns such as 'photos/**/*.jpg'",
    )
    _add_model(parser.add_argument_group("the model"))
    _add_files(parser.add_argument_group("what is written"))
    return parser.parse_args(words)


def _add_model(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--approach", metavar="NAME", help="one of the run (its winner)")
    group.add_argument(
        "--threshold",
        type=_share,
        metavar="P",
        help="least probability of a pixel of an object (as chosen in training)",
    )
    group.add_argument(
        "--min-area",
        type=_pixels,
        metavar="PX",
        help="drop objects of fewer pixels (as chosen in training)",
    )
    add_scale(group)
    group.add_argument(
        "--engine",
        choices=("torch", "onnx", "openvino", "auto", "int8"),
        default="torch",
        help="what a network is run by on a CPU: torch, which it was scored with (the default), "
        "onnx (ONNX Runtime), openvino, or auto, the fastest of those that are installed and give "
        "the same masks, measured on the first photo; int8: OpenVINO with 8 bits, other masks, "
        "used where they lose no more than 0.002 Dice on tune; the extra 'engines' installs them",
    )


def _add_files(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--output", type=Path, metavar="DIR", help="folder to fill (predictions/<name of the run>)"
    )
    group.add_argument(
        "--save-proba", action="store_true", help="write the probabilities too, as grey images"
    )
    group.add_argument(
        "--category",
        default="object",
        metavar="NAME",
        help="name of an object in the COCO file (object)",
    )
    group.add_argument("--no-gallery", action="store_true", help="write no gallery.html")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, 1 if a photo has no mask, 2 if there is nothing to predict with or on, 130 if it was
        interrupted.
    """
    options = _options(words)
    with console_log(logging.INFO), command("no mask was written") as ending:
        _predict(options, ending)
    return ending.code


def _predict(options: argparse.Namespace, ending: Ending) -> None:
    """Predict all photos, and say what came of it."""
    from common.predictions import PredictionFolder, find_photos

    photos = find_photos(options.photos)  # before torch is imported, which takes seconds
    from approaches import processes
    from approaches.segmenter import Segmenter
    from approaches.stored import predicting
    from approaches.stored.eight_bit import in_eight_bits
    from common.words import counted

    output = predicting.checked_output(options.output, options.run, options.photos)
    threads = processes.set_up_process()
    loaded = Segmenter.load(options.run, options.approach, options.scale)
    segmenter = loaded.changed(options.threshold, options.min_area)
    if options.engine == "int8":
        segmenter = in_eight_bits(options.run, segmenter, threads)
    else:
        segmenter = predicting.in_engine(segmenter, options.engine, photos, threads)
    outcome, page = predicting.Outcome(), None
    filled = PredictionFolder(output, str(segmenter), options.category)
    with filled.opened(photos) as folder:
        results = predicting.predict(segmenter, photos, folder, options.save_proba)
        stream = predicting.gallery_photos(results, outcome)
        try:
            if options.no_gallery:
                collections.deque(stream, maxlen=0)
            else:
                page = predicting.write_page(output, segmenter, stream, options.photos)
        except KeyboardInterrupt:
            masks = counted(len(outcome.found), "mask")
            ending.if_interrupted = f"{masks} in {output}/masks"
            raise
    print(predicting.summary(segmenter, outcome, output, page))
    if outcome.unread:
        heading = f"{len(outcome.unread)} of {len(photos)} photos have no mask:"
        print(heading, *outcome.unread, sep="\n", file=sys.stderr)
        ending.code = 1


if __name__ == "__main__":
    sys.exit(main())
