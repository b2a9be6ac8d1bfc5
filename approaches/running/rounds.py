"""Times several stored models against each other in this process, which is made for nothing else:
`python -m approaches.running.rounds` reads from standard input what is to be timed, and prints the
costs as JSON.

They take turns, one image for each in a round, in an order that is drawn anew, with a fixed piece
of work among them. So what slows the machine down for a while slows all of them down. The peak
memory of each is that of a process of its own, which is forked before this one has used a thread
and has imported nothing that the model can do without; where the system cannot fork, it is started
anew. Two of them run at a time and share the cores.
"""

import json
import multiprocessing
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import chain
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from approaches import TABLE, load, members_of, name_of_outside
from approaches.processes import set_up_process, state
from approaches.segmenter import Segmenter
from common.coco import read_image
from common.masks.postprocess import Postprocess
from common.model_files import MODEL_FILE, read_stored_model
from common.records import Costs
from common.scale import ImageSizes
from common.statistics.costs import spread, typical_costs

MOST_ROUNDS = 50
# rounds at least, and seconds after which they are enough; six still bound a median at 95 %
LONG, BRIEF = (9, 4.0), (6, 1.0)
FORKS = sys.platform == "linux"
AT_A_TIME = 2  # models whose peak memory is taken; more could fill the memory together
NO_ANSWER = "its process ended without an answer"


@dataclass(frozen=True)
class Stored:
    """A stored model that is timed, and how its masks are made."""

    folder: str
    postprocess: dict[str, Any]
    sizes: dict[str, Any] | None

    def segmenter(self) -> Segmenter:
        """From an image to its mask."""
        sizes = None if self.sizes is None else ImageSizes(**self.sizes)
        return Segmenter(load(Path(self.folder)), Postprocess(**self.postprocess), sizes=sizes)

    def modules(self) -> set[str]:
        """The modules of the classes that the model is made of."""
        folder = Path(self.folder)
        beside = [folder.parent / member for member in members_of(folder)]
        found = [path.parent for each in (folder, *beside) for path in each.rglob(MODEL_FILE)]
        described = map(read_stored_model, found)
        names = [name_of_outside(one.target) if one.target else one.approach for one in described]
        return {TABLE[name].target.split(":")[0] for name in names}


def costs_of(
    models: Sequence[Stored], paths: Sequence[Path], largest: Path, *, briefly: bool
) -> list[Costs | str]:
    """The costs of each model, without its size on disk, or why it has none.

    Args:
        models: stored models.
        paths: image files; a round takes one, the first ones again if they are few.
        largest: the image file that shows the peak memory.
        briefly: in a second rather than four.
    """
    modules = {place: model.modules() if FORKS else set() for place, model in enumerate(models)}
    size = memory_mb("VmRSS") if FORKS else 0.0
    measuring = _started(_told_peaks, models, modules, largest, size)
    threads, device = set_up_process(), str(state().device)  # from here on there are threads
    # meanwhile, since it imports all of them
    loaded: list[Segmenter | str] = [_or_reason(model.segmenter) for model in models]
    peaks = _of_each(modules, _received(*measuring))
    segmenters = {
        place: segmenter
        for place, segmenter in enumerate(loaded)
        if not isinstance(segmenter, str) and not isinstance(peaks[place], str)
    }
    turns = [segmenter.predict for segmenter in segmenters.values()]
    with torch.inference_mode():
        seconds, reference = _rounds(turns, paths, *(BRIEF if briefly else LONG))
    found: list[Costs | str] = [
        str(peaks[place]) if isinstance(peaks[place], str) else str(segmenter)
        for place, segmenter in enumerate(loaded)
    ]
    typical = typical_costs(seconds, reference)
    for row, (place, segmenter) in enumerate(segmenters.items()):
        median, lower, upper = typical[row].tolist()
        found[place] = Costs(
            predict_seconds_per_image=median,
            predict_seconds_lower=lower,
            predict_seconds_upper=upper,
            predict_seconds_p95=float(np.quantile(seconds[row], 0.95)),
            peak_memory_mb=float(peaks[place]),
            parameters=segmenter.model.parameters(),
            threads=threads,
            device=device,
            processor=_processor(),
            images_timed=len(reference),
            reference_seconds=float(np.median(reference)),
            reference_spread=spread(reference),
        )
    return found


def _rounds(
    turns: Sequence[Callable[[np.ndarray], object]],
    paths: Sequence[Path],
    least: int,
    enough_seconds: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (k, n) of each in n rounds, and (n,) of the fixed piece of work; a round before them
    is not counted.
    """
    draws, seconds, began = np.random.default_rng(0), [], 0.0
    for number in range(MOST_ROUNDS + 1):
        image = read_image(paths[number % len(paths)])
        taken = np.zeros(len(turns) + 1)
        for turn in draws.permutation(len(taken)):
            start = time.perf_counter()
            (turns[turn] if turn < len(turns) else _fixed_work)(image)
            taken[turn] = time.perf_counter() - start
        seconds.append(taken)
        began = began or time.monotonic()
        if number >= least and time.monotonic() - began > enough_seconds:
            break
    counted = np.array(seconds[1:]).T
    return counted[:-1], counted[-1]


def _fixed_work(image: np.ndarray) -> None:
    """The same work whatever the image: filters on all threads, then NumPy on one."""
    picture = np.linspace(0, 1, 512 * 512, dtype=np.float32).reshape(512, 512)
    for _ in range(4):
        picture = cv2.GaussianBlur(picture, (0, 0), 4)
    np.sort(picture[::2], axis=None)


def _told_peaks(
    models: Sequence[Stored], modules: Mapping[int, set[str]], largest: Path, size: float
) -> dict[int, float | str]:
    """Peak memory of each model in MB, or why it cannot be used, by its place. Those with a module
    in common are measured by forks of a process that has imported it: so it is imported once for
    them all, and not for the others.

    Args:
        models: stored models.
        modules: what some of them need besides what this process has imported, by their places.
        largest: an image file.
        size: of this process in MB, with the pages of libraries that its parents have read and a
            fork does not count.
    """
    told: dict[int, float | str] = {}
    alone = dict(modules)
    while shared := [one for one, count in _counted(alone) if count > 1]:
        sharing = {place: alone.pop(place) - {shared[0]} for place in _needing(shared[0], alone)}
        answer = _received(*_started(_peaks_with, shared[0], models, sharing, largest, size))
        told |= _of_each(sharing, answer)
    places = list(alone)
    for first in range(0, len(places), AT_A_TIME):
        batch = places[slice(first, first + AT_A_TIME)]
        running = [_started(_peak_of, models[place], largest, size) for place in batch]
        for place, answer in zip(batch, [_received(*one) for one in running], strict=True):
            if answer is None:  # there may have been too little memory for both
                answer = _received(*_started(_peak_of, models[place], largest, size))
            told |= _of_each([place], answer)
    return told


def _of_each(places: Iterable[int], answer: Any) -> dict[int, float | str]:
    """What a process tells of each model, or what holds for all: its error, or that it ended."""
    if isinstance(answer, dict):
        return answer
    return dict.fromkeys(places, NO_ANSWER if answer is None else answer)


def _counted(modules: Mapping[int, set[str]]) -> list[tuple[str, int]]:
    """By how many models each module is needed, the most needed first."""
    return Counter(sorted(chain(*modules.values()))).most_common()


def _needing(module: str, modules: Mapping[int, set[str]]) -> list[int]:
    return [place for place, needed in modules.items() if module in needed]


def _started(function: Callable[..., Any], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """A process of its own that tells what the function gives."""
    ways = multiprocessing.get_context
    context = ways("fork") if FORKS else ways("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(there, function, *arguments))
    process.start()
    there.close()
    return process, here


def _tell(answer: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    answer.send(_or_reason(function, *arguments))


def _or_reason(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function gives, or its error in words."""
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _received(process: BaseProcess, answer: Connection) -> Any:
    """What a process sends before it ends; None where it ended without."""
    try:
        told = answer.recv()
    except EOFError:
        told = None
    process.join()
    return told


def _peaks_with(
    module: str,
    models: Sequence[Stored],
    modules: Mapping[int, set[str]],
    largest: Path,
    parent: float,
) -> dict[int, float | str]:
    """What `_told_peaks` tells once a module is imported, in a fork of a process of so many MB."""
    uncounted = _uncounted(parent)
    import_module(module)
    return _told_peaks(models, modules, largest, memory_mb("VmRSS") + uncounted)


def _peak_of(model: Stored, largest: Path, parent: float) -> float:
    """The peak memory in MB of this process, which predicts, a fork of one of so many MB."""
    uncounted = _uncounted(parent)
    os.environ["LOCAL_WORLD_SIZE"] = str(AT_A_TIME)
    set_up_process()
    segmenter = model.segmenter()
    with torch.inference_mode():
        for _ in range(2):
            segmenter.predict(read_image(largest))
    return peak_memory_mb() + uncounted


def _uncounted(parent: float) -> float:
    """The MB that a fork has from its parent and that do not count as its own."""
    return max(0.0, parent - memory_mb("VmRSS")) if FORKS else 0.0


def memory_mb(which: str) -> float:
    """A line of this process's memory as Linux tells it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith(which))
    return int(line.split()[1]) / 1024


def peak_memory_mb() -> float:
    """Largest resident size of this process; Linux's `ru_maxrss` would count the parent that
    started it too.
    """
    if Path("/proc/self/status").is_file():
        return memory_mb("VmHWM")
    import resource  # not on every system

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    told = costs_of(
        [Stored(**model) for model in asked["models"]],
        [Path(path) for path in asked["images"]],
        Path(asked["largest"]),
        briefly=asked["briefly"],
    )
    print(json.dumps([one if isinstance(one, str) else asdict(one) for one in told]), flush=True)
    os._exit(0)  # at once: nothing is left to be written
