"""Labelled images beside `train` and `val`: sets of any origin that a run is scored on, by name.

A *test* set is never chosen on; a *field* set may be. Objects are annotations, one by one, and a
box alone is one too: what has no outline is counted as found or missed, and takes no part in a
Dice. Part of a field may be learned from, and is then no part of the set any more; nothing else is
learned from, and nothing is written here.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pycocotools import mask as coco_mask

from common.coco import (
    ANNOTATION_FILE,
    DataError,
    Entry,
    ReadOptions,
    crowd_regions,
    read_entries,
)
from common.coco.annotations import is_crowd, read_json
from common.coco.check_outlines import stated_box
from common.coco.drawing import encoded
from common.commands import RefusedError
from common.data.groups import alike, describe_groups, group_images
from common.data.learned import OF_FIELD
from common.data.sets import Sample, content_key, decode
from common.scale import scale_note
from common.words import counted, listed

Role = Literal["test", "field"]
RESERVED = ("train", "val", "real_test", "fit", "tune", "score", "real", "folds")


@dataclass(frozen=True)
class SetSource:
    """Where a named set lies.

    Attributes:
        name: by which findings, tables and files call it.
        folder: holds `images/` and the annotation file.
        role: "test" is never chosen on, "field" may be.
    """

    name: str
    folder: Path
    role: Role = "test"


@dataclass(frozen=True, eq=False)
class TrueObject:
    """One annotated object.

    Attributes:
        top: row of its first pixel, from 0.
        left: column of its first pixel, from 0.
        window: (h, w) bool, its pixels; all of them for a box.
        is_box: whether a box is all that is known of it.
    """

    top: int
    left: int
    window: np.ndarray
    is_box: bool = False

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the window in the image."""
        height, width = self.window.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


@dataclass(frozen=True, eq=False)
class Photo:
    """An image of a set with its objects; the sample's mask holds those that have an outline."""

    sample: Sample
    group: str
    objects: tuple[TrueObject, ...]


@dataclass(frozen=True)
class NamedSet:
    """Labelled images by name, in the order of their ids; they are decoded anew each time.

    Attributes:
        source: where they lie, and what may be done with them.
        entries: the images.
        groups: image id → group of images that are not independent.
        key: digest of images and annotations.
        notes: what is to be said of them.
    """

    source: SetSource
    entries: tuple[Entry, ...]
    groups: dict[int, str]
    key: str
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """By which it is called."""
        return self.source.name

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the images."""
        return tuple(entry.image_id for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Photo:
        entry = self.entries[index]
        sample = Sample(entry.image_id, *decode(entry))
        return Photo(sample, self.groups[entry.image_id], objects_of(entry))

    def __iter__(self) -> Iterator[Photo]:
        return (self[index] for index in range(len(self)))


def set_sources(tests: Sequence[str], fields: Sequence[str] = ()) -> tuple[SetSource, ...]:
    """The sets that a command line names, each as `NAME=DIR` or `NAME=DIR:SPLIT`.

    Args:
        tests: never chosen on.
        fields: may be chosen on.

    Raises:
        RefusedError: not of that form, a name that is taken, or no labelled images there.
    """
    texts: list[tuple[str, Role]] = [(text, "field") for text in fields]
    sources = [set_source(text, role) for text, role in texts + [(one, "test") for one in tests]]
    names = [source.name.lower() for source in sources]
    for source in sources:
        if names.count(source.name.lower()) > 1:
            raise RefusedError(
                f"--{source.role} {source.name}=… has a name that is given twice; each set needs "
                "one of its own, whatever its capitals."
            )
    return tuple(sources)


def set_source(text: str, role: Role) -> SetSource:
    """One set of a command line; see `set_sources`."""
    name, equals, place = text.partition("=")
    option = f"--{role} {text!r}"
    if not (equals and place and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name)):
        raise RefusedError(
            f"{option} is not understood; expected NAME=DIR or NAME=DIR:SPLIT with a name of "
            f"letters, digits, - and _, such as --{role} street=photos:labelled."
        )
    if name.lower() in RESERVED:
        raise RefusedError(f"{option}: {name} is a part of every run; give the set another name.")
    folder = Path(place)
    if not folder.is_dir() and ":" in place:
        above, _, split = place.rpartition(":")
        folder = Path(above) / split
    if not folder.is_dir():
        raise RefusedError(
            f"{option}: {folder} is no folder; expected one with images/ and {ANNOTATION_FILE}."
        )
    if not (folder / ANNOTATION_FILE).is_file():
        inner = sorted(path.parent.name for path in folder.glob(f"*/{ANNOTATION_FILE}"))
        mend = f"name one of its parts: {name}={place}:{inner[0]}" if inner else "correct the path"
        raise RefusedError(
            f"{option}: {folder} holds no {ANNOTATION_FILE}"
            + (f", but {listed(inner)} in it {'does' if len(inner) == 1 else 'do'}" * bool(inner))
            + f"; {mend}."
        )
    return SetSource(name, folder, role)


def options_for(source: SetSource, options: ReadOptions) -> ReadOptions:
    """How the annotations of a set are read: as those of the data, but a set without any
    annotation need not list the categories that are asked for.
    """
    try:
        is_empty = not read_json(source.folder)["annotations"]
    except (DataError, OSError):  # which the check tells
        return options
    return ReadOptions(options.crowd, (), options.upright) if is_empty else options


def load_set(
    source: SetSource,
    options: ReadOptions,
    known: Sequence[Entry],
    learned: Collection[int] = (),
) -> NamedSet:
    """Read a checked set.

    Args:
        source: where it lies.
        options: how the annotations of the data are read.
        known: the images of training and `val`, which it should not repeat; may be none.
        learned: ids of images that are learned from, which are left out.

    Raises:
        DataError: it has no image, or its annotations cannot be read.
    """
    listed_there = read_entries(source.folder, options_for(source, options))
    entries = tuple(entry for entry in listed_there if entry.image_id not in learned)
    if not entries:
        raise DataError(f"{source.folder} lists no image; expected at least one to score.")
    ids = [entry.image_id for entry in entries]
    groups = dict(zip(ids, group_images(entries), strict=True))
    notes = tuple(f"{source.name}: {note}" for note in _notes(entries, groups, known))
    return NamedSet(source, entries, groups, content_key(entries), notes)


def _notes(
    entries: Sequence[Entry], groups: dict[int, str], known: Sequence[Entry]
) -> Iterator[str]:
    objects = [one for entry in entries for one in objects_of(entry)]
    boxes = sum(one.is_box for one in objects)
    alone = f", {boxes} of them boxes alone" if boxes else ""
    yield f"{describe_groups(groups)}; {counted(len(objects), 'object')}{alone}"
    crowd = crowd_regions(entries)
    if crowd.regions:
        yield str(crowd)
    repeated = alike(entries, known)
    if repeated:
        yield (
            f"warning: {len(repeated)} of {counted(len(entries), 'image')} "
            f"{'is' if len(repeated) == 1 else 'are'} nearly the same as images of training or "
            f"val ({listed([entry.file_name for entry in repeated], most=3)}); the scores say "
            "little of photos never seen"
        )
    groups_known = {entry.group for entry in known if not entry.is_added}
    groups_known |= {str(one.group).removeprefix(OF_FIELD) for one in known if one.is_added}
    shared = set(groups.values()) & groups_known
    if shared:
        verb = "is" if len(shared) == 1 else "are"
        yield f"warning: {counted(len(shared), 'group')} of it {verb} in training or val too"
    own = [one for one in known if not one.is_added]
    shapes = [[(one.height, one.width) for one in images] for images in (own, entries)]
    note = scale_note(shapes[0], shapes[1], "images") if own else None
    if note is not None:
        yield f"{note}; they are predicted at the size of the training images"


def objects_of(entry: Entry) -> tuple[TrueObject, ...]:
    """The objects of an image, one for each annotation that is no crowd region; an annotation
    that draws no pixel is a box where it has one, else nothing.
    """
    found = (
        _object(annotation, entry) for annotation in entry.annotations if not is_crowd(annotation)
    )
    return tuple(one for one in found if one is not None)


def _object(annotation: dict[str, object], entry: Entry) -> TrueObject | None:
    rle = encoded(annotation.get("segmentation"), entry.height, entry.width)
    if rle is not None and coco_mask.area(rle):
        left, top, width, height = (int(side) for side in coco_mask.toBbox(rle))
        mask = coco_mask.decode(rle).astype(bool)
        bottom, right = top + height, left + width
        return TrueObject(top, left, np.ascontiguousarray(mask[top:bottom, left:right]))
    box = pixel_box(annotation, entry)
    if box is None:
        return None
    left, top, right, bottom = box
    return TrueObject(top, left, np.ones((bottom - top, right - left), bool), is_box=True)


def pixel_box(annotation: dict[str, object], entry: Entry) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the pixels of an annotation's `bbox` that lie in the image,
    the last two not included; None where it has none or none of them do.
    """
    stated = stated_box(annotation)
    if stated is None:
        return None
    left, top = np.floor(stated[:2]).astype(int)
    right, bottom = np.ceil(stated[:2] + stated[2:]).astype(int)
    left, top = max(int(left), 0), max(int(top), 0)
    right, bottom = min(int(right), entry.width), min(int(bottom), entry.height)
    return (left, top, right, bottom) if left < right and top < bottom else None


def as_json(found: NamedSet) -> dict[str, object]:
    """What a run says of a set in its description."""
    return json.loads(
        json.dumps(
            {
                "folder": str(found.source.folder),
                "role": found.source.role,
                "key": found.key,
                "images": len(found),
                "groups": len(set(found.groups.values())),
                "notes": found.notes,
            }
        )
    )
