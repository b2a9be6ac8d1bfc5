"""What may be concluded from a comparison, in sentences filled from its numbers: those of the
terminal and of `leaderboard.md`, and those that the report tells with more around them.
"""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from common.leaderboard.standing import Standing, standing
from common.statistics import Comparison, fewest_units
from common.words import between, code, counted, listed, plural

TOO_FEW = "too few images to tell"


def conclusion(
    comparison: Comparison,
    seeds: pd.DataFrame | None = None,
    trainings: int | None = 1,
    metric: str = "Dice",
    which: str = "with objects",
    asked: Sequence[str] | None = None,
) -> str:
    """Everything below, as one paragraph.

    Args:
        comparison: of the approaches.
        seeds: what `seed_table` gives.
        trainings: of each approach that were run; None where that is not known.
        metric: what was compared.
        which: of the images were scored.
        asked: approaches that were to be trained so often; None for all.
    """
    names = comparison.names
    trained = names if asked is None else [name for name in names if name in asked]
    sentences = [
        of_rule(comparison),
        of_score(comparison, metric, which),
        of_ties(comparison, comparison.table()) if len(names) > 1 else "",
        of_schemes(comparison) if len(names) > 1 else "",
        "" if trainings is None else of_seeds(seeds, trained, trainings),
        f"There are no intervals: {comparison.reason}." if comparison.reason else "",
    ]
    return " ".join(filter(None, sentences))


def of_rule(comparison: Comparison) -> str:
    """Who was chosen, by which rule and why."""
    return (
        f"`{comparison.names[comparison.winner.index]}` is chosen by the rule "
        f"*{comparison.rule}* with a margin of {comparison.margin:g}: {comparison.winner.reason}."
    )


def of_corrupted(images: Mapping[str, Set[int]]) -> str:
    """Over which images robustness is compared, where it was not measured on the same ones for
    all; else "".

    Args:
        images: approach → images of which corrupted copies were scored.
    """
    most = max(map(len, images.values()), default=0)
    fewer = [name for name, found in images.items() if len(found) < most]
    if not fewer:
        return ""
    shared = len(set.intersection(*map(set, images.values())))
    return (
        f"Robustness is over {counted(shared, 'image')}, of which corrupted copies were scored "
        f"for each approach that has it; for all {most}, repeat "
        f"{listed(code(fewer), most=None)} with `--robustness {most}`."
    )


def of_score(comparison: Comparison, metric: str = "Dice", which: str = "with objects") -> str:
    """The winner's mean, and what it is worth after it was used to choose."""
    winner = comparison.winner.index
    images = " ".join(filter(None, [counted(comparison.images, "image"), which]))
    if comparison.units < comparison.images:
        images += f" ({counted(comparison.units, 'independent group')})"
    lower, upper = comparison.means.lower[winner], comparison.means.upper[winner]
    within = "no interval" if np.isnan(lower) else f"95 % interval {between(lower, upper)}"
    return (
        f"Its mean {metric} on {images} is **{comparison.means.mean[winner]:.3f}** "
        f"({within}){_corrected(comparison)}."
    )


def _corrected(comparison: Comparison) -> str:
    if len(comparison.names) < 2:
        return ""
    corrected = comparison.selection.corrected
    if np.isnan(corrected):
        return (
            "; it cannot be corrected for having been chosen on these images "
            f"({comparison.selection.reason})"
        )
    return f"; corrected for having been chosen on these images, {corrected:.3f}"


def of_ties(comparison: Comparison, rows: pd.DataFrame) -> str:
    """Who is worse than the best, who is equivalent to it, and who cannot be told apart from it.

    Args:
        comparison: of at least two approaches.
        rows: of these approaches, best first, with the columns of `Comparison.table()`.
    """
    found = standing(rows)
    sentences = []
    if found.worse:
        sentences.append(f"Worse than `{found.best}`: {_all(code(found.worse))}.")
    if found.equivalent:
        sentences.append(
            f"Equivalent to `{found.best}`, with a loss below {comparison.margin:g}: "
            f"{_all(code(found.equivalent))}."
        )
    if found.not_told_apart:
        sentences += _not_told_apart(comparison, rows.set_index("approach"), found)
    if not comparison.reason:
        sentences.append("These bounds hold for all pairs at once with 95 % confidence.")
    return " ".join(filter(None, sentences))


def _not_told_apart(comparison: Comparison, rows: pd.DataFrame, found: Standing) -> list[str]:
    """Of whom nothing is shown, how far off they may be, and what these images could show."""
    if comparison.too_few:
        unit = _unit(comparison)
        return [
            f"{TOO_FEW.capitalize()} {_all(code(found.not_told_apart))} from the best: with "
            f"{len(found.names)} approaches it takes {fewest_units(len(found.names))} {unit}s to "
            f"show even a difference that is the same on every {unit}, and there "
            f"{plural('is', comparison.units, 'are')} {comparison.units}."
        ]
    names = [f"`{name}`{_may_be(rows.loc[name])}" for name in found.not_told_apart]
    return [
        f"Not told apart from `{found.best}`: {_all(names)}. That does not mean that they are as "
        "good.",
        _worse_as_pair(comparison, rows, found.worse_as_pair),
        _detectable(comparison, found.not_told_apart),
    ]


def _may_be(row: pd.Series) -> str:
    if pd.isna(row["simultaneous_lower"]):
        known = pd.notna(row["difference"])
        return f" ({row['difference']:+.3f}, without bounds)" if known else ""
    bounds = between(row["simultaneous_lower"], row["simultaneous_upper"], sign="+")
    return f" ({row['difference']:+.3f}; anything from {bounds} is possible)"


def _worse_as_pair(comparison: Comparison, rows: pd.DataFrame, names: Sequence[str]) -> str:
    if not names:
        return ""
    lower, upper = rows["difference_lower"], rows["difference_upper"]
    bounds = [f"`{name}` ({between(lower[name], upper[name], sign='+')})" for name in names]
    unit = _unit(comparison)
    return (
        f"Compared with the best alone, {_all(bounds)} {plural('is', len(names), 'are')} worse, "
        f"but not when all pairs must hold at once: {plural('its', len(names), 'their')} scores "
        f"vary too much from {unit} to {unit}."
    )


def _detectable(comparison: Comparison, names: Sequence[str]) -> str:
    """The true differences that as many images would mostly show."""
    least = dict(zip(comparison.names, comparison.minimum_detectable, strict=True))
    known = [f"{least[name]:.3f} to `{name}`" for name in names if least[name] > 0]
    if not known:
        return ""
    return (
        f"{counted(comparison.units, _unit(comparison))} like these show a true difference of "
        f"{_all(known)} in 80 % of trials, and mostly miss smaller ones."
    )


def of_schemes(comparison: Comparison) -> str:
    """Whether other ways to rank give the same ranking."""
    schemes = comparison.schemes
    ways = listed(["mean", "mean rank", "outline (`nsd_2px`)"][: len(schemes.rankings)])
    return (
        f"Of {len(schemes.rankings)} ways to rank (by {ways}), {schemes.same_order} "
        f"{plural('gives', schemes.same_order, 'give')} this order and {schemes.same_first} "
        f"{plural('puts', schemes.same_first, 'put')} the same approach first."
    )


def of_seeds(seeds: pd.DataFrame | None, names: Sequence[str], trainings: int) -> str:
    """What other trainings of the same approaches gave.

    Args:
        seeds: columns `approach`, `dice_over_seeds` with its bounds, `seed_sd` and `image_sd` of
            the approaches that were completed with every seed.
        names: of the approaches with a result that were to be trained so often.
        trainings: of each that were run.
    """
    if trainings == 1:
        return (
            "Each approach was trained once, so how much another training would differ was not "
            "measured; `--seeds 3` measures it."
        )
    if seeds is None or seeds.empty:
        return (
            f"No approach was completed in all {trainings} trainings, so how much they differ was "
            "not measured."
        )
    each = [
        f"`{row.approach}` {row.dice_over_seeds:.3f} "
        f"({between(row.dice_over_seeds_lower, row.dice_over_seeds_upper)}; "
        f"{row.seed_sd:.4f} and {row.image_sd:.3f})"
        for row in seeds.itertuples()
    ]
    lacking = [name for name in names if name not in set(seeds["approach"])]
    return (
        f"Mean Dice over {trainings} trainings, with its interval over trainings and images and "
        f"the standard deviations between trainings and between images: {_all(each)}. The winner "
        "was chosen by the first training alone."
        + (f" Not completed in every training: {_all(code(lacking))}." if lacking else "")
    )


def _unit(comparison: Comparison) -> str:
    """What is independent of each other."""
    return "group" if comparison.units < comparison.images else "image"


def _all(words: Sequence[str]) -> str:
    return listed(words, most=None)
