"""How every command ends: with the code that it sets itself, with 2 and the reason where it cannot
do what it was asked to, with 130 and one line after Ctrl-C.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REFUSED, INTERRUPTED = 2, 130


class RefusedError(ValueError):
    """A command cannot do what it was asked to; the message says what was found, what was expected
    and how to mend it.
    """


@dataclass
class Ending:
    """What a command knows about its own end.

    Attributes:
        code: the exit code.
        if_interrupted: what Ctrl-C would leave behind now, a clause such as "nothing was written".
    """

    code: int = 0
    if_interrupted: str = ""


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


@contextmanager
def command(if_interrupted: str, report: Callable[[str], None] = _to_stderr) -> Iterator[Ending]:
    """The body of a command; after the block, the ending that it yields holds the exit code.

    Args:
        if_interrupted: what Ctrl-C leaves behind, until the body says otherwise.
        report: takes the line about a refusal or an interrupt.

    Examples:
        >>> with command("nothing was written", report=print) as ending:
        ...     raise RefusedError("DIR holds 0 photos; expected at least 1.")
        DIR holds 0 photos; expected at least 1.
        >>> ending.code
        2
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without "…" must not hide what a command prints.
        sys.stdout.reconfigure(errors="backslashreplace")
    ending = Ending(if_interrupted=if_interrupted)
    try:
        yield ending
    except (RefusedError, OSError) as error:
        report(str(error))
        ending.code = REFUSED
    except KeyboardInterrupt:
        report(f"interrupted; {ending.if_interrupted}")
        ending.code = INTERRUPTED


def started_as(usual: str) -> str:
    """How this command was started, for its usage line.

    Args:
        usual: such as "python -m common.coco"; the name of the installed script takes its place
            where that was typed.
    """
    typed = Path(sys.argv[0]).stem
    return typed if typed.startswith("seg-") else usual
