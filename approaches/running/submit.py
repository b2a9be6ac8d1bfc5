"""The winner's submission: masks of `val` as run lengths, and the page of its masks on the photos
without labels.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from approaches.running.cached_predictions import cached_segmenter
from common.coco import read_image
from common.data import Data
from common.data.licence import licence_line
from common.data.template import find_template
from common.files import whole_folder
from common.gallery import write_gallery
from common.progress import progress
from common.records import CompleteRecord
from common.records.folder import RunFolder
from common.submission.masks_csv import write_submission

log = logging.getLogger(__name__)


def rehearse(data: Data) -> None:
    """Write a submission of empty masks to nowhere: a template that does not fit `val` is found
    before training.

    Raises:
        TemplateError: the data folder's template does not fit `val`.
    """
    empty = (
        (image_id, np.zeros(shape, dtype=bool)) for image_id, shape in data.score.shapes.items()
    )
    with tempfile.TemporaryDirectory() as scratch:
        _write_masks(Path(scratch), empty, data)


def _write_masks(folder: Path, masks: Iterable[tuple[int, np.ndarray]], data: Data) -> None:
    """The CSV of the masks of `val`, in the form of the data folder's template if it has one."""
    shapes, names = data.score.shapes, data.score.names
    write_submission(folder, masks, shapes, find_template(data.folder), names)


def submit(record: CompleteRecord, data: Data, run: RunFolder) -> Path:
    """Write `submission/` of a run; what an earlier winner left there goes, all at once.

    The masks come first, and a page that cannot be made does not take them along: a line says what
    is missing and how to make it.

    Args:
        record: of the winner.
        data: its `val` images must be predicted, its photos may be none.
        run: folder of the run.

    Returns:
        The folder of the submission.

    Raises:
        TemplateError: the data folder's template does not fit `val`.
        SubmissionError: a written file is not as it must be.
    """
    segmenter = cached_segmenter(run, record)

    def photos() -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
        for path in progress(data.photos, "predicting the photos"):
            image = read_image(path, upright=True)
            levels = segmenter.quantised(image)
            yield path.name, image, segmenter.mask_of(image, levels), levels

    masks = ((sample.image_id, segmenter.predict(sample.image)) for sample in data.score)
    with whole_folder(run.submission) as partial:
        _write_masks(partial, masks, data)
        try:
            write_gallery(
                partial,
                photos(),
                title="Predictions on real photos",
                subtitle=str(segmenter),
                attribution=licence_line(data.folder),
                threshold=record.tuning.postprocess.threshold,
            )
        except Exception as error:
            log.warning(
                "no page of the photos in %s: %s. Once that is mended, repeat the command.",
                run.submission,
                error,
            )
    return run.submission
