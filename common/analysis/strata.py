"""Where an approach is weak: Dice by the size, contrast and ground of the image, and the images
that it fails on.

Pure functions of the per-image table of a run and a table of what each image is like. Only images
with an object count (tp + fn > 0), as in every mean of Dice.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from common.metrics import with_objects
from common.statistics import mean_intervals, paired_differences

# Column of the table of images → what it is called, and its unit.
QUANTITIES = {
    "object_area_px": ("area of the objects", "px"),
    "contrast": ("contrast to the ground", "Delta E"),
    "ground_brightness": ("brightness of the ground", "L*"),
}
BY = tuple(QUANTITIES)
COLUMNS = "by stratum low high n_images approach dice_mean lower upper area_bias".split()
WORST = "approach place img_id dice tp fp fn".split()


def strata_table(
    per_image: pd.DataFrame,
    images: pd.DataFrame,
    by: Sequence[str] = BY,
    parts: int = 3,
    groups: Mapping[int, str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean Dice and signed area bias of each approach on images alike in one respect.

    Args:
        per_image: a row for each approach and image, columns approach, img_id, tp, fn, dice,
            area_bias, and perhaps group, which names images that are not independent.
        images: a row for each image, columns img_id and those of `by`; an image without a value,
            such as the contrast of an object that leaves no ground around it, is in no stratum of
            that column.
        by: columns that divide the images, each by itself.
        parts: into how many strata of equally many images.
        groups: image id → group, instead of the column; without both each image stands by itself.
        resamples: of the intervals.
        seed: of the resamples.

    Returns:
        One row for each column of `by`, stratum and approach: by, stratum (1 has the lowest
            values), low and high (the
        least and greatest value in it), n_images, approach, dice_mean with its 95 % interval
        lower, upper (NaN for a single image or group), area_bias (mean of (predicted - true) /
        true area). Equal values stay together, so strata may differ in size and there may be fewer
        than `parts`; a constant column has one, and one without any value none. Without equal
        values the first strata have the image more where the number is no multiple.

    Raises:
        ValueError: a column is missing, an image is in one table only or twice, or there are less
            than one part.
    """
    if parts < 1:
        raise ValueError(f"strata_table got parts={parts}; it needs 1 or more, 3 for thirds.")
    visible = _with_objects(per_image, ("area_bias",))
    values = _values(per_image, images, by)
    groups = _groups(visible, groups)
    rows = []
    for column, divided in _divisions(visible, values, by, parts):
        for stratum, members in enumerate(divided, start=1):
            about = {"by": column, "stratum": stratum, "low": members.min(), "high": members.max()}
            for row in _scored(visible, list(members.index), groups, resamples, seed):
                rows.append(about | {"n_images": len(members)} | row)
    return pd.DataFrame(rows, columns=COLUMNS)


def members_of(
    per_image: pd.DataFrame, images: pd.DataFrame, by: Sequence[str] = BY, parts: int = 3
) -> pd.DataFrame:
    """Which image is in which stratum of `strata_table`: columns by, stratum, img_id. Arguments
    and errors as there.
    """
    visible, values = _with_objects(per_image), _values(per_image, images, by)
    rows = [
        (column, stratum, image_id)
        for column, divided in _divisions(visible, values, by, parts)
        for stratum, members in enumerate(divided, start=1)
        for image_id in members.index
    ]
    return pd.DataFrame(rows, columns=["by", "stratum", "img_id"])


def outer_difference(
    per_image: pd.DataFrame,
    images: pd.DataFrame,
    by: Sequence[str] = BY,
    parts: int = 3,
    groups: Mapping[int, str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean Dice of each approach where a value is highest minus that where it is lowest, with its
    95 % interval.

    The strata are those of `strata_table`, and so are arguments and errors. Which two are compared
    is fixed beforehand, so the interval is not flattered by a choice of the best and the worst; it
    holds for one approach and column alone. Groups are resampled whole, also those that have
    images in both strata.

    Returns:
        One row for each column of `by` with at least two strata, and approach: by, approach,
            difference, lower, upper
        (NaN for a single group).

    Source: Cochran 1977, Sampling Techniques, §6 (a difference of two ratios, linearised).
    """
    visible, values = _with_objects(per_image, ("area_bias",)), _values(per_image, images, by)
    groups = _groups(visible, groups)
    rows = []
    for column, divided in _divisions(visible, values, by, parts):
        if len(divided) < 2:
            continue
        ids = pd.concat(divided).sort_index().index
        labels = None if groups is None else [groups[image_id] for image_id in ids]
        for approach in visible.index.unique("approach"):
            dice = visible.loc[approach].loc[ids, "dice"]
            difference, influence = _contrast(dice, divided[0].index, divided[-1].index)
            pair = np.stack([np.zeros(len(dice)), influence])
            found = paired_differences(pair, 0, labels, resamples, seed, bounds=None)
            bounds = difference + found.lower[1], difference + found.upper[1]
            rows.append([column, approach, difference, *bounds])
    return pd.DataFrame(rows, columns=["by", "approach", "difference", "lower", "upper"])


def _contrast(dice: pd.Series, low: pd.Index, high: pd.Index) -> tuple[float, np.ndarray]:
    """The difference of two means, high minus low, and what each image adds to its variation,
    (n,).
    """
    influence = pd.Series(0.0, index=dice.index)
    for members, sign in ((high, 1), (low, -1)):
        influence[members] = (
            sign * (dice[members] - dice[members].mean()) * len(dice) / len(members)
        )
    return float(dice[high].mean() - dice[low].mean()), influence.to_numpy()


def worst_images(per_image: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """The images with the lowest Dice of each approach, worst first; of equal ones the smaller id
    first.

    Args:
        per_image: a row for each approach and image, columns approach, img_id, dice, tp, fp, fn.
        count: how many of each approach, fewer where there are fewer images with an object.

    Returns:
        Columns approach (in order of appearance), place (1 is the worst), img_id, dice, tp, fp,
        fn.

    Raises:
        ValueError: as in `strata_table`.
    """
    visible = _with_objects(per_image, ("fp",)).reset_index()
    order = {name: place for place, name in enumerate(pd.unique(visible["approach"]))}
    visible = visible.assign(order=visible["approach"].map(order)).sort_values(
        ["order", "dice", "img_id"]
    )
    visible = visible.assign(place=visible.groupby("order").cumcount() + 1)
    return visible.loc[visible["place"] <= count, WORST].reset_index(drop=True)


def failed_by_all(per_image: pd.DataFrame, below: float = 0.5) -> list[int]:
    """Ids of the images on which the Dice of every approach is `< below`, ascending.

    Args:
        per_image: a row for each approach and image, columns approach, img_id, dice, tp, fn.
        below: what counts as failed.

    Raises:
        ValueError: as in `strata_table`.
    """
    best = _with_objects(per_image)["dice"].groupby(level="img_id").max()
    return sorted(int(image_id) for image_id in best.index[best < below])


def _with_objects(per_image: pd.DataFrame, further: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of images with an object, indexed by approach and img_id; every approach has the
    same images.
    """
    _require(per_image, "per-image table", ("approach", "img_id", "tp", "fn", "dice", *further))
    ids = set(per_image["img_id"])
    for approach, rows in per_image.groupby("approach", sort=False):
        _once(rows["img_id"], f"per-image table for {approach}")
        _same(ids, set(rows["img_id"]), f"per-image table for {approach}")
    visible = with_objects(per_image).set_index(["approach", "img_id"])
    visible = visible.assign(
        **{name: visible[name].astype(float) for name in ("dice", "area_bias") if name in visible}
    )
    _same(
        set(visible.index.unique("img_id")),
        set(_everywhere(visible)),
        "rows with tp + fn > 0 of every approach",
    )
    return visible


def _everywhere(visible: pd.DataFrame) -> pd.Index:
    """Images that every approach has."""
    times = visible.groupby(level="img_id").size()
    return times.index[times == len(visible.index.unique("approach"))]


def _values(per_image: pd.DataFrame, images: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The table of images by img_id, which has exactly the images of the other."""
    _require(images, "table of images", ("img_id", *by))
    _once(images["img_id"], "table of images")
    _same(set(per_image["img_id"]), set(images["img_id"]), "table of images")
    _same(set(images["img_id"]), set(per_image["img_id"]), "per-image table")
    return images.set_index("img_id")


def _divisions(
    visible: pd.DataFrame, values: pd.DataFrame, by: Sequence[str], parts: int
) -> Iterator[tuple[str, list[pd.Series]]]:
    """Each column with the strata of its known values."""
    for column in by:
        yield column, _divided(_known(values[column], visible.index.unique("img_id")), parts)


def _known(values: pd.Series, ids: pd.Index) -> pd.Series:
    """The finite values of the images with an object, (n,) float, by ascending id."""
    chosen = values.loc[sorted(ids)].astype(float)
    return chosen[np.isfinite(chosen)]


def _groups(visible: pd.DataFrame, groups: Mapping[int, str] | None) -> Mapping[int, str] | None:
    """Image id → group of every image with an object, or None where nothing is known of groups."""
    if groups is None:
        return visible.droplevel("approach")["group"].to_dict() if "group" in visible else None
    _same(set(visible.index.unique("img_id")), set(groups), "mapping of groups")
    return groups


def _divided(values: pd.Series, parts: int) -> list[pd.Series]:
    """The values in at most `parts` runs of ascending, equally many ones; equal values stay
    together.
    """
    if values.empty:
        return []
    ordered = np.sort(values.to_numpy())
    # The last value of each part, in whole numbers: ceil(n * part / parts) - 1.
    last = [-(-len(ordered) * part // parts) - 1 for part in range(1, parts)]
    stratum = np.searchsorted(ordered[last], values.to_numpy(), side="left")
    return [values[stratum == one] for one in np.unique(stratum)]


def _scored(
    visible: pd.DataFrame,
    ids: list[int],
    groups: Mapping[int, str] | None,
    resamples: int,
    seed: int,
) -> list[dict[str, float | str]]:
    """One row for each approach over some images."""
    names = visible.index.unique("approach")
    scores, bias = (
        np.array([visible.loc[name].loc[ids, column].to_numpy() for name in names])
        for column in ("dice", "area_bias")
    )
    found = mean_intervals(
        scores, None if groups is None else [groups[image_id] for image_id in ids], resamples, seed
    )
    columns = zip(names, found.mean, found.lower, found.upper, bias.mean(axis=1), strict=True)
    return [
        dict(zip(("approach", "dice_mean", "lower", "upper", "area_bias"), row, strict=True))
        for row in columns
    ]


def _require(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing or table.empty:
        found = f"has no column {', '.join(missing)}" if missing else "has no row"
        raise ValueError(
            f"the {name} {found}; it needs a row per image with {', '.join(columns)}."
        )


def _once(ids: pd.Series, where: str) -> None:
    doubled = sorted(ids[ids.duplicated()].unique().tolist())
    if doubled:
        raise ValueError(
            f"the {where} has the images {doubled[:10]} more than once; keep one row of each."
        )


def _same(expected: set[int], found: set[int], where: str) -> None:
    missing = sorted(expected - found)
    if missing:
        raise ValueError(
            f"the {where} lacks the images {missing[:10]} ({len(missing)} of {len(expected)}); "
            "score and describe the same images."
        )
