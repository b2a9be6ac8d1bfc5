"""What the numbers of a run-length encoded mask may count: starts and lengths, starts and ends,
from 0 or from 1, runs of COCO, or gray levels. Each yields runs of a flat mask, or says that the
numbers cannot be meant so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Runs = tuple[np.ndarray, np.ndarray]  # first pixels counted from 0, and exclusive ends; (n,) int64

LARGEST_NUMBER = 10**12  # larger numbers are outside any image, and their sums would overflow
EDGE_PX = 4  # from one gray level of an edge to the next
PAIRS_MEND = "write start and length of each run of object pixels"
BOOL_MEND = "encode the bool mask, mask > 0"


@dataclass(frozen=True)
class Numbering:
    """One meaning of the numbers.

    Attributes:
        name: of it.
        looks_like: how the file looks, to follow "as if"; empty for the submission's own.
        mend: how to write it right.
        runs: from the two numbers of each pair, (n,) int64 each, to runs; None for counts of COCO,
            which are no pairs.
        summed: which number of a pair counts pixels where all pixels are counted; None where only
            the object's are.
        lenient: take what runs there are, also where they overlap, leave the image or lack a
            length.
    """

    name: str
    looks_like: str
    mend: str
    runs: Callable[[np.ndarray, np.ndarray], Runs] | None
    summed: int | None = None
    lenient: bool = False

    def decode(self, numbers: np.ndarray, pixels: int) -> Runs | None:
        """The runs in a flat mask of so many pixels; None unless they are sorted, apart and
        inside, or count all pixels.
        """
        numbers = np.clip(numbers, -LARGEST_NUMBER, LARGEST_NUMBER)
        if not len(numbers):
            return numbers, numbers
        if self.runs is None:
            bounds = np.cumsum(numbers)
            if (numbers < 0).any() or bounds[-1] != pixels:
                return None
            return bounds[0::2][: len(bounds) // 2], bounds[1::2]
        even = len(numbers) // 2 * 2
        if even < len(numbers) and not self.lenient:
            return None
        pair = numbers[:even:2], numbers[1:even:2]
        if self.summed is not None and not _counts_all(*pair, self.summed, pixels):
            return None
        starts, ends = self.runs(*pair)
        if self.lenient:
            kept = (starts >= 0) & (ends > starts)
            return starts[kept], ends[kept]
        if len(starts) and (starts[0] < 0 or ends[-1] > pixels):
            return None
        sorted_and_apart = (ends > starts).all() and (starts[1:] >= ends[:-1]).all()
        return (starts, ends) if sorted_and_apart else None


class GrayLevels(Numbering):
    """Every change between gray levels, taken in turn as start and end of a run.

    Changes near each other are one edge; what the edges enclose is left to whoever places them.
    """

    def decode(self, numbers: np.ndarray, pixels: int) -> Runs | None:
        """The edges as runs of a flat mask."""
        even = np.clip(numbers[: len(numbers) // 2 * 2], 0, LARGEST_NUMBER)
        changes = np.unique(np.concatenate([even[0::2] - 1, even[0::2] - 1 + even[1::2]]))
        changes = changes[(changes >= 0) & (changes <= pixels)]
        apart = np.flatnonzero(np.diff(changes) > EDGE_PX)
        if not len(changes):
            return changes, changes
        return changes[[0, *(apart + 1)]], changes[[*apart, len(changes) - 1]]


def _counts_all(first: np.ndarray, second: np.ndarray, summed: int, pixels: int) -> bool:
    """Whether pairs of gray level and count, in either order, count all pixels of a black and
    white mask.
    """
    levels, counts = (first, second) if summed else (second, first)
    return bool(
        np.isin(levels, (0, 1, 255)).all() and (counts > 0).all() and counts.sum() == pixels
    )


def _of_levels(levels: np.ndarray, counts: np.ndarray) -> Runs:
    ends = np.cumsum(counts)
    painted = levels > 0
    return (ends - counts)[painted], ends[painted]


def _of_255(starts: np.ndarray, sums: np.ndarray) -> Runs:
    """Lengths that are sums of pixels of 255; runs that end before they start where they are
    not.
    """
    return starts - 1, np.where(sums % 255, -1, starts - 1 + sums // 255)


OWN = Numbering(
    "start length from 1", "", "", lambda start, length: (start - 1, start - 1 + length)
)
AS_RECEIVED = replace(OWN, lenient=True)
GRAY_LEVELS = GrayLevels(
    "changes between gray levels",
    "every change between the gray levels of a mask that is not black and white (resized, or from "
    "a JPEG) started or ended a run",
    "threshold first, mask > 127 or proba >= 0.5, and encode the bool mask",
    None,
)
FROM_ZERO = Numbering(
    "start length from 0",
    "pixels were counted from 0",
    "add 1 to each start: the first pixel is 1",
    lambda start, length: (start, start + length),
)
COUNTS = Numbering(
    "counts of COCO",
    "the numbers were COCO's counts, zeros first",
    f"{PAIRS_MEND} alone",
    None,
)
NUMBERINGS = (
    OWN,
    FROM_ZERO,
    Numbering(
        "start end from 1",
        "pairs were start and end, with the end inside",
        "write the length of each run, end - start + 1, instead of its end",
        lambda start, end: (start - 1, end),
    ),
    Numbering(
        "start end from 0",
        "pairs were start and end, counted from 0 with the end outside",
        "write start + 1 and the length of each run, end - start",
        lambda start, end: (start, end),
    ),
    Numbering(
        "length start from 1",
        "pairs were length and start",
        "write the start of each run before its length",
        lambda length, start: (start - 1, start - 1 + length),
    ),
    Numbering(
        "start and 255 times the length",
        "lengths were sums over a mask of 0 and 255",
        BOOL_MEND,
        _of_255,
    ),
    Numbering(
        "start and negative length",
        "starts and ends had changed places, as differences of a uint8 mask of 0 and 255 do it",
        BOOL_MEND,
        lambda start, length: (start - 1 + length, start - 1),
    ),
    COUNTS,
    Numbering(
        "gray level and count",
        "pairs were a gray level and how often it follows",
        PAIRS_MEND,
        _of_levels,
        summed=1,
    ),
    Numbering(
        "count and gray level",
        "pairs were a count and the gray level that it counts",
        PAIRS_MEND,
        lambda counts, levels: _of_levels(levels, counts),
        summed=0,
    ),
)
