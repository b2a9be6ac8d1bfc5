"""How alike the grounds of images are, and how many images a data set is worth.

Composites repeat grounds and cut-outs: a thousand files can hold what twenty photos hold. Grounds
are compared by what survives another crop, turn or mirroring (the mix of colours and of texture),
not by a perceptual hash, which finds the same crop only. The measure is a screen: two patches of
grey asphalt are alike whether or not one photo shows both.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypedDict

import cv2
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from common.data import DataSet, Sample
from common.describe.pixels import local_deviation, to_lab

LIGHTNESS_EDGES = np.linspace(0, 100, 13)
RED_EDGES = np.array([-128, -18, -10, -5, -2, 2, 5, 10, 128])
YELLOW_EDGES = np.array([-128, -10, -5, 0, 5, 10, 16, 24, 128])
TEXTURE_EDGES = np.array([0, 1, 2, 3, 4.5, 6.5, 9, 12, 16, 21, 27, 128])
MARGIN_PX = 5  # around objects: shadows and blurred outlines belong to them


def similar_images(
    data_sets: Mapping[str, DataSet],
    progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter,
) -> pd.DataFrame:
    """Find for each image the one whose ground is most like its own.

    The distance of two grounds is that of Hellinger, from 0 (the same mix) to 1 (nothing in
    common), of the histograms of their CIELAB colours and of their local texture, the root mean
    square of both. Its scale comes from the data: the distance between the two halves of one
    image, which certainly show one ground. Images whose grounds are, on average over the pairs
    (average linkage), nearer than the median of these halves share a `ground`.

    Args:
        data_sets: by the name of their split; all images are compared with all others, so time and
            memory grow with the square of their number (5,000 images take about 1 GB).
        progress: wraps the images of each split.

    Returns:
        One row an image: `split`, `img_id`, `group`; `halves`, the distance between its own
            halves; `nearest_id`,
        `nearest_split` and `distance` of the most similar other image; `distance_other_split`,
        that of the most similar one of another split; `distance_in_group` and
        `distance_elsewhere`, the medians over the other images of the same group and over those of
        other groups; `ground`, a number that images of one ground share. What does not exist is
        NaN (-1 and "" for `nearest_id` and `nearest_split`).

    Raises:
        ValueError: there is no image.

    Source: E. Hellinger, 1909, for the distance.
    """
    rows, features = [], []
    for split, data_set in data_sets.items():
        for sample in progress(data_set):
            feature, halves = _describe(sample)
            features.append(feature)
            group = data_set.groups[sample.image_id]
            rows.append(
                {"split": split, "img_id": sample.image_id, "group": group, "halves": halves}
            )
    if not rows:
        raise ValueError(
            f"similar_images got no image in the splits {list(data_sets)}; it needs one or more. "
            "Give at least one data set with images."
        )
    return _with_neighbours(pd.DataFrame(rows), np.stack(features))


class EffectiveImages(TypedDict):
    """How many images there are, and how many of them count."""

    images: int
    groups: int
    largest: int
    effective: float


def effective_images(groups: Iterable[Hashable]) -> EffectiveImages:
    """Count the independent images of a data set whose groups are independent of each other, but
    not inside.

    Args:
        groups: the group of each image.

    Returns:
        `images`; `groups`; `largest`, the images of the largest group; `effective`, (Σn)² / Σn²
        over the group sizes n: the number of equally large groups that estimate a mean as well, if
            images of one group tell the same. It lies
        between 1 and the number of groups; the truth lies between it and `images`.

    Source: L. Kish, Survey Sampling, 1965.

    Examples:
        >>> effective_images(["a", "a", "b", "b"])
        {'images': 4, 'groups': 2, 'largest': 2, 'effective': 2.0}
    """
    sizes = np.array(list(Counter(groups).values()), dtype=np.int64)
    total = int(sizes.sum())
    effective = total**2 / float((sizes**2).sum()) if total else 0.0
    return {
        "images": total,
        "groups": len(sizes),
        "largest": int(sizes.max(initial=0)),
        "effective": effective,
    }


def ground_features(lab: np.ndarray, texture: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Square roots of the histograms of colour and texture under `ground`, so that distances of
    them are Hellinger's.

    Args:
        lab: (H, W, 3) float32 CIELAB.
        texture: (H, W) float32, see `local_deviation`.
        ground: (H, W) bool.

    Returns:
        (bins,) float32 with a Euclidean norm of 1/√2; zeros without ground.
    """
    edges = (LIGHTNESS_EDGES, RED_EDGES, YELLOW_EDGES)
    pixels = lab[ground]
    places = [np.clip(np.searchsorted(edge, pixels[:, axis], "right") - 1, 0, len(edge) - 2)
              for axis, edge in enumerate(edges)]  # fmt: skip
    shape = tuple(len(edge) - 1 for edge in edges)
    colours = np.bincount(np.ravel_multi_index(places, shape), minlength=int(np.prod(shape)))
    textures = np.histogram(texture[ground], TEXTURE_EDGES)[0]
    shares = [counts / max(counts.sum(), 1) for counts in (colours, textures)]
    return (np.sqrt(np.concatenate(shares)) / 2).astype(np.float32)


def _describe(sample: Sample) -> tuple[np.ndarray, float]:
    """The features of a sample's ground, and the mean distance of its halves, cut upright and
    across.
    """
    covered = (sample.mask | sample.ignore).astype(np.uint8)
    ground = cv2.dilate(covered, np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)) == 0
    lab = to_lab(sample.image)
    texture = local_deviation(np.ascontiguousarray(lab[..., 0]), ground)
    middle_row, middle_column = (side // 2 for side in ground.shape)
    cuts: list[tuple[slice | tuple[slice, ...], slice | tuple[slice, ...]]] = [
        (np.s_[:, :middle_column], np.s_[:, middle_column:]),
        (np.s_[:middle_row], np.s_[middle_row:]),
    ]
    halves = []
    for cut in cuts:
        first, second = (ground_features(lab[part], texture[part], ground[part]) for part in cut)
        halves.append(np.linalg.norm(first - second))
    return ground_features(lab, texture, ground), float(np.mean(halves))


def _with_neighbours(table: pd.DataFrame, features: np.ndarray) -> pd.DataFrame:
    """The table with the columns that come from the distances (n, n) of all features (n, bins)."""
    pairs = pdist(features)
    distance = squareform(pairs)
    np.fill_diagonal(distance, np.nan)  # an image is not its own neighbour
    group, split = (table[column].to_numpy() for column in ("group", "split"))
    same, across = group[:, None] == group, split[:, None] != split
    least = _by_row(np.nanmin, distance)
    alone = len(table) == 1
    nearest = np.zeros(1, dtype=int) if alone else np.nanargmin(distance, axis=1)
    ground = (
        [1] if alone else fcluster(linkage(pairs, "average"), table["halves"].median(), "distance")
    )
    return table.assign(
        nearest_id=-1 if alone else table["img_id"].to_numpy()[nearest],
        nearest_split="" if alone else split[nearest],
        distance=least,
        distance_other_split=_by_row(np.nanmin, np.where(across, distance, np.nan)),
        distance_in_group=_by_row(np.nanmedian, np.where(same, distance, np.nan)),
        distance_elsewhere=_by_row(np.nanmedian, np.where(same, np.nan, distance)),
        ground=np.asarray(ground, dtype=int),
    )


def _by_row(reduce: Callable[[np.ndarray], float], values: np.ndarray) -> list[float]:
    """The reduction of each row of (n, n); NaN for a row without a number, without NumPy's warning
    of it.
    """
    return [float("nan") if np.isnan(row).all() else float(reduce(row)) for row in values]
