"""Score tables of other people, image by image, as the comparison needs them.

What plainly means the same is read: other separators and encodings, decimal commas, capitals in
the header. What would compare something else than the scores of the same images is refused, with
the line and the way to mend it.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from common.commands import RefusedError
from common.foreign_csv import ForeignCsv, read_foreign_csv
from common.statistics.costs import with_bounds

NUMBERS = ("tp", "fn", "nsd_2px")  # columns that take part in the comparison where they are there
LABELS = ("approach", "img_id", "group")
COST, BOUNDS = "predict_seconds_per_image", ("predict_seconds_lower", "predict_seconds_upper")
DECIMAL_COMMA = r"[+-]?[0-9]+,[0-9]+"
MISSING = ("nan", "na", "n/a", "null", "none")
LINE = "line"  # column with the line of the file that a row came from


def read_scores(path: Path, metric: str) -> tuple[pd.DataFrame, list[str]]:
    """The scores of a per-image CSV, and what a reader should know of how it was read.

    Args:
        path: a CSV with the columns `approach`, `img_id`, the metric, and perhaps `group`, `tp`,
            `fn` and `nsd_2px`.
        metric: higher is better; finite numbers, or nothing for an image without a score.

    Raises:
        RefusedError: a column is missing, a score is no finite number, a name is missing, or an
            image has two groups.
        OSError: the file cannot be read.
    """
    table, notes = read_columns(path, ("approach", "img_id", metric))
    if metric in LABELS:
        raise RefusedError(f"{path}: {metric} names things; give a column of numbers as --metric.")
    for column in {metric, *NUMBERS} & set(table.columns):
        table[column] = _numbers(path, table, column)
    for column in ("approach", "img_id"):
        nameless = table.loc[table[column].isna(), LINE]
        if len(nameless):
            raise RefusedError(
                f"{path} has {len(nameless)} rows without {column}, the first in line "
                f"{nameless.iloc[0]}; fill it in, or delete them."
            )
    if "group" in table:
        notes += _settle_groups(path, table)
    highest = table[metric].max()
    if highest > 1:
        notes.append(
            f"The highest {metric} is {highest:g}; the margin is in the same unit, so where "
            "scores are percent, --margin 1 is what --margin 0.01 is for shares."
        )
    return table.drop(columns=LINE).astype({"approach": str}), notes


def read_prices(path: Path, names: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Seconds per image of each approach with a lower and an upper bound, from a CSV such as a
    leaderboard's; where it has no bounds, a cost is taken as exact.

    Raises:
        RefusedError: a column, a row or a number is missing.
        OSError: the file cannot be read.
    """
    table, _ = read_columns(path, ("approach", COST))
    bounded = set(BOUNDS) <= set(table.columns)
    for column in (COST, *(BOUNDS if bounded else ())):
        table[column] = _numbers(path, table, column, finite=False)
    prices = table.dropna(subset=["approach", COST]).astype({"approach": str})
    if not bounded:
        prices = prices.assign(**dict.fromkeys(BOUNDS, np.nan))
    absent = sorted(set(names) - set(prices["approach"]))
    if absent:
        raise RefusedError(
            f"{path} has no cost of {', '.join(absent)}; add their rows or leave --costs out."
        )
    costs = map(with_bounds, *(prices[column].astype(float) for column in (COST, *BOUNDS)))
    return dict(zip(prices["approach"], costs, strict=True))


def read_columns(path: Path, needed: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """A CSV as a table with at least the needed columns and `line`, and what was unusual about it.

    Columns are found whatever their capitals and the spaces around them. Whole numbers stay whole,
    empty cells become NaN; approaches and groups are names, also where they look like numbers.
    """
    found = read_foreign_csv(path)
    header = _matched(found.header, needed)
    missing = [column for column in needed if column not in header]
    if missing or not found.rows:
        raise RefusedError(
            f"{path} has {len(found.rows)} rows and the columns {', '.join(found.header)}; it "
            f"needs {', '.join(needed[:-1])} and {needed[-1]}. {_mend(header, needed, missing)}"
        )
    twice = [column for column, count in Counter(header).items() if count > 1 and column in needed]
    if twice:
        raise RefusedError(f"{path} has the column {twice[0]} twice; keep the one that is meant.")
    rows = _whole_rows(path, found)
    table = pd.DataFrame({LINE: [line for line, _ in found.rows]})
    unusual = found.unusual()
    for name, cells in zip(header, zip(*rows, strict=True), strict=True):
        text = pd.Series([cell.strip() or np.nan for cell in cells], dtype=object)
        if name == "group":
            table[name] = _without_missing(text)
        else:
            table[name] = text if name == "approach" else _typed(text)
    renamed = [name for name in found.header if name not in header]
    if renamed:
        unusual.append(f"other capitals in {', '.join(renamed)}")
    return table, [f"{path.name} was read as: {'; '.join(unusual)}."] if unusual else []


def _matched(header: Sequence[str], needed: Sequence[str]) -> list[str]:
    """The header with the needed names where it differs from them in capitals only."""
    wanted = {name.casefold(): name for name in (*needed, *LABELS, *NUMBERS, *BOUNDS)}
    return [
        name if name in wanted.values() else wanted.get(name.casefold(), name) for name in header
    ]


def _mend(header: Sequence[str], needed: Sequence[str], missing: Sequence[str]) -> str:
    if not missing:
        return "Export it again."
    if missing == ["approach", needed[-1]] and len(header) > 2:
        return (
            f"Missing: {', '.join(missing)}. If each approach has a column of its own, make one "
            "row for each approach and image, in pandas by "
            f"table.melt('img_id', var_name='approach', value_name={needed[-1]!r})."
        )
    mend = "Rename them, or give --metric" if "img_id" in needed else "Add it, or rename one"
    return f"Missing: {', '.join(missing)}. {mend}."


def _whole_rows(path: Path, found: ForeignCsv) -> list[tuple[str, ...]]:
    """The cells of each row, as many as the header has; empty ones at the end are cut or added."""
    width, rows = len(found.header), []
    for line, cells in found.rows:
        if any(cell.strip() for cell in cells[width:]) or len(cells) < width:
            comma = found.separator == "," and len(cells) > width
            raise RefusedError(
                f"{path}: line {line} has {len(cells)} cells, the header {width}"
                + (": a decimal comma would divide a number in two" if comma else "")
                + ". Write decimal points, or put quotes around cells that hold a "
                f"{found.separator!r}."
            )
        rows.append(cells[:width])
    return rows


def _without_missing(text: pd.Series) -> pd.Series:
    """The text, NaN where a cell says in words that it is empty."""
    return text.mask(text.str.lower().isin(MISSING))


def _typed(text: pd.Series) -> pd.Series:
    """Numbers where every cell is one or empty, else the text; decimal commas count where no
    point occurs.
    """
    text = _without_missing(text)
    filled = text.dropna()
    commas = filled.str.fullmatch(DECIMAL_COMMA).any()
    if commas and not filled.str.contains(".", regex=False).any():
        text = text.str.replace(",", ".", regex=False)
    try:
        return pd.to_numeric(text)
    except (ValueError, TypeError):
        return text


def _numbers(path: Path, table: pd.DataFrame, column: str, finite: bool = True) -> pd.Series:
    numbers = pd.to_numeric(table[column], errors="coerce")
    wrong = numbers.isna() & table[column].notna()
    if finite:
        wrong |= np.isinf(numbers)
    if not wrong.any():
        return numbers
    row = table.loc[wrong.idxmax()]
    raise RefusedError(
        f"{path}: {column} of {row['approach']} in line {row[LINE]} is {str(row[column])!r} "
        f"({int(wrong.sum())} such in all); a column of finite numbers is needed. Correct it, "
        "leave the image out for all approaches, or name another --metric."
    )


def _settle_groups(path: Path, table: pd.DataFrame) -> list[str]:
    """Give each image without a group one of its own; refuse an image that has two."""
    several = table.dropna(subset=["group"]).groupby("img_id")["group"].unique()
    several = several[several.map(len) > 1]
    if len(several):
        names = " and ".join(map(repr, several.iloc[0][:2]))
        raise RefusedError(
            f"{path}: image {several.index[0]} is in the groups {names} ({len(several)} images "
            "with more than one); a group names images that belong together, for all approaches "
            "alike. Correct the column, or remove it."
        )
    known = table.dropna(subset=["group"]).drop_duplicates("img_id").set_index("img_id")["group"]
    lacking = ~table["img_id"].isin(known.index)
    table["group"] = [
        f"image {image}" if image not in known.index else str(known[image])
        for image in table["img_id"]
    ]
    images = table.loc[lacking, "img_id"].nunique()
    if not images:
        return []
    return [
        f"{images} image{'s have' if images > 1 else ' has'} no group; each was taken as a group "
        "of its own."
    ]
