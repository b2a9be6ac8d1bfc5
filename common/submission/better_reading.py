"""Whether a submission would score far better if it were read in another way.

A score says only that masks lie elsewhere than the objects; another reading that scores far better
says why. Readings are compared on some of the images and confirmed on all of them. Nothing is said
where the difference could be chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from common import metrics
from common.coco import Entry
from common.submission.cells import Cell
from common.submission.readings import (
    Reading,
    as_written,
    counted_from_zero,
    other_readings,
    own_reading,
)
from common.submission.scores import Means, Truth, means, score_images, truth_of

FAR_BETTER = 0.1  # gain in mean Dice that no small inaccuracy of a model gives
AS_GOOD = 0.01
BETTER_AGAIN = 0.005  # gain for which a less likely slip is believed instead of a likelier one
FITTING_DICE = 0.5
MARGIN_PX = 10
SURE_PX = 0.3  # two truths of one object, or a model and its truth, have nearer centres
FEWEST_IMAGES = 5  # but for masks that are those of the objects to the pixel
EXACT = 0.999
COMPARED_IMAGES = 24
COMPARED_PIXELS = 40_000_000
READABLE_SHARE = 0.9  # of the rows; the others may have faults of their own
THUMBNAIL_PX = 48
SURELY_FOUND, SURELY_BETTER = 0.6, 0.3  # of overlaps, beyond what other images give by chance
MOST_MASKS = 4000  # beyond them it takes too long to compare each row with each image

Cells = Mapping[int, Sequence[Cell]]


@dataclass(frozen=True)
class Better:
    """What a file looks like, how to write it right, and the means it would then have.

    `certain` is False where the gain is small, though the same on almost all images.
    """

    looks_like: str
    mend: str
    means: Means
    certain: bool = True


def mask_as_written(cells: Sequence[Cell], entry: Entry) -> np.ndarray:
    """The union of an image's rows, (H, W) bool, as a receiver paints them."""
    shape = (entry.height, entry.width)
    return np.logical_or.reduce([as_written(cell.numbers, shape) for cell in cells])


def better_reading(cells: Cells, entries: Sequence[Entry], written: pd.DataFrame) -> Better | None:
    """The reading of the numbers that fits the objects far better than the submission's own.

    Args:
        cells: image id → what its rows hold; images without rows are absent.
        entries: of `val`.
        written: `score_images` of the file as it is written.
    """
    compared = _compared(cells, entries)
    if not compared:
        return None
    masks = [mask_as_written(cells[entry.image_id], entry) for entry, _ in compared]
    base, own_fits = _mean_dice(masks, compared), _mean_of(own_reading(), cells, compared) >= 0
    best, best_mean, best_gain = None, -1.0, FAR_BETTER
    can_gain = not own_fits or base + FAR_BETTER <= 1
    for reading in other_readings([truth.mask.shape for _, truth in compared]) if can_gain else ():
        # Numbers that cannot be meant as the submission's own are explained by what they fit.
        gain = FAR_BETTER if own_fits or not reading.is_strict else -AS_GOOD
        mean = _mean_of(reading, cells, compared)
        if mean >= max(base + gain, best_mean + BETTER_AGAIN):
            best, best_mean, best_gain = reading, mean, gain
    if best is None:
        return _counted_from_zero(cells, entries, compared, masks)
    read = best
    found = means(score_images(entries, lambda entry: _decoded(read, cells, entry)))
    least = FITTING_DICE if len(compared) < FEWEST_IMAGES else AS_GOOD
    if found.dice < max(means(written).dice + best_gain, least):
        return None
    return Better(best.looks_like, best.mend, found)


def _compared(cells: Cells, entries: Sequence[Entry]) -> list[tuple[Entry, Truth]]:
    """Images that readings are compared on: with an object and a mask that is not empty, spread
    over all.
    """
    useful = [e for e in entries if any(len(cell.numbers) for cell in cells.get(e.image_id, ()))]
    step = max(1, len(useful) // COMPARED_IMAGES)
    found: list[tuple[Entry, Truth]] = []
    pixels = 0
    for entry in useful[::step]:
        truth = truth_of(entry)
        if truth.mask.any() and pixels < COMPARED_PIXELS:
            found.append((entry, truth))
            pixels += truth.mask.size
    return found


def _mean_of(reading: Reading, cells: Cells, compared: Sequence[tuple[Entry, Truth]]) -> float:
    """Mean Dice of a reading, -1 where too few rows can be read so."""
    masks, unreadable = [], 0
    for entry, truth in compared:
        mask = _decoded(reading, cells, entry)
        unreadable += mask is None
        if unreadable > (1 - READABLE_SHARE) * len(compared):
            return -1.0
        masks.append(np.zeros(truth.mask.shape, dtype=bool) if mask is None else mask)
    return _mean_dice(masks, compared)


def _decoded(reading: Reading, cells: Cells, entry: Entry) -> np.ndarray | None:
    masks = [
        reading.decode(cell, (entry.height, entry.width)) for cell in cells.get(entry.image_id, ())
    ]
    known = [mask for mask in masks if mask is not None]
    return np.logical_or.reduce(known) if known and len(known) == len(masks) else None


def _mean_dice(masks: Sequence[np.ndarray], compared: Sequence[tuple[Entry, Truth]]) -> float:
    counts = [
        metrics.count_pixels(mask, truth.mask, truth.ignore)
        for mask, (_, truth) in zip(masks, compared, strict=True)
    ]
    return float(np.mean([metrics.dice(one.tp, one.fp, one.fn) for one in counts]))


def _counted_from_zero(
    cells: Cells,
    entries: Sequence[Entry],
    compared: Sequence[tuple[Entry, Truth]],
    masks: Sequence[np.ndarray],
) -> Better | None:
    """Pixels counted from 0: certain where a run starts at 0, likely where the masks lie one pixel
    to the left of the objects.
    """
    reading = counted_from_zero()
    if any(
        entry.image_id in cells and _decoded(reading, cells, entry) is None for entry in entries
    ):
        return None
    proven = any(
        len(cell.numbers) and cell.numbers[0] == 0 for row in cells.values() for cell in row
    )
    is_exact = _mean_of(reading, cells, compared) >= EXACT > _mean_dice(masks, compared)
    if not (proven or is_exact or _one_pixel_left(compared, masks)):
        return None
    found = means(score_images(entries, lambda entry: _decoded(reading, cells, entry)))
    return Better(reading.looks_like, reading.mend, found, certain=proven)


def _one_pixel_left(compared: Sequence[tuple[Entry, Truth]], masks: Sequence[np.ndarray]) -> bool:
    """Whether the masks' centres lie one pixel to the left of the objects' and at their height, in
    most images.

    A shift of the flat mask by one pixel moves no row. Dice hardly shows it on masks that are not
    exact, centres do. Only masks that fit are looked at, and only near the objects.
    """
    shifts = []
    for (_, truth), mask in zip(compared, masks, strict=True):
        rows, columns = np.nonzero(truth.mask)
        top, left = max(rows.min() - MARGIN_PX, 0), max(columns.min() - MARGIN_PX, 0)
        window = slice(top, rows.max() + MARGIN_PX), slice(left, columns.max() + MARGIN_PX)
        drawn, true = mask[window], truth.mask[window]
        if 2 * (drawn & true).sum() > FITTING_DICE * (drawn.sum() + true.sum()):
            shifts.append([np.mean(a) - np.mean(b) for a, b in _places(drawn, true)])
    if len(shifts) < FEWEST_IMAGES:
        return False
    down, right = np.median(np.array(shifts), axis=0)
    spread = np.median(np.abs(np.array(shifts)[:, 1] - right))
    return bool(abs(right + 1) < SURE_PX and abs(down) < SURE_PX and spread < 2 * SURE_PX)


def _places(drawn: np.ndarray, true: np.ndarray) -> zip:
    """Rows of both masks' pixels, then columns of both."""
    return zip(np.nonzero(drawn), np.nonzero(true), strict=True)


def rows_of_other_images(
    cells: Cells, entries: Sequence[Entry], order: Sequence[int], written: pd.DataFrame
) -> Better | None:
    """Whether the masks are right but stand in the rows of other images.

    Args:
        cells: image id → what its rows hold.
        entries: of `val`, ordered by id.
        order: the images in the order of the file's rows.
        written: `score_images` of the file as it is written.
    """
    ids = [entry.image_id for entry in entries]
    if set(order) != set(ids):
        return None
    overlap = _overlaps(cells, entries)
    if overlap is None:
        return None
    stays = _mean_overlap(overlap, np.arange(len(ids)))
    _, best = linear_sum_assignment(overlap, maximize=True)
    reached, wording = _mean_overlap(overlap, best), "the masks stand in the rows of other images"
    is_sure = reached >= max(SURELY_FOUND, stays + SURELY_BETTER)
    for name, mapping in _usual_orders(ids, order).items():
        mean = _mean_overlap(overlap, mapping)
        if mean >= max(stays + FAR_BETTER, reached - AS_GOOD):
            best, wording, is_sure = mapping, name, True
            break
    if not is_sure:
        return None
    moved = {ids[to]: cells[ids[row]] for row, to in enumerate(best)}
    found = means(
        score_images(entries, lambda entry: mask_as_written(moved[entry.image_id], entry))
    )
    least = EXACT if len(ids) < FEWEST_IMAGES else 0.0
    if found.dice < max(means(written).dice + FAR_BETTER, least):
        return None
    row = int(np.flatnonzero(best != np.arange(len(ids)))[0])
    example = f"the row of image {ids[row]} holds the mask of image {ids[best[row]]}"
    return Better(
        f"{wording} ({example})", "write each mask beside the id of its own image", found
    )


def _usual_orders(ids: Sequence[int], order: Sequence[int]) -> dict[str, np.ndarray]:
    """What went wrong → to which place of `ids` the mask in the row of each id belongs."""
    place = {image_id: index for index, image_id in enumerate(ids)}
    count = len(ids)
    in_text_order = np.array([place[image_id] for image_id in sorted(ids, key=str)])
    in_file = np.empty(count, dtype=int)
    in_file[[place[image_id] for image_id in order]] = np.arange(count)
    text = "the masks were predicted in the order of the names as text (0, 1, 10, 100, 2, …)"
    return {
        "each mask stands in the row after its own": (np.arange(count) - 1) % count,
        "each mask stands in the row before its own": (np.arange(count) + 1) % count,
        text: in_text_order,
        "the ids were written in the order of text (0, 1, 10, 100, 2, …)": np.argsort(
            in_text_order
        ),
        "the masks stand in reversed order": np.arange(count)[::-1],
        "the masks are in the order of val, the ids are not": in_file,
    }


def _overlaps(cells: Cells, entries: Sequence[Entry]) -> np.ndarray | None:
    """Dice of the mask in each row with the objects of each image, (n, n), on thumbnails; None
    where images of too many sizes would each need all masks anew.
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    for place, entry in enumerate(entries):
        by_shape.setdefault((entry.height, entry.width), []).append(place)
    if len(by_shape) * len(entries) > MOST_MASKS:
        return None
    overlap = np.zeros((len(entries), len(entries)))
    for places in by_shape.values():
        one = entries[places[0]]
        drawn = np.stack([_thumbnail(mask_as_written(cells[e.image_id], one)) for e in entries])
        true = np.stack([_thumbnail(truth_of(entries[place]).mask) for place in places])
        sums = drawn.sum(1)[:, None] + true.sum(1)[None]
        overlap[:, places] = 2 * (drawn @ true.T) / np.maximum(sums, 1e-9)
    return overlap


def _thumbnail(mask: np.ndarray) -> np.ndarray:
    small = cv2.resize(
        mask.astype(np.float32), (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA
    )
    return small.ravel()


def _mean_overlap(overlap: np.ndarray, mapping: np.ndarray) -> float:
    return float(overlap[np.arange(len(overlap)), mapping].mean())
