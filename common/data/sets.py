"""The roles of the images: *fit* and *tune* from `train`, *score* from `val`, and the photos
without labels. Samples are decoded when asked for. Nothing here writes into the user's folder.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from common.coco import (
    DEFAULT_OPTIONS,
    CrowdRegions,
    DataError,
    Entry,
    ReadOptions,
    crowd_regions,
    has_object,
    rasterise,
    read_entries,
    read_image,
    whole_photos,
)
from common.coco.images import stored_image
from common.data.backgrounds import background_entries
from common.data.cache import Cache, open_cache
from common.data.groups import describe_groups, group_images, split_groups
from common.data.learned import shown_in_training
from common.scale import ImageSizes, mask_at_size, prediction_scale, resized, scale_note

TUNE_SHARE = 0.2
LEAST_GROUPS = 5  # with fewer of them, what is chosen on a part is said to be chance
KEPT_BYTES = 1 << 30


@dataclass(frozen=True)
class Sample:
    """One labelled image: image (H, W, 3) uint8 RGB, mask (H, W) bool, ignore (H, W) bool."""

    image_id: int
    image: np.ndarray
    mask: np.ndarray
    ignore: np.ndarray


class DataSet:
    """Labelled images in the order of their ids, decoded lazily.

    Without a cache the first GiB of decoded samples stays in memory, so that small data sets are
    decoded once.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        groups: dict[int, str] | None = None,
        cache: Cache | None = None,
    ):
        self.entries = tuple(entries)
        self.ids = tuple(entry.image_id for entry in self.entries)
        self.groups = groups or {image_id: str(image_id) for image_id in self.ids}
        self._cache = cache
        self._kept: dict[int, Sample] = {}
        self._kept_bytes = 0

    def __getstate__(self) -> dict[str, object]:
        """What another process gets: everything but the decoded samples."""
        return self.__dict__ | {"_kept": {}, "_kept_bytes": 0}

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        if entry.image_id in self._kept:
            return self._kept[entry.image_id]
        arrays = self._cache.read(entry.image_id) if self._cache else decode(entry)
        for array in arrays:
            array.setflags(write=False)
        sample = Sample(entry.image_id, *arrays)
        if self._cache is None and self._kept_bytes < KEPT_BYTES:
            self._kept[entry.image_id] = sample
            self._kept_bytes += sum(array.nbytes for array in arrays)
        return sample

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @property
    def shapes(self) -> dict[int, tuple[int, int]]:
        """Image id → (height, width), without decoding."""
        return {entry.image_id: (entry.height, entry.width) for entry in self.entries}

    @property
    def own_shapes(self) -> list[tuple[int, int]]:
        """(height, width) of the images that were not added from elsewhere; they say at which size
        photos are predicted.
        """
        return [(one.height, one.width) for one in self.entries if not one.is_added]

    @property
    def names(self) -> dict[int, str]:
        """Image id → file name."""
        return {entry.image_id: entry.file_name for entry in self.entries}

    def subset(self, ids: Sequence[int]) -> "DataSet":
        """The images with these ids, in the order of the ids; KeyError names an id that is not
        there.
        """
        by_id = {entry.image_id: entry for entry in self.entries}
        chosen = [by_id[image_id] for image_id in sorted(ids)]
        return DataSet(
            chosen, {entry.image_id: self.groups[entry.image_id] for entry in chosen}, self._cache
        )

    def joined(self, other: "DataSet") -> "DataSet":
        """The images of both, which have one cache."""
        entries = sorted([*self.entries, *other.entries], key=lambda entry: entry.image_id)
        return DataSet(entries, {**self.groups, **other.groups}, self._cache)


@dataclass(frozen=True)
class Data:
    """Everything a run reads: the three labelled roles, the photos without those that are broken,
    the digest that names this content, how the annotations were read, the regions of each split
    that are ignored, and which images of *fit* are none of `train`: backgrounds
    (`common.data.backgrounds`) and what is learned of a field (`common.data.learned`), each with
    their digest.
    """

    folder: Path
    fit: DataSet
    tune: DataSet
    score: DataSet
    photos: tuple[Path, ...]
    key: str
    notes: tuple[str, ...] = ()
    options: ReadOptions = DEFAULT_OPTIONS
    crowd: Mapping[str, CrowdRegions] = field(default_factory=dict)
    backgrounds: frozenset[int] = frozenset()
    backgrounds_key: str = ""
    learned: frozenset[int] = frozenset()
    learned_key: str = ""

    @property
    def added(self) -> frozenset[int]:
        """The images of *fit* that are none of `train`."""
        return self.backgrounds | self.learned


def decode(entry: Entry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, mask and ignored pixels of one entry; DataError if the file's size is not the
    annotation's.
    """
    image = read_image(entry.path, upright=entry.upright)
    if entry.resized:
        image = cv2.resize(image, (entry.width, entry.height), interpolation=cv2.INTER_AREA)
    if image.shape[:2] != (entry.height, entry.width):
        raise DataError(
            f"{entry.path} is {image.shape[1]}x{image.shape[0]} px, its annotation says "
            f"{entry.width}x{entry.height}; correct width and height in the annotation file, or "
            "restore the image they were drawn on."
        )
    mask, ignore = (_at_size(drawn, entry) for drawn in rasterise(entry))
    return image, mask, ignore


def _at_size(drawn: np.ndarray, entry: Entry) -> np.ndarray:
    """Pixels (h, w) bool at the size that stands in the entry."""
    if entry.drawn_on is None:
        return drawn
    return mask_at_size(drawn, (entry.height, entry.width))


def as_predicted(sample: Sample, sizes: ImageSizes) -> Sample:
    """A sample at the size at which a photo like it is predicted; what is learned of a field may
    be larger.

    Args:
        sample: of *fit*.
        sizes: of the images of `train`.
    """
    image = resized(sample.image, prediction_scale(sample.image.shape, sizes))
    if image is sample.image:
        return sample
    masks = (mask_at_size(one, image.shape) for one in (sample.mask, sample.ignore))
    return Sample(sample.image_id, image, *masks)


def content_key(entries: Sequence[Entry]) -> str:
    """Digest of the images' bytes and their annotations; the same for any order of them."""
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.image_id):
        drawn = sorted(json.dumps(annotation, sort_keys=True) for annotation in entry.annotations)
        described = [
            entry.image_id,
            entry.file_name,
            entry.width,
            entry.height,
            entry.group,
            drawn,
            *(["upright"] if entry.upright else []),
        ]
        digest.update(json.dumps(described).encode())
        digest.update(hashlib.sha256(entry.path.read_bytes()).digest())
    return digest.hexdigest()


def data_key(train: Sequence[Entry], val: Sequence[Entry]) -> str:
    """Digest of all that a run learns and scores with; `Data.key`, and what a run says it was made
    from.
    """
    return hashlib.sha256((content_key(train) + content_key(val)).encode()).hexdigest()


def load_data(
    folder: Path,
    *,
    options: ReadOptions = DEFAULT_OPTIONS,
    seed: int = 0,
    tune_share: float = TUNE_SHARE,
    cache_root: Path | None = None,
    limit: int | None = None,
    backgrounds: Path | None = None,
    learned: Sequence[Entry] = (),
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Data:
    """Read a checked data folder and divide it into its roles.

    Args:
        folder: holds `train/`, `val/` and perhaps `real_test/`.
        options: how annotations are read.
        seed: of the split into *fit* and *tune*.
        tune_share: share of `train` that becomes *tune*.
        cache_root: where decoded images are kept between runs; None decodes them again.
        limit: use at most this many images of `train` and of `val` (for quick looks; part of the
            key).
        backgrounds: a folder with photos without any object, which are added to *fit*; see
            `common.data.backgrounds`.
        learned: labelled images of elsewhere, which are added to *fit* too; see
            `common.data.learned`.
        progress: wraps iterables that take long.

    Raises:
        DataError: a split is missing or empty, *fit*, *tune* or *score* would have no object at
            all, or the backgrounds cannot be used.
    """
    train, val = (read_entries(folder / split, options)[:limit] for split in ("train", "val"))
    if len(train) < 2 or not val:
        raise DataError(
            f"{folder} has {len(train)} train and {len(val)} val images; at least 2 and 1 are "
            "needed."
        )
    key = data_key(train, val)
    bare, of_bare = background_entries(backgrounds, train, val) if backgrounds else ([], [])
    shown = shown_in_training(
        learned, train, first=1 + max(one.image_id for one in train + val + bare)
    )
    groups = group_images(train + val)
    sets = []
    trained, added = len(train), bare + shown
    groups[trained:trained] = [str(entry.group) for entry in added]
    cut = trained + len(added)
    for entries, named in ((train + added, groups[:cut]), (val, groups[cut:])):
        cache = _cached(cache_root, entries, progress) if cache_root else None
        by_id = dict(zip((entry.image_id for entry in entries), named, strict=True))
        sets.append(DataSet(entries, by_id, cache))
    whole, score = sets
    with_objects = [entry.image_id for entry in train if has_object(entry)]
    labelled = {entry.image_id: whole.groups[entry.image_id] for entry in train}
    split = split_groups(labelled, share=tune_share, seed=seed, with_objects=with_objects)
    fit, tune = whole.subset(split.fit_ids), whole.subset(split.tune_ids)
    for name, part in (("fit", fit), ("tune", tune), ("val", score)):
        if not any(map(has_object, part.entries)):
            raise DataError(
                f"none of the {len(part)} images of {name} has an object; annotate more, or "
                "nothing can be learned."
            )
    notes = _group_notes(fit, tune, score, split.warnings)
    crowd = {"train": crowd_regions(train), "val": crowd_regions(val)}
    notes += [f"{split}: {found}" for split, found in crowd.items() if found.regions]
    photos, broken = whole_photos(folder / "real_test")
    notes += [f"warning: {path.name} is left out: {why}" for path, why in broken.items()]
    notes += _scale_notes(fit, score, photos)
    bare_ids, shown_ids = ([entry.image_id for entry in one] for one in (bare, shown))
    if bare:
        notes += [*of_bare, f"fit: and {len(bare)} photos without an object from {backgrounds}"]
    if shown:
        of_shown = describe_groups({one.image_id: str(one.group) for one in shown})
        notes += [f"fit: and {of_shown} of a field"]
    return Data(
        folder,
        fit.joined(whole.subset(bare_ids + shown_ids)),
        tune,
        score,
        tuple(photos),
        key,
        tuple(notes),
        options,
        crowd,
        frozenset(bare_ids),
        content_key(bare) if bare else "",
        frozenset(shown_ids),
        content_key(learned) if learned else "",
    )


def _group_notes(
    fit: DataSet, tune: DataSet, score: DataSet, warnings: Sequence[str]
) -> list[str]:
    """How many independent groups each role has, and where they are too few or shared."""
    notes = [
        f"{role}: {describe_groups(part.groups)}"
        for role, part in (("fit", fit), ("tune", tune), ("val", score))
    ]
    notes += [f"warning: {warning}" for warning in warnings]
    few = {name: len(set(part.groups.values())) for name, part in (("tune", tune), ("val", score))}
    chosen = {
        "tune": "thresholds and all else that is chosen there are",
        "val": "the ranking and the choice are",
    }
    notes += [
        f"warning: {name} has {groups} independent group{'s' * (groups != 1)}; {chosen[name]} "
        "hardly more than chance"
        for name, groups in few.items()
        if groups < LEAST_GROUPS
    ]
    trained = {*fit.groups.values(), *tune.groups.values()}
    shared = trained & set(score.groups.values())
    if shared:
        notes.append(
            f"warning: {len(shared)} groups are in both train and val; a score on val says little "
            "of objects never seen"
        )
    return notes


def _scale_notes(fit: DataSet, score: DataSet, photos: Sequence[Path]) -> list[str]:
    """What is said of images that are predicted at another scale than their own."""
    found = (
        scale_note(fit.shapes.values(), shapes, what)
        for what, shapes in (
            ("images of val", list(score.shapes.values())),
            ("photos of real_test", _shapes_of(photos)),
        )
    )
    return [
        f"warning: {note}; they are predicted at the size of the training images, and objects "
        "that are smaller in them as a share of the image may be missed"
        for note in found
        if note is not None
    ]


def _shapes_of(photos: Sequence[Path]) -> list[tuple[int, int]]:
    """(height, width) of photos, of those that say it."""
    headers = map(stored_image, photos)
    return [header.size[::-1] for header in headers if header is not None]


def _cached(
    root: Path, entries: Sequence[Entry], progress: Callable[[Iterable[int]], Iterable[int]]
) -> Cache:
    by_id = {entry.image_id: entry for entry in entries}
    sizes = {entry.image_id: (entry.height, entry.width) for entry in entries}
    # decoders differ
    key = hashlib.sha256(f"{content_key(entries)} {cv2.__version__}".encode()).hexdigest()
    return open_cache(root, key, sizes, lambda image_id: decode(by_id[image_id]), progress)
