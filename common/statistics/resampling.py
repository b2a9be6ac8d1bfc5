"""Resamples of the scoring images, shared by all approaches.

Every statistic of the package rests on the same draws, kept as counts: how often each image occurs
in each resample. Means, variances and pairs are then matrix products, and two calls with the same
number of images, groups, resamples and seed always see the same resamples. Scores that are missing
are refused: a mean over different images for different approaches compares nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

# A resampled standard error below this share of the observed one is raised to it. When two
# approaches differ on one or two images only, many resamples miss them all; without a floor the
# pivot of that pair is unbounded there and would widen the simultaneous bounds of every other
# pair.
SMALLEST_ERROR_SHARE = 1 / 3
# Below so many groups Student's quantile limits widths from below: with ten unequal ones the
# resampled pivots alone covered 92 % where 95 % were promised.
FEW_UNITS = 30
# Two numbers closer than this are one number; sums of the same values in another order differ by
# less.
DECIMALS = 10
BLOCK = 256

Groups = Sequence[object] | np.ndarray | None


class Studentised(NamedTuple):
    """Means of p rows of values, their standard errors, and the same for every resample."""

    mean: np.ndarray  # (p,)
    standard_error: np.ndarray  # (p,), NaN with a single unit
    shift: np.ndarray  # (B, p): mean of the resample minus mean
    resampled_error: np.ndarray  # (B, p): standard error inside the resample, not below the floor
    pivot: np.ndarray  # (B, p): shift / resampled_error, 0 where the values do not vary
    units: int  # how many groups (or images) were resampled


def checked_scores(scores: np.ndarray, bounds: tuple[float, float] | None = None) -> np.ndarray:
    """Return `scores` as a float array (k approaches, n images) if it is complete.

    Raises:
        ValueError: not two-dimensional, empty, a score that is not finite (its row and column are
            named), or a score outside `bounds`.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(
            f"scores have shape {scores.shape}; expected (k approaches, n images) with k, n >= 1."
        )
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        raise ValueError(
            f"scores[{row}, {column}] is {scores[row, column]} ({(~np.isfinite(scores)).sum()} "
            f"such in all): approach {row} has no score for image {column}. Score every approach "
            "on the same images, or leave the image out for all of them."
        )
    if bounds is not None and (scores.min() < bounds[0] or scores.max() > bounds[1]):
        raise ValueError(
            f"scores range from {scores.min():g} to {scores.max():g}, outside bounds={bounds}; "
            "pass the range of the metric, or bounds=None for one without limits."
        )
    return scores


def unit_of_image(n: int, groups: Groups) -> np.ndarray:
    """Return for each of n images the number of its group (n,), counted in order of appearance;
    without groups 0…n-1.

    Raises:
        ValueError: not one label for each image, or a label is missing.
    """
    if groups is None:
        return np.arange(n)
    if len(groups) != n:
        raise ValueError(
            f"groups has {len(groups)} labels for {n} images; expected one label for each image."
        )
    labels = np.empty(n, dtype=object)
    labels[:] = list(groups)
    units = pd.factorize(labels)[0]
    if units.min() < 0:
        raise ValueError(
            f"groups[{int(units.argmin())}] is missing; give an image without a group a label of "
            "its own."
        )
    return units


def resample_weights(
    n: int, groups: Groups = None, resamples: int = 2000, seed: int = 0
) -> np.ndarray:
    """Draw n images, or all groups, with replacement and return how often each image was drawn.

    Whole groups are drawn, so images of one group always occur together; with unequal groups the
    number of images differs between resamples.

    Returns:
        (B, n) uint8 counts.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap; Davison & Hinkley 1997, §3.8
    (clusters).
    """
    unit = unit_of_image(n, groups)
    return _unit_counts(int(unit.max()) + 1, resamples, seed)[:, unit]


def resampled_means(
    scores: np.ndarray, groups: Groups = None, resamples: int = 2000, seed: int = 0
) -> np.ndarray:
    """Mean of each approach in each resample, (B, k), rounded so that equal approaches are exactly
    equal.
    """
    weights = resample_weights(scores.shape[1], groups, resamples, seed)
    return np.round(_products(weights, scores.T) / weights.sum(1, dtype=float)[:, None], DECIMALS)


def out_of_bag_sums(
    scores: np.ndarray, groups: Groups = None, resamples: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of each approach over the images that a resample left out, (B, k), and how many these
    are, (B,).
    """
    left_out = resample_weights(scores.shape[1], groups, resamples, seed) == 0
    return _products(left_out, scores.T), left_out.sum(1, dtype=float)


def standard_errors(values: np.ndarray, groups: Groups = None) -> np.ndarray:
    """Standard error of the mean of each row of `values` (p, n), (p,); between groups if given;
    NaN for one unit.

    With groups the mean is a ratio (sum of sums over sum of sizes), and its error the usual
    linearised one.

    Source: Cochran 1977, Sampling Techniques, §9A (ratio estimate of clusters).
    """
    sums, _sizes = _centred_sums(values, unit_of_image(values.shape[1], groups))
    units = sums.shape[1]
    if units == 1:
        return np.full(len(values), np.nan)
    errors = np.sqrt(units / (units - 1) * np.square(sums).sum(1)) / values.shape[1]
    return np.where(errors < 10.0**-DECIMALS, 0.0, errors)


def studentised(
    values: np.ndarray, groups: Groups = None, resamples: int = 2000, seed: int = 0
) -> Studentised:
    """Resample the mean of each row of `values` (p, n) together with its standard error.

    Source: Efron 1981 (bootstrap-t); Davison & Hinkley 1997, §2.4 and §5.2.
    """
    sums, sizes = _centred_sums(values, unit_of_image(values.shape[1], groups))
    units = len(sizes)
    counts = _unit_counts(units, resamples, seed)
    total = _products(counts, sizes[:, None])  # (B, 1)
    shift = _products(counts, sums.T) / total  # (B, p)
    squares = _products(counts, np.square(sums).T)
    squares -= 2 * shift * _products(counts, (sums * sizes).T)
    squares += np.square(shift) * _products(counts, np.square(sizes)[:, None])
    observed = standard_errors(values, groups)
    errors = np.sqrt(units / max(units - 1, 1) * np.maximum(squares, 0)) / total
    errors = np.maximum(errors, SMALLEST_ERROR_SHARE * np.nan_to_num(observed))
    pivot = np.divide(shift, errors, out=np.zeros_like(shift), where=np.nan_to_num(observed) > 0)
    return Studentised(values.mean(1), observed, shift, errors, pivot, units)


def _unit_counts(units: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of `units` is drawn in each resample, (B, units) uint8."""
    rng = np.random.default_rng(seed)
    counts = np.empty((resamples, units), dtype=np.uint8)
    for start in range(0, resamples, BLOCK):
        stop = min(start + BLOCK, resamples)
        rows = stop - start
        drawn = rng.integers(0, units, (rows, units)) + units * np.arange(rows)[:, None]
        drawn_counts = np.bincount(drawn.ravel(), minlength=rows * units)
        counts[start:stop] = drawn_counts.reshape(rows, units)
    return counts


def _products(counts: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Multiply counts (B, m) by columns (m, p), in blocks, because the counts grow eightfold as
    floats.
    """
    blocks = (slice(start, start + BLOCK) for start in range(0, len(counts), BLOCK))
    return np.concatenate([counts[block].astype(float) @ columns for block in blocks])


def _centred_sums(values: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the deviations from the row mean in each unit (p, units), and the unit sizes
    (units,).
    """
    deviations = values - values.mean(1, keepdims=True)
    order = np.argsort(unit, kind="stable")
    sizes = np.bincount(unit)
    return np.add.reduceat(deviations[:, order], np.cumsum(sizes) - sizes, axis=1), sizes.astype(
        float
    )
