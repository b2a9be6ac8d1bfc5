"""`python -m approaches NAME …`: one registered approach alone, with the options and the files of `bench.py`."""

import sys

from bench import main

if __name__ == "__main__":
    names = [word for word in sys.argv[1:2] if not word.startswith("-")]
    if not names and not {"--list", "--help", "-h"} & set(sys.argv):
        print("python -m approaches needs the NAME of an approach first; --list shows them.", file=sys.stderr)
        sys.exit(2)
    words = [*(["--approaches", *names] if names else []), *sys.argv[1 + len(names) :]]
    sys.exit(main(words, program="python -m approaches NAME"))
