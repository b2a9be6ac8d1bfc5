"""What a user may say of how annotations are to be read, where the files leave a choice."""

import argparse
from dataclasses import dataclass

CROWD = ("object", "ignore")


@dataclass(frozen=True)
class ReadOptions:
    """How annotations are read.

    Attributes:
        crowd: what annotations with `iscrowd` 1 are: `object`, `ignore` (regions that do not
            count), or None, which ignores them and lets the check refuse files whose crowd
            annotations look like single objects.
        categories: names or ids of the categories that are the object to find; empty for all.
        upright: images are turned as their EXIF orientation says wherever that gives the size
            their entry has: they were annotated as seen upright.
    """

    crowd: str | None = None
    categories: tuple[str, ...] = ()
    upright: bool = False


DEFAULT_OPTIONS = ReadOptions()


def add_read_options(parser: argparse._ActionsContainer) -> None:
    """Add `--category`, `--crowd` and `--upright` to a command line."""
    parser.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="NAME",
        help="the kind of object to find, where there are several (all); may be repeated",
    )
    parser.add_argument(
        "--crowd",
        choices=CROWD,
        help="what annotations with iscrowd 1 are: objects, or regions that are ignored",
    )
    parser.add_argument(
        "--upright",
        action="store_true",
        help="the images were annotated as seen upright: turn them as their EXIF tag says",
    )


def read_options(options: argparse.Namespace) -> ReadOptions:
    """The values of `add_read_options` on a command line."""
    return ReadOptions(options.crowd, tuple(options.category), options.upright)
