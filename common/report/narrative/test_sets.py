"""How the approaches do on labelled photos of another origin than the data, and whether their
order there is that of `val`.
"""

import pandas as pd

from common.leaderboard import as_markdown
from common.leaderboard.field_choice import choice_section
from common.leaderboard.named_sets import order_sentence, read_photos, readable_columns, set_line
from common.report.finished_run import FinishedRun
from common.words import between, counted

NO_SETS = (
    "No labelled photos of another origin were scored in this run, so how the approaches do "
    "outside this data set was not measured; `--test NAME=DIR` scores all of them on such photos."
)


def of_chosen_there(run: FinishedRun) -> str:
    """What the chosen approach finds, misses and invents on each set."""
    table = run.tables["test_sets"]
    if table.empty:
        return NO_SETS
    sentences = {
        str(name): _of_chosen(run, rows[rows["status"] == "ok"])
        for name, rows in table.groupby("set", sort=False)
    }
    return " ".join(f"*{name}*: {sentence}" for name, sentence in sentences.items() if sentence)


def of_test_sets(run: FinishedRun) -> str:
    """For each set a table, what the chosen approach finds and invents there, and the order of all
    of them.
    """
    table = run.tables["test_sets"]
    if table.empty:
        return NO_SETS
    on_val = {name: float(run.row(name)["dice_mean"]) for name in run.names}
    parts = []
    for name, rows in table.groupby("set", sort=False):
        scored = rows[rows["status"] == "ok"]
        failed = rows[rows["status"] != "ok"]
        parts.append(f"**{name}**" + (f": {set_line(scored.iloc[0])}" if len(scored) else ""))
        parts.append(as_markdown(scored, readable_columns(scored)))
        parts.append(_of_chosen(run, scored))
        parts.append(order_sentence(str(name), read_photos(run.folder, str(name)), on_val))
        parts += [f"`{row.approach}` {row.status}: {row.reason}." for row in failed.itertuples()]
    parts.append(choice_section(run.tables["field_choice"]).removeprefix("## ").strip())
    return "\n\n".join(filter(None, parts))


def _of_chosen(run: FinishedRun, scored: pd.DataFrame) -> str:
    """What the winner finds, misses and invents on one set."""
    rows = scored[scored["approach"] == run.winner]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    invents = (
        f"invents {row['invented_per_image']:.2f} a photo "
        f"({between(row['invented_per_image_lower'], row['invented_per_image_upper'], 2)})"
    )
    if not row["objects"]:
        hit = f"{int(row['empty_hit'])} of {counted(int(row['n_empty']), 'photo')}"
        return f"`{run.winner}`, chosen on `val`, {invents}; {hit} without any object are hit."
    bounds = between(row["found_share_lower"], row["found_share_upper"], 2)
    return (
        f"`{run.winner}`, chosen on `val`, finds {int(row['found'])} of "
        f"{counted(int(row['objects']), 'object')} ({row['found_share']:.2f}, {bounds}) and "
        f"{invents}."
    )
