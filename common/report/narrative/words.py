"""How numbers, names and spans of time are written in all sentences of the report."""

import pandas as pd

from common.describe.finding import counted
from common.report.finished_run import FinishedRun

NOTHING = "No approach of this run has a complete result, so nothing is chosen."


def code(names) -> list[str]:
    """Names as they are written in a text.

    Examples:
        >>> code(["unet"])
        ['`unet`']
    """
    return [f"`{name}`" for name in names]


def between(lower: float, upper: float, digits: int = 3, sign: str = "") -> str:
    """An interval in words.

    Examples:
        >>> between(0.9, 0.95), between(-0.1, 0.2, 2, "+")
        ('0.900 to 0.950', '-0.10 to +0.20')
    """
    return f"{lower:{sign}.{digits}f} to {upper:{sign}.{digits}f}"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best.

    Examples:
        >>> duration(0.0123), duration(1.5), duration(2034), duration(7300), duration(float("nan"))
        ('12.3 ms', '1.5 s', '34 min', '2.0 h', 'an unknown time')
    """
    if pd.isna(seconds):
        return "an unknown time"
    for least, unit, of_unit, digits in (
        (3600, 3600, "h", 1),
        (120, 60, "min", 0),
        (1, 1, "s", 1),
    ):
        if seconds >= least:
            return f"{seconds / unit:.{digits}f} {of_unit}"
    return f"{1000 * seconds:.3g} ms"


def amount(number: float, unit: str) -> str:
    """A number that need not be whole, and its unit.

    Examples:
        >>> amount(1.0, "minute"), amount(0.5, "minute"), amount(8, "epoch")
        ('1 minute', '0.5 minutes', '8 epochs')
    """
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def fewer(lower: float, upper: float) -> str:
    """An interval of a difference of counts in words.

    Examples:
        >>> fewer(-52.03, -3.97), fewer(3, 9), fewer(-280, 140)
        ('4 to 52 fewer', '3 to 9 more', '280 fewer to 140 more')
    """
    low, high = round(lower), round(upper)
    if high <= 0:
        return f"{-high:,} to {-low:,} fewer"
    return f"{low:,} to {high:,} more" if low >= 0 else f"{-low:,} fewer to {high:,} more"


def device_of(run: FinishedRun) -> str:
    """What the run computed on.

    Args:
        run: that the sentence is about.
    """
    device, threads = run.about.get("device", "an unknown device"), run.about.get("threads")
    return (
        f"{device.upper()} with {counted(threads, 'thread')}"
        if device == "cpu" and threads
        else device
    )
