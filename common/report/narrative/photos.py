"""What the masks of the photos without labels hold. There is no truth for them, so only what can
be counted is said.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from common.coco import rasterise, read_entries
from common.words import counted, listed, percent, span

COLUMNS = "photo height_px width_px object area_px length_px width_of_object_px".split()
USUAL = 0.95  # of the objects of train are exceeded
FACTOR = 2.0  # by so much, before a piece is called out


def mask_objects(mask: np.ndarray) -> list[dict]:
    """Area, length and width of each 8-connected piece of a mask (H, W) bool.

    Length and width are the sides of the smallest rectangle around its pixels.

    Examples:
        >>> mask = np.zeros((20, 30), bool)
        >>> mask[5:8, 10:20] = True
        >>> mask_objects(mask)
        [{'area_px': 30, 'length_px': 10.0, 'width_of_object_px': 3.0}]
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=8
    )
    found = []
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        box = slice(top, top + height), slice(left, left + width)
        rows, columns = np.nonzero(labels[box] == label)
        # A pixel is 1 px wide, not a point: its four corners.
        corners = [np.stack([columns + x, rows + y], axis=1) for x in (0, 1) for y in (0, 1)]
        hull = cv2.convexHull(np.concatenate(corners).astype(np.float32))
        sides = sorted(cv2.minAreaRect(hull)[1], reverse=True)
        found.append(
            {"area_px": area, "length_px": float(sides[0]), "width_of_object_px": float(sides[1])}
        )
    return found


def photo_table(photos: Iterable[tuple[str, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """A row for each object that was found on each photo; a photo without any has one row, whose
    `object` is 0.

    Args:
        photos: name, image (H, W, 3) uint8 and mask (H, W) bool of each, as
            `common.report.finished_run.photo_masks` gives them.

    Returns:
        Columns `photo`, `height_px`, `width_px`, `object` (from 1), `area_px`, `length_px`,
        `width_of_object_px`.
    """
    rows = []
    for name, _, mask in photos:
        about = {"photo": name, "height_px": mask.shape[0], "width_px": mask.shape[1]}
        found = mask_objects(mask)
        rows += [about | {"object": number} | one for number, one in enumerate(found, start=1)]
        rows += [] if found else [about | {"object": 0}]
    return pd.DataFrame(rows, columns=COLUMNS)


def train_objects(data: Path) -> pd.DataFrame:
    """Sizes of the annotated objects of `train`: columns `area_px`, `length_px`,
    `width_of_object_px`.

    Args:
        data: the data folder; where it has no `train` the table is empty.
    """
    entries = read_entries(data / "train") if (data / "train").is_dir() else []
    found = []
    for entry in entries:
        mask, ignore = rasterise(entry)
        found += mask_objects(mask & ~ignore)
    return pd.DataFrame(found, columns=COLUMNS[-3:])


def of_photos(photos: pd.DataFrame, train: pd.DataFrame) -> str:
    """How much was found on the photos, and what of it has a size that no object of `train` has.

    Args:
        photos: of `photo_table`.
        train: of `train_objects`.
    """
    if photos.empty:
        return (
            "There are no photos without labels with stored probabilities, so nothing is said of "
            "them."
        )
    counts = photos.groupby("photo", sort=False)["object"].max()
    objects = photos[photos["object"] > 0]
    none = counts.index[counts == 0].tolist()
    sentences = [
        f"On {counted(len(counts), 'photo')} the masks have "
        f"{counted(len(objects), 'separate piece')}, at most {int(counts.max())} on one."
    ]
    if none:
        sentences.append(f"Nothing was found on {counted(len(none), 'photo')}: {listed(none)}.")
    if len(objects):
        sentences.append(f"The median piece has {span(objects['area_px'], 'px')}.")
    if len(objects) and len(train):
        sentences += _outliers(objects, train)
    sentences.append(
        "Without labels no score can be given, and a piece is not proof of an object."
    )
    return " ".join(sentences)


def _outliers(objects: pd.DataFrame, train: pd.DataFrame) -> list[str]:
    """Pieces much larger, smaller or thinner than nearly all objects of `train`."""
    least, most = train["area_px"].quantile([1 - USUAL, USUAL])
    thinnest = train["width_of_object_px"].quantile(1 - USUAL)
    large = objects[objects["area_px"] > FACTOR * most]
    small = objects[objects["area_px"] < least / FACTOR]
    thin = objects[objects["width_of_object_px"] < thinnest / FACTOR]
    return [
        f"Against {percent(USUAL)} of the {counted(len(train), 'object')} of `train`: "
        f"{counted(len(large), 'piece')} more "
        f"than {FACTOR:g} times as large (above {FACTOR * most:,.0f} px){_where(large)}, "
        f"{counted(len(small), 'piece')} "
        f"less than half as large (below {least / FACTOR:,.0f} px){_where(small)}, "
        f"{counted(len(thin), 'piece')} less than half as wide (below {thinnest / FACTOR:.1f} "
        f"px){_where(thin)}. Photos of another size or distance explain "
        "part of that."
    ]


def _where(pieces: pd.DataFrame) -> str:
    names = list(dict.fromkeys(pieces["photo"]))
    return f" (on {listed(names, most=4)})" if names else ""
