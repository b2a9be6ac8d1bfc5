"""`--learn-field`: which photos of the fields are learned from; the others are chosen on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from approaches import processes
from approaches.base import ConfigError
from common.coco import Entry, ReadOptions, read_entries
from common.data.groups import alike, joined_groups, some_groups
from common.data.named_sets import NamedSet, SetSource, load_set, objects_of
from common.words import listed


@dataclass(frozen=True)
class Learned:
    """Photos of fields that training learns from.

    Attributes:
        entries: with the ids of their own sets, and the group of each.
        ids: of these, by the name of the set.
    """

    entries: tuple[Entry, ...] = ()
    ids: Mapping[str, frozenset[int]] = field(default_factory=dict)


def learned_of_fields(
    sources: Sequence[SetSource], folder: Path, options: ReadOptions, share: float, seed: int
) -> Learned:
    """The photos of checked fields that training learns from, in whole groups, about the share of
    those with objects and of those without. A group stays with what is chosen on where an object
    has no outline, or a photo is nearly one of `train`, `val` or a test.

    Args:
        sources: the named sets of a run; of tests nothing is learned, nor of what they show.
        folder: the data of the run.
        options: how annotations are read.
        share: of the photos, at most 0.5; 0 for none.
        seed: of the division.

    Raises:
        ConfigError: there is no field, or too little of it.
        DataError: annotations cannot be read.
    """
    if not share:
        return Learned()
    fields = [source for source in sources if source.role == "field"]
    if not fields:
        raise ConfigError("--learn-field needs a field to learn from; name one by --field.")
    with processes.together("dividing the field"):
        known = [
            one for split in ("train", "val") for one in read_entries(folder / split, options)
        ]
        sets = [load_set(source, options, ()) for source in fields]
        for test in (source for source in sources if source.role == "test"):
            shown = load_set(test, options, ())
            known += [replace(one, group=shown.groups[one.image_id]) for one in shown.entries]
        learned = _divided(sets, known, share, seed)
    shows = any(entry.annotations for images in sets for entry in images.entries)
    if not learned.entries or (shows and not any(entry.annotations for entry in learned.entries)):
        groups = len({group for images in sets for group in images.groups.values()})
        raise ConfigError(
            f"--learn-field {share:g}: {listed([one.name for one in fields])} "
            f"{'has' if len(fields) == 1 else 'have'} {groups} group(s) of photos; expected "
            "several, with an outline of every object and not of train, val or a test, so that "
            "some can be learned from and others chosen on. Give more, or leave it out."
        )
    return learned


def _divided(sets: Sequence[NamedSet], known: Sequence[Entry], share: float, seed: int) -> Learned:
    """A group that several fields share, by its name or by nearly the same photo, is one."""
    photos = [(images, entry) for images in sets for entry in images.entries]
    entries = [entry for _, entry in photos]
    named = [images.groups[entry.image_id] for images, entry in photos]
    groups = joined_groups(entries, named)
    repeated = {entry.path for entry in alike(entries, known)}
    known_groups = {entry.group for entry in known}
    kept = {
        group
        for group, name, entry in zip(groups, named, entries, strict=True)
        if name in known_groups or entry.path in repeated or not _is_outlined(entry)
    }
    shows = {group for group, (_, entry) in zip(groups, photos, strict=True) if entry.annotations}
    chosen: set[int] = set()
    for wanted in (True, False):  # with objects and without
        part = {place: group for place, group in enumerate(groups) if (group in shows) is wanted}
        chosen |= some_groups(part, share=share, seed=seed, without=kept)
    learned = [replace(photos[place][1], group=groups[place]) for place in sorted(chosen)]
    ids: dict[str, set[int]] = {}
    for place in chosen:
        images, entry = photos[place]
        ids.setdefault(images.name, set()).add(entry.image_id)
    return Learned(tuple(learned), {name: frozenset(one) for name, one in ids.items()})


def _is_outlined(entry: Entry) -> bool:
    """Whether every annotation, one of a crowd too, has an outline."""
    plain = tuple({**annotation, "iscrowd": 0} for annotation in entry.annotations)
    return not any(one.is_box for one in objects_of(replace(entry, annotations=plain)))
