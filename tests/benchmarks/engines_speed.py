"""Milliseconds a photo of `smp_unet_lite0` in torch and in each other engine that is installed, in
turns, and the share of pixels of masks that differ: `python tests/benchmarks/engines_speed.py`.
With `--run` its 8-bit form is among them, if that is as good.

It measures and prints; it changes nothing.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from approaches import build, processes
from approaches.segmenter import Segmenter
from approaches.stored import engines
from approaches.stored.eight_bit import PACKAGES, in_eight_bits
from common.coco import read_image
from common.masks.postprocess import Postprocess
from common.sample import render_scene


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="of which the winner is taken (random weights)")
    parser.add_argument("--approach", metavar="NAME", help="of the run, instead of the winner")
    parser.add_argument("--photos", type=Path, help="folder of images (generated ones)")
    parser.add_argument("--size", type=int, default=512, help="of generated photos")
    options = parser.parse_args()
    threads = processes.set_up_process()
    segmenter = Segmenter.load(options.run, options.approach) if options.run else untrained()
    if options.photos:
        paths = [path for path in sorted(options.photos.iterdir()) if path.is_file()]
        images = [read_image(path) for path in paths[:8]]
    else:
        images = [render_scene(0, index=n, size=options.size).image for n in range(4)]
    made = engines.in_engines(segmenter, list(engines.PACKAGES), threads)
    if options.run and not engines.missing(PACKAGES):
        made["int8"] = in_eight_bits(options.run, segmenter, threads)
    trials = [engines.measured({"torch": segmenter, **made}, image) for image in images]
    for name in ("torch", *made):
        seconds = np.median([trial[name].seconds for trial in trials])
        ratio = np.median([trial[name].seconds / trial["torch"].seconds for trial in trials])
        differing = np.mean([trial[name].differing for trial in trials])
        print(
            f"{name}: {1000 * seconds:.0f} ms on {threads} threads, {ratio:.2f} of torch, "
            f"{differing:.4%} of pixels others"
        )
    return 0


def untrained() -> Segmenter:
    """The network with random weights, which take as long as trained ones."""
    torch.manual_seed(0)
    approach = build("smp_unet_lite0")
    network = approach.build_network(pretrained=False)
    approach.network_ = approach._behind_normalisation(network).eval()
    return Segmenter(approach, Postprocess(0.5), "smp_unet_lite0")


if __name__ == "__main__":
    sys.exit(main())
