"""The report of a run as one HTML file that opens offline: `python -m common.report RUN [--data
DIR]`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.commands import CommandParser, command, started_as


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = CommandParser(
        prog=started_as("python -m common.report"), description=__doc__.splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument(
        "--data", type=Path, help="its data folder; the one that the run names unless given"
    )
    parser.add_argument(
        "--no-pictures", action="store_true", help="leave out what needs the data folder"
    )
    options = parser.parse_args(words)
    from common.report.page import NAME, data_folder, write_report

    with command(f"{options.run / NAME} is as it was before") as ending:
        data = None if options.no_pictures else options.data or data_folder(options.run)
        print(write_report(options.run, data))
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
