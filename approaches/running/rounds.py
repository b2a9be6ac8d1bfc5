"""Times several stored models against each other in this process, which is made for nothing else:
`python -m approaches.running.rounds` reads two lines of JSON from standard input, which modules
the models will need and what is to be timed, and prints the costs as JSON. Between the two it may
wait, with what takes seconds imported.

They take turns, one image for each in a round, in an order that is drawn anew, with a fixed piece
of work among them. So what slows the machine down for a while slows all of them down. One process
loads all models and times them; others tell the peak memory of each in the meantime, and have
ended before a round begins.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
import torch

from approaches.processes import set_up_process, state
from approaches.running.answers import (
    NO_ANSWER,
    PROCESSES,
    Answering,
    or_reason,
    started,
    told_by_parent,
)
from approaches.running.measured_model import MeasuredModel
from approaches.running.peaks import Imported, imported_for, peaks_of
from approaches.segmenter import Segmenter
from common.coco import read_image
from common.records import Costs
from common.statistics.costs import spread, typical_costs

MOST_ROUNDS = 50
# rounds at least, and seconds after which they are enough; six still bound a median at 95 %
LONG, BRIEF = (9, 4.0), (6, 1.0)


def costs_of(
    models: Sequence[MeasuredModel],
    paths: Sequence[Path],
    largest: Path,
    *,
    briefly: bool,
    imported: Imported | None = None,
) -> list[Costs | str]:
    """The costs of each model, without its size on disk, or why it has none. This process must not
    have used a thread yet, so that it can be forked.

    Args:
        models: stored models.
        paths: image files; a round takes one, the first ones again if they are few.
        largest: the image file that shows the peak memory.
        briefly: in a second rather than four.
        imported: what this process has imported for them already.

    Raises:
        RuntimeError: the process that times them failed.
    """
    peaks_known, tell = PROCESSES.Pipe(duplex=False)
    timing: list[Answering] = []

    def begin() -> None:
        enough = BRIEF if briefly else LONG
        timing.append(started(_timed, models, paths, peaks_known, enough))

    try:
        tell.send(peaks_of(models, largest, begin, imported))
        told = timing[0].received()
    except BaseException:
        for one in timing:  # it would wait for the peaks, and this process for its end
            one.process.terminate()
        raise
    if not isinstance(told, list):
        raise RuntimeError(f"timing all models: {told or NO_ANSWER}")
    return told


def _timed(
    models: Sequence[MeasuredModel],
    paths: Sequence[Path],
    peaks_known: Connection,
    enough: tuple[int, float],
) -> list[Costs | str]:
    """The costs of each model, or why it has none, once their peak memory is known.

    Args:
        models: stored models.
        paths: image files.
        peaks_known: tells what `peaks_of` gives.
        enough: rounds at least, and seconds after which they are enough.
    """
    threads, device = set_up_process(), str(state().device)
    loaded: list[Segmenter | str] = [or_reason(model.segmenter) for model in models]
    peaks: dict[int, float | str] = told_by_parent(peaks_known)
    segmenters = {
        place: segmenter
        for place, segmenter in enumerate(loaded)
        if not isinstance(segmenter, str) and not isinstance(peaks[place], str)
    }
    turns = [segmenter.predict for segmenter in segmenters.values()]
    with torch.inference_mode():
        seconds, reference = _rounds(turns, paths, *enough)
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
    imported = imported_for(json.loads(sys.stdin.readline()))
    if not (line := sys.stdin.readline()):
        os._exit(1)  # whoever started this process is gone, or has nothing to time
    asked = json.loads(line)
    told = costs_of(
        [MeasuredModel(**model) for model in asked["models"]],
        [Path(path) for path in asked["images"]],
        Path(asked["largest"]),
        briefly=asked["briefly"],
        imported=imported,
    )
    print(json.dumps([one if isinstance(one, str) else asdict(one) for one in told]), flush=True)
    os._exit(0)  # at once: nothing is left to be written
