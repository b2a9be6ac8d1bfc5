"""Time and peak memory of the whole comparison: `python tests/benchmarks/statistics_speed.py`.

The target for 10 approaches × 2,000 images × 2,000 resamples is 10 seconds and 1 GB on two cores.
It measures and prints; it changes nothing.
"""

import argparse
import resource
import sys
import time

import numpy as np

from common.statistics import compare


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--approaches", type=int, default=10)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=2000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    scores = rng.beta(9, 1.5, (options.approaches, options.images))
    names = [f"approach {i}" for i in range(options.approaches)]
    start = time.perf_counter()
    compare(
        scores,
        names,
        costs=np.arange(options.approaches),
        resamples=options.resamples,
        second_scores=scores**2,
    )
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1024**2
    )
    print(
        f"{scores.shape[0]} x {scores.shape[1]} x {options.resamples}: {seconds:.1f} s, peak "
        f"{peak_mb:.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
