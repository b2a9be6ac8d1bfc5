"""What keeping freed memory saves in prediction: `python tests/benchmarks/kept_memory.py`.

A network that is built and not trained predicts the same picture in processes that keep memory
and in processes that do not, in turns; it prints the CPU seconds of both, their ratio and the peak
memory.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

from approaches import build
from approaches.memory import keep_memory
from approaches.network.inference import predict_whole

NAME, DIVISOR, WARM = "smp_unet_lite0", 32, 2


def seconds_and_peak(kept: bool, size: int, photos: int) -> tuple[float, float]:
    """CPU seconds of a photo, and the peak memory of this process in MB."""
    if kept:
        keep_memory()
    approach = build(NAME)
    network = approach._behind_normalisation(approach.build_network(pretrained=False)).eval()
    network = network.to(memory_format=torch.channels_last)
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    for _ in range(WARM):
        predict_whole(network, picture, DIVISOR)
    began = time.process_time()
    for _ in range(photos):
        predict_whole(network, picture, DIVISOR)
    seconds = (time.process_time() - began) / photos
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="side of the picture in px (512)")
    parser.add_argument("--photos", type=int, default=10, help="predictions of a process (10)")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each way (5)")
    parser.add_argument("--one", choices=["kept", "usual"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(seconds_and_peak(options.one == "kept", options.size, options.photos)))
        return
    found: dict[str, list[tuple[float, float]]] = {"usual": [], "kept": []}
    for _ in range(options.rounds):
        for way, results in found.items():
            done = subprocess.run(
                [sys.executable, *sys.argv, "--one", way],
                capture_output=True,
                text=True,
                check=True,
            )
            results.append(tuple(json.loads(done.stdout)))
    for way, results in found.items():
        seconds, peaks = zip(*results, strict=True)
        print(
            f"{way:5} {statistics.median(seconds):.3f} s, peak {statistics.median(peaks):.0f} MB"
        )
    pairs = zip(found["kept"], found["usual"], strict=True)
    print(f"ratio {statistics.median(kept[0] / usual[0] for kept, usual in pairs):.2f}")


if __name__ == "__main__":
    main()
