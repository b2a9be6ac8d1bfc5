"""What each approach is, and what each metric tells that mean Dice does not."""

from typing import Any

import pandas as pd

from common.leaderboard import as_markdown
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import code, counted, listed

# Column of the leaderboard → what it catches that mean Dice does not.
METRICS = {
    "nsd_2px": "the outline: the share of it within 2 px of the true one",
    "object_f1": "objects found, missed and invented, each counting once however small",
    "area_bias": "masks too large (+) or too small (−); 0 is best",
    "dice_global": "all pixels together: large objects weigh more",
}


def of_approaches(run: FinishedRun) -> str:
    """One line for each approach of the run, best first, as a Markdown list."""
    lines = []
    for row in run.board.itertuples():
        made = _made(run, row) if row.status == "ok" else [_without(row)]
        wording = "; ".join(filter(None, [run.described[row.approach].summary, *made]))
        lines.append(f"- `{row.approach}`: {wording or 'nothing is stored about it'}.")
    return "\n".join(lines) or NOTHING


def _without(row: Any) -> str:
    """Why an approach has no result."""
    reason = f": {' '.join(str(row.reason).split()).rstrip('.')}" if pd.notna(row.reason) else ""
    return f"no result ({row.status}{reason})"


def _made(run: FinishedRun, row: Any) -> list[str]:
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
    """Every approach by metrics that tell what mean Dice does not, and what each of them tells;
    no interval was computed for these.
    """
    if not run.names:
        return NOTHING
    known = [metric for metric in METRICS if run.rows[metric].notna().any()]
    lines = [f"- `{metric}`: {METRICS[metric]}" for metric in known]
    table = as_markdown(run.rows, ["approach", "dice_mean", *known])
    return "\n".join([table, "", *lines])
