"""The winner's submission: masks of `val` as run lengths, and the page of its masks on the photos
without labels.
"""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from approaches.running.cached_predictions import cached_model
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
        write_submission(
            scratch, empty, data.score.shapes, find_template(data.folder), data.score.names
        )


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
    model = cached_model(run, record.approach, record.image_sizes)

    def mask_of(image: np.ndarray, levels: np.ndarray) -> np.ndarray:
        postprocess = record.tuning.postprocess.for_photo(image.shape, record.image_sizes)
        return postprocess.apply(levels)

    def masks() -> Iterator[tuple[int, np.ndarray]]:
        for sample in data.score:
            yield sample.image_id, mask_of(sample.image, model.quantised(sample.image))

    def photos() -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
        for path in progress(data.photos, "predicting the photos"):
            image = read_image(path, upright=True)
            levels = model.quantised(image)
            yield path.name, image, mask_of(image, levels), levels

    subtitle = f"{record.approach}, {record.tuning.postprocess}"
    with whole_folder(run.submission) as partial:
        write_submission(
            partial, masks(), data.score.shapes, find_template(data.folder), data.score.names
        )
        try:
            write_gallery(
                partial,
                photos(),
                title="Predictions on real photos",
                subtitle=subtitle,
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
