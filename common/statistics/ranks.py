"""How far the ranking itself can be trusted: under other images, and under other ways to rank.

Small differences turn rankings over; the table therefore shows where each approach ranks in
resamples of the images, and whether another order of ranking and averaging, or another metric,
tells the same story. Nothing is tested here.
"""

from dataclasses import dataclass

import numpy as np

from common.statistics.intervals import LEVEL, single_unit_reason
from common.statistics.resampling import (
    DECIMALS,
    Groups,
    checked_scores,
    resampled_means,
    unit_of_image,
)


@dataclass(frozen=True, eq=False)
class RankStability:
    """Ranks from 1 (highest mean), ties sharing their mean rank; all (k,) but `kendall_tau`.

    `p_first` is the share of resamples in which the approach ranks first, ties split evenly. NaN
    has a `reason`.
    """

    rank: np.ndarray
    mean_rank: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_first: np.ndarray
    kendall_tau: float
    reason: str = ""


@dataclass(frozen=True, eq=False)
class RankingSchemes:
    """Ranks under each scheme, and how many schemes agree with the first one (which counts
    itself).
    """

    rankings: dict[str, np.ndarray]
    kendall_tau: dict[str, float]
    same_order: int
    same_first: int


def rank_stability(
    scores: np.ndarray, groups: Groups = None, resamples: int = 2000, seed: int = 0
) -> RankStability:
    """Rank the approaches by their mean in every resample.

    Arguments as in `mean_intervals`. `kendall_tau` is the mean over resamples of tau-b to the
    ranking of all images, NaN with one approach or when all are equal. The 95 % rank interval
    consists of ranks that occurred.

    Source: Wiesenfarth et al. 2021, Scientific Reports 11:2369 (challengeR).
    """
    scores = checked_scores(scores)
    rank = _ranks(scores.mean(1))
    reason = single_unit_reason(int(unit_of_image(scores.shape[1], groups).max()) + 1)
    if reason:
        unknown = np.full(len(scores), np.nan)
        return RankStability(rank, unknown, unknown, unknown, unknown, np.nan, reason)
    means = resampled_means(scores, groups, resamples, seed)
    ranks = _ranks(means)  # (B, k)
    first = means == means.max(1, keepdims=True)
    lower, upper = np.quantile(
        ranks, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="inverted_cdf"
    )
    taus = kendall_taus(ranks, rank)
    return RankStability(
        rank=rank,
        mean_rank=ranks.mean(0),
        lower=lower,
        upper=upper,
        p_first=(first / first.sum(1, keepdims=True)).mean(0),
        kendall_tau=float(np.nanmean(taus)) if np.isfinite(taus).any() else np.nan,
    )


def ranking_schemes(scores: np.ndarray, second_scores: np.ndarray | None = None) -> RankingSchemes:
    """Compare the ranking under mean-then-rank, rank-then-mean and, if given, a second metric
    (mean-then-rank).

    Args:
        scores: (k, n) float, higher is better.
        second_scores: (k, m) float of the same approaches, e.g. the boundary score, higher is
            better.

    Raises:
        ValueError: a score is missing, or the two arrays have different numbers of approaches.

    Source: Maier-Hein et al. 2018, Nature Communications 9:5217.
    """
    scores = checked_scores(scores)
    rankings = {
        "mean then rank": _ranks(scores.mean(1)),
        "rank then mean": _ranks(-_ranks(scores.T).mean(0)),
    }
    if second_scores is not None:
        second_scores = checked_scores(second_scores)
        if len(second_scores) != len(scores):
            raise ValueError(
                f"second_scores has {len(second_scores)} approaches, scores {len(scores)}; "
                "expected as many."
            )
        rankings["second metric"] = _ranks(second_scores.mean(1))
    main = rankings["mean then rank"]
    return RankingSchemes(
        rankings=rankings,
        kendall_tau={
            name: float(kendall_taus(ranks[None], main)[0]) for name, ranks in rankings.items()
        },
        same_order=sum(np.array_equal(ranks, main) for ranks in rankings.values()),
        same_first=sum(
            np.array_equal(ranks == ranks.min(), main == main.min()) for ranks in rankings.values()
        ),
    )


def kendall_taus(ranks: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of each row of `ranks` (B, k) to `reference` (k,), (B,); NaN where one of
    them is all ties.

    The same number as `scipy.stats.kendalltau`, for all rows at once.
    """
    first, second = np.triu_indices(len(reference), 1)
    signs = np.sign(ranks[:, first] - ranks[:, second])
    expected = np.sign(reference[first] - reference[second])
    scale = np.sqrt(np.abs(signs).sum(1) * np.abs(expected).sum())
    return np.divide(signs @ expected, scale, out=np.full(len(ranks), np.nan), where=scale > 0)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, 1 for the highest, ties sharing their mean rank."""
    rounded = np.round(values, DECIMALS)
    here, others = rounded[..., :, None], rounded[..., None, :]
    ranks: np.ndarray = (others > here).sum(-1) + ((others == here).sum(-1) + 1) / 2
    return ranks
