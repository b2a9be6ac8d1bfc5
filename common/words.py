"""How numbers, names, shares, intervals and spans of time are written in every sentence of the
project.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd


def plural(noun: str, number: float, many: str = "") -> str:
    """The form of a noun that goes with a number.

    Args:
        noun: for one.
        number: of them.
        many: for any other number; the noun with an s unless given.

    Examples:
        >>> plural("image", 1), plural("image", 0), plural("approach", 2, "approaches")
        ('image', 'images', 'approaches')
    """
    return noun if number == 1 else many or f"{noun}s"


def counted(number: int, noun: str, many: str = "") -> str:
    """A whole number and its noun; arguments as in `plural`.

    Examples:
        >>> counted(1, "image"), counted(1200, "image")
        ('1 image', '1,200 images')
    """
    return f"{number:,} {plural(noun, number, many)}"


def amount(number: float, unit: str) -> str:
    """A number that need not be whole, and its unit.

    Examples:
        >>> amount(1.0, "minute"), amount(0.5, "minute"), amount(8, "epoch")
        ('1 minute', '0.5 minutes', '8 epochs')
    """
    return f"{number:g} {plural(unit, number)}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown.

    Examples:
        >>> print(markdown_table(["name", "Dice"], [["unet", "0.9"]]))
        | name | Dice |
        | --- | --- |
        | unet | 0.9 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percent(share: float) -> str:
    """A share as text: with one decimal below 10 %, and never 0 % or 100 % unless it is exactly
    that.

    Examples:
        >>> percent(0.123), percent(0.0123), percent(0.0001), percent(0.9999), percent(1.0)
        ('12 %', '1.2 %', 'less than 0.1 %', 'more than 99.9 %', '100 %')
    """
    if np.isnan(share):
        return "an unknown share"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "less than 0.1 %"
    if share > 0.999:
        return "more than 99.9 %"
    return f"{100 * share:.{0 if 0.0995 <= share < 0.995 else 1}f} %"


def listed(words: Sequence[str], most: int | None = 6) -> str:
    """Words as an enumeration.

    Args:
        words: in their order.
        most: how many are named, the others are counted; None names all.

    Examples:
        >>> listed(["a", "b", "c"]), listed(["a"]), listed([]), listed(["a", "b", "c"], most=2)
        ('a, b and c', 'a', 'none', 'a, b and 1 more')
    """
    words = list(words)
    if most is not None and len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def code(names: Iterable[str]) -> list[str]:
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


def span(values: pd.Series | np.ndarray, unit: str = "", digits: int = 0) -> str:
    """The median of numbers and the range that nine of ten lie in (5 % to 95 % quantile); NaN are
    left out.

    Examples:
        >>> span(np.arange(101.0), "px")
        '50 px (nine of ten from 5 to 95)'
    """
    low, middle, high = np.nanquantile(np.asarray(values, dtype=float), [0.05, 0.5, 0.95])
    median = " ".join(filter(None, (f"{middle:.{digits}f}", unit)))
    return f"{median} (nine of ten from {low:.{digits}f} to {high:.{digits}f})"


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
