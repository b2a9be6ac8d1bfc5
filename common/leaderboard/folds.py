"""Scores on objects that training never saw: each image of `train` as the model scores it that was
trained without its group, beside the score on `val`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from common.csv_files import write_table
from common.leaderboard.rows import compare_scores, per_image_table
from common.leaderboard.text import as_markdown
from common.metrics import summarise, with_objects
from common.records import Record, complete_records
from common.records.folder import RunFolder
from common.words import counted

COLUMNS = (
    "approach status folds unseen_dice unseen_lower unseen_upper verdict n_groups n_images "
    "object_f1 val_dice difference reason"
).split()
READABLE = [column for column in COLUMNS if column != "reason"]
SHORT = "approach status unseen_dice unseen_lower unseen_upper verdict val_dice".split()
EXPLAINED = """\
`unseen_dice` is the mean Dice over the images of `train` that have objects, each predicted by the
model of its fold, which was trained, tuned and chosen without any image of its group; the 95 %
interval is over all groups of `train`. The models saw less than the one on `val`
(`folds` − 1 of `folds` parts of `train`), and no fold is chosen on. `difference` is to `val_dice`;
`verdict` is against the best here."""


def fold_images(by_fold: Sequence[Sequence[Record]], groups: Mapping[int, str]) -> pd.DataFrame:
    """One row for each image of `train` and each approach that came through in every fold.

    Args:
        by_fold: the records of each fold.
        groups: image id of `train` → group.
    """
    tables = [
        per_image_table(complete_records(records), groups).assign(fold=number)
        for number, records in enumerate(by_fold, start=1)
    ]
    table = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
    if table.empty:
        return table
    folds = table.groupby("approach")["fold"].nunique()
    whole = set(folds[folds == len(by_fold)].index)
    return table[table["approach"].isin(whole)].reset_index(drop=True)


def fold_table(
    by_fold: Sequence[Sequence[Record]], images: pd.DataFrame, on_val: Mapping[str, float]
) -> pd.DataFrame:
    """One row for each approach, best first; one that failed in a fold says why.

    Args:
        by_fold: the records of each fold.
        images: of `fold_images`.
        on_val: approach → mean Dice on `val`.
    """
    rows = []
    if len(images) and len(with_objects(images)):
        compared = compare_scores(images).table()
        for row in compared.itertuples():
            own = images[images["approach"] == row.approach]
            means, val = summarise(own), on_val.get(row.approach)
            rows.append(
                {
                    "approach": row.approach,
                    "status": "ok",
                    "folds": len(by_fold),
                    "unseen_dice": row.mean,
                    "unseen_lower": row.mean_lower,
                    "unseen_upper": row.mean_upper,
                    "verdict": row.verdict,
                    "n_groups": own["group"].nunique(),
                    "n_images": len(with_objects(own)),
                    "object_f1": means["object_f1"],
                    "val_dice": val,
                    "difference": None if val is None else row.mean - val,
                }
            )
    known = {row["approach"] for row in rows}
    names = dict.fromkeys(record.approach for records in by_fold for record in records)
    rows += [_failed(by_fold, name) for name in names if name not in known]
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = "unseen_dice unseen_lower unseen_upper object_f1 val_dice difference".split()
    whole = ["folds", "n_groups", "n_images"]
    return table.astype({**dict.fromkeys(numbers, float), **dict.fromkeys(whole, "Int64")})


def _failed(by_fold: Sequence[Sequence[Record]], name: str) -> dict[str, object]:
    """The row of an approach that did not come through in every fold."""
    found = [
        (number, record)
        for number, records in enumerate(by_fold, start=1)
        for record in records
        if record.approach == name
    ]
    bad = [(number, record) for number, record in found if record.status != "ok"]
    row: dict[str, object] = {"approach": name, "folds": len(found) - len(bad)}
    if not bad:
        missing = len(by_fold) - len(found)
        return {**row, "status": "unfinished", "reason": f"{counted(missing, 'fold')} not trained"}
    number, record = bad[0]
    return {**row, "status": record.status, "reason": f"fold {number}: {record.reason}"}


def fold_section(table: pd.DataFrame) -> str:
    """The table with what it means, as Markdown; "" where there are no folds."""
    if table.empty:
        return ""
    reasons = "\n".join(
        f"- `{row.approach}` {row.status}: {row.reason}"
        for row in table[table["status"] != "ok"].itertuples()
    )
    parts = ["## On objects that training never saw", as_markdown(table, READABLE), reasons]
    return "\n\n".join(filter(None, [*parts, EXPLAINED]))


def write_folds(
    run: Path,
    by_fold: Sequence[Sequence[Record]],
    groups: Mapping[int, str],
    on_val: Mapping[str, float],
) -> pd.DataFrame:
    """Write `folds.csv` and `per_image_folds.csv` of a run, where there are folds.

    Returns:
        The table of `folds.csv`.
    """
    if not any(by_fold):
        return pd.DataFrame(columns=COLUMNS)
    images = fold_images(by_fold, groups)
    table = fold_table(by_fold, images, on_val)
    folder = RunFolder(run)
    write_table(folder.table("folds"), table)
    write_table(folder.per_image_of("folds"), images)
    return table
