"""Whether what was expected of the variations of a study was borne out: row by row, counted for a
study, and for all.

Only the direction of the mean Dice is judged. How far it was expected to go, and what else the
words say, is left to the reader; what the study could not show at all is named.
"""

from collections.abc import Mapping

import pandas as pd

from common.leaderboard import as_markdown
from common.leaderboard.studies import (
    NO_RESULT,
    NOT_RUN,
    OPEN,
    RIGHT,
    SAME,
    WRONG,
    Expected,
    Planned,
    judgement,
    row_of,
)
from common.words import between, counted, listed

# An expectation → what is written of it.
WORDS = {"better": "better", "worse": "worse", "same": "no difference", "no better": "no gain"}


def expected_beside_found(variations: Mapping[str, Expected], table: pd.DataFrame | None) -> str:
    """A Markdown table: each variation, what was expected of it beforehand, what was found, and
    whether both agree.

    Args:
        variations: by name; their texts are used where there is no table.
        table: of `common.leaderboard.studies.study_table`, whose `expected` is what was written
            when the study was run; None where it was not run.
    """
    columns = ["variation", "expected", "found", "expectation"]
    rows = []
    for name, variation in variations.items():
        row = row_of(table, name)
        stored = None if row is None or pd.isna(row["expected"]) else row["expected"]
        verdict = f"**{judgement(variation, row)}**"
        rows.append((name, stored or variation.expected, _found(variation, row), verdict))
    return as_markdown(pd.DataFrame(rows, columns=columns), columns)


def _found(variation: Expected, row: pd.Series | None) -> str:
    if row is None or pd.isna(row["verdict"]):
        return NOT_RUN if row is None else NO_RESULT
    bounds = between(row["to_baseline_lower"], row["to_baseline_upper"], 3, "+")
    found = (
        f"{row['verdict']}: {row['to_baseline']:+.3f} ({bounds}); by seed and fold "
        f"{row['by_seed']}"
    )
    return found + (
        f"; not measured by this study: {variation.unmeasured}" if variation.unmeasured else ""
    )


def of_expectations(
    tables: Mapping[str, pd.DataFrame | None], studies: Mapping[str, Planned]
) -> str:
    """How many expectations were borne out and how many were wrong, the wrong ones by name.

    Args:
        tables: study → its table, None where it was not run.
        studies: that are counted, by name; with several of them variations are named with their
            study.
    """
    verdicts: dict[str, str] = {}
    wrong, unmeasured, margin = [], [], False
    for study, planned in studies.items():
        for name, variation in planned.variations.items():
            row = row_of(tables.get(study), name)
            label = f"*{study}: {name}*" if len(studies) > 1 else f"*{name}*"
            verdicts[label] = verdict = judgement(variation, row)
            if row is not None and verdict == WRONG:
                wrong.append(
                    f"{label} ({WORDS[variation.expects]} was expected, it {row['verdict']})"
                )
            if verdict in (RIGHT, WRONG, OPEN):
                margin |= variation.expects in ("same", "no better")
                unmeasured += [f"{label} ({variation.unmeasured})"] if variation.unmeasured else []
    if set(verdicts.values()) <= {NOT_RUN}:
        return f"None of {counted(len(verdicts), 'expectation')} was tested."
    sentences = [_counted(list(verdicts.values()), wrong)]
    if margin:
        sentences.append(
            f"*No difference* is borne out only where both bounds lie within ±{SAME:g}."
        )
    if unmeasured:
        sentences.append(
            f"The Dice of the folds cannot show all that was expected of "
            f"{listed(unmeasured, most=None)}."
        )
    return " ".join(sentences)


def _counted(verdicts: list[str], wrong: list[str]) -> str:
    """One sentence on all judgements, and one on those that are open."""
    right, number = verdicts.count(RIGHT), len(verdicts)
    names = f": {listed(wrong, most=None)}" if wrong else ""
    counts = (
        f"**Of {counted(number, 'expectation')}, {_were(right)} borne out and {_were(len(wrong))} "
        f"wrong{names}.**"
    )
    reasons = {
        OPEN: "not told apart from the baseline",
        NO_RESULT: "without a result",
        NOT_RUN: "not run",
    }
    left = [
        f"{verdicts.count(which)} {why}" for which, why in reasons.items() if which in verdicts
    ]
    if not left:
        return counts
    return f"{counts} {'The rest is' if right or wrong else 'All are'} open: {listed(left)}."


def _were(count: int) -> str:
    return f"{count or 'none'} {'was' if count < 2 else 'were'}"
