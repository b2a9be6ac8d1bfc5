"""What a stored model costs to use, measured in a process of its own, so that neither the training
before it nor the other approaches are in the figures. `python -m approaches.running.cost MODEL
IMAGE…` prints them as JSON.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from common.masks.postprocess import Postprocess
from common.records import Costs
from common.scale import ImageSizes

WARM_UP, MOST_IMAGES, LEAST_IMAGES, ENOUGH_SECONDS = 3, 50, 5, 20.0
LAUNCHER_VARIABLES = (
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "OMP_NUM_THREADS",
)


def measure(
    model: Path,
    images: Sequence[Path],
    postprocess: Postprocess,
    sizes: ImageSizes | None = None,
) -> Costs:
    """Measure a stored model in a fresh process, one image at a time.

    Args:
        model: folder of the stored model.
        images: image files to predict; the first ones again if they are few.
        postprocess: makes the final mask.
        sizes: of the images that the model was fitted to, if they are known.

    Returns:
        Seconds are those from image array to final mask; the size of the model is left open.

    Raises:
        RuntimeError: the process failed; its last words are in the message.
    """
    environment = {
        key: value for key, value in os.environ.items() if key not in LAUNCHER_VARIABLES
    }
    # An approach may lie outside the repository, in the working directory.
    environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
    command = [
        sys.executable,
        "-m",
        "approaches.running.cost",
        str(model.resolve()),
        json.dumps([asdict(postprocess), None if sizes is None else asdict(sizes)]),
    ]
    command += [str(path.resolve()) for path in images[:MOST_IMAGES]]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    if done.returncode:
        raise RuntimeError(f"measuring {model.name} failed: {done.stderr.strip()[-500:]}")
    return Costs(**json.loads(done.stdout.strip().splitlines()[-1]))


def _measure_here(
    model: Path, postprocess: Postprocess, sizes: ImageSizes | None, paths: Sequence[Path]
) -> Costs:
    import torch

    from approaches import load
    from approaches.processes import state, use_threads
    from approaches.segmenter import Segmenter
    from common.coco import read_image

    threads = use_threads()
    approach = load(model)
    segmenter = Segmenter(approach, postprocess, sizes=sizes)
    seconds: list[float] = []
    with torch.inference_mode():
        for index in range(WARM_UP + max(LEAST_IMAGES, len(paths))):
            # One at a time, or their number would be in the memory.
            image = read_image(paths[index % len(paths)])
            start = time.perf_counter()
            segmenter.predict(image)
            if index >= WARM_UP:
                seconds.append(time.perf_counter() - start)
            if len(seconds) >= LEAST_IMAGES and sum(seconds) > ENOUGH_SECONDS:
                break
    return Costs(
        predict_seconds_per_image=float(np.median(seconds)),
        predict_seconds_p95=float(np.quantile(seconds, 0.95)),
        peak_memory_mb=peak_memory_mb(),
        parameters=approach.parameters(),
        threads=threads,
        device=str(state().device),
        processor=_processor(),
        images_timed=len(seconds),
    )


def peak_memory_mb() -> float:
    """Largest resident size of this process; Linux's `ru_maxrss` would count the parent that
    started it too.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
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
    fields, known = json.loads(sys.argv[2])
    measured = _measure_here(
        Path(sys.argv[1]),
        Postprocess(**fields),
        None if known is None else ImageSizes(**known),
        [Path(word) for word in sys.argv[3:]],
    )
    print(json.dumps(asdict(measured)))
