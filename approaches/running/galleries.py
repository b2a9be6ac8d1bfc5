"""The page of `val`: what each approach of a run found, invented and missed, from the stored
probabilities.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from common.data import Data, Sample
from common.data.licence import licence_line
from common.gallery import GalleryError, Prediction, ScoredImage, shown_ids, write_scored_gallery
from common.masks.evaluate import ImageScore
from common.masks.probabilities import ProbabilityMaps
from common.progress import progress
from common.records import CompleteRecord
from common.records.folder import RunFolder


def write_val_gallery(
    data: Data, run: RunFolder, records: Sequence[CompleteRecord], winner: str, over: Event
) -> Path:
    """Write `galleries/val.html` of a run: images chosen by the winner's Dice, all approaches.

    Args:
        data: of the run.
        run: its folder, which holds the probabilities of `val`.
        records: of the complete approaches.
        winner: one of them.
        over: once it is set, no further picture is made.

    Returns:
        The page.

    Raises:
        GalleryError: the page does not pass its check, or is no longer wanted.
        OSError: a file cannot be read or written.
    """
    ranked = sorted(records, key=lambda record: (record.approach != winner, -_mean_dice(record)))
    scores = {each.approach: {score.img_id: score for score in each.scores} for each in ranked}
    ids = shown_ids(ranked[0].scores)
    entries = {entry.image_id: (place, entry) for place, entry in enumerate(data.score.entries)}

    def images() -> Iterator[ScoredImage]:
        for image_id in progress(ids, "the page of val"):
            if over.is_set():
                raise GalleryError("it was interrupted")
            place, entry = entries[image_id]
            sample = data.score[place]
            group = data.score.groups[image_id]
            found = {
                record.approach: prediction
                for record in ranked
                if (prediction := _prediction(run, record, sample, scores[record.approach]))
            }
            yield ScoredImage(entry.file_name, group, sample, found)

    title = f"What the approaches found on val: {run.path.resolve().name}"
    subtitle = "; ".join(f"{record.approach}: {record.tuning.postprocess}" for record in ranked)
    return write_scored_gallery(
        run.galleries,
        images(),
        [record.approach for record in ranked],
        title=title,
        subtitle=subtitle,
        attribution=licence_line(data.folder),
        of=len(ranked[0].scores),
    )


def _mean_dice(record: CompleteRecord) -> float:
    """Over the images that have an object, as the leaderboard's."""
    found = [score.dice for score in record.scores if score.tp + score.fn > 0]
    return sum(found) / len(found) if found else 0.0


def _prediction(
    run: RunFolder, record: CompleteRecord, sample: Sample, scores: dict[int, ImageScore]
) -> Prediction | None:
    """What an approach made of an image; None where its probabilities are no longer there."""
    levels = ProbabilityMaps(run.probabilities(record.approach)).read(sample.image)
    score = scores.get(sample.image_id)
    if levels is None or score is None:
        return None
    postprocess = record.tuning.postprocess.for_photo(sample.image.shape, record.image_sizes)
    return Prediction(postprocess.apply(levels), score)
