"""`python -m approaches NAME …`: one registered approach alone, with the options and the files of
`bench.py`.
"""

import sys
from collections.abc import Sequence

from bench import main


def refused(words: Sequence[str]) -> str:
    """Why a command line cannot be used that names one approach twice or never; "" where it
    can.
    """
    if not words[:1] or words[0].startswith("-"):
        helps = {"--list", "--help", "-h"} & set(words)
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


if __name__ == "__main__":
    if reason := refused(sys.argv[1:]):
        print(reason, file=sys.stderr)
        sys.exit(2)
    names = [word for word in sys.argv[1:2] if not word.startswith("-")]
    first_option = 1 + len(names)
    words = [*(["--approaches", *names] if names else []), *sys.argv[first_option:]]
    sys.exit(main(words, program="python -m approaches NAME"))
