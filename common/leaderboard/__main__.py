"""`python -m common.leaderboard analyse per_image.csv`: anybody's scores, image by image, with the
same statistics.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from common.leaderboard.rows import Choice, compare_scores
from common.leaderboard.text import as_text, conclusion

SHOWN = (
    "approach mean mean_lower mean_upper difference simultaneous_lower simultaneous_upper verdict "
    "rank_lower rank_upper p_rank_1 minimum_detectable"
).split()


def analyse(path: Path, metric: str, costs: Path | None, choice: Choice) -> str:
    """The comparison of a per-image CSV, as text.

    Args:
        path: a CSV with the columns `approach`, `img_id`, the metric, and perhaps `group`, `tp`
            and `fn`.
        metric: higher is better.
        costs: a CSV with `approach` and `predict_seconds_per_image`; None: all equal.
        choice: how the winner is chosen.

    Raises:
        ValueError: a column is missing, a score is no number, or the scores are not those of the
            same images for all approaches.
        OSError: a file cannot be read.
    """
    table = pd.read_csv(path)
    missing = [column for column in ("approach", "img_id", metric) if column not in table.columns]
    if missing or table.empty:
        raise ValueError(
            f"{path} has {len(table)} rows and the columns {', '.join(table.columns)}; it needs "
            f"approach, img_id and {metric}"
            + (
                f" (missing: {', '.join(missing)}). Rename them, or give --metric."
                if missing
                else "."
            )
        )
    bad = pd.to_numeric(table[metric], errors="coerce").isna() & table[metric].notna()
    if metric in ("approach", "img_id", "group") or bad.any():
        said = (
            f"{metric} of row {int(bad.idxmax()) + 2} is {table[metric][bad.idxmax()]!r}"
            if bad.any()
            else metric
        )
        raise ValueError(
            f"{path}: {said}; a column of numbers is needed, higher is better. Correct it, or "
            "--metric."
        )
    nameless = int(table["approach"].isna().sum())
    if nameless:
        raise ValueError(
            f"{path} has {nameless} rows without an approach; name it in each, or delete them."
        )
    prices = None if costs is None else _prices(costs, sorted(set(table["approach"].astype(str))))
    images = "image with objects" if {"tp", "fn"} <= set(table.columns) else "image"
    comparison = compare_scores(table.astype({"approach": str}), prices, choice, metric)
    said = conclusion(comparison, None, None, metric, images)
    return f"{as_text(comparison.table(), SHOWN)}\n\n{said}"


def _prices(path: Path, names: Sequence[str]) -> dict[str, float]:
    """Seconds per image of each approach."""
    table, columns = pd.read_csv(path), ("approach", "predict_seconds_per_image")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{path} has no column {', '.join(missing)}; it needs {' and '.join(columns)}."
        )
    prices = table.dropna(subset=list(columns)).set_index("approach")[columns[1]]
    absent = sorted(set(names) - set(prices.index.astype(str)))
    if absent:
        raise ValueError(
            f"{path} has no cost of {', '.join(absent)}; add their rows or leave --costs out."
        )
    return {str(name): float(price) for name, price in prices.items()}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m common.leaderboard", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser(
        "analyse", help="intervals, comparisons and a winner from a per-image CSV"
    )
    command.add_argument(
        "csv", type=Path, help="columns approach, img_id, the metric, and perhaps group"
    )
    command.add_argument(
        "--metric", default="dice", help="column to compare, higher is better (dice)"
    )
    command.add_argument(
        "--costs",
        type=Path,
        help="CSV with approach and predict_seconds_per_image: a leaderboard.csv",
    )
    command.add_argument(
        "--margin", type=float, default=Choice.margin, help="loss that does not matter"
    )
    command.add_argument("--winner", default=Choice.rule, choices=("cheapest-equivalent", "best"))
    options = parser.parse_args(words)
    try:
        print(
            analyse(
                options.csv, options.metric, options.costs, Choice(options.winner, options.margin)
            )
        )
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
