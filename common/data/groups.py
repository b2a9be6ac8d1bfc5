"""Which images belong together (one cut-out, one place, near-duplicates), and the split of *fit*
and *tune* that never goes through such a group. Independent images are what an interval counts; a
group that straddles a split flatters.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from common.coco import Entry
from common.image_files import read_pixels

NEAR_DUPLICATE_BITS = 4


def perceptual_hash(path: Path, *, tiny: bool = False, upright: bool = False) -> int:
    """64-bit hash of the low frequencies of an image; near-duplicates differ in few bits.

    Args:
        path: an image file.
        tiny: less than 4 px high or wide; larger ones are decoded at a quarter of their size,
            which is faster.
        upright: turn the pixels as the EXIF orientation says.

    Raises:
        OSError: the file is not an image.

    Source: the DCT hash of C. Zauner, Implementation and Benchmarking of Perceptual Image Hash
    Functions, 2010.
    """
    size = cv2.IMREAD_GRAYSCALE if tiny else cv2.IMREAD_REDUCED_GRAYSCALE_4
    turned = 0 if upright else cv2.IMREAD_IGNORE_ORIENTATION
    gray = read_pixels(path, size | turned)
    if gray is None:
        raise OSError(
            f"{path} does not decode to an image; `python -m common.coco check` lists all "
            "such files."
        )
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int(np.packbits(bits).view(">u8")[0])


def near_duplicates(hashes: Sequence[int], most_bits: int = NEAR_DUPLICATE_BITS) -> np.ndarray:
    """Label (n,) int of each hash; hashes that chain within `most_bits` of each other share a
    label.
    """
    codes = np.array(hashes, dtype=np.uint64)
    every = np.arange(len(codes))
    labels = first = every
    for start in range(0, len(codes), 256):
        stop = start + 256
        part = every[start:stop]
        distance = np.bitwise_count(codes[part, None] ^ codes[None])
        row, column = np.nonzero(distance <= most_bits)
        # with the links of the parts before, of which one for each image is enough
        links = np.concatenate([part[row], every]), np.concatenate([column, first])
        ones = np.ones(len(links[0]), dtype=bool)
        graph = coo_array((ones, links), shape=(len(codes), len(codes)))
        labels = connected_components(graph, directed=False)[1]
        first = np.unique(labels, return_index=True)[1][labels]
    return labels


def group_images(entries: Sequence[Entry]) -> list[str]:
    """The group of each entry: its own `group`, else the near-duplicates among the images that
    name none.

    Entries of several splits may be given together; near-duplicates are then found across them.
    """
    groups = [entry.group or "" for entry in entries]
    alone = [index for index, entry in enumerate(entries) if entry.group is None]
    labels = near_duplicates([_hash(entries[index]) for index in alone])
    first: dict[int, str] = {}
    for index, label in sorted(
        zip(alone, labels, strict=True), key=lambda pair: str(entries[pair[0]].path)
    ):
        entry = entries[index]
        split = entry.path.parents[len(PurePath(entry.file_name).parts)].name
        groups[index] = first.setdefault(int(label), f"like {split}/{entry.file_name}")
    return groups


def joined_groups(entries: Sequence[Entry], groups: Sequence[str]) -> list[str]:
    """The group of each entry, where groups that share nearly the same image are one, which has
    the first of their names.
    """
    names, group = np.unique(np.array(groups), return_inverse=True)
    image = near_duplicates([_hash(entry) for entry in entries])
    nodes = len(names) + image.max(initial=-1) + 1
    links = (np.ones(len(entries), bool), (group, len(names) + image))
    graph = coo_array(links, shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1][: len(names)]
    first = np.unique(labels, return_index=True)[1]
    return names[first[labels[group]]].tolist()


def alike(entries: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """Those of the entries whose image is nearly the same as one of the others."""
    theirs = np.unique(np.array([_hash(entry) for entry in others], dtype=np.uint64))
    own = np.array([_hash(entry) for entry in entries], dtype=np.uint64)
    return [
        entry
        for entry, code in zip(entries, own, strict=True)
        if len(theirs) and np.bitwise_count(theirs ^ code).min() <= NEAR_DUPLICATE_BITS
    ]


def _hash(entry: Entry) -> int:
    tiny = min(entry.width, entry.height) < 4
    return perceptual_hash(entry.path, tiny=tiny, upright=entry.upright)


@dataclass(frozen=True)
class Split:
    """The ids of *fit* and *tune*, and what a reader should know of how they were found."""

    fit_ids: tuple[int, ...]
    tune_ids: tuple[int, ...]
    warnings: tuple[str, ...] = ()


def split_groups(
    groups: Mapping[int, str],
    *,
    share: float,
    seed: int,
    with_objects: Collection[int] | None = None,
) -> Split:
    """Divide images into *fit* and *tune* without dividing a group.

    Groups are taken in the order of a seeded hash of their names, so that the order of the files
    does not matter; a group joins *tune* when that brings its size nearer to the wanted share.
    Groups that show an object and groups that show none are shared out separately, so that a few
    objects among many empty images reach both sides. Where groups are too large for a useful
    *tune* set, the largest is divided after all, with a warning.

    Args:
        groups: image id → group.
        share: wanted share of images in *tune*, in (0, 0.5].
        seed: another seed gives another split.
        with_objects: the images that show an object; None for all.
    """
    showing = set(groups) if with_objects is None else set(with_objects)
    members: dict[str, list[int]] = {}
    for image_id, group in sorted(groups.items()):
        members.setdefault(group, []).append(image_id)
    useful = {name: ids for name, ids in members.items() if not showing.isdisjoint(ids)}
    empty = {name: ids for name, ids in members.items() if name not in useful}
    tune, warnings = _nearest_share(useful, share, seed), []
    largest = max(members, key=lambda name: (len(members[name]), name))
    if len(members[largest]) > len(groups) / 2:
        warnings.append(f"group {largest!r} holds {len(members[largest])} of {len(groups)} images")
    if len(tune) < share * sum(map(len, useful.values())) / 2:
        tune, divided = _divided(useful, tune, share, seed, showing)
        warnings.append(
            f"group {divided!r} had to be divided between fit and tune; scores on tune are "
            "optimistic"
        )
    chosen = {*tune, *_nearest_share(empty, share, seed)}
    return Split(tuple(sorted(set(groups) - chosen)), tuple(sorted(chosen)), tuple(warnings))


def some_groups(
    groups: Mapping[int, str], *, share: float, seed: int, without: Collection[str] = ()
) -> set[int]:
    """Whole groups of images, as near to a share of all as they come, in the seeded order of
    `split_groups`, and never more than half of all.

    Args:
        groups: image → group.
        share: wanted share of the images.
        seed: another seed gives others.
        without: groups that are not taken.
    """
    members: dict[str, list[int]] = {}
    for image, group in sorted(groups.items()):
        members.setdefault(group, []).append(image)
    wanted, found = share * len(groups), list[int]()
    for group in sorted(set(members) - set(without), key=lambda name: _shuffled(seed, name)):
        more = len(found) + len(members[group])
        if abs(more - wanted) < abs(len(found) - wanted) and 2 * more <= len(groups):
            found += members[group]
    return set(found)


def _nearest_share(members: Mapping[str, list[int]], share: float, seed: int) -> list[int]:
    """Images of whole groups, as near to the share as they come; at most half of all, and none
    where that fails.
    """
    total = sum(map(len, members.values()))
    order = sorted(members, key=lambda name: _shuffled(seed, name))
    tune: list[int] = []
    for group in order:
        if abs(len(tune) + len(members[group]) - share * total) < abs(len(tune) - share * total):
            tune += members[group]
    smallest = min(order, key=lambda name: len(members[name]), default=None)
    if not tune and smallest is not None and 2 * len(members[smallest]) <= total:
        tune = members[smallest]
    return tune if 2 * len(tune) <= total else []


def _divided(
    members: Mapping[str, list[int]], tune: list[int], share: float, seed: int, showing: set[int]
) -> tuple[list[int], str]:
    """*tune* filled up from the largest group, images with an object first to come, and the name
    of that group.
    """
    largest = max(members, key=lambda name: (len(members[name]), name))
    kept = [image_id for image_id in tune if image_id not in set(members[largest])]
    order = sorted(members[largest], key=lambda image_id: _shuffled(seed, str(image_id)))
    first = next((image_id for image_id in order if image_id in showing), order[0])
    order.sort(key=lambda image_id: image_id != first)
    wanted = round(share * sum(map(len, members.values())))
    return kept + order[: max(1, wanted - len(kept))], largest


def _shuffled(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


class Grouped(Protocol):
    """Images with the group of each, such as a `DataSet`."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The images."""

    @property
    def groups(self) -> Mapping[int, str]:
        """Image id → group."""


def spread(data_set: Grouped, most: int) -> list[int]:
    """At most that many ids of a data set, taken in turn from each group, images with objects
    first.
    """
    seen: dict[str, int] = {}
    ranked = []
    for entry in data_set.entries:
        group = data_set.groups[entry.image_id]
        seen[group] = seen.get(group, 0) + 1
        ranked.append((not entry.annotations, seen[group], entry.image_id))
    return [image_id for _, _, image_id in sorted(ranked)[:most]]


def describe_groups(groups: Mapping[int, str]) -> str:
    """One line on the sizes of the groups, e.g. `100 images in 20 groups, the largest of 14`."""
    sizes = Counter(groups.values())
    largest = max(sizes.values(), default=0)
    return f"{len(groups)} images in {len(sizes)} groups, the largest of {largest}"
