"""Regions that a model finds, held against the objects that are there: which of them find one,
which are invented, from which vote on a region should be kept, and at which scales to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np

from approaches.network.paste import paste_from
from approaches.regions.features import Regions
from common.data import DataSet
from common.data.named_sets import NamedSet, Photo, TrueObject, objects_of
from common.masks.field_tuning import Judged
from common.masks.found_objects import ON_OBJECT_SHARE, is_found
from common.masks.objects import predicted_objects
from common.masks.postprocess import LEVELS
from common.words import listed

PASTED = 3  # objects on a photo
IGNORED = 2  # of a target: neither object nor ground
CUTS = tuple(round(0.1 * step, 1) for step in range(1, 10))


@dataclass(frozen=True, eq=False)
class PhotoRegions:
    """The regions of one photo.

    Attributes:
        digest: of the image at the scale at which it is predicted.
        group: of photos that are not independent.
        regions: that the model finds.
        is_object: (n,) int, 1 where a region finds an object, 0 where it is invented, else -1.
        found: for each object that is found, by which region, from 0.
        objects: how many there are.
        is_field: the photo is one of the field.
    """

    digest: str
    group: str
    regions: Regions
    is_object: np.ndarray
    found: tuple[int, ...]
    objects: int
    is_field: bool


@dataclass(frozen=True, eq=False)
class Place:
    """A photo of a set, decoded when its turn comes.

    Attributes:
        images: the set.
        index: of the photo in it.
    """

    images: DataSet | NamedSet
    index: int

    @property
    def is_field(self) -> bool:
        """Whether the photo is one of the field."""
        return isinstance(self.images, NamedSet)

    def photo(self) -> Photo:
        """The photo with its objects, its group named after its set."""
        if isinstance(self.images, NamedSet):
            found = self.images[self.index]
            return replace(found, group=f"{self.images.name}: {found.group}")
        entry = self.images.entries[self.index]
        group = self.images.groups[entry.image_id]
        return Photo(self.images[self.index], group, objects_of(entry))


@dataclass(frozen=True, eq=False)
class PastedPlace:
    """A photo without objects that gets some of other images, the same each time.

    Attributes:
        ground: the photo.
        images: whose objects are pasted.
    """

    ground: Place
    images: DataSet

    @property
    def is_field(self) -> bool:
        """Whether the photo is one of the field."""
        return self.ground.is_field

    def photo(self) -> Photo:
        """The photo with what was pasted onto it; what touches counts as one object."""
        photo, random = self.ground.photo(), np.random.default_rng(self.ground.index)
        image, target = photo.sample.image, photo.sample.ignore * np.uint8(IGNORED)
        for index in random.integers(len(self.images), size=PASTED).tolist():
            image, target = paste_from(self.images[index], image, target, random)
        mask = target == 1
        objects = predicted_objects(mask, mask * np.uint8(LEVELS))
        true = tuple(TrueObject(one.top_px, one.left_px, one.window) for one in objects)
        return Photo(replace(photo.sample, image=image, mask=mask), photo.group, true)


AnyPlace: TypeAlias = Place | PastedPlace


def best_cut(judged: Sequence[PhotoRegions], votes: Sequence[np.ndarray]) -> tuple[float, float]:
    """The vote from which a region is kept, and its object F1: with photos of the field the mean
    of theirs and that of the others, however many there are of each.
    """
    found, invented = np.zeros((2, len(CUTS), len(judged)))
    for place, (one, vote) in enumerate(zip(judged, votes, strict=True)):
        for row, cut in enumerate(CUTS):
            found[row, place] = sum(vote[region] >= cut for region in one.found)
            invented[row, place] = (vote[one.is_object == 0] >= cut).sum()
    scores = Judged(
        dice=np.full(found.shape, np.nan),  # no masks are compared here
        found=found,
        invented=invented,
        objects=np.array([one.objects for one in judged]),
        is_field=np.array([one.is_field for one in judged]),
        groups=np.array([one.group for one in judged]),
    ).of_all()
    best = float(scores.max())
    cuts = [cut for cut, score in zip(CUTS, scores, strict=True) if score == best]
    return cuts[len(cuts) // 2], best


@dataclass(frozen=True)
class Look:
    """How a model looks at a photo.

    Attributes:
        scales: times the scale of training; the highest probability counts.
        views: flips and quarter turns at each of them, from `D4_VIEWS`, whose mean counts.
    """

    scales: tuple[float, ...] = (1.0,)
    views: int = 1

    @property
    def pixels(self) -> float:
        """What is predicted, in photos at the scale of training."""
        return self.views * sum(scale**2 for scale in self.scales)

    def __str__(self) -> str:
        said = f"{listed([f'{scale:g}' for scale in self.scales])} times the scale of training"
        return said + (f" in {self.views} views" if self.views > 1 else "")


def cheapest(tried: Mapping[Look, float], least_gain: float) -> Look:
    """The look with the fewest pixels of those that lose at most a gain to the best.

    Examples:
        >>> tried = {Look((1.0,)): 0.70, Look((0.5, 1.4)): 0.805, Look((0.7, 2.0)): 0.81}
        >>> str(cheapest(tried, 0.01))
        '0.5 and 1.4 times the scale of training'
        >>> str(cheapest({**tried, Look((0.5, 1.4), 2): 0.83}, 0.01))
        '0.5 and 1.4 times the scale of training in 2 views'
    """
    good = [look for look, score in tried.items() if score >= max(tried.values()) - least_gain]
    return min(good, key=lambda look: look.pixels)


def compared(
    regions: Regions, objects: Sequence[TrueObject], ignore: np.ndarray
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Which regions find an object, and which objects are found, by the rules of
    `common.masks.found_objects`.

    Args:
        regions: of a photo.
        objects: of the photo.
        ignore: (H, W) bool, where nothing is known of objects; taken out of both.

    Returns:
        (n,) int, 1 for a region that finds an object, 0 for one of which less than a tenth lies on
        objects, -1 for any other, and for one that is ignored for the most part; and for each
        object that is found, by which region.
    """
    whole = np.bincount(regions.labels.ravel(), minlength=len(regions) + 1)[1:]
    labels = np.where(ignore, 0, regions.labels)
    area = np.bincount(labels.ravel(), minlength=len(regions) + 1)[1:]
    met, found = np.zeros(len(regions)), list[int]()
    for one in objects:
        part = labels[one.place]
        window = one.window[: part.shape[0], : part.shape[1]] & ~ignore[one.place]
        finding: list[int] = []
        for region in np.unique(part[window & (part > 0)]) - 1:
            covered = window & (part == region + 1)
            met[region] += np.count_nonzero(covered)
            if is_found(covered, window, one.is_box):
                finding.append(int(region))
        found += finding[:1]
    is_object = np.where((met >= ON_OBJECT_SHARE * area) | (2 * area < whole), -1, 0)
    is_object[found] = 1
    return is_object, tuple(found)


def scaled(one: TrueObject, factor: float) -> TrueObject:
    """An object in a photo that is resized."""
    if factor == 1:
        return one
    height, width = (max(1, round(side * factor)) for side in one.window.shape)
    window = cv2.resize(
        one.window.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    return TrueObject(round(one.top * factor), round(one.left * factor), window > 0, one.is_box)
