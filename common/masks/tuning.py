"""The post-processing of an approach, chosen once on *tune*: the threshold from its curve, and
further steps only where their gain is shown.

A step that is chosen and judged on the same images always seems to help. So each is cross-fitted:
what it is set to is chosen on some groups of images, and what it gains is measured on the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import cv2
import numpy as np

from common.masks.postprocess import Postprocess, ThresholdCurve, threshold_curve
from common.metrics import count_pixels, dice
from common.statistics import paired_differences

Maps = Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]
FOLDS = 5
# Shares of the way from the threshold to 1, and from 0 to it.
SEED_SHARES, LOWER_SHARES = (0.25, 0.5, 0.75, 0.9), (0.5, 0.75)
# Shares of the area of a small object. No more than a quarter: one of half the length, as a photo
# from twice as far away shows it, must not be dropped because *tune* has none. A share of the
# image's largest object would gain more on images of one object each, but a large false one beside
# small true ones then drops them all.
HOLE_SHARES, AREA_SHARES = (0.05, 0.2, 0.5), (0.02, 0.05, 0.1, 0.25)
SMALL = 0.05  # the quantile of the areas that is called small


@dataclass(frozen=True)
class StepReport:
    """What one step would give; `gain` is of mean Dice, cross-fitted, with its 95 % interval over
    groups.

    With a single group nothing can be cross-fitted, and the three are None.
    """

    step: str
    setting: Mapping[str, int | float]
    gain: float | None
    lower: float | None
    upper: float | None
    kept: bool


@dataclass(frozen=True)
class FieldChoice:
    """What was chosen on photos of the field beside *tune*, see `common.masks.field_tuning`.

    Attributes:
        keys: field set → digest of its images and annotations.
        scores: Dice and object F1 on *tune* and on the field, at what was chosen; None where there
            is nothing to measure.
        threshold_of_tune: that *tune* alone would have chosen.
        scores_of_tune: the same numbers at that threshold.
    """

    keys: Mapping[str, str]
    scores: Mapping[str, float | None]
    threshold_of_tune: float
    scores_of_tune: Mapping[str, float | None]


@dataclass(frozen=True)
class Tuning:
    """What was chosen on *tune*, the curve it began with, and what every step would have given.

    Attributes:
        postprocess: what makes a mask of the probabilities.
        thresholds: of the curve.
        dice_mean: on *tune* at each of them.
        steps: what each further step would have given.
        cross_fitted: image id → threshold that other groups choose, where *tune* is scored too.
        on_field: what photos of the field had to do with it; None where there are none.
        curves: image id → Dice at each of the thresholds, where *tune* is scored too.
    """

    postprocess: Postprocess
    thresholds: tuple[float, ...] = ()
    dice_mean: tuple[float, ...] = ()
    steps: tuple[StepReport, ...] = ()
    cross_fitted: Mapping[int, float] = field(default_factory=dict)
    on_field: FieldChoice | None = None
    curves: Mapping[int, tuple[float, ...]] = field(default_factory=dict)


def tune_postprocess(maps: Callable[[], Maps], groups: Sequence[object] | None = None) -> Tuning:
    """Choose threshold and further steps.

    Args:
        maps: gives, each time it is called, (levels (H, W) uint8, mask (H, W) bool, ignore (H, W)
            bool) of every image of *tune* in the same order. Images without an object are left
            out, as in the mean that is maximised.
        groups: a label of each image; whole groups are held out and resampled. None: each image by
            itself.

    Returns:
        The threshold in the middle of its plateau, then hysteresis, filled holes and a least area,
        in this order, each where the lower bound of its cross-fitted gain is above zero.

    Raises:
        ValueError: no image has an object.
    """
    curve = threshold_curve(maps())
    # of the objects of each image
    areas = [_areas_of(mask & ~ignore) for _, mask, ignore in maps()]
    labels = list(range(len(areas))) if groups is None else list(groups)
    labels = [label for label, has_object in zip(labels, areas, strict=True) if has_object]
    chosen = Postprocess(curve.choose(labels))
    area = float(np.quantile(np.concatenate(areas), SMALL))
    reports = []
    for step, candidates in further_steps():
        options = candidates(chosen, area)
        scores = _dice_of([chosen, *options], maps())  # (1 + n_options, n_images)
        best = options[int(scores[1:].mean(1).argmax())]
        report = _judged(step, changed_settings(chosen, best), scores, labels)
        reports.append(report)
        if report.kept:
            chosen = best
    return Tuning(
        chosen,
        tuple(curve.thresholds.tolist()),
        tuple(curve.mean().tolist()),
        tuple(reports),
    )


def further_steps() -> tuple[tuple[str, Callable[[Postprocess, float], list[Postprocess]]], ...]:
    """The steps beyond the threshold in their order, each with what makes its options of what was
    chosen before and the area of a small object.
    """
    return ("hysteresis", _seeds), ("fill holes", _holes), ("least area", _areas)


def small_area(masks: Iterable[np.ndarray]) -> float:
    """The area in pixels of a small object among those of masks (H, W) bool."""
    areas = [area for mask in masks for area in _areas_of(mask)]
    return float(np.quantile(areas, SMALL))


def cross_fitted_thresholds(curve: ThresholdCurve, groups: Sequence[object]) -> np.ndarray:
    """For each image of a curve the threshold that the other groups choose, (n_images,) float.

    Args:
        curve: of the images with objects.
        groups: (n_images,) a label of each image; with a single group its own choice is all there
            is.
    """
    labels = np.asarray(groups)
    thresholds = np.full(len(curve.dice), curve.choose(labels))
    for others, held_out in _folds(groups):
        thresholds[held_out] = ThresholdCurve(curve.thresholds, curve.dice[others]).choose(
            labels[others]
        )
    return thresholds


def _folds(groups: Sequence[object]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Index pairs (others, held out) that never divide a group; none for a single group."""
    from sklearn.model_selection import GroupKFold  # takes a second to import

    count = min(FOLDS, len(set(groups)))
    return list(GroupKFold(count).split(np.zeros(len(groups)), groups=groups)) if count > 1 else []


def _areas_of(objects: np.ndarray) -> list[int]:
    """Pixels of each 8-connected object of a mask (H, W) bool."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(objects.astype(np.uint8), connectivity=8)
    return stats[1:, cv2.CC_STAT_AREA].tolist()


def _seeds(chosen: Postprocess, area: float) -> list[Postprocess]:
    low = chosen.threshold
    pairs = [(low, low + share * (1 - low)) for share in SEED_SHARES] + [
        (share * low, low) for share in LOWER_SHARES
    ]
    return [replace(chosen, threshold=round(low, 4), seed=round(high, 4)) for low, high in pairs]


def _holes(chosen: Postprocess, area: float) -> list[Postprocess]:
    return [replace(chosen, fill_holes_px=max(1, round(share * area))) for share in HOLE_SHARES]


def _areas(chosen: Postprocess, area: float) -> list[Postprocess]:
    return [replace(chosen, min_area_px=max(2, round(share * area))) for share in AREA_SHARES]


def _dice_of(options: Sequence[Postprocess], maps: Maps) -> np.ndarray:
    """Dice of each option on each image with an object, (n_options, n_images)."""
    columns = []
    for levels, mask, ignore in maps:
        if (mask & ~ignore).any():
            counts = [count_pixels(option.apply(levels), mask, ignore) for option in options]
            columns.append([dice(count.tp, count.fp, count.fn) for count in counts])
    return np.array(columns).T


def changed_settings(before: Postprocess, after: Postprocess) -> dict[str, float]:
    """The settings that a step changes, with their new values."""
    old, new = asdict(before), asdict(after)
    return {name: value for name, value in new.items() if value != old[name]}


def _judged(
    step: str, setting: dict[str, float], scores: np.ndarray, groups: Sequence[object]
) -> StepReport:
    """What the step gains where it was not chosen.

    Args:
        step: its name.
        setting: Mapping[str, int | float]
        scores: (1 + n_options, n_images) Dice, first without the step.
        groups: (n_images,) a label of each image.
    """
    folds = _folds(groups)
    if not folds:
        return StepReport(step, setting, None, None, None, False)
    fitted = np.empty(scores.shape[1])
    for others, held_out in folds:
        fitted[held_out] = scores[1 + int(scores[1:, others].mean(1).argmax()), held_out]
    gain = paired_differences(np.stack([scores[0], fitted]), 0, groups=groups)
    lower, upper = float(gain.lower[1]), float(gain.upper[1])
    return StepReport(step, setting, float(gain.mean[1]), lower, upper, lower > 0)
