"""What was chosen on *tune* and photos of the field together, beside what *tune* alone would have
chosen.
"""

from collections.abc import Sequence

import pandas as pd

from common.leaderboard.text import as_markdown
from common.records import Record

SCORES = "tune_dice tune_object_f1 field_dice field_object_f1".split()
OF_TUNE = [f"{name}_at_tunes" for name in SCORES]
COLUMNS = ["approach", "threshold", *SCORES, "threshold_of_tune", *OF_TUNE, "postprocess"]
EXPLAINED = """\
Threshold and further steps maximise the mean of the four numbers, which are optimistic: they were
chosen on these photos. `threshold_of_tune` is what *tune* alone would have chosen, and the columns
`_at_tunes` are the same numbers there, without further steps. Field photos without a single object
have no F1; the share of them on which nothing is invented takes its place. For this choice an
invented piece finds nothing, or a mask of the whole photo would."""


def choice_table(records: Sequence[Record]) -> pd.DataFrame:
    """One row for each approach whose post-processing was chosen on the field too."""
    rows = []
    for record in records:
        tuning = record.tuning
        if tuning is None or tuning.on_field is None:
            continue
        choice = tuning.on_field
        row: dict[str, object] = {
            "approach": record.approach,
            "threshold": tuning.postprocess.threshold,
            "threshold_of_tune": choice.threshold_of_tune,
            "postprocess": str(tuning.postprocess),
            **choice.scores,
        }
        for name, column in zip(SCORES, OF_TUNE, strict=True):
            row[column] = choice.scores_of_tune.get(name)
        rows.append(row)
    numbers = [*SCORES, *OF_TUNE]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(numbers, float))


def choice_section(table: pd.DataFrame) -> str:
    """The table with what it means, as Markdown; "" where nothing was chosen on the field."""
    if table.empty:
        return ""
    known = [one for one in COLUMNS if table[one].notna().any()]
    text = as_markdown(table, known)
    return "\n\n".join(["## What was chosen on *tune* and the field", text, EXPLAINED])
