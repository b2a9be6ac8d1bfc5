"""The numbers in the cells of a submission that anybody wrote, however they are written there."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.coco.drawing import decompress_counts

EMPTY_MARKS = ("nan", "none", "null", "-", "-1", "[]", "0", "0 0", "1 0", "-1 0", "-1 -1")
SIGNS = "signs before numbers"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?", re.ASCII)


@dataclass(frozen=True)
class Cell:
    """What a cell holds.

    Attributes:
        numbers: (n,) int64; empty for an empty mask.
        is_coco: the numbers are counts of COCO, whatever else may be read into them.
        problem: why it holds no numbers, or how they are written otherwise than expected.
        readable: False where no numbers could be found.
    """

    numbers: np.ndarray
    is_coco: bool = False
    problem: str = ""
    readable: bool = True


def read_cell(text: str) -> Cell:
    """Find the numbers of a cell, however they are written.

    Examples:
        >>> read_cell("3 2 6 1").numbers.tolist(), read_cell("").numbers.tolist()
        ([3, 2, 6, 1], [])
        >>> read_cell("[3, 2]").problem
        'brackets or commas around the numbers'
    """
    none = np.zeros(0, dtype=np.int64)
    stripped = text.strip()
    if not stripped:
        return Cell(none, problem="white space for an empty mask" if text else "")
    if stripped.lower() in EMPTY_MARKS:
        return Cell(none, problem=f"{stripped!r} for an empty mask")
    tokens = stripped.split()
    if all(map(_NUMBER.fullmatch, tokens)):
        signs = any(token.startswith(("+", "-")) for token in tokens)
        return _numbers(tokens, SIGNS if signs else "fractions" if "." in stripped else "")
    if stripped.startswith("{"):
        return _coco_cell(stripped)
    tokens = re.sub(r"[\[\](),;]", " ", stripped).split()
    if tokens and all(map(_NUMBER.fullmatch, tokens)):
        return _numbers(tokens, "brackets or commas around the numbers")
    try:
        counts = decompress_counts(stripped)
    except ValueError:
        return Cell(none, problem="no numbers", readable=False)
    if min(counts) < 0:
        return Cell(none, problem="no numbers", readable=False)
    return Cell(np.array(counts, dtype=np.int64), True, "compressed counts of COCO")


def _numbers(tokens: Sequence[str], problem: str) -> Cell:
    numbers = np.array([int(token.partition(".")[0]) for token in tokens], dtype=np.int64)
    return Cell(numbers, problem=problem)


def _coco_cell(text: str) -> Cell:
    none = np.zeros(0, dtype=np.int64)
    try:
        counts = ast.literal_eval(text).get("counts")
        runs = counts if isinstance(counts, list) else decompress_counts(counts)
        return Cell(np.array(runs, dtype=np.int64), True, "an RLE of COCO")
    except (ValueError, SyntaxError, TypeError, AttributeError, OverflowError, MemoryError):
        return Cell(none, problem="no numbers", readable=False)
