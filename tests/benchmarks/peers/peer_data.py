"""What every peer is given, and what it hands in: photos with masks, and a CSV of run lengths."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from common.coco import rasterise, read_entries, read_image
from common.submission import write_submission


def labelled_photos(folder: Path) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Id, photo (H, W, 3) uint8 RGB and mask (H, W) bool of each image of a split."""
    for entry in read_entries(folder):
        yield entry.image_id, read_image(entry.path), rasterise(entry)[0]


def hand_in(
    output: Path, data: Path, predict: Callable[[np.ndarray], np.ndarray], **said: object
) -> None:
    """Predict `val` photo by photo, and write the masks and what they cost.

    Args:
        output: folder for `pred_valid_template.csv` and `costs.json`.
        data: holds `val/`.
        predict: photo (H, W, 3) uint8 to mask (H, W) bool; timed without the reading of files.
        said: further entries of `costs.json`, such as the number of steps.
    """
    masks, shapes, seconds = [], {}, []
    for image_id, photo, _ in labelled_photos(data / "val"):
        began = time.perf_counter()
        masks.append((image_id, predict(photo)))
        seconds.append(time.perf_counter() - began)
        shapes[image_id] = photo.shape[:2]
    write_submission(output, masks, shapes)
    costs = {**said, "predict_ms_median": round(1000 * float(np.median(seconds)), 1)}
    (output / "costs.json").write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    print(costs)
