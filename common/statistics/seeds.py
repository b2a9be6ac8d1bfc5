"""Variation between trainings of one approach, next to the variation between images.

An interval over images alone says nothing about another training run. With several seeds scored on
the same images both sources can be told apart; with one seed the training variation is unknown,
and this file says so, not zero.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from common.statistics.intervals import LEVEL, single_unit_reason
from common.statistics.resampling import Groups, checked_scores, standard_errors, studentised


@dataclass(frozen=True)
class VarianceComponents:
    """Mean over seeds and images, its 95 % interval, and the variances it is made of; NaN has a
    `reason`.

    `rest_variance` is what is left for one seed on one image: their interaction.
    """

    mean: float
    lower: float
    upper: float
    seed_variance: float
    image_variance: float
    rest_variance: float
    reason: str = ""


def variance_components(
    scores_by_seed: np.ndarray,
    groups: Groups = None,
    resamples: int = 2000,
    seed: int = 0,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> VarianceComponents:
    """Split the variation of one approach into seeds and images, and give an interval of the mean
    over both.

    Args:
        scores_by_seed: (seeds, images) float, complete, the same images for every seed.
        groups: (images,) labels; whole groups are resampled.
        resamples: how many resamples.
        seed: of the resamples.
        bounds: range of the metric, None for one without limits.

    Variances come from the two-way analysis of variance (negative estimates become 0); that of the
    seeds from the means of the groups where there are any, because what one training does to a
    group it does to all its images. For the interval seeds and images are resampled independently,
    the deviations of each widened by sqrt(m / (m - 1)), and the percentile interval widened from
    the normal to Student's quantile at Satterthwaite's degrees of freedom: three seeds are few.
    With one seed the interval is over images alone.

    Raises:
        ValueError: a score is missing or outside `bounds`, or the labels do not fit.

    Source: Searle, Casella & McCulloch 1992, Variance Components; Owen 2007, Annals of Applied
    Statistics 1:386 (resampling rows and columns); Hesterberg 2015, The American Statistician
    69:371 (expanded percentiles).
    """
    scores = checked_scores(scores_by_seed, bounds)
    by_seed, by_image = scores.mean(1), scores.mean(0)
    images = studentised(by_image[None], groups, resamples, seed)
    lower = upper = np.nan
    if images.units > 1:
        shift = images.shift[:, 0] * np.sqrt(images.units / (images.units - 1))
        squares, freedom = [images.standard_error[0] ** 2], [images.units - 1]
        if len(scores) > 1:
            seeds = studentised(by_seed[None], None, resamples, seed + 1)
            shift = shift + seeds.shift[:, 0] * np.sqrt(len(scores) / (len(scores) - 1))
            squares.append(standard_errors(by_seed[None])[0] ** 2)
            freedom.append(len(scores) - 1)
        lower, upper = scores.mean() + _expansion(squares, freedom) * np.quantile(
            shift, [1 - LEVEL, 1 + LEVEL] / np.array(2)
        )
        if bounds is not None:
            lower, upper = np.clip([lower, upper], *bounds)
    reasons = ["one seed: training variance not measured"] * (len(scores) == 1) + [
        single_unit_reason(images.units)
    ]
    of_seeds, of_images, rest = _two_way(scores)
    if groups is not None:
        of_seeds = _two_way(pd.DataFrame(scores.T).groupby(list(groups)).mean().to_numpy().T)[0]
    return VarianceComponents(
        float(scores.mean()),
        float(lower),
        float(upper),
        of_seeds,
        of_images,
        rest,
        "; ".join(filter(None, reasons)),
    )


def _expansion(squares: list[float], freedom: list[int]) -> float:
    """Student's quantile over the normal one, at Satterthwaite's degrees of freedom of a sum of
    squared errors.
    """
    if sum(squares) == 0:
        return 1.0
    pooled = sum(squares) ** 2 / sum(
        square**2 / df for square, df in zip(squares, freedom, strict=True)
    )
    return float(stdtrit(pooled, (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2))


def _two_way(scores: np.ndarray) -> tuple[float, float, float]:
    """Variances of seeds, images and the rest, by the expected mean squares of a table with one
    value in each cell.
    """
    s, n = scores.shape
    by_seed, by_image = scores.mean(1, keepdims=True), scores.mean(0, keepdims=True)
    if s == 1 or n == 1:
        return np.nan, float(by_image.var(ddof=1)) if n > 1 else np.nan, np.nan
    rest = float(
        np.square(scores - by_seed - by_image + scores.mean()).sum() / ((s - 1) * (n - 1))
    )
    return (
        max(float(by_seed.var(ddof=1)) - rest / n, 0.0),
        max(float(by_image.var(ddof=1)) - rest / s, 0.0),
        rest,
    )
