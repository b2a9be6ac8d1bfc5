"""Where each process of a run is, so that one that others wait for can be named. Each tells the
store by which the processes found each other; a thread of one that waits long looks there.
"""

import logging
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

NAMED_AFTER_SECONDS = 1800.0  # longer than most fits of an approach that one process trains
log = logging.getLogger(__name__)
known_processes: dict[int, str] = {}  # rank → where it runs, from the first meeting on
_meetings = 0


@contextmanager
def named_wait(what: str, rank: int, count: int) -> Iterator[None]:
    """A meeting of all processes: while it takes longer than the limit, a line says again and
    again which of them are not there, and where they were last.

    Args:
        what: ends here.
        rank: of this process.
        count: of processes.
    """
    global _meetings
    _meetings += 1
    store = torch.distributed.distributed_c10d._get_default_store()
    store.set(f"at/{rank}", f"{_meetings}|{os.getpid()} on {platform.node()}|{what}")
    ended = threading.Event()

    def watch() -> None:
        waited = 0.0
        while not ended.wait(NAMED_AFTER_SECONDS):
            waited += NAMED_AFTER_SECONDS
            late = _late(store, rank, count)
            if late:
                log.error(
                    "waiting for %.0f min at the end of %r for %s. If it does nothing, end the "
                    "run; the same command continues.",
                    waited / 60,
                    what,
                    " and ".join(late),
                )

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
    for other in range(0 if known_processes else count):
        known_processes[other] = store.get(f"at/{other}").decode().split("|", 2)[1]


def _late(store: "torch.distributed.Store", rank: int, count: int) -> list[str]:
    """The processes that have not come to this meeting, in words."""
    late = []
    for other in set(range(count)) - {rank}:
        if not store.check([f"at/{other}"]):
            late.append(f"process {other}, which has not met the others yet")
            continue
        meetings, who, where = store.get(f"at/{other}").decode().split("|", 2)
        if int(meetings) < _meetings:
            late.append(f"process {other} ({who}), which was last at the end of {where!r}")
    return late
