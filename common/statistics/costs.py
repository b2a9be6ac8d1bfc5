"""Which approaches are shown to cost less than others, from times that were taken in rounds."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

LEVEL = 0.95
BUSY = 1.5  # between slow and quick rounds of the same work, from which a machine was not quiet


def typical_costs(seconds: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Median seconds of each of k approaches over n rounds, with a 95 % interval.

    In a round every approach has the same image, and a fixed piece of work is timed beside them.
    What a round shares, the size of its image and the load of the machine, is taken out: each time
    is divided by how much slower than usual the others of its round were. Where even the fixed
    piece of work varied too much (see `BUSY`), the interval is wider by as much.

    Args:
        seconds: (k, n) float, above 0.
        reference: (n,) float, seconds of the fixed piece of work.

    Returns:
        (k, 3) float: median, lower and upper bound.

    Source: intervals of a median from order statistics, David & Nagaraja 2003, Order Statistics,
    §7.1.
    """
    logs = np.log(np.vstack([seconds, reference]))
    others = (logs.sum(0) - logs[:-1]) / (len(logs) - 1)
    freed = np.sort(logs[:-1] - others + np.median(others, 1, keepdims=True), axis=1)
    rank = _rank(freed.shape[1])
    found = np.exp(np.stack([np.median(freed, 1), freed[:, rank], freed[:, -1 - rank]], 1))
    apart = spread(reference)
    if apart > BUSY:
        found *= [1, apart**-0.5, apart**0.5]
    return found


def spread(seconds: np.ndarray) -> float:
    """How many times as long as a quick round a slow one took: the ratio of the deciles."""
    slow, quick = np.quantile(seconds, [0.9, 0.1])
    return float(slow / quick)


def _rank(count: int) -> int:
    """Place of the lower bound of a median among so many sorted values; the upper lies as far from
    the other end.
    """
    ranks = [rank for rank in range(count // 2) if 2 * bdtr(rank, count, 0.5) <= 1 - LEVEL]
    return max(ranks, default=0)


def shown_cheaper(costs: ArrayLike) -> np.ndarray:
    """Who costs less than whom beyond doubt: the intervals do not overlap.

    Args:
        costs: (k,) exact costs, infinite where unknown; or (k, 3) with lower and upper bound.

    Returns:
        (k, k) bool: the approach of the row costs less than that of the column.
    """
    known = np.asarray(costs, float)
    lower, upper = (known, known) if known.ndim == 1 else known[:, 1:].T
    cheaper: np.ndarray = upper[:, None] < lower
    return cheaper


def with_bounds(cost: float, lower: float, upper: float) -> tuple[float, float, float]:
    """A cost as a row for `shown_cheaper`: infinite where it is not known, exact where its bounds
    are not.
    """
    if np.isnan(cost):
        return np.inf, np.inf, np.inf
    return (cost, cost, cost) if np.isnan(lower) else (cost, lower, upper)
