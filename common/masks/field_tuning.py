"""Post-processing that is chosen on *tune* and on photos of the field together: by mean Dice and
by object F1 on both. A threshold that suits composites says nothing of what a model invents on the
street.

The criterion is the mean of four numbers, each in [0, 1]: mean Dice and object F1 on *tune*, and
the same on all field photos together; what cannot be measured is left out. Field photos without a
single object have no F1: the share of them on which nothing is invented takes its place. Further
steps are kept only where their cross-fitted gain has an interval above zero. Unlike in
`common.masks.tuning` it is that of percentiles, since the criterion is no mean of images, and it
is a little too narrow where there are few groups.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from common.data import DataSet
from common.data.named_sets import NamedSet, Photo, objects_of
from common.masks.found_objects import score_photo
from common.masks.postprocess import Postprocess, threshold_curve
from common.masks.tuning import (
    FOLDS,
    FieldChoice,
    StepReport,
    Tuning,
    changed_settings,
    further_steps,
    small_area,
)
from common.scale import ImageSizes
from common.statistics import resample_weights

THRESHOLDS = tuple(round(0.1 + 0.05 * step, 2) for step in range(17))
RESAMPLES = 1000
Predict = Callable[[np.ndarray], np.ndarray]  # an image to its quantised map (H, W) uint8


@dataclass(frozen=True, eq=False)
class Judged:
    """What options give on each photo, *tune* first and the field after it.

    Attributes:
        dice: (n_options, n_photos), NaN where there is none.
        found: (n_options, n_photos) objects.
        invented: (n_options, n_photos) pieces.
        objects: (n_photos,) of them.
        is_field: (n_photos,) bool.
        groups: (n_photos,) labels; none is in both parts.
    """

    dice: np.ndarray
    found: np.ndarray
    invented: np.ndarray
    objects: np.ndarray
    is_field: np.ndarray
    groups: np.ndarray

    def measures(self, weights: np.ndarray) -> np.ndarray:
        """Dice and F1 of *tune* and of the field, (4, B, n_options).

        Args:
            weights: (B, n_photos), how often each photo counts.
        """
        parts = (weights * ~self.is_field, weights * self.is_field)
        found = []
        for part in parts:
            drawn = np.isfinite(self.dice[0]).astype(float)
            found.append(_ratio(part @ np.nan_to_num(self.dice).T, (part @ drawn)[:, None]))
            objects = (part @ self.objects)[:, None]
            hits, pieces = part @ self.found.T, part @ self.invented.T
            f1 = _ratio(2 * hits, objects + hits + pieces)
            clean = _ratio(part @ (self.invented == 0).T, part.sum(1)[:, None])
            found.append(np.where(objects > 0, f1, clean))
        return np.stack(found)

    def criterion(self, weights: np.ndarray) -> np.ndarray:
        """The mean of what can be measured, (B, n_options)."""
        measures = self.measures(weights)
        known = np.isfinite(measures)
        return np.nan_to_num(measures).sum(0) / np.maximum(known.sum(0), 1)

    def of_all(self) -> np.ndarray:
        """The criterion over all photos, (n_options,)."""
        return self.criterion(np.ones((1, len(self.objects))))[0]

    def resampled(self) -> np.ndarray:
        """Weights (B, n_photos) that draw whole groups, of *tune* and of the field by
        themselves.
        """
        weights = np.zeros((RESAMPLES, len(self.objects)))
        for seed, part in enumerate((~self.is_field, self.is_field)):
            labels = self.groups[part].tolist()
            weights[:, part] = resample_weights(len(labels), labels, RESAMPLES, seed)
        return weights

    def fitted(self) -> "Judged | None":
        """A single option: on each fold of groups that which the other folds choose. None where a
        part has a single group.
        """
        folds = [
            _folds(self.groups[part], np.flatnonzero(part))
            for part in (~self.is_field, self.is_field)
        ]
        if not all(folds):
            return None
        best = np.zeros(len(self.objects), int)
        for held_out in map(np.concatenate, zip(*folds, strict=True)):
            others = np.ones((1, len(self.objects)))
            others[0, held_out] = 0
            best[held_out] = int(self.criterion(others)[0].argmax())
        places = np.arange(len(best))
        return replace(
            self,
            dice=self.dice[best, places][None],
            found=self.found[best, places][None],
            invented=self.invented[best, places][None],
        )


def best_on_field(
    predict: Predict, tune: DataSet, fields: Sequence[NamedSet], sizes: ImageSizes | None
) -> float:
    """The criterion at the best of a few thresholds, in [0, 1]: by it, what predicts differently
    can be compared.

    Args:
        predict: an image to its quantised map.
        tune: labelled images.
        fields: photos of other origin that may be chosen on.
        sizes: of the images that the model was fitted to.
    """
    options = [Postprocess(each) for each in THRESHOLDS[1::3]]
    return float(_judged(options, predict, tune, fields, sizes).of_all().max())


def tune_on_field(
    predict: Predict, tune: DataSet, fields: Sequence[NamedSet], sizes: ImageSizes | None
) -> Tuning:
    """Choose threshold and further steps on *tune* and the field.

    Args:
        predict: gives the same quantised map each time it is called with an image.
        tune: labelled images, at least one with an object.
        fields: photos of other origin that may be chosen on.
        sizes: of the images that the model was fitted to.

    Raises:
        ValueError: no image of *tune* has an object.
    """

    def judged(options: Sequence[Postprocess]) -> Judged:
        return _judged(options, predict, tune, fields, sizes)

    def maps() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        return ((predict(one.image), one.mask, one.ignore) for one in tune)

    curve = threshold_curve(maps())
    chosen = Postprocess(_middle(judged([Postprocess(each) for each in THRESHOLDS])))
    area, reports = small_area(one.mask & ~one.ignore for one in tune), []
    for step, candidates in further_steps():
        options = candidates(chosen, area)
        scores = judged([chosen, *options])
        best = options[int(scores.of_all()[1:].argmax())]
        report = _reported(step, changed_settings(chosen, best), scores)
        reports.append(report)
        chosen = best if report.kept else chosen
    alone = Postprocess(curve.choose(_groups_with_objects(tune)))
    choice = FieldChoice(
        {one.name: one.key for one in fields},
        _named(judged([chosen])),
        alone.threshold,
        _named(judged([alone])),
    )
    thresholds, dice = tuple(curve.thresholds.tolist()), tuple(curve.mean().tolist())
    return Tuning(chosen, thresholds, dice, tuple(reports), on_field=choice)


def _judged(
    options: Sequence[Postprocess],
    predict: Predict,
    tune: DataSet,
    fields: Sequence[NamedSet],
    sizes: ImageSizes | None,
) -> Judged:
    """Every option on every photo."""
    in_field, groups, objects, counts = [], [], [], []
    for is_field, photo in _photos(tune, fields):
        levels, shape = predict(photo.sample.image), photo.sample.image.shape
        scaled = [one.for_photo(shape, sizes) for one in options]
        scores = [score_photo(photo, levels, one, apart=True) for one in scaled]
        counts.append([[one.dice, one.found, one.invented] for one in scores])
        in_field.append(is_field)
        objects.append(scores[0].objects)
        groups.append(f"{is_field}:{photo.group}")
    dice, found, invented = np.array(counts, float).transpose(2, 1, 0)
    return Judged(dice, found, invented, np.array(objects), np.array(in_field), np.array(groups))


def _photos(tune: DataSet, fields: Sequence[NamedSet]) -> Iterator[tuple[bool, Photo]]:
    """All photos, *tune* first, and whether they are of the field."""
    for entry, sample in zip(tune.entries, tune, strict=True):
        yield False, Photo(sample, tune.groups[entry.image_id], objects_of(entry))
    for one in fields:
        for photo in one:
            yield True, replace(photo, group=f"{one.name}:{photo.group}")


def _groups_with_objects(tune: DataSet) -> list[str]:
    return [tune.groups[one.image_id] for one in tune if (one.mask & ~one.ignore).any()]


def _middle(scores: Judged) -> float:
    """The middle of the run of neighbouring thresholds around the best whose loss to it is within
    the standard error of that loss.
    """
    mean = scores.of_all()
    best = int(mean.argmax())
    resampled = scores.criterion(scores.resampled())
    error = (resampled[:, [best]] - resampled).std(axis=0)
    level = mean[best] - mean <= error
    low = high = best
    while low > 0 and level[low - 1]:
        low -= 1
    while high + 1 < len(mean) and level[high + 1]:
        high += 1
    return THRESHOLDS[(low + high) // 2]


def _reported(step: str, setting: Mapping[str, int | float], scores: Judged) -> StepReport:
    """What the best of several options gains over the first where it was not chosen."""
    options = replace(
        scores, dice=scores.dice[1:], found=scores.found[1:], invented=scores.invented[1:]
    )
    fitted = options.fitted()
    if fitted is None:
        return StepReport(step, setting, None, None, None, False)
    gain = float(fitted.of_all()[0] - scores.of_all()[0])
    weights = scores.resampled()
    gains = fitted.criterion(weights)[:, 0] - scores.criterion(weights)[:, 0]
    lower, upper = np.quantile(gains, [0.025, 0.975]).tolist()
    return StepReport(step, setting, gain, lower, upper, lower > 0)


def _named(scores: Judged) -> dict[str, float | None]:
    """The four numbers of a single option."""
    values = scores.measures(np.ones((1, len(scores.objects))))[:, 0, 0].tolist()
    names = ("tune_dice", "tune_object_f1", "field_dice", "field_object_f1")
    return {
        name: value if np.isfinite(value) else None
        for name, value in zip(names, values, strict=True)
    }


def _folds(groups: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """The places of each fold of whole groups; none for a single group. There are as many folds
    for every part, so that one of each is held out together.
    """
    count = len(set(groups.tolist()))
    if count < 2:
        return []
    from sklearn.model_selection import GroupKFold  # takes a second to import

    parts = list(GroupKFold(min(FOLDS, count)).split(places, groups=groups))
    held_out = [places[part] for _, part in parts]
    return held_out + [places[:0]] * (FOLDS - len(held_out))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    nothing = np.full(shape, np.nan)
    return np.divide(numerator, denominator, out=nothing, where=denominator > 0)
