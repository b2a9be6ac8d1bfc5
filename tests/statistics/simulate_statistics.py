"""Do the statistics keep their promises on unfriendly scores?

`python tests/simulate_statistics.py --trials 2000 --output FILE.csv` draws benchmarks whose truth
is known and counts how often intervals cover it, how often an equal approach is called worse, how
often a true lead is found, and how far the winner's score is off before and after the correction.
One row per case. It judges nothing: the tests call `simulate` with few trials and generous limits.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from common.statistics import (
    Intervals,
    Simultaneous,
    mean_intervals,
    paired_differences,
    resample_weights,
    selection_corrected_score,
    simultaneous_comparisons,
    variance_components,
    verdicts,
    winner_of,
)

K, N, MARGIN = 6, 100, 0.01
ZEROS = 0.06
QUALITY = stats.beta(9, 1.5)
DICE_MEAN = (1 - ZEROS) * QUALITY.mean()
# The quantile function of the beta distribution takes longer than everything else here; a fine
# table of it does not.
GRID = np.linspace(0, 1, 20001)
QUANTILES = QUALITY.ppf(GRID)
COSTS = np.arange(K, 0, -1.0)


@dataclass(frozen=True)
class Case:
    """A way to draw scores (k, n), the true means (k,), and the groups (n,) if there are any."""

    draw: Callable[[np.random.Generator], np.ndarray]
    truth: np.ndarray
    groups: np.ndarray | None = None
    leader: tuple[int, int] | None = None  # the first truly leads the second


def normal(rng: np.random.Generator, n: int = N, shared: float = 0.5) -> np.ndarray:
    """Standard normal (K, n); `shared` is the correlation between approaches (easy and hard
    images).
    """
    return np.sqrt(shared) * rng.standard_normal(n) + np.sqrt(1 - shared) * rng.standard_normal(
        (K, n)
    )


def grouped_normal(
    rng: np.random.Generator, groups: int = N // 4, size: int = 4, icc: float = 0.3
) -> np.ndarray:
    """As `normal`, in groups of `size` images with the intra-class correlation `icc`."""
    between = np.repeat(normal(rng, groups), size, axis=1)
    return np.sqrt(icc) * between + np.sqrt(1 - icc) * normal(rng, groups * size)


def dice(z: np.ndarray) -> np.ndarray:
    """Turn standard normal numbers into Dice-like ones: 6 % zeros, the others skewed to the
    left.
    """
    u = stats.norm.cdf(z)
    return np.where(u < ZEROS, 0.0, np.interp((u - ZEROS) / (1 - ZEROS), GRID, QUANTILES))


def one_noisy(rng: np.random.Generator) -> np.ndarray:
    spread = np.full((K, 1), 0.02)
    spread[-1] = 0.2
    return np.clip(0.5 + spread * normal(rng), 0, 1)


def siblings(rng: np.random.Generator) -> np.ndarray:
    pairs = np.repeat(rng.standard_normal((K // 2, N)), 2, axis=0)
    return np.clip(
        0.5 + 0.1 * (np.sqrt(0.9) * pairs + np.sqrt(0.1) * rng.standard_normal((K, N))), 0, 1
    )


def led_sibling(rng: np.random.Generator) -> np.ndarray:
    """Two siblings one point apart, their difference with SD .02, above four approaches that are
    far noisier.
    """
    scores = 0.5 - 0.03 + 0.1 * normal(rng)
    scores[:2] = (
        0.5 + 0.1 * rng.standard_normal(N) + 0.02 / np.sqrt(2) * rng.standard_normal((2, N))
    )
    scores[1] -= 0.01
    return np.clip(scores, 0, 1)


def near_twins(rng: np.random.Generator) -> np.ndarray:
    """Six that hardly differ, each cheaper one a little worse: here the cheapest-equivalent rule
    has a choice.
    """
    return np.clip(
        TWINS[:, None] + 0.1 * rng.standard_normal(N) + 0.01 * rng.standard_normal((K, N)), 0, 1
    )


TWINS = 0.5 - 0.002 * np.arange(K)
CASES = {
    "equal noise": Case(lambda rng: np.clip(0.5 + 0.1 * normal(rng), 0, 1), np.full(K, 0.5)),
    "Dice with 6 % zeros": Case(lambda rng: dice(normal(rng)), np.full(K, DICE_MEAN)),
    "one approach ten times noisier": Case(one_noisy, np.full(K, 0.5)),
    "three pairs of siblings": Case(siblings, np.full(K, 0.5)),
    "groups of four": Case(
        lambda rng: np.clip(0.5 + 0.1 * grouped_normal(rng), 0, 1),
        np.full(K, 0.5),
        np.arange(N) // 4,
    ),
    "groups of four, Dice with 6 % zeros": Case(
        lambda rng: dice(grouped_normal(rng)), np.full(K, DICE_MEAN), np.arange(N) // 4
    ),
    "one point ahead of a sibling": Case(
        led_sibling, 0.5 - np.array([0, 0.01, 0.03, 0.03, 0.03, 0.03]), leader=(0, 1)
    ),
    "eight groups of four": Case(
        lambda rng: np.clip(0.5 + 0.1 * grouped_normal(rng, 8), 0, 1),
        np.full(K, 0.5),
        np.arange(32) // 4,
    ),
    "30 images, Dice with 6 % zeros": Case(
        lambda rng: dice(normal(rng, 30)), np.full(K, DICE_MEAN)
    ),
    "near twins, the cheaper the worse": Case(near_twins, TWINS),
}


def covers(intervals: Intervals | Simultaneous, truth: np.ndarray) -> np.ndarray:
    return (intervals.lower <= truth) & (truth <= intervals.upper)


def percentiles(scores: np.ndarray, **draws) -> Intervals:
    """The plain percentile interval, for contrast."""
    weights = resample_weights(scores.shape[1], **draws).astype(float)
    lower, upper = np.quantile(
        weights @ scores.T / weights.sum(1, keepdims=True), [0.025, 0.975], axis=0
    )
    return Intervals(scores.mean(1), lower, upper, scores.std(1))


def one_trial(case: Case, resamples: int, seed: int) -> dict[str, float]:
    """Draw one benchmark and note what was right and wrong about it."""
    scores = case.draw(np.random.default_rng([seed, 1]))
    draws = {"groups": case.groups, "resamples": resamples, "seed": seed}
    means = mean_intervals(scores, **draws)
    to_first = paired_differences(scores, 0, **draws)
    pairs = simultaneous_comparisons(scores, **draws)
    best = winner_of(pairs, COSTS, MARGIN, "best").index
    true_difference = case.truth[:, None] - case.truth
    found = {
        "coverage_mean": np.mean(covers(means, case.truth)),
        "coverage_mean_if_percentile": np.mean(covers(percentiles(scores, **draws), case.truth)),
        "coverage_mean_if_groups_ignored": np.nan
        if case.groups is None
        else np.mean(covers(mean_intervals(scores, resamples=resamples, seed=seed), case.truth)),
        "coverage_difference": np.mean(covers(to_first, true_difference[:, 0])[1:]),
        "coverage_all_pairs": np.all(covers(pairs, true_difference)),
        "false_worse": np.any((pairs.lower[best] > 0) & (true_difference[best] <= 0)),
        "false_equivalent": any(
            verdict == "equivalent" and loss >= MARGIN - 1e-9
            for verdict, loss in zip(
                verdicts(pairs, COSTS, MARGIN), true_difference[best], strict=True
            )
        ),
        "power": np.nan if case.leader is None else float(pairs.lower[case.leader] > 0),
    }
    for rule in ("best", "cheapest-equivalent"):
        chosen = winner_of(pairs, COSTS, MARGIN, rule).index
        result = selection_corrected_score(scores, COSTS, MARGIN, rule, **draws)
        found[f"bias_naive_{rule}"] = result.naive - case.truth[chosen]
        found[f"bias_corrected_{rule}"] = result.corrected - case.truth[chosen]
    return {name: float(value) for name, value in found.items()}


def seeds_trial(resamples: int, seed: int) -> dict[str, float]:
    """Three trainings on the same 100 images: is the mean over all trainings and images
    covered?
    """
    rng = np.random.default_rng([seed, 2])
    trainings = 0.02 * rng.standard_normal((3, 1))
    scores = np.clip(
        0.5 + trainings + 0.1 * rng.standard_normal(N) + 0.05 * rng.standard_normal((3, N)), 0, 1
    )
    result = variance_components(scores, resamples=resamples, seed=seed)
    return {"coverage_mean": float(result.lower <= 0.5 <= result.upper)}


def simulate(names: list[str], trials: int, resamples: int = 500) -> pd.DataFrame:
    """Rates and biases of the named cases, one row each, with the seconds that it took.

    `coverage_*` are shares of trials, `false_*` and `power` too, `bias_*` are in units of the
    score. Trials are seeded 0…trials-1, so a run can be repeated.
    """
    rows = []
    for name in names:
        start = time.perf_counter()
        if name in CASES:
            found = [one_trial(CASES[name], resamples, seed) for seed in range(trials)]
        else:
            found = [seeds_trial(resamples, seed) for seed in range(trials)]
        rows.append(
            {
                "case": name,
                "trials": trials,
                "resamples": resamples,
                **pd.DataFrame(found).mean().to_dict(),
            }
        )
        rows[-1]["seconds"] = time.perf_counter() - start
        print(f"{name}: {rows[-1]['seconds']:.0f} s", file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Coverage, false findings, power and bias on scores of known truth."
    )
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    table = simulate([*CASES, "three trainings"], options.trials, options.resamples)
    table.to_csv(options.output, index=False, float_format="%.5f")
    print(table.T.to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
