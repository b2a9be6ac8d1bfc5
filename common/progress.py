"""How far a long loop is: a bar with the time left on a terminal, now and then a plain line
elsewhere.
"""

import logging
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 30


def progress(
    items: Iterable[T], what: str, total: int | None = None, show: bool = True
) -> Generator[T, None, None]:
    """Yield the items and tell how far they are.

    Args:
        items: what is gone through.
        what: the first words of the bar or line.
        total: how many there are, where `len` cannot tell.
        show: False yields in silence (all processes but the main one).
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if not show:
        yield from items
    elif sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total, leave=False, dynamic_ncols=True)
    else:
        yield from _lines(items, what, total)


def _lines(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - last >= SECONDS_BETWEEN_LINES:
            last = now
            left = f", {(now - start) / done * (total - done):.0f} s left" if total else ""
            log.info("%s: %d of %s%s", what, done, total or "?", left)
        yield item
