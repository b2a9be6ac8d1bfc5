"""The peak memory of stored models, each that of a process which does nothing but predict.

Where processes can be forked, those of models with a module in common are forks of one that has
imported it, so that it is imported once for them all, and not for the others. This process itself
imports the module that the most models need, which can be done before they are known; the others
are measured in forks made before that. A fork begins without the pages of libraries that its
parents have read. Those that it never reads are added, as a process without such parents would
have read them too.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
import torch

from approaches.processes import set_up_process
from approaches.running.answers import (
    FORKS,
    NO_ANSWER,
    PROCESSES,
    Answering,
    answers,
    or_reason,
    started,
    told_by_parent,
)
from approaches.running.measured_model import MeasuredModel
from common.coco import read_image

PAGE = os.sysconf("SC_PAGE_SIZE") if FORKS else 0
STATUS = Path("/proc/self/status")  # on Linux alone
AT_A_TIME = 2  # models that predict at the same time; more could fill the memory together


@dataclass(frozen=True)
class Without:
    """A fork of this process which has not imported what this one has since.

    Attributes:
        answering: it will tell the peaks of some models.
        ask: to tell it of which.
    """

    answering: Answering
    ask: Connection


@dataclass(frozen=True)
class Imported:
    """What this process has imported for the models that it will be told of.

    Attributes:
        shared: the module; "" for none.
        failed: why it could not be imported, else "".
        pages: of files that this process had read before that, see `_pages`.
        without: None where nothing was imported.
    """

    shared: str
    failed: str
    pages: np.ndarray
    without: Without | None


def imported_for(needed: Sequence[Collection[str]]) -> Imported:
    """Import the module that the most models need, where processes are forked; this process must
    not have used a thread yet.

    Args:
        needed: by each model, as far as that is known.
    """
    pages, shared = _pages(), _shared(dict(enumerate(map(set, needed)))) if FORKS else ""
    if not shared:
        return Imported("", "", pages, None)
    asked, ask = PROCESSES.Pipe(duplex=False)
    without = Without(started(_peaks_when_asked, asked, pages), ask)
    failed = or_reason(import_module, shared)
    return Imported(shared, failed if isinstance(failed, str) else "", pages, without)


def _peaks_when_asked(asked: Connection, pages: np.ndarray) -> dict[int, float | str]:
    models, needed, largest = told_by_parent(asked)
    return _peaks_of(models, needed, largest, pages)


def peaks_of(
    models: Sequence[MeasuredModel],
    largest: Path,
    begin: Callable[[], None] = lambda: None,
    imported: Imported | None = None,
) -> dict[int, float | str]:
    """Peak memory of each model in MB, or why it cannot be used, by its place.

    Args:
        models: stored models.
        largest: the image file that they predict.
        begin: is called as soon as this process, and so a fork of it, has the module that the most
            models need.
        imported: what `imported_for` has imported already.
    """
    found = [model.modules_if_known() if FORKS else set() for model in models]
    needed = dict(enumerate(found))
    imported = imported or imported_for(found)
    begin()
    if imported.without is None:
        return _peaks_of(models, needed, largest, imported.pages)
    apart, sharing = _divided(needed, imported.shared)
    imported.without.ask.send((models, apart, largest))
    told = imported.without.answering.received()
    peaks = told if isinstance(told, dict) else dict.fromkeys(apart, told or NO_ANSWER)
    if imported.failed:
        return peaks | dict.fromkeys(sharing, imported.failed)
    return peaks | _peaks_of(models, sharing, largest, np.union1d(imported.pages, _pages()))


def _peaks_of(
    models: Sequence[MeasuredModel],
    needed: Mapping[int, set[str]],
    largest: Path,
    pages: np.ndarray,
) -> dict[int, float | str]:
    """Those of some of the models.

    Args:
        models: stored models.
        needed: by the places of those to measure, the modules that this process has yet to
            import for them.
        largest: an image file.
        pages: of files that this process and its parents have read, see `_pages`.
    """
    peaks: dict[int, float | str] = {}
    left = dict(needed)
    while shared := _shared(left):
        left, sharing = _divided(left, shared)
        [told] = answers(_peaks_with, [(shared, models, sharing, largest, pages)], 1)
        peaks |= told if isinstance(told, dict) else dict.fromkeys(sharing, told)
    asked = [(models[place], largest, pages) for place in left]
    return peaks | dict(zip(left, answers(_peak_of, asked, AT_A_TIME), strict=True))


def _shared(needed: Mapping[int, set[str]]) -> str:
    """The module that most of several models need; "" where each needs its own."""
    counted = Counter(sorted(chain(*needed.values()))).most_common(1)
    return next((module for module, count in counted if count > 1), "")


def _divided(
    needed: Mapping[int, set[str]], shared: str
) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """The models that do not need a module, and those that do, with what else they need."""
    apart = {place: modules for place, modules in needed.items() if shared not in modules}
    return apart, {place: needed[place] - {shared} for place in needed if place not in apart}


def _peaks_with(
    module: str,
    models: Sequence[MeasuredModel],
    needed: Mapping[int, set[str]],
    largest: Path,
    pages: np.ndarray,
) -> dict[int, float | str]:
    """What `_peaks_of` gives once a module is imported."""
    import_module(module)
    return _peaks_of(models, needed, largest, np.union1d(pages, _pages()))


def _peak_of(model: MeasuredModel, largest: Path, pages: np.ndarray) -> float:
    """The peak memory in MB of this process, which predicts."""
    os.environ["LOCAL_WORLD_SIZE"] = str(AT_A_TIME)
    set_up_process()
    segmenter = model.segmenter()
    with torch.inference_mode():
        for _ in range(2):
            segmenter.predict(read_image(largest))
    unread = np.setdiff1d(pages, _pages(), assume_unique=True)
    return peak_memory_mb() + len(unread) * PAGE / 2**20


def _pages() -> np.ndarray:
    """The numbers (N,) int64 of the pages of files, such as libraries, that this process has in
    memory; forks have the same numbers for the same pages. None where processes are not forked.
    """
    found = [np.empty(0, np.int64)]
    if FORKS:
        with Path("/proc/self/pagemap").open("rb") as entries:
            for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
                span, _, _, _, inode = line.split()[:5]
                first, last = (int(end, 16) // PAGE for end in span.split("-"))
                if inode != "0" and first < last:
                    entries.seek(8 * first)
                    known = np.frombuffer(entries.read(8 * (last - first)), np.uint64)
                    found.append(first + np.flatnonzero(known >> np.uint64(63)))
    return np.concatenate(found)


def peak_memory_mb() -> float:
    """Largest resident size of this process, on Windows its largest working set; Linux's
    `ru_maxrss` would count the parent that started it too.
    """
    if STATUS.is_file():
        lines = STATUS.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
