"""Files and folders that are there whole or not at all.

A run may be killed at any moment, and another process may look at its results at any moment; so
every result is written under a temporary name on the same file system, flushed to the disk and
renamed into place. A temporary name starts with "." and ends with ".partial"; one that stays
behind after a kill may be deleted. This file knows nothing of what it writes, and refuses to put a
file in the place of a folder or the other way round.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"
FULL_BYTES = 64 * 1024  # a disk with less than this left is full


class DiskFullError(OSError):
    """There is no room for what is to be written; what was there before is as it was."""


class ReadOnlyError(OSError):
    """Nothing may be written where something is to be written."""


def write_whole(path: Path | str, data: str | bytes) -> None:
    """Write `data` to `path` so that the file holds all of it or is as it was before.

    Text is written as UTF-8 and its line ends are kept as they are. Missing parent folders are
    made.

    Args:
        path: The file to make or replace.
        data: Its whole content.

    Raises:
        IsADirectoryError: `path` is a folder.
        NotADirectoryError: A folder above it is a file.
        DiskFullError: There is no room; `path` is then as it was before.
        ReadOnlyError: Nothing may be written there.
        OSError: The disk refused for another reason; the same holds.
    """
    with whole_file(path) as partial:
        partial.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Give a temporary path to write to, and rename it to `path` when the block ends without an
    error.

    The temporary file carries the final name inside a temporary folder beside `path`, so that
    writers which look at the suffix (`np.save`, `cv2.imwrite`, `savefig`) do here what they do
    elsewhere. Missing parent folders are made.

    Args:
        path: The file to make or replace.

    Yields:
        The path to write to; the file does not exist yet.

    Raises:
        FileNotFoundError: The block wrote nothing to the temporary path.
        IsADirectoryError: `path` is a folder.
    """
    path = Path(path).resolve()
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; a file is to be written there. Give another name or remove it."
        )
    with _scratch_beside(path) as scratch:
        partial = scratch / path.name
        yield partial
        if not partial.is_file():
            raise FileNotFoundError(
                f"Nothing was written to {partial}, which was to become {path}; write to the path "
                "that was given."
            )
        _flush(partial)
        partial.replace(path)
        _flush(path.parent)


@contextmanager
def whole_folder(path: Path | str) -> Iterator[Path]:
    """Give a temporary folder to fill, and rename it to `path` when the block ends without an
    error.

    A folder that is at `path` already is replaced as a whole, and only on success. The swap takes
    two renames: a kill exactly between them leaves `path` absent and the old folder under a
    ".partial" name, never a mixture.

    Args:
        path: The folder to make or replace.

    Yields:
        An empty folder to fill.

    Raises:
        NotADirectoryError: `path` is a file.
    """
    path = Path(path).resolve()
    _refuse_file(path)
    with _scratch_beside(path) as scratch:
        new, old = scratch / "new", scratch / "old"
        new.mkdir()
        yield new
        for entry in sorted(new.rglob("*"), reverse=True):
            if not entry.is_symlink():
                _flush(entry)
        _flush(new)
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except BaseException:
            if old.exists():
                old.rename(path)
            raise
        _flush(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are not there.

    Raises:
        DiskFullError: there is no room.
        ReadOnlyError: the system refuses it.
        NotADirectoryError: it or one above it is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        explain(path, error)
        raise


def remove_partials(folder: Path) -> None:
    """Remove what killed writers left below a folder that nobody else writes to now."""
    for left in [path for path in folder.rglob(f".*{PARTIAL}") if path.is_dir()]:
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _scratch_beside(path: Path) -> Iterator[Path]:
    """Give a temporary folder on the file system of `path`; whatever is left in it goes at the
    end.
    """
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".", suffix=PARTIAL, dir=path.parent))
        yield scratch
    except Exception as error:
        explain(path, error)
        raise
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def explain(path: Path, error: Exception) -> None:
    """DiskFullError in place of whatever a library made of a full disk, ReadOnlyError where the
    system refuses to write at all, NotADirectoryError with a reason where a file is in the way.
    """
    number = error.errno if isinstance(error, OSError) else None
    there = next(folder for folder in path.parents if folder.is_dir())
    where = str(error.filename) if isinstance(error, OSError) else ""
    if number in (errno.EEXIST, errno.ENOTDIR):
        for each in (Path(where), *Path(where).parents):
            _refuse_file(each)
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) and where.startswith(str(there)):
        raise ReadOnlyError(
            f"{path} cannot be written: {there} is read-only for this user "
            f"({os.strerror(number or 0)}). Give another --output, or change who may write there."
        ) from error
    full = number in (errno.ENOSPC, errno.EDQUOT)
    if not full and shutil.disk_usage(there).free >= FULL_BYTES:
        return
    raise DiskFullError(
        f"the disk is full: {path} could not be written ({error}). Make room on it and repeat the "
        "command; nothing that was there before is lost."
    ) from error


def _refuse_file(path: Path) -> None:
    """NotADirectoryError where a file is in the place of a folder."""
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(
            f"{path} is a file; a folder is to be written there. Give another name or remove it."
        )


def _flush(path: Path) -> None:
    """Ask the system to put a file, or a folder's list of names, on the disk before going on."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder for flushing
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
