"""`python -m common.leaderboard analyse per_image.csv`: anybody's scores, image by image, with the
same statistics.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.commands import CommandParser, RefusedError, command, started_as
from common.leaderboard.choice import RULES, Choice

COLUMNS = (
    "approach mean mean_lower mean_upper difference simultaneous_lower simultaneous_upper verdict "
    "rank_lower rank_upper p_rank_1 minimum_detectable"
).split()


def analyse(path: Path, metric: str, costs: Path | None, choice: Choice) -> str:
    """The comparison of a per-image CSV, as text.

    Args:
        path: a CSV with the columns `approach`, `img_id`, the metric, and perhaps `group`, `tp`
            and `fn`.
        metric: higher is better.
        costs: a CSV with `approach`, `predict_seconds_per_image` and perhaps its bounds,
            `predict_seconds_lower` and `predict_seconds_upper`; None: all equal.
        choice: how the winner is chosen.

    Raises:
        RefusedError: a column is missing, a score is no finite number, or the scores are not those
            of the same images for all approaches.
        OSError: a file cannot be read.
    """
    from common.leaderboard.rows import compare_scores
    from common.leaderboard.score_table import read_prices, read_scores
    from common.leaderboard.sentences import TOO_FEW, conclusion
    from common.leaderboard.text import as_text, plain

    table, notes = read_scores(path, metric)
    prices = None if costs is None else read_prices(costs, sorted(set(table["approach"])))
    which = "with objects" if {"tp", "fn"} <= set(table.columns) else ""
    try:
        comparison = compare_scores(table, prices, choice, metric)
    except ValueError as error:
        raise RefusedError(f"{path}: {error}") from error
    rows = comparison.table()
    if comparison.too_few:
        rows["verdict"] = rows["verdict"].replace("not told apart", TOO_FEW)
    concluded = conclusion(comparison, None, None, metric.replace("dice", "Dice"), which)
    return "\n\n".join(filter(None, ["\n".join(notes), as_text(rows, COLUMNS), plain(concluded)]))


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0; 2 with the reason on stderr for a table that cannot be analysed; 130 if it was
        interrupted.
    """
    parser = CommandParser(prog=started_as("python -m common.leaderboard"), description=__doc__)
    commands = parser.add_subparsers(required=True)
    subparser = commands.add_parser(
        "analyse", help="intervals, comparisons and a winner from a per-image CSV"
    )
    subparser.add_argument(
        "csv", type=Path, help="columns approach, img_id, the metric, and perhaps group"
    )
    subparser.add_argument(
        "--metric", default="dice", help="column to compare, higher is better (dice)"
    )
    subparser.add_argument(
        "--costs",
        type=Path,
        help="CSV with approach and predict_seconds_per_image: a leaderboard.csv",
    )
    subparser.add_argument(
        "--margin", type=float, default=Choice.margin, help="loss that does not matter"
    )
    subparser.add_argument("--winner", default=Choice.rule, choices=RULES)
    options = parser.parse_args(words)
    choice = Choice(options.winner, options.margin)
    with command("nothing was compared") as ending:
        print(analyse(options.csv, options.metric, options.costs, choice))
    return ending.code


if __name__ == "__main__":
    sys.exit(main())
