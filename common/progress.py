"""How far a long loop is: a bar with the time left on a terminal, now and then a plain line
elsewhere. What cannot be counted shows how long it has taken.
"""

import logging
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 30
SECONDS_WORTH_A_LINE = 3


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
        from tqdm import tqdm

        yield from tqdm(items, desc=what, total=total, leave=False, dynamic_ncols=True)
    else:
        yield from _lines(items, what, total)


@contextmanager
def waiting(what: str, show: bool = True) -> Iterator[None]:
    """Within the block a terminal shows what is waited for and for how long already; elsewhere a
    line says how long it took, where that is worth one.
    """
    if not show or not sys.stderr.isatty():
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        if show and seconds > SECONDS_WORTH_A_LINE:
            log.info("%s took %.0f s", what, seconds)
        return
    from tqdm import tqdm

    over = threading.Event()
    bar = tqdm(desc=what, bar_format="{desc} ({elapsed})", leave=False)

    def tick() -> None:
        while not over.wait(1):
            bar.refresh()

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()
        bar.close()


def overall(done: Sequence[float], total: int, each: float = 0) -> str:
    """One line on a run of several approaches.

    Args:
        done: the seconds that each finished one took.
        total: how many there are.
        each: seconds that one of the others may take; 0 takes the longest so far, since the
            quick ones come first.

    Examples:
        >>> overall([2.0, 58.0, 61.0], 6), overall([2.0], 2, each=720)
        ('3 of 6 approaches, about 3 min left', '1 of 2 approaches, about 12 min left')
        >>> overall([2.0, 9.0], 2)
        '2 of 2 approaches'
    """
    left = (total - len(done)) * (each or max(done, default=0))
    minutes = f"about {left / 60:.0f} min" if left >= 90 else f"about {max(left, 1):.0f} s"
    return f"{len(done)} of {total} approaches" + (f", {minutes} left" if left else "")


def _lines(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - last >= SECONDS_BETWEEN_LINES:
            last = now
            left = f", {(now - start) / done * (total - done):.0f} s left" if total else ""
            log.info("%s: %d of %s%s", what, done, total or "?", left)
        yield item
