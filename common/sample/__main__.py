"""`python -m common.sample --output DIR`: the generated data set from the command line."""

import logging
import sys

from common.commands import CommandParser, command, started_as


def main(arguments: list[str] | None = None) -> int:
    """Write the data set the arguments describe; 2 if it cannot, with the reason on stderr, 130 if
    interrupted.
    """
    parser = CommandParser(
        prog=started_as("python -m common.sample"), description="Write a generated data set."
    )
    parser.add_argument(
        "--output",
        required=True,
        metavar="DIR",
        help="a new folder, or an earlier output to replace",
    )
    parser.add_argument(
        "--train",
        type=int,
        default=60,
        metavar="N",
        help="labelled images in train/ (default 60)",
    )
    parser.add_argument(
        "--val",
        type=int,
        default=20,
        metavar="N",
        help="labelled images in val/ (default 20)",
    )
    parser.add_argument(
        "--real-test",
        type=int,
        default=6,
        metavar="N",
        help="unlabelled images (default 6)",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=512,
        metavar="PX",
        help="height and width (default 512)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="same seed, same bytes (default 0)",
    )
    parser.add_argument(
        "--photos-per-place",
        type=int,
        default=3,
        metavar="N",
        help="photos of one ground and its butts: a group (default 3)",
    )
    parser.add_argument(
        "--strewn",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="share of the labelled images with litter and partly hidden butts, which real_test "
        "always has (default 1)",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core)")
    parser.add_argument(
        "--sheet", metavar="FILE", help="also a JPEG with 24 of its training images side by side"
    )
    options = vars(parser.parse_args(arguments))
    from common.logs import console_log
    from common.sample.dataset import generate
    from common.sample.sheet import write_sheet

    sheet, output = options.pop("sheet"), options.pop("output")
    with console_log(logging.INFO), command(f"{output} is as it was before") as ending:
        folder = generate(output, **options)
        ending.if_interrupted = f"{output} is complete"
        if sheet:
            write_sheet(sheet, sorted((folder / "train" / "images").glob("*.jpg")))
        print(f"sample data written to {folder}")
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
