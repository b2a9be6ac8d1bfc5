"""One run of a folder at a time: who writes to it holds its lock, which ends with the process,
however that ends.
"""

import json
import logging
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from common.commands import RefusedError
from common.files import explain, write_whole
from common.json_files import to_json

LOCK, HOLDER = ".lock", ".lock.json"
log = logging.getLogger(__name__)
_held: dict[Path, FileLock] = {}


class RunInUseError(RefusedError):
    """Another process writes to the folder; nothing in it is touched."""


def hold(run: Path) -> None:
    """Take the lock of a run's folder until `release_all`, or until this process ends.

    Taken twice by one process, it is held once. Where the file system knows no locks, a line says
    so and the run goes on.

    Raises:
        RunInUseError: another process holds it.
    """
    folder = run.resolve()
    if folder in _held:
        return
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunInUseError(
            f"{run} is in use by another run{_holder(folder)}. Wait until it ends, end it, or "
            "give another --output; nothing was touched."
        ) from error
    except OSError as error:
        explain(folder / LOCK, error)
        raise
    except NotImplementedError:
        log.warning("%s lies on a file system without locks: start one run in it at a time", run)
        return
    _held[folder] = lock
    now = datetime.now(UTC).isoformat(timespec="seconds")
    holder = {"host": platform.node(), "process": os.getpid(), "since": now}
    write_whole(folder / HOLDER, to_json(holder))


def release(run: Path) -> None:
    """Give the lock of a folder back, if this process holds it."""
    folder = run.resolve()
    if folder in _held:
        (folder / HOLDER).unlink(missing_ok=True)
        _held.pop(folder).release()


def release_all() -> None:
    """Give back every lock that this process holds."""
    for folder in list(_held):
        release(folder)


def _holder(folder: Path) -> str:
    """Who holds the lock, in words; nothing where that cannot be read."""
    try:
        holder = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f" (process {holder['process']} on {holder['host']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
