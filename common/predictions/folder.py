"""The folder that predicting fills: a mask and an overlay of each photo, `objects.csv`, and all
masks as COCO annotations with scores, which annotation tools and pycocotools open.
"""

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from common import __version__
from common.coco.names import stays_inside
from common.commands import RefusedError
from common.csv_files import shown_as_text
from common.files import write_whole
from common.image_files import write_pixels
from common.masks.objects import PredictedObject, predicted_objects
from common.masks.overlay import outlined
from common.masks.postprocess import LEVELS
from common.predictions.photos import COCO_FILE, GALLERY, Photo

TABLE = "objects.csv"
FOLDERS = {"masks": ".png", "overlays": ".jpg", "probabilities": ".png"}
COLUMNS = "photo object area_px left_px top_px width_px height_px confidence speck".split()
JPEG_QUALITY = 92


class OutputError(RefusedError):
    """The folder to write to holds something else; nothing was written."""


class PredictionFolder:
    """Fills a folder, photo by photo; use it by `opened`, which writes the lists at the end.

    Args:
        path: the folder.
        made_by: the model and its post-processing, in words.
        category: what an object is called in the COCO file.
    """

    def __init__(self, path: Path, made_by: str, category: str = "object"):
        self.path, self.made_by, self.category = path, made_by, category
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self._rows: list[list[Any]] = []

    @contextmanager
    def opened(self, photos: Sequence[Photo]) -> Iterator["PredictionFolder"]:
        """The folder to add photos to; what an earlier prediction left there goes first. However
        the block ends, the lists hold the photos that were added; after a kill they say of which
        there may be files.

        Args:
            photos: those that will be added, as far as they can be read.

        Raises:
            OutputError: it holds files of another origin by the names of those that are written.
            OSError: a file cannot be written.
        """
        self._clear()
        self._write_lists(planned=photos)
        try:
            yield self
        finally:
            self._write_lists()

    def add(
        self, photo: Photo, image: np.ndarray, mask: np.ndarray, levels: np.ndarray
    ) -> list[PredictedObject]:
        """Write the mask and the overlay of a photo, and note its objects and specks.

        Args:
            photo: which one.
            image: (H, W, 3) uint8 RGB, upright.
            mask: (H, W) bool.
            levels: (H, W) uint8, the probabilities in steps of 1/255.

        Returns:
            The objects and specks, as they are numbered in `objects.csv` and on the page.
        """
        write_pixels(self._file("masks", photo.output), mask.astype(np.uint8) * LEVELS)
        quality = (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
        write_pixels(self._file("overlays", photo.output), outlined(image, mask), quality)
        height, width = mask.shape
        name, output = _text(photo.name), _text(photo.output)
        image_id = len(self.images) + 1
        self.images.append(
            {"id": image_id, "width": width, "height": height, "file_name": name, "stem": output}
        )
        objects = predicted_objects(mask, levels)
        for number, each in enumerate(objects, start=1):
            box = [each.left_px, each.top_px, each.width_px, each.height_px]
            confidence = round(each.confidence, 4)
            self._rows.append([name, number, each.area_px, *box, confidence, int(each.speck)])
            self.annotations.append(
                {
                    "id": len(self.annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "segmentation": run_lengths(each, height, width),
                    "area": each.area_px,
                    "bbox": box,
                    "iscrowd": 0,
                    "score": confidence,
                }
            )
        return objects

    def add_probabilities(self, photo: Photo, levels: np.ndarray) -> None:
        """Write the probabilities (H, W) uint8 of a photo as a grey image, 255 for 1."""
        write_pixels(self._file("probabilities", photo.output), levels)

    def _file(self, kind: str, output: str) -> Path:
        return self.path / kind / f"{output}{FOLDERS[kind]}"

    def _clear(self) -> None:
        """Remove what an earlier prediction lists; OutputError where there is no such list."""
        listed = self.path / COCO_FILE
        if not listed.is_file():
            written = [*FOLDERS, TABLE, f"{GALLERY}.html", GALLERY]
            foreign = [name for name in written if (self.path / name).exists()]
            if foreign:
                raise OutputError(
                    f"{self.path / foreign[0]} exists, but {self.path} has no {COCO_FILE} of an "
                    "earlier prediction. Nothing was touched; name another --output."
                )
            return
        try:
            content = json.loads(listed.read_bytes())
            earlier = [image["stem"] for image in content["images"]] + content.get("planned", [])
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(
                f"{listed} was not written by a prediction ({type(error).__name__}: {error}). "
                "Nothing was touched; name another --output."
            ) from error
        for output in earlier:
            for kind in FOLDERS if stays_inside(output) else ():
                self._file(kind, output).unlink(missing_ok=True)
        (self.path / f"{GALLERY}.html").unlink(missing_ok=True)
        shutil.rmtree(self.path / GALLERY, ignore_errors=True)

    def _write_lists(self, planned: Sequence[Photo] = ()) -> None:
        document: dict[str, Any] = {
            "info": {"description": self.made_by, "version": __version__},
            "licenses": [],
            "categories": [{"id": 1, "name": self.category, "supercategory": ""}],
            "images": self.images,
            "annotations": self.annotations,
        }
        if planned:
            document["planned"] = [_text(photo.output) for photo in planned]
        # the first of all files, since by it the others are known to be of a prediction
        write_whole(self.path / COCO_FILE, json.dumps(document, ensure_ascii=False) + "\n")
        table = io.StringIO()
        rows = ([shown_as_text(cell) for cell in row] for row in [COLUMNS, *self._rows])
        csv.writer(table, lineterminator="\n").writerows(rows)
        write_whole(self.path / TABLE, table.getvalue())


def run_lengths(found: PredictedObject, height: int, width: int) -> dict[str, Any]:
    """An object as COCO's compressed run lengths of the whole image, JSON-able.

    Only the object's own window is gone through: a mask of many specks on a large photo would
    otherwise take minutes.
    """
    columns, rows = np.nonzero(found.window.T)
    places = (columns + found.left_px) * height + rows + found.top_px  # column by column
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    starts = places[np.concatenate(([0], breaks))]
    ends = places[np.concatenate((breaks - 1, [-1]))] + 1
    bounds = np.column_stack((starts, ends)).ravel()
    counts = np.diff(np.concatenate(([0], bounds, [height * width]))).tolist()
    counts = counts if counts[-1] else counts[:-1]  # as pycocotools itself ends them
    rle = {"size": [height, width], "counts": counts}
    compressed = coco_mask.frPyObjects(rle, height, width)
    return {"size": [height, width], "counts": compressed["counts"].decode("ascii")}


def _text(name: str) -> str:
    """A file name as text; bytes that are no UTF-8 stand there as hexadecimal numbers."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
