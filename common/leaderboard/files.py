"""What the leaderboard of a run leaves on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from common.csv_files import write_table
from common.files import write_whole
from common.leaderboard.named_sets import set_section, set_text, write_sets
from common.leaderboard.rows import (
    Choice,
    compare_records,
    corrupted_images,
    leaderboard,
    per_image_table,
)
from common.leaderboard.seeds import seed_table
from common.leaderboard.sentences import conclusion, of_corrupted
from common.leaderboard.text import FOOT, READABLE, as_markdown, one_line, plain, short_table
from common.records import Record
from common.records.folder import RunFolder


def write_leaderboard(
    run: Path,
    records: Sequence[Record],
    groups: Mapping[int, str] | None = None,
    choice: Choice | None = None,
    by_seed: Sequence[Sequence[Record]] = (),
    remarks: Sequence[str] = (),
    sections: Sequence[str] = (),
    asked: Sequence[str] | None = None,
) -> tuple[str | None, str]:
    """Write `leaderboard.csv`, `leaderboard.md` and `per_image.csv` of a run, and the tables of
    the named sets that it was scored on.

    Args:
        run: its folder.
        records: of the run.
        groups: image id → group of images that are not independent; None takes each image by
            itself.
        choice: how the winner is chosen.
        by_seed: the records of the same approaches trained with other seeds, a sequence for each
            seed.
        remarks: sentences on the data that stand under the table.
        sections: Markdown that stands at the end.
        asked: approaches of the command, which are to have every seed; None for all.

    Returns:
        The winner's name, or None where no approach is complete; the leaderboard for a terminal.
    """
    folder = RunFolder(run)
    comparison = compare_records(records, groups, choice)
    table, seeds = leaderboard(records, comparison), seed_table([records, *by_seed], groups)
    columns = table.columns
    if not seeds.empty:
        table = (
            seeds.set_index("approach")
            .combine_first(table.set_index("approach"))
            .reindex(table["approach"])
        )
        table = table.reset_index()[columns]
    write_table(folder.leaderboard, table)
    write_table(folder.per_image, per_image_table(records, groups))
    reasons = [
        f"- `{row.approach}` {row.status}: {one_line(row.reason)}"
        for row in table.itertuples()
        if row.reason
    ]
    concluded = [*remarks, *filter(None, [of_corrupted(corrupted_images(records))])]
    if comparison is not None:
        concluded.insert(0, conclusion(comparison, seeds, 1 + len(by_seed), asked=asked))
    parts = [
        f"# Leaderboard of {run.name}",
        as_markdown(table, READABLE),
        *concluded,
        *(["\n".join(reasons)] if reasons else []),
    ]
    further = filter(None, [set_section(records), *sections])
    parts += [as_markdown(table), FOOT, *further]
    write_whole(folder.leaderboard.with_suffix(".md"), "\n\n".join(parts) + "\n")
    write_sets(run, records)
    winner = None if comparison is None else comparison.names[comparison.winner.index]
    beside = set_text(records)
    return winner, "\n\n".join(
        [short_table(table), *map(plain, concluded), *([beside] if beside else [])]
    )


def read_leaderboard(run: Path) -> pd.DataFrame:
    """The stored leaderboard of a run.

    Raises:
        FileNotFoundError: the folder has none.
    """
    path = RunFolder(run).leaderboard
    if not path.is_file():
        raise FileNotFoundError(
            f"{run} holds no leaderboard.csv; make one with: python bench.py --output {run}"
        )
    return pd.read_csv(path)
