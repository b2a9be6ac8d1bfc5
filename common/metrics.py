"""Counts and scores of one predicted mask, and the means over images that the leaderboard shows.

A run stores integer counts of each image and, beside them, the ratios made from them here (see
`common.masks.evaluate.ImageScore`). Each convention that changes a number (empty masks, mean over
images or over pixels, ties, `>=`) is decided once, in the docstring of the function that computes
it. The functions are pure. They refuse to threshold (they take bool masks) and never turn 0/0 into
a number silently.
"""

import math
from typing import NamedTuple, overload

import cv2
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

Number = float | np.integer
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
SUMMARISED_COLUMNS = ("tp", "fp", "fn", "tn", "nsd_2px", "object_tp", "object_fp", "object_fn")


class PixelCounts(NamedTuple):
    """Pixels of one image by prediction and truth; ignored pixels are in none of the four."""

    tp: int
    fp: int
    fn: int
    tn: int


class ObjectCounts(NamedTuple):
    """Objects of one image: found, falsely predicted, missed."""

    tp: int
    fp: int
    fn: int


def count_pixels(
    prediction: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None = None
) -> PixelCounts:
    """Count the pixels of one image; masks are (H, W) bool, and pixels under `ignore` are counted
    nowhere.

    Raises:
        ValueError: a mask is not 2-D bool, or the shapes differ.

    Examples:
        >>> count_pixels(np.array([[True, True, False]]), np.array([[True, False, False]]))
        PixelCounts(tp=1, fp=1, fn=0, tn=1)
    """
    _check_masks(prediction, truth, ignore)
    total = truth.size if ignore is None else truth.size - int(np.count_nonzero(ignore))
    prediction, truth = _without(prediction, ignore), _without(truth, ignore)
    tp = int(np.count_nonzero(prediction & truth))
    fp = int(np.count_nonzero(prediction)) - tp
    fn = int(np.count_nonzero(truth)) - tp
    return PixelCounts(tp, fp, fn, total - tp - fp - fn)


@overload
def dice(tp: Number, fp: Number, fn: Number) -> float: ...
@overload
def dice(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray: ...


def dice(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> float | np.ndarray:
    """Return 2 TP / (2 TP + FP + FN), the F1 score of the pixels.

    Numbers give a float, arrays of any shape a float64 array. Both masks empty is 0/0 and NaN. An
    empty truth with a prediction gives 0.0, however small the prediction is: `summarise` keeps
    images without objects out of its mean.
    """
    tp, fp, fn = _as_float(tp, fp, fn)
    return _ratio(2 * tp, 2 * tp + fp + fn)


@overload
def iou(tp: Number, fp: Number, fn: Number) -> float: ...
@overload
def iou(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray: ...


def iou(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> float | np.ndarray:
    """Return TP / (TP + FP + FN), also called Jaccard index; empty masks as in `dice`."""
    tp, fp, fn = _as_float(tp, fp, fn)
    return _ratio(tp, tp + fp + fn)


@overload
def precision(tp: Number, fp: Number) -> float: ...
@overload
def precision(tp: np.ndarray, fp: np.ndarray) -> np.ndarray: ...


def precision(tp: ArrayLike, fp: ArrayLike) -> float | np.ndarray:
    """Return TP / (TP + FP), NaN where nothing is predicted; `summarise` says what its mean makes
    of that.
    """
    tp, fp = _as_float(tp, fp)
    return _ratio(tp, tp + fp)


@overload
def recall(tp: Number, fn: Number) -> float: ...
@overload
def recall(tp: np.ndarray, fn: np.ndarray) -> np.ndarray: ...


def recall(tp: ArrayLike, fn: ArrayLike) -> float | np.ndarray:
    """Return TP / (TP + FN), NaN where the truth is empty."""
    tp, fn = _as_float(tp, fn)
    return _ratio(tp, tp + fn)


@overload
def area_bias(tp: Number, fp: Number, fn: Number) -> float: ...
@overload
def area_bias(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray: ...


def area_bias(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> float | np.ndarray:
    """Return (predicted area - true area) / true area: +0.1 is 10 % too much, -1 nothing; NaN
    where truth is empty.
    """
    tp, fp, fn = _as_float(tp, fp, fn)
    return _ratio(fp - fn, tp + fn)


def surface_distance_score(
    prediction: np.ndarray,
    truth: np.ndarray,
    tolerance_px: float = 2.0,
    ignore: np.ndarray | None = None,
) -> float:
    """Return the share of both outlines that lies within a tolerance of the other: normalised
    surface distance (NSD).

    (|{x in edge(A): d(x, edge(B)) <= t}| + |{y in edge(B): d(y, edge(A)) <= t}|) / (|edge(A)| +
    |edge(B)|) on *edge pixels*, with exact Euclidean distances between pixel centres. An edge
    pixel is a mask pixel with at least one of its 4 neighbours outside the mask. Neighbours beyond
    the image border or under `ignore` are unknown and do not count as
    outside: where the photo cuts an object there is no outline to judge. Implementations on
    surface elements (DeepMind, MONAI) differ a little.

    Conventions: both masks empty = 1, one empty = 0; no edge in either (both fill all that is
    known) = 1 if the masks are equal, else 0.

    Args:
        prediction: (H, W) bool.
        truth: (H, W) bool.
        tolerance_px: largest distance that still counts as met, 0 to some 20 px. Polygon
            rasterisers alone disagree by about half a pixel, hence 2.
        ignore: (H, W) bool, taken out of both masks.

    Returns:
        Score in [0, 1].

    Raises:
        ValueError: a mask is not 2-D bool, the shapes differ, or the tolerance is not a finite
            number from 0 up.

    Source: Nikolov et al. 2021, "Clinically applicable segmentation of head and neck anatomy",
    surface Dice.
    """
    _check_masks(prediction, truth, ignore)
    if not (math.isfinite(tolerance_px) and tolerance_px >= 0):
        raise ValueError(
            f"surface_distance_score got tolerance_px={tolerance_px!r}; it needs a finite number "
            ">= 0."
        )
    prediction, truth = _without(prediction, ignore), _without(truth, ignore)
    if not (prediction.any() and truth.any()):
        return float(prediction.any() == truth.any())
    window = _bounding_window(prediction | truth, margin=1)
    prediction, truth = prediction[window], truth[window]
    ignore = None if ignore is None else ignore[window]
    edges = _edge(prediction, ignore), _edge(truth, ignore)
    edge_pixels = int(np.count_nonzero(edges[0]) + np.count_nonzero(edges[1]))
    if edge_pixels == 0:
        return float(np.array_equal(prediction, truth))
    return (
        _near(edges[0], edges[1], tolerance_px) + _near(edges[1], edges[0], tolerance_px)
    ) / edge_pixels


def object_counts(
    prediction: np.ndarray,
    truth: np.ndarray,
    ignore: np.ndarray | None = None,
    iou_threshold: float = 0.5,
) -> ObjectCounts:
    """Count the objects that were found, falsely predicted and missed.

    Masks are (H, W) bool. An object is an 8-connected component of a mask after the pixels under
    `ignore` were taken out of both, so two touching objects count as one. A predicted object is
    found where its IoU with a true one is >= `iou_threshold`. From 0.5 up no object can have two
    partners: both would have to share it out between them without remainder, and would touch. So
    there are no ties, and lower thresholds are refused.

    Raises:
        ValueError: a mask is not 2-D bool, the shapes differ, or the threshold is outside [0.5,
            1].
    """
    _check_masks(prediction, truth, ignore)
    if not 0.5 <= iou_threshold <= 1:
        raise ValueError(
            f"object_counts got iou_threshold={iou_threshold!r}; it needs a number in [0.5, 1]."
        )
    prediction, truth = _without(prediction, ignore), _without(truth, ignore)
    predicted_labels, predicted_area = _components(prediction)
    true_labels, true_area = _components(truth)
    both = np.flatnonzero(prediction & truth)
    # Only pairs that overlap are stored: a noisy prediction can have thousands of objects.
    codes = predicted_labels[both].astype(np.int64) * (true_area.size + 1) + true_labels[both]
    pairs, overlap = np.unique(codes, return_counts=True)
    predicted, true = np.array(np.divmod(pairs, true_area.size + 1)) - 1
    union = predicted_area[predicted] + true_area[true] - overlap
    tp = int(np.count_nonzero(overlap >= iou_threshold * union))
    return ObjectCounts(tp, predicted_area.size - tp, true_area.size - tp)


def object_f1(tp: Number, fp: Number, fn: Number) -> float:
    """Return 2 TP / (2 TP + FP + FN) of objects; NaN where there are none and none are
    predicted.
    """
    return dice(tp, fp, fn)


def with_objects(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of images that have an object, over which means of Dice are taken; by the columns
    tp and fn.
    """
    return table[table["tp"] + table["fn"] > 0] if len(table) else table


def summarise(table: pd.DataFrame) -> dict[str, float]:
    """Summarise the images of one data set.

    *Images with objects* are those with tp + fn > 0 after ignored pixels were taken out; the
    others are *empty*.

    - `dice_mean`, `iou_mean`, `recall`, `area_bias` (signed), `nsd_2px`: means over images with
    objects, each image
      weighing the same. An image with objects where nothing is predicted scores 0 (area bias -1).
    - `precision`: mean over the same images. Where nothing is predicted it counts as 0 instead of
    0/0, so that every
      approach is averaged over the same images and silence earns nothing.
    - `dice_global`: Dice of the counts added up over *all* images, empty ones included; large
    objects weigh more. - `object_precision`, `object_recall`, `object_f1`: of the object counts
    added up over all images. Precision is 0
      where there are objects and none is predicted, as above.
    - `empty_fp_rate`: share of empty images with at least one predicted pixel.
    - `n_images`, `n_empty`: numbers of all and of empty images.

    A mean over no image is NaN: all but the global and object scores without images with objects,
    `empty_fp_rate` without empty ones.

    Args:
        table: one row per image with the columns tp, fp, fn, tn, nsd_2px, object_tp, object_fp,
            object_fn.

    Raises:
        ValueError: there are no rows, a column is missing, or a value is.
    """
    _check_table(table)
    has_objects = (table["tp"] + table["fn"] > 0).to_numpy()
    tp, fp, fn = (table.loc[has_objects, column].to_numpy() for column in ("tp", "fp", "fn"))
    total = table[["tp", "fp", "fn", "object_tp", "object_fp", "object_fn"]].sum()
    objects = total["object_tp"], total["object_fp"], total["object_fn"]
    empty = table.loc[~has_objects]
    return {
        "dice_mean": _mean(dice(tp, fp, fn)),
        "dice_global": dice(total["tp"], total["fp"], total["fn"]),
        "iou_mean": _mean(iou(tp, fp, fn)),
        "precision": _mean(_precision_or_zero(tp, fp, fn)),
        "recall": _mean(recall(tp, fn)),
        "area_bias": _mean(area_bias(tp, fp, fn)),
        "nsd_2px": _mean(table.loc[has_objects, "nsd_2px"].to_numpy()),
        "object_precision": _precision_or_zero(*objects),
        "object_recall": recall(objects[0], objects[2]),
        "object_f1": object_f1(*objects),
        "empty_fp_rate": _mean(empty["fp"].to_numpy() > 0),
        "n_images": len(table),
        "n_empty": len(empty),
    }


def _as_float(*counts: ArrayLike) -> list[np.ndarray]:
    return [np.asarray(count, dtype=np.float64) for count in counts]


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> float | np.ndarray:
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    ratio = np.divide(numerator, denominator, out=undefined, where=denominator != 0)
    return float(ratio) if ratio.ndim == 0 else ratio


@overload
def _precision_or_zero(tp: Number, fp: Number, fn: Number) -> float: ...
@overload
def _precision_or_zero(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray: ...


def _precision_or_zero(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> float | np.ndarray:
    # 0 where nothing is predicted though there is something to find; NaN where there is nothing to
    # find either.
    tp, fp, fn = _as_float(tp, fp, fn)
    silent = (tp + fp == 0) & (fn > 0)
    return _ratio(tp, np.where(silent, 1.0, tp + fp))


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if values.size else math.nan


def _check_masks(prediction: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None) -> None:
    masks = {"prediction": prediction, "truth": truth} | (
        {} if ignore is None else {"ignore": ignore}
    )
    for name, mask in masks.items():
        if not (isinstance(mask, np.ndarray) and mask.ndim == 2 and mask.dtype == bool):
            found = f"{getattr(mask, 'dtype', type(mask).__name__)} of shape {np.shape(mask)}"
            raise ValueError(
                f"The {name} is {found}; a metric needs a 2-D bool mask (H, W). Threshold first: "
                "mask = proba >= 0.5."
            )
    if len({mask.shape for mask in masks.values()}) > 1:
        found = ", ".join(f"{name} {mask.shape}" for name, mask in masks.items())
        raise ValueError(
            f"The masks differ in shape: {found}; all must be (H, W) of the photo. Resize the "
            "prediction."
        )


def _without(mask: np.ndarray, ignore: np.ndarray | None) -> np.ndarray:
    return mask if ignore is None else mask & ~ignore


def _bounding_window(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    rows = slice(max(top - margin, 0), top + height + margin)
    return rows, slice(max(left - margin, 0), left + width + margin)


def _edge(mask: np.ndarray, ignore: np.ndarray | None) -> np.ndarray:
    outside = _without(~mask, ignore)
    # cv2.dilate takes nothing from beyond the border, which is the convention of
    # `surface_distance_score`.
    return mask & cv2.dilate(outside.view(np.uint8), _CROSS).view(bool)


def _disc(radius_px: float) -> np.ndarray:
    offsets = np.arange(-math.floor(radius_px), math.floor(radius_px) + 1)
    # Squared distances on the grid are integers; the small term keeps `<=` exact for radii such as
    # sqrt(3).
    return (offsets[:, None] ** 2 + offsets**2 <= radius_px**2 + 1e-9).astype(np.uint8)


def _near(edge: np.ndarray, other: np.ndarray, tolerance_px: float) -> int:
    """Count the pixels of `edge` no further than the tolerance from `other`.

    A pixel is that near exactly where `other` dilated by a disc covers it; for a few pixels of
    tolerance this is some fifty times faster than an exact distance transform of the picture.
    """
    return int(
        np.count_nonzero(edge & cv2.dilate(other.view(np.uint8), _disc(tolerance_px)).view(bool))
    )


def _components(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels (H * W,) of the 8-connected objects, 0 for the background, and the area of
    each object.
    """
    labels_used, labels = cv2.connectedComponents(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=8
    )
    labels = labels.ravel()
    return labels, np.bincount(labels[np.flatnonzero(mask)], minlength=labels_used)[1:]


def _check_table(table: pd.DataFrame) -> None:
    missing = [column for column in SUMMARISED_COLUMNS if column not in table.columns]
    if missing or table.empty:
        found = f"a table of {len(table)} rows" + (
            f" without the columns {missing}" if missing else ""
        )
        raise ValueError(
            f"summarise got {found}; it needs a row per image with "
            f"{', '.join(SUMMARISED_COLUMNS)}."
        )
    unknown = table[list(SUMMARISED_COLUMNS)].isna().any(axis=1)
    if unknown.any():
        rows = table.index[unknown].tolist()[:5]
        raise ValueError(
            f"summarise found missing values in the rows {rows}; evaluate these images again."
        )
