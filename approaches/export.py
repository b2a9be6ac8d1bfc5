"""A trained model as a folder that is whole by itself: `python -m approaches.export RUN --output
FOLDER`.

It holds the weights with those of the members of an ensemble, threshold and post-processing, the
sizes of the training images, and a model card with scores, limits and licence. `Segmenter.load`
and `approaches.predict` take it like a run. Where the library that the model is made with has a
form of its own, that lies beside, and with `--onnx` an ONNX file whose masks were compared.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from common.commands import CommandParser, command, started_as
from common.logs import console_log

EXAMPLES = (
    "python -m approaches.export results/RUN --output MODEL",
    "python -m approaches.export results/RUN --output MODEL --onnx --images PHOTOS",
    "python -m approaches.export results/RUN --output MODEL --approach unet",
)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        prog=started_as("python -m approaches.export"),
        description="A trained model as a folder that is whole by itself.",
        examples=EXAMPLES,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to make")
    parser.add_argument("--approach", metavar="NAME", help="one of the run (its winner)")
    card = parser.add_argument_group("the model card")
    card.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder of the training data, for the note on its licence (that of the run)",
    )
    card.add_argument(
        "--license",
        default="",
        metavar="NAME",
        help="of the model, an identifier of the hub such as cc-by-nc-4.0 (unknown)",
    )
    onnx = parser.add_argument_group("ONNX")
    onnx.add_argument("--onnx", action="store_true", help="write an ONNX file too")
    onnx.add_argument(
        "--images",
        type=Path,
        metavar="PHOTOS",
        help="photos to compare its masks on (generated images)",
    )
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _options(words)
    with console_log(logging.INFO), command("nothing was written") as ending:
        from approaches import processes
        from approaches.stored.exporting import Wanted, export
        from common.records.folder import RunFolder

        processes.set_up_process()
        wanted = Wanted(
            options.approach, options.data, options.license, options.onnx, options.images
        )
        segmenter = export(RunFolder(options.run), options.output, wanted)
        print(f"{segmenter}: {options.output}, described in {options.output}/README.md")
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
