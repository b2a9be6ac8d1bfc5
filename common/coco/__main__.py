"""`python -m common.coco check DIR`: look at a data set before it costs an hour of training;
changes nothing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common.coco.options import add_read_options, read_options
from common.commands import CommandParser, RefusedError, command, started_as


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings.

    Returns:
        0, or 1 if there is an error; with `--strict` also if there is a warning; 130 if it was
        interrupted. Wrong usage exits with 2.
    """
    parser = CommandParser(
        prog=started_as("python -m common.coco"),
        description="COCO data sets for segmentation.",
        examples=(
            "python -m common.coco check DIR",
            "python -m common.coco convert EXPORT --output NEW",
        ),
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check", help="list everything that is wrong with a data set; nothing is changed"
    )
    check.add_argument(
        "folder", type=Path, metavar="DIR", help="holds train/, val/ and perhaps real_test/"
    )
    check.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    add_read_options(check)
    copy = commands.add_parser(
        "convert",
        help="a clean copy of an export of any COCO tool, and a list of what was changed",
    )
    copy.add_argument("folder", type=Path, metavar="DIR", help="the export; it stays as it is")
    copy.add_argument("--output", type=Path, required=True, metavar="NEW", help="a new folder")
    copy.add_argument(
        "--val-share", type=float, default=0.2, help="of images, where there is no split (0.2)"
    )
    copy.add_argument("--seed", type=int, default=0, help="of that split (0)")
    add_read_options(copy)
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        check.error(f"{options.folder} is no folder; give the one that holds train/ and val/.")
    if options.command == "convert":
        return _convert(options)
    from common.data.check import check_data, format_findings

    with command("not everything was looked at") as ending:
        findings = check_data(options.folder, read_options(options), progress=True)
        print(format_findings(findings, options.folder))
        levels = {finding.level for finding in findings}
        ending.code = int("error" in levels or (options.strict and "warning" in levels))
    return ending.code


def _convert(options: argparse.Namespace) -> int:
    """Write the copy, say what was changed, and check it."""
    from common.data.convert import convert

    with command("nothing was written") as ending:
        if not 0 < options.val_share <= 0.5:
            raise RefusedError(f"--val-share {options.val_share} is no share; give 0.01 to 0.5.")
        how = read_options(options)
        share, seed = options.val_share, options.seed
        converted = convert(
            options.folder, options.output, how, val_share=share, seed=seed, progress=True
        )
        print("\n".join(f"- {sentence}" for sentence in converted.notes))
        print(converted.table)
        if not converted.is_written:
            raise RefusedError(
                f"{options.output} was not written: the copy would have the errors above. Mend "
                "them in the export, or add the options that the table names."
            )
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
