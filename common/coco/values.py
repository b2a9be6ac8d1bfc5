"""What the values of an annotation file plainly mean.

Exporters write numbers and truth values as text ("7", "12.5", "false") or as other numbers (3.0).
Such a value is read as what it plainly means, or is refused; nothing is decided by Python's
truthiness, nor by `int()`, which reads "2023_0001" as 20230001.
"""

import math
import re

LARGEST_ID = 2**63 - 1  # what tables, caches and other COCO tools store an id in
EXACT_FLOAT = 2**53  # above it a float no longer names one whole number

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,40}(\.0*)?\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*[+-]?([0-9]{1,40}\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?\s*", re.I)
_TRUTH = {
    "1": True,
    "true": True,
    "yes": True,
    "0": False,
    "false": False,
    "no": False,
    "": False,
}


def plain_integer(value: object) -> int | None:
    """The whole number that a value plainly is, or None.

    >>> [plain_integer(value) for value in (7, 7.0, "7", " 0007 ", "7.0")]
    [7, 7, 7, 7, 7]
    >>> [plain_integer(value) for value in (7.5, "2023_0001", "a7", True, None, float("nan"))]
    [None, None, None, None, None, None]
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) <= EXACT_FLOAT and value == math.floor(value) else None
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value.strip().partition(".")[0])
    return None


def plain_id(value: object) -> int | None:
    """The id that a value plainly is: a whole number of at most 64 bits; else None.

    >>> plain_id("12"), plain_id(2**63), plain_id("IMG_12")
    (12, None, None)
    """
    number = plain_integer(value)
    return None if number is None or abs(number) > LARGEST_ID else number


def plain_number(value: object) -> float | None:
    """The finite number that a value plainly is, or None; a number stays as it is.

    >>> plain_number(3), plain_number("12.5"), plain_number("1e3")
    (3, 12.5, 1000.0)
    >>> plain_number("12,5"), plain_number(True), plain_number(float("inf"))
    (None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value) and value.isascii():
        value = float(value)
    if isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None


def plain_truth(value: object) -> bool | None:
    """Whether a value plainly means yes or no, or None; what is absent or empty means no.

    >>> [plain_truth(value) for value in (1, True, "1", "true", 1.0, "1.0")]
    [True, True, True, True, True, True]
    >>> [plain_truth(value) for value in (0, False, "0", "False", None, "")]
    [False, False, False, False, False, False]
    >>> plain_truth(2), plain_truth("maybe"), plain_truth([0])
    (None, None, None)
    """
    if value is None:
        return False
    if isinstance(value, str):
        number = plain_integer(value)
        return _TRUTH.get(value.strip().lower() if number is None else str(number))
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    return None


def abbreviated(value: object, limit: int = 40) -> str:
    """A value for a message, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
