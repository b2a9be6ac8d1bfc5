"""`python -m common.submission check FILE --data DIR`: is this hand-in whole, and what would it
score? `score` gives the scores alone, image by image if wanted.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.coco.options import add_read_options, read_options
from common.commands import CommandParser, RefusedError, command, started_as


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 for a hand-in without fault, 1 if there is an error in it, 2 with the reason on stderr
        for what cannot be checked, 130 if it was interrupted. `score` gives 0 once there are
        scores.
    """
    parser = CommandParser(prog=started_as("python -m common.submission"), description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check", help="form, scores and classic slips of a CSV of run lengths, or of a page's zip"
    )
    score = commands.add_parser("score", help="mean Dice and IoU of a CSV of run lengths")
    for subparser in (check, score):
        subparser.add_argument("file", type=Path, metavar="FILE", help="the hand-in")
        subparser.add_argument(
            "--data", type=Path, required=True, metavar="DIR", help="holds val/ and real_test/"
        )
        add_read_options(subparser)
    score.add_argument(
        "--output", type=Path, metavar="CSV", help="also write the scores of each image there"
    )
    options = parser.parse_args(words)
    from common.submission import hand_in

    with command("not everything was looked at") as ending:
        if not options.file.is_file():
            raise RefusedError(f"{options.file} is no file; give the CSV or the zip of a hand-in.")
        if options.command == "score":
            ending.code = hand_in.score(
                options.file, options.data, read_options(options), options.output
            )
        else:
            ending.code = hand_in.check(options.file, options.data, read_options(options))
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
