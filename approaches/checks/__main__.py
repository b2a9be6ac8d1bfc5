"""Whether approaches keep the contract: `python -m approaches.checks NAME`; a line for each
check.
"""

import argparse
import sys

from approaches import TABLE, processes
from approaches.checks import CHECKS, run_check


def main(words: list[str] | None = None) -> int:
    """Print the outcome of every check; 0 if none failed, 1 if one did."""
    parser = argparse.ArgumentParser(
        prog="python -m approaches.checks", description="Does it keep the contract?"
    )
    parser.add_argument(
        "names", nargs="+", metavar="NAME", choices=list(TABLE), help="of the table of approaches"
    )
    names = parser.parse_args(words).names
    processes.use_threads()
    failed = 0
    for name in names:
        for check in CHECKS.values():
            outcome = run_check(name, check)
            failed += outcome.status == "FAILED"
            reason = f": {outcome.reason}" if outcome.reason else ""
            print(f"{name}  {outcome.status:8}  {outcome.check}{reason}", flush=True)
    print(f"{failed} failed" if failed else "every check passed that applies")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
