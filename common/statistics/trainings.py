"""Variations against a baseline, each trained several times, every time judged on other images.

Images that one pair of trainings predicted share what is good or bad about these two trainings.
Taken for independent they show an effect where there is only the luck of a training: with three
trainings each, and trainings that differ as much as groups of images do, one study in four would
find one.
"""

import numpy as np
from scipy.special import fdtri, stdtrit

from common.statistics.intervals import (
    LEVEL,
    POWER,
    Intervals,
    difference_bounds,
    single_unit_reason,
)
from common.statistics.resampling import DECIMALS, FEW_UNITS, Groups, checked_scores, studentised


def differences_over_trainings(
    scores: np.ndarray,
    reference: int,
    training: np.ndarray,
    groups: Groups = None,
    resamples: int = 2000,
    seed: int = 0,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Intervals:
    """Compare each row with one named beforehand, with bounds that hold for all of them at once
    with 95 %.

    Args:
        scores: (k, n) float, complete, higher is better; the baseline and its variations.
        reference: row of the baseline; its own difference is 0 with the bounds [0, 0].
        training: (n,) which training predicted the image, the same for all rows; no group is in
            two trainings.
        groups: (n,) labels; whole groups are resampled.
        resamples: how many resamples.
        seed: of the resamples.
        bounds: range of the metric, None for one without limits.

    The bounds are the wider of two: from the groups of images, by the studentised max-T bootstrap,
    and from the trainings, by Bonferroni's Student quantile. The variance between trainings is
    pooled over the variations, because a few trainings say little of it; one that is larger than
    those of the others can explain stays by itself. With one training its variance is not in the
    bounds, and `reason` says so. `standard_error` is the larger of both.

    Raises:
        ValueError: as `mean_intervals`; or a group was predicted by two trainings.

    Source: Dunnett 1955, JASA 50:1096, for the question; Romano & Wolf 2005, JASA 100:94, for the
    bootstrap; Cochran 1977, Sampling Techniques, §9A, for taking the trainings as clusters;
    Cochran 1941, Annals of Eugenics 11:47, for the variance that is too large to be pooled.
    """
    scores, training = checked_scores(scores, bounds), np.asarray(training)
    _check_nested(training, groups)
    others = np.flatnonzero(np.arange(len(scores)) != reference)
    result = studentised(scores[others] - scores[reference], groups, resamples, seed)
    error = result.standard_error
    half_width = _critical(result.pivot, result.units) * error
    labels = np.unique(training)
    if len(labels) > 1 and len(others):
        each = np.stack(
            [
                (scores[others] - scores[reference])[:, training == label].mean(1)
                for label in labels
            ]
        )
        variance, freedom = _pooled(each.var(axis=0, ddof=1), len(labels) - 1)
        between = np.sqrt(variance / len(labels))
        error, half_width = (
            np.fmax(error, between),
            np.fmax(half_width, _student(freedom, len(others)) * between),
        )
    mean, errors, lower, upper = np.zeros((4, len(scores)))
    mean[others], errors[others] = np.round(result.mean, DECIMALS), error
    half_width = np.where((error == 0) & (mean[others] != 0), np.inf, half_width)
    lower[others], upper[others] = mean[others] - half_width, mean[others] + half_width
    if bounds is not None:
        lower, upper = (np.clip(side, *difference_bounds(bounds)) for side in (lower, upper))
    one = "one training: its variance is not in the bounds" if len(labels) == 1 else ""
    return Intervals(
        mean,
        lower,
        upper,
        errors,
        "; ".join(filter(None, (single_unit_reason(result.units), one))),
    )


def detectable_over_trainings(
    each: np.ndarray,
    half_widths: np.ndarray,
    groups: int,
    comparisons: int,
    trainings: int,
    judged: int,
) -> np.ndarray:
    """The true difference that a study of another size would show in 80 % of cases, (k,).

    Both variances are those of a finished study: between its trainings, and between its groups of
    images, which is taken from the width of its bounds and so is, if anything, too large.

    Args:
        each: (k, trainings) differences of the finished study, NaN for none; one training says
            nothing of the variance between trainings.
        half_widths: (k,) of the bounds of `differences_over_trainings`.
        groups: of images that the finished study was judged on, at least 2.
        comparisons: variations of the study that is planned.
        trainings: of each of these variations.
        judged: groups of images that they are judged on, at least 2.

    Source: Cohen 1988, Statistical Power Analysis; Student's 80 % point in place of the normal
    one, since trainings and groups are few.
    """
    rows, before = each.shape
    error = half_widths / _student(groups - 1, rows) * np.sqrt(groups / judged)
    shown = _reach(judged - 1, comparisons) * error
    if before > 1 and trainings > 1:
        variance, freedom = _pooled(each.var(axis=1, ddof=1), before - 1)
        freedom = freedom * (trainings - 1) / (before - 1)
        between = np.sqrt(variance / trainings)
        shown = np.fmax(shown, _reach(freedom, comparisons) * between)
    return shown


def _check_nested(training: np.ndarray, groups: Groups) -> None:
    groups = np.arange(len(training)) if groups is None else np.asarray(groups)
    pairs = {
        (group, number) for group, number in zip(groups.tolist(), training.tolist(), strict=True)
    }
    if len(pairs) > len(set(groups.tolist())):
        raise ValueError(
            "a group of images was predicted by two trainings; each training needs groups of its "
            "own."
        )


def _critical(pivot: np.ndarray, units: int) -> float:
    """Critical value of max |t| over the variations; NaN with a single unit or no variation."""
    if units == 1 or not pivot.shape[1]:
        return np.nan
    critical = float(np.quantile(np.abs(pivot).max(1), LEVEL))
    return (
        max(critical, float(_student(units - 1, pivot.shape[1])))
        if units < FEW_UNITS
        else critical
    )


def _pooled(variances: np.ndarray, freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """For each variation the variance between trainings and its degrees of freedom, pooled but for
    those that Cochran's test says are too large.

    Args:
        variances: (k,) of the variations.
        freedom: degrees of freedom of each.
    """
    pooled, alike = variances.copy(), np.full(len(variances), True)
    while (count := alike.sum()) > 1 and variances[alike].any():
        largest = int(np.where(alike, variances, -np.inf).argmax())
        quantile = fdtri(freedom, (count - 1) * freedom, 1 - (1 - LEVEL) / count)
        if variances[largest] / variances[alike].sum() <= 1 / (1 + (count - 1) / quantile):
            break
        alike[largest] = False
    pooled[alike] = variances[alike].mean()
    # Differences to one baseline share its trainings: their variances are correlated by a quarter.
    count = alike.sum()
    return pooled, np.where(alike, count / (1 + (count - 1) / 4), 1) * freedom


def _reach(freedom: np.ndarray | int, comparisons: int) -> np.ndarray:
    """Standard errors between zero and a difference that is shown in 80 % of cases."""
    return _student(freedom, comparisons) + stdtrit(freedom, POWER)


def _student(freedom: np.ndarray | int, comparisons: int) -> np.ndarray:
    """Bonferroni's two-sided Student quantile; NaN without a comparison."""
    return (
        -stdtrit(freedom, (1 - LEVEL) / 2 / comparisons)
        if comparisons
        else np.full_like(freedom, np.nan, float)
    )
