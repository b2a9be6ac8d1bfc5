"""How much of its score an approach keeps on corrupted photos: a table by corruption and severity,
and what is said of it in a line. It corrupts and predicts nothing; it only averages Dice that was
measured, and refuses gaps.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

CELL = ["corruption", "severity"]


def severity_table(
    table: pd.DataFrame, clean: pd.DataFrame, marked: Collection[str] = ()
) -> pd.DataFrame:
    """Mean Dice of one approach in each kind and severity of corruption.

    Args:
        table: a row for each corrupted image, columns corruption, severity, img_id, dice; if it
            has the columns tp and fn as well, they tell which images have an object.
        clean: a row for each image as it was, columns img_id, dice, perhaps tp and fn.
        marked: corruptions that the approach has met in its training augmentation.

    Returns:
        One row for each corruption, in order of appearance, and severity, ascending: corruption,
            severity, dice_mean,
        drop (of the mean, positive where the corruption hurts), n_images, in_augmentation (bool).
        All means are over
        the same images: those that have an object as they were and in every corrupted state. An
            image has none where
        tp + fn is 0, or without these columns where its Dice is missing.

    Raises:
        ValueError: a column is missing, an image is missing or doubled in a cell, corruptions
            differ in their severities, or no image has an object.
    """
    _check(table, clean)
    visible = images_in_every_state(table, clean)
    if not visible:
        raise ValueError(
            f"none of the {len(clean)} images has an object in every state; robustness needs at "
            "least one with a Dice."
        )
    kept = table[table["img_id"].isin(visible)].assign(
        dice=lambda rows: rows["dice"].astype(float)
    )
    baseline = _clean_dice(clean, visible)
    order = {name: place for place, name in enumerate(pd.unique(table["corruption"]))}
    rows = kept.groupby(CELL, sort=True)["dice"].mean().rename("dice_mean").reset_index()
    rows = rows.sort_values(
        CELL, key=lambda column: column.map(order) if column.name == "corruption" else column
    )
    rows = rows.assign(
        drop=baseline - rows["dice_mean"],
        n_images=len(visible),
        in_augmentation=rows["corruption"].isin(list(marked)),
    )
    return rows.reset_index(drop=True)


def robustness_summary(
    table: pd.DataFrame, clean: pd.DataFrame, marked: Collection[str] = ()
) -> dict[str, object]:
    """What corruption costs one approach, over all corruptions and over those it has not met in
    training.

    Every corruption weighs the same, and in it every severity. Arguments and errors as in
    `severity_table`.

    Returns:
        JSON-able: n_images that were averaged, n_without_object that were left out, n_corruptions,
        n_unmarked, marked (sorted names that occur in the table), dice_clean; dice_mean over
        corruptions, drop = dice_clean - dice_mean, relative_drop = drop / dice_clean, worst (name,
        of equal ones the first in the alphabet) and worst_drop (mean over its severities); the
        same five with `unmarked_` in front, over the corruptions that are not marked. Without any
        such corruption these are NaN and None, like relative_drop where dice_clean is 0.
    """
    rows = severity_table(table, clean, marked)
    visible = images_in_every_state(table, clean)
    dice_clean = _clean_dice(clean, visible)
    by_kind = rows.groupby("corruption")[["dice_mean", "drop", "in_augmentation"]].mean()
    unmarked = by_kind[by_kind["in_augmentation"] == 0]
    return {
        "n_images": len(visible),
        "n_without_object": len(clean) - len(visible),
        "n_corruptions": len(by_kind),
        "n_unmarked": len(unmarked),
        "marked": sorted(set(by_kind.index) - set(unmarked.index)),
        "dice_clean": dice_clean,
        **_over(by_kind, dice_clean, ""),
        **_over(unmarked, dice_clean, "unmarked_"),
    }


def _over(by_kind: pd.DataFrame, dice_clean: float, before: str) -> dict[str, float | str | None]:
    """The summary of some corruptions, indexed by name in alphabetical order."""
    drop = float(by_kind["drop"].mean())
    worst = None if by_kind.empty else str(by_kind["drop"].round(10).idxmax())
    return {
        f"{before}dice_mean": float(by_kind["dice_mean"].mean()),
        f"{before}drop": drop,
        f"{before}relative_drop": drop / dice_clean if dice_clean else float("nan"),
        f"{before}worst": worst,
        f"{before}worst_drop": float("nan")
        if worst is None
        else float(by_kind.loc[worst, "drop"]),
    }


def _clean_dice(clean: pd.DataFrame, ids: set[int]) -> float:
    return float(clean.loc[clean["img_id"].isin(ids), "dice"].astype(float).mean())


def images_in_every_state(table: pd.DataFrame, clean: pd.DataFrame) -> set[int]:
    """Ids of the images that have an object as they were and in every corrupted state; see
    `severity_table`.
    """
    empty = pd.concat([rows.loc[_without_object(rows), "img_id"] for rows in (table, clean)])
    return set(clean["img_id"]) - set(empty)


def _without_object(rows: pd.DataFrame) -> pd.Series:
    missing = rows["dice"].isna()
    return (
        missing | (rows["tp"] + rows["fn"] == 0) if {"tp", "fn"} <= set(rows.columns) else missing
    )


def _check(table: pd.DataFrame, clean: pd.DataFrame) -> None:
    for name, frame, columns in (
        ("table", table, [*CELL, "img_id", "dice"]),
        ("clean", clean, ["img_id", "dice"]),
    ):
        absent = [column for column in columns if column not in frame.columns]
        if absent or frame.empty:
            found = f"has no column {', '.join(absent)}" if absent else "has no row"
            raise ValueError(
                f"the {name} of robustness {found}; it needs {', '.join(columns)} for every image."
            )
    cells = {
        f"{name} at severity {severity}": rows["img_id"].tolist()
        for (name, severity), rows in table.groupby(CELL, sort=True)
    }
    _check_images({"as they were": clean["img_id"].tolist(), **cells}, set(clean["img_id"]))
    severities = (
        table.groupby("corruption")["severity"].unique().map(lambda found: tuple(sorted(found)))
    )
    if len(set(severities)) > 1:
        found = "; ".join(
            f"{name} at {', '.join(map(str, levels))}" for name, levels in severities.items()
        )
        raise ValueError(
            f"corruptions were measured at different severities: {found}; measure all at the same "
            "ones."
        )


def _check_images(cells: Mapping[str, Sequence[int]], expected: set[int]) -> None:
    """Every cell has every image once."""
    for where, found in cells.items():
        missing, surplus = sorted(expected - set(found)), sorted(set(found) - expected)
        doubled = sorted(image_id for image_id, times in Counter(found).items() if times > 1)
        if missing or surplus or doubled:
            raise ValueError(
                f"images {where}: missing {missing[:10]}, without a clean score {surplus[:10]}, "
                f"more than once {doubled[:10]}; score each of the {len(expected)} images once in "
                "every state."
            )
