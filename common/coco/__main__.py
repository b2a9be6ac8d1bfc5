"""`python -m common.coco check DIR`: look at a data set before it costs an hour of training;
changes nothing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common.coco.options import add_read_options, read_options
from common.commands import command, started_as
from common.data.check import check_data, format_findings


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings.

    Returns:
        0, or 1 if there is an error; with `--strict` also if there is a warning; 130 if it was
        interrupted. Wrong usage exits with 2.
    """
    parser = argparse.ArgumentParser(
        prog=started_as("python -m common.coco"), description="COCO data sets for segmentation."
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
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        check.error(f"{options.folder} is no folder; give the one that holds train/ and val/.")
    with command("not everything was looked at") as ending:
        findings = check_data(options.folder, read_options(options), progress=True)
        print(format_findings(findings, options.folder))
        levels = {finding.level for finding in findings}
        ending.code = int("error" in levels or (options.strict and "warning" in levels))
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
