"""What is in a data set and what follows for training, as text: `python -m common.describe DATA
[--output FILE.md] [--tables FOLDER]`.

The sentences of `notebooks/data_analysis.ipynb` without its pictures, and the tables that its
figures are drawn from: numbers alone, which may be published.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.coco.options import add_read_options, read_options
from common.commands import CommandParser, command, number, started_as
from common.describe.observation import Observation

if TYPE_CHECKING:
    from common.data import Data
    from common.data.check import Finding
    from common.describe.measured import Measured


def observations_of(
    data: "Data", measured: "Measured", findings: Sequence["Finding"], crop_px: int | None = None
) -> list[Observation]:
    """All observations on a data folder.

    Args:
        data: the folder, read.
        measured: its tables.
        findings: what its check found.
        crop_px: side of the crops that a training would take; None takes the usual one.
    """
    from common.describe import object_observations as of_objects
    from common.describe import set_observations as of_sets

    crops = of_objects.USUAL if crop_px is None else of_objects.TrainingCrops(crop_px)
    return [
        of_sets.of_problems(findings),
        *of_sets.of_crowd(data.crowd),
        of_objects.of_counts(measured.images, crops),
        of_objects.of_sizes(measured.objects, crops),
        of_objects.of_positions(measured.objects),
        of_objects.of_shapes(measured.objects),
        of_objects.of_colours(measured.objects),
        of_objects.of_contrast(measured.objects),
        of_objects.of_share(measured.images, crops),
        of_sets.of_groups(measured.images),
        of_sets.of_grounds(measured.grounds),
        of_sets.of_photos(measured.train, measured.photos),
    ]


def as_markdown(folder: Path, observations: Sequence[Observation]) -> str:
    """The observations with their consequences, a heading for each topic."""
    parts = [f"# What is in {folder.resolve().name}"]
    for one in observations:
        parts.append(
            f"## {one.topic.capitalize()}\n\n{one.found}\n\n*Consequence.* {one.consequence}"
        )
    return "\n\n".join(parts) + "\n"


def _side(text: str) -> int:
    """The value of `--crop-px`."""
    return number(text, int, lambda pixels: pixels > 0, "no number of pixels from 1 up")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = CommandParser(prog=started_as("python -m common.describe"), description=__doc__)
    parser.add_argument(
        "data", type=Path, help="data folder with train/, val/ and perhaps real_test/"
    )
    parser.add_argument("--output", type=Path, help="Markdown file to write instead of printing")
    parser.add_argument(
        "--tables", type=Path, help="folder for the measurements, as CSV files, one for each kind"
    )
    parser.add_argument(
        "--crop-px",
        type=_side,
        metavar="PX",
        help="side of the training crops that the consequences are about (192)",
    )
    add_read_options(parser)
    options = parser.parse_args(words)
    from common.data import load_data
    from common.data.check import check_data
    from common.describe.measured import measure, write_measured
    from common.files import write_whole
    from common.progress import progress

    with command("nothing was written") as ending:
        data = load_data(options.data, options=read_options(options))
        findings = check_data(options.data, read_options(options))
        measured = measure(data, progress)
        observations = observations_of(data, measured, findings, options.crop_px)
        if options.tables is not None:
            write_measured(measured, options.tables)
        text = as_markdown(options.data, observations)
        if options.output is None:
            print(text, end="")
        else:
            write_whole(options.output, text)
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
