"""What each part of the training loop gives: the same network trained for the same time with one part changed at a
time, compared image by image on *tune*.

    python tests/benchmarks/loop_parts.py --data DIR --seconds 150 --output loop_parts.csv

A variation's time becomes steps from its own measured speed, so a part that makes steps faster is paid for it.
Differences are to the baseline, with 95 % intervals over groups of images; one training each, so the variance of
training itself is not in them.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from approaches import build, processes
from approaches.base import Approach, Budget
from approaches.network import Normalised
from approaches.plan import draw, seconds_per_step
from approaches.training import crops_of
from common.data import DataSet, load_data
from common.metrics import count_pixels, dice
from common.postprocess import Postprocess, quantise, tune_postprocess
from common.statistics import paired_differences

VARIATIONS = {
    "baseline": {},
    "full images, batch 4": {"crop_px": 512, "batch": 4, "object_share": 0.0},
    "no augmentation": {"augmentation": "none"},
    "no averaging": {"average_share": 0.0},
    "float32": {"precision": "float32"},
    "geometric augmentation only": {"augmentation": "geometric"},
    "random crops only": {"object_share": 0.0},
    "BCE alone": {"loss": "bce"},
}


def prepared(name: str, overrides: dict) -> Approach:
    """The approach with one part changed, judged once at its end."""
    return build(name, overrides={"precision": "bfloat16", "evaluations": 1, **overrides})


def measured(approach: Approach, fit_set: DataSet) -> float:
    """Seconds of one training step of this variation."""
    config = approach.config
    network = Normalised(approach.build_network(pretrained=True)).to(memory_format=torch.channels_last)
    drawn, crop_seconds = draw(crops_of(fit_set, config, 0, config.batch), config.batch, torch.device("cpu"))
    return crop_seconds + seconds_per_step(network, drawn, config.loss, config.precision, timed=5)


def scores_of(approach: Approach, fit_set: DataSet, tune_set: DataSet, steps: int) -> tuple[np.ndarray, dict]:
    """Train one variation; Dice of each tune image with an object, and what the training did."""
    start = time.monotonic()
    approach.fit(fit_set, tune_set, budget=Budget(steps=steps))
    trained = time.monotonic() - start
    maps = [(quantise(approach.predict_proba(s.image)), s.mask, s.ignore) for s in tune_set if s.mask.any()]
    postprocess, _ = tune_postprocess(maps)
    counts = [count_pixels(postprocess.apply(levels), mask, ignore) for levels, mask, ignore in maps]
    plain = [count_pixels(Postprocess(0.5).apply(levels), mask, ignore) for levels, mask, ignore in maps]
    told = {"steps": steps, "train_seconds": trained, "threshold": postprocess.threshold}
    told["dice_at_half"] = np.mean([dice(c.tp, c.fp, c.fn) for c in plain])
    return np.array([dice(c.tp, c.fp, c.fn) for c in counts]), told


def main() -> None:
    """Run the variations and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--approach", default="smp_unet_lite0")
    options.add_argument("--seconds", type=float, default=150.0)
    options.add_argument("--first", type=int, default=len(VARIATIONS), help="only so many variations")
    options.add_argument("--output", type=Path, default=Path("loop_parts.csv"))
    given = options.parse_args()
    processes.use_threads()
    data = load_data(given.data)
    groups = [data.tune.groups[sample.image_id] for sample in data.tune if sample.mask.any()]
    variations = {name: prepared(given.approach, VARIATIONS[name]) for name in list(VARIATIONS)[: given.first]}
    step_seconds = {name: measured(approach, data.fit) for name, approach in variations.items()}
    rows, baseline = [], None
    for name, approach in variations.items():
        steps = max(1, int(given.seconds / step_seconds[name]))
        scores, told = scores_of(approach, data.fit, data.tune, steps)
        baseline = scores if baseline is None else baseline
        between = paired_differences(np.stack([baseline, scores]), 0, groups=groups)
        row = {"variation": name, "tune_dice": scores.mean(), "difference": between.mean[1]}
        row |= {"lower": between.lower[1], "upper": between.upper[1], "seconds_per_step": step_seconds[name]}
        rows.append(row | told)
        pd.DataFrame(rows).to_csv(given.output, index=False, float_format="%.5g")
        print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)


if __name__ == "__main__":
    main()
