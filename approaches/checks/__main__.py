"""Whether approaches keep the contract: `python -m approaches.checks NAME`; a line for each
check.
"""

import sys

from approaches import known_words, names_for
from common.commands import CommandParser, command, started_as


def main(words: list[str] | None = None) -> int:
    """Print the outcome of every check; 0 if none failed, 1 if one did, 130 after Ctrl-C."""
    parser = CommandParser(
        prog=started_as("python -m approaches.checks"), description="Does it keep the contract?"
    )
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="of the table of approaches, or package.module:Class",
    )
    wanted = ",".join(parser.parse_args(words).names)
    with command("nothing was checked") as ending:
        known_words(wanted)
    return ending.code or _run_all(wanted)


def _run_all(wanted: str) -> int:
    """Run every check on every approach; returns the exit code."""
    from approaches import processes
    from approaches.checks import CHECKS, run_check

    processes.set_up_process()
    failed = 0
    with command("not every check has run") as ending:
        for name in names_for(wanted, processes.state().device.type):
            for check in CHECKS.values():
                outcome = run_check(name, check)
                failed += outcome.status == "FAILED"
                reason = f": {outcome.reason}" if outcome.reason else ""
                print(f"{name}  {outcome.status:8}  {outcome.check}{reason}", flush=True)
        print(f"{failed} failed" if failed else "every check passed that applies")
        ending.code = 1 if failed else 0
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
