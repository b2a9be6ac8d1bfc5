"""Scores of an approach on labelled images beside `val`: read, predicted and counted once, and
again only where the images or the approach have changed.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from approaches import processes
from approaches.running.cached_predictions import CachedPredictor
from approaches.running.settings import RunSettings
from common.coco import ReadOptions
from common.data import Data
from common.data.named_sets import NamedSet, SetSource, as_json, load_set
from common.masks.found_objects import SetScore, score_photo
from common.masks.postprocess import Postprocess
from common.progress import progress
from common.records import Record, SetResult, read_records, with_result, write_record
from common.records.description import describe_run
from common.records.folder import RunFolder

log = logging.getLogger(__name__)


def loaded_sets(
    sources: Sequence[SetSource],
    options: ReadOptions,
    data: Data,
    learned: Mapping[str, Collection[int]] | None = None,
) -> tuple[NamedSet, ...]:
    """The named sets of a command, which have been checked.

    Args:
        sources: where they lie.
        options: how annotations are read.
        data: whose images they should not repeat.
        learned: ids of images that are learned from, by the name of their set, which are left out.
    """
    known = [*data.fit.entries, *data.tune.entries, *data.score.entries]
    without = learned or {}
    with processes.together("reading the named sets"):
        return tuple(
            load_set(source, options, known, without.get(source.name, ())) for source in sources
        )


def with_sets(runs: Sequence[RunSettings], sets: Sequence[NamedSet]) -> list[RunSettings]:
    """The runs with what they are scored and chosen on beside `val` and *tune*: the first with all
    sets, further trainings with those that may be chosen on.
    """
    first = replace(runs[0], sets=tuple(sets))
    return [first, *(replace(one, sets=first.fields) for one in runs[1:])]


def announce_sets(sets: Sequence[NamedSet], run: RunFolder) -> None:
    """Tell of the sets, keep in the run what they are, and take scores out of its records that are
    of other images under the same name.
    """
    if not sets:
        return
    for one in sets:
        for note in one.notes:
            log.info("%s", note)
    keys = {one.name: one.key for one in sets}
    with processes.together("describing the named sets"):
        if processes.is_main():
            describe_run(run.path, sets={one.name: as_json(one) for one in sets})
            for record in read_records(run.path):
                kept = tuple(one for one in record.sets if keys.get(one.name, one.key) == one.key)
                if kept != record.sets:
                    record.sets = kept
                    write_record(run.path, record)


def score_sets(
    record: Record, postprocess: Postprocess, model: CachedPredictor, sets: Sequence[NamedSet]
) -> bool:
    """Score an approach on the sets that its record does not have yet, or had failed on.

    Args:
        record: gets a result for each.
        postprocess: that was chosen.
        model: the trained approach with what it predicted before.
        sets: of this run.

    Returns:
        Whether anything was added.
    """
    known = {one.name: one for one in record.sets if one.scores}
    new = [one for one in sets if one.name not in known or known[one.name].key != one.key]
    for one in new:
        result = SetResult(one.name, one.source.role, one.key)
        try:
            scores = _scores(record, postprocess, model, one)
            result = replace(result, scores=tuple(scores))
        except Exception as error:  # its scores on `val` stand
            log.error("%s failed on %s: %s", record.approach, one.name, error)
            result = replace(result, reason=f"{type(error).__name__}: {error}")
        record.sets = with_result(record.sets, result)
    return bool(new)


def _scores(
    record: Record, postprocess: Postprocess, model: CachedPredictor, images: NamedSet
) -> list[SetScore]:
    """The counts of every image; the processes share them."""
    what = f"{record.approach}: scoring {images.name}"
    part: dict[int, SetScore] = {}
    with processes.together(what):
        mine = processes.share(range(len(images)))
        for index in progress(mine, what, show=processes.is_main()):
            photo = images[index]
            levels = model.quantised(photo.sample.image)
            scaled = postprocess.for_photo(photo.sample.image.shape, record.image_sizes)
            part[photo.sample.image_id] = score_photo(photo, levels, scaled)
    scores = processes.join(part)
    return [scores[image_id] for image_id in images.ids]
