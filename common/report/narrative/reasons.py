"""What each approach is, and what each metric tells that mean Dice does not."""

from typing import Protocol

import numpy as np
import pandas as pd

from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import code, counted, listed

# Column of the leaderboard → what it catches that mean Dice does not.
METRICS = {
    "nsd_2px": (
        "the outline: around a large object 2 px are a small share of its pixels, so Dice hardly "
        "notices them"
    ),
    "object_f1": "how many objects are found, missed and invented, each counting once however "
    "small; a small invented one costs hardly any Dice",
    "area_bias": (
        "whether masks are too large (+) or too small (−), which Dice penalises alike; 0 is best"
    ),
    "dice_global": "the pixels of all images together: large objects weigh more, and what is "
    "invented on images without object counts",
}


def of_approaches(run: FinishedRun) -> str:
    """One line for each approach of the run, best first, as a Markdown list."""
    lines = []
    for row in run.board.itertuples():
        made = _made(run, row) if row.status == "ok" else [f"no result ({row.status})"]
        wording = "; ".join(filter(None, [run.described[row.approach].summary, *made]))
        lines.append(f"- `{row.approach}`: {wording or 'nothing is stored about it'}.")
    return "\n".join(lines) or NOTHING


class _Row(Protocol):
    """What `_made` looks at in a row of the leaderboard."""

    approach: str
    parameters: float
    pretrained_on: str


def _made(run: FinishedRun, row: _Row) -> list[str]:
    """Members, fit, size and outside data of a complete approach."""
    made, combined = list(run.described[row.approach].remarks), run.combinations.get(row.approach)
    if combined is not None:
        views = f" over {combined.views} views" if combined.views > 1 else ""
        made.append(f"here {listed(code(combined.weights))}{views}")
    if pd.notna(row.parameters):
        number = row.parameters / 1e6
        made.append(
            f"{number:.1f} million parameters"
            if number >= 1
            else counted(int(row.parameters), "parameter")
        )
    if pd.notna(row.pretrained_on) and row.pretrained_on:
        made.append(f"pretrained on {row.pretrained_on}")
    return made


def metric_table(run: FinishedRun) -> str:
    """What each metric tells that mean Dice does not, and its value here, as a Markdown table."""
    best = _best(run)
    if run.winner not in run.names or not best:
        return NOTHING
    lines = [
        f"| metric | shows what mean Dice does not | `{run.winner}` | best |",
        "| --- | --- | --- | --- |",
    ]
    for metric, name in best.items():
        sign = "+" if metric == "area_bias" else ""
        values = run.board.set_index("approach")[metric]
        chosen = f"{values[run.winner]:{sign}.3f}" if pd.notna(values[run.winner]) else ""
        lines.append(
            f"| `{metric}` | {METRICS[metric]} | {chosen} | {values[name]:{sign}.3f} (`{name}`) |"
        )
    return "\n".join(lines)


def of_metrics(run: FinishedRun) -> str:
    """Whether the other metrics would choose the same."""
    best = _best(run)
    if run.winner not in run.names or not best:
        return NOTHING
    if len(run.names) < 2:
        return "With a single approach there is nothing to choose."
    agree = code(metric for metric, name in best.items() if name == run.winner)
    other = [f"`{metric}` (`{name}`)" for metric, name in best.items() if name != run.winner]
    sentences = [f"`{run.winner}` is first by {listed(agree)} too."] if agree else []
    if other:
        sentences.append(f"Another approach is first by {listed(other)}.")
    return " ".join(sentences) + " No interval was computed for these."


def _best(run: FinishedRun) -> dict[str, str]:
    """Metric → the approach that is best by it, for metrics that were measured."""
    rows = run.board[run.board["status"] == "ok"].set_index("approach")
    best = {}
    for metric in METRICS:
        values = rows[metric].astype(float).dropna() if metric in rows else pd.Series(dtype=float)
        if len(values):
            off = values.abs() if metric == "area_bias" else -values
            best[metric] = str(off.index[int(np.argmin(off.to_numpy()))])
    return best
