"""How every command is read and how it ends. A mistyped word is answered with the nearest one that
there is. The exit code is the one that the command sets itself, 2 with the reason where it cannot
do what it was asked to, 130 with one line after Ctrl-C, 143 with one after SIGTERM.
"""

import argparse
import difflib
import io
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

Number = TypeVar("Number", int, float)
REFUSED, INTERRUPTED, TERMINATED = 2, 130, 143


class RefusedError(ValueError):
    """A command cannot do what it was asked to; the message says what was found, what was expected
    and how to mend it.
    """


class TerminatedError(KeyboardInterrupt):
    """Something else than the user ends the program, SIGTERM where there is no message: whatever
    is open is closed as after Ctrl-C.
    """


def did_you_mean(words: Iterable[str], known: Iterable[str]) -> str:
    """What was meant by words that are not known, as a sentence after a space; "" where nothing is
    near.

    Examples:
        >>> did_you_mean(["unett"], ["unet", "threshold"]), did_you_mean(["x"], ["unet"])
        (' Did you mean unet?', '')
    """
    known = list(known)
    near = [match for word in words for match in difflib.get_close_matches(word, known, n=1)]
    return f" Did you mean {' and '.join(dict.fromkeys(near))}?" if near else ""


def number(
    text: str, kind: Callable[[str], Number], fits: Callable[[Number], bool], otherwise: str
) -> Number:
    """The number that an option is given.

    Args:
        text: as it was typed.
        kind: `int` or `float`.
        fits: whether the option takes it.
        otherwise: what the text is where it is no number or does not fit, with what is expected.

    Raises:
        ArgumentTypeError: it is that.

    Examples:
        >>> number("3", int, lambda pixels: pixels > 0, "no number of pixels from 1 up")
        3
    """
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not fits(value):
        raise argparse.ArgumentTypeError(f"{text!r} is {otherwise}")
    return value


class CommandParser(argparse.ArgumentParser):
    """A command line whose help fits 80 columns and ends with examples.

    Args:
        examples: command lines, below the options.
        settings: of `argparse.ArgumentParser`.
    """

    def __init__(self, *, examples: Sequence[str] = (), **settings: Any):
        ending = "\n".join(["examples:", *(f"  {line}" for line in examples)]) if examples else ""
        parts = [settings.pop("epilog", None), ending]
        epilog = "\n\n".join(part for part in parts if part)
        if settings.get("description"):
            paragraphs = settings["description"].strip().split("\n\n")
            settings["description"] = "\n\n".join(textwrap.fill(one, 79) for one in paragraphs)
        kind = argparse.RawDescriptionHelpFormatter
        super().__init__(epilog=epilog or None, formatter_class=kind, **settings)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options; exit code 2 for a word that is none of them, with the nearest that is."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            typed = [word.partition("=")[0] for word in unknown if word.startswith("-")]
            meant = did_you_mean(typed, self._spellings())
            self.error(f"there is no such option here: {' '.join(unknown)}.{meant}")
        return options

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; exit code 2."""
        self.exit(REFUSED, f"{self.prog}: {message}\n{self.prog} --help shows all options.\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = list(map(str, action.choices))
            raise argparse.ArgumentError(
                action,
                f"{value!r} is not one of {', '.join(choices)}."
                f"{did_you_mean([str(value)], choices)}",
            )

    def _spellings(self) -> set[str]:
        """All options, those of sub-commands included."""
        found = set(self._option_string_actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found = found.union(*(each._spellings() for each in action.choices.values()))
        return found


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
        with _terminated_like_interrupted():
            yield ending
    except (RefusedError, OSError) as error:
        report(str(error))
        ending.code = REFUSED
    except TerminatedError as error:
        report(f"{str(error) or 'terminated'}; {ending.if_interrupted}")
        ending.code = TERMINATED
    except KeyboardInterrupt:
        report(f"interrupted; {ending.if_interrupted}")
        ending.code = INTERRUPTED


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Within the block SIGTERM, by which batch systems and containers end a job, is an exception
    and not the end of the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise TerminatedError

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def started_as(usual: str) -> str:
    """How this command was started, for its usage line.

    Args:
        usual: such as "python -m common.coco"; the name of the installed script takes its place
            where that was typed.
    """
    typed = Path(sys.argv[0]).stem
    return typed if typed.startswith("seg-") else usual
