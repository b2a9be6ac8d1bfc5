"""`python -m approaches NAME …`: one registered approach alone, with the options and the files of
`bench.py`.
"""

import sys
from collections.abc import Sequence

import bench
from common.commands import REFUSED, started_as


def refused(words: Sequence[str]) -> str:
    """Why a command line cannot be used that names one approach twice or never; "" where it
    can.
    """
    if not words[:1] or words[0].startswith("-"):
        helps = {"--list", "--help", "-h", "--version"} & set(words)
        return (
            ""
            if helps
            else "python -m approaches needs the NAME of an approach first; --list shows them."
        )
    again = [
        word
        for word in words
        if word.startswith("--a") and "--approaches".startswith(word.partition("=")[0])
    ]
    if again:
        return (
            f"python -m approaches {words[0]} got {again[0]} too; expected one approach, by its "
            f"name. Leave {again[0]} out, or run several with: python bench.py --approaches NAMES"
        )
    return ""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = sys.argv[1:] if words is None else words
    if reason := refused(words):
        print(reason, file=sys.stderr)
        return REFUSED
    named = not words[0].startswith("-")
    options = ["--approaches", *words] if named else list(words)
    return bench.main(options, program=f"{started_as('python -m approaches')} NAME")


if __name__ == "__main__":
    sys.exit(main())
