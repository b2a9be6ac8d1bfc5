"""Whether what was expected of the variations of a study was borne out, and what follows for the
defaults.

Only the direction of the mean Dice is judged. How far it was expected to go, and what else the
words say, is left to the reader; what the study could not show at all is named.
"""

from collections.abc import Mapping

import pandas as pd

from common.leaderboard import as_markdown
from common.leaderboard.studies import (
    BASELINE,
    NO_RESULT,
    NOT_RUN,
    OPEN,
    RIGHT,
    SAME,
    WRONG,
    Expected,
    Planned,
    judgement,
    recommended,
    row_of,
)
from common.words import between, counted, listed

# An expectation → what is written of it.
WORDS = {"better": "better", "worse": "worse", "same": "no difference", "no better": "no gain"}
JUDGED = {  # a judgement → what is written of so many expectations
    RIGHT: "borne out",
    WRONG: "wrong",
    OPEN: "not told apart from the baseline",
    NO_RESULT: "without a result",
    NOT_RUN: "not run",
}


def expected_beside_found(variations: Mapping[str, Expected], table: pd.DataFrame) -> str:
    """A Markdown table: each variation, what was expected of it beforehand, what was found, and
    whether both agree.

    Args:
        variations: by name.
        table: of `common.leaderboard.studies.study_table`, whose `expected` is what was written
            when the study was run.
    """
    columns = ["variation", "expected", "found", "expectation"]
    rows = []
    for name, variation in variations.items():
        row = row_of(table, name)
        expected = variation.expected if row is None else row["expected"]
        verdict = f"**{judgement(variation, row)}**"
        rows.append((name, expected, _found(variation, row), verdict))
    return as_markdown(pd.DataFrame(rows, columns=columns), columns)


def _found(variation: Expected, row: pd.Series | None) -> str:
    if row is None:
        return NOT_RUN
    if pd.isna(row["verdict"]):
        return NO_RESULT if pd.isna(row["reason"]) else f"{NO_RESULT} ({row['reason']})"
    bounds = between(row["to_baseline_lower"], row["to_baseline_upper"], 3, "+")
    found = (
        f"{row['verdict']}: {row['to_baseline']:+.3f} ({bounds}); by seed and fold "
        f"{row['by_seed']}"
    )
    return found + (
        f"; not measured by this study: {variation.unmeasured}" if variation.unmeasured else ""
    )


def of_expectations(tables: Mapping[str, pd.DataFrame], studies: Mapping[str, Planned]) -> str:
    """How many expectations of all studies were borne out, and which were wrong.

    Args:
        tables: study → its table.
        studies: by name, those that have a table.
    """
    verdicts, wrong = [], []
    for study, table in tables.items():
        for name, variation in studies[study].variations.items():
            row = row_of(table, name)
            verdicts.append(judgement(variation, row))
            if row is not None and verdicts[-1] == WRONG:
                words = WORDS[variation.expects]
                wrong.append(f"*{study}: {name}* ({words} was expected, it {row['verdict']})")
    counts = [f"{verdicts.count(one)} {words}" for one, words in JUDGED.items() if one in verdicts]
    return (
        f"**{counted(len(verdicts), 'expectation')}: {listed(counts)}.**"
        + (f" Wrong: {listed(wrong, most=None)}." if wrong else "")
        + f" *No difference* is borne out only where both bounds lie within ±{SAME:g}."
    )


def of_default(planned: Planned, table: pd.DataFrame) -> str:
    """What follows from a study for the defaults, and what was decided.

    Args:
        planned: whose settings and decision are told.
        table: of `common.leaderboard.studies.study_table`.
    """
    decided = f"**Decided:** {planned.outcome}"
    if not planned.outcome:
        decided = "Whether the default changes is not decided yet."
    return f"{_followed(table, planned)} {decided}".strip()


def _followed(table: pd.DataFrame, planned: Planned) -> str:
    """What the numbers of one study speak for; empty where no variation is shown to help."""
    rows = table[(table["variation"] != BASELINE) & table["verdict"].notna()]
    better = rows[rows["verdict"] == "helps"]
    if better.empty:
        return ""
    chosen, alike = recommended(better)
    others = [f"*{name}*" for name in alike["variation"]]
    less = [f"*{name}*" for name in better.drop([chosen.name, *alike.index])["variation"]]
    sentences = [
        f"*{chosen['variation']}* is shown to help, which speaks for "
        f"{_settings(chosen['variation'], planned)} on data like these."
    ]
    if others:
        sentences.append(
            "Not taken, because it costs more or gains less while the bounds overlap: "
            f"{listed(others, most=None)}."
        )
    if less:
        sentences.append(f"Shown to help, but less: {listed(less, most=None)}.")
    return " ".join(sentences)


def _settings(name: str, planned: Planned) -> str:
    """What a variation sets, in code."""
    variation = planned.variations.get(name)
    if variation is None or not variation.settings:
        return "its settings"
    settings = [f"`{key}={value}`" for key, value in variation.settings.items()]
    return f"{listed(settings, most=None)} of `{variation.approach or planned.approach}`"
