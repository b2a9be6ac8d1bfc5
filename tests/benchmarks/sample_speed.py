"""Images a second of the sample generator, a core and on two processes: `python
tests/benchmarks/sample_speed.py`.

The target is 8 images a second a core at 512×512. One core is measured by CPU time, so other
programs on the machine disturb it less; two processes by the clock. It measures and prints; it
changes nothing.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import cv2

from common.sample import SPLITS, generate, render_scene


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for split in SPLITS:
        start = time.process_time()
        for index in range(options.images):
            render_scene(0, index=index, split=split, size=options.size)
        seconds = time.process_time() - start
        print(
            f"{split}: {options.images / seconds:.1f} images/s of one core's time at "
            f"{options.size} px"
        )
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as home:
            counts = {"train": 2 * options.images, "val": 0, "real_test": 0}
            start = time.perf_counter()
            generate(
                Path(home, "sample"), **counts, size=options.size, workers=workers, progress=False
            )
            seconds = time.perf_counter() - start
        print(
            f"{workers} process(es): {2 * options.images / seconds:.1f} images/s by the clock, "
            "files and start included"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
