"""Whether what was expected of the variations of a study was borne out: row by row, counted for a
study, and for all.

Only the direction of the mean Dice is judged. How far it was expected to go, and what else the
words say, is left to the reader; what the study could not show at all is named.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from common.leaderboard import as_markdown
from common.words import between, counted, listed

SAME = 0.01  # mean Dice; bounds within it on both sides are taken as no difference
RIGHT, WRONG, OPEN = "as expected", "opposite", "undecided"
NO_RESULT, NOT_RUN = "no result", "not run"
SAID = {"better": "better", "worse": "worse", "same": "no difference", "no better": "no gain"}


class Expected(Protocol):
    """A variation of a study as these sentences need it; see
    `approaches.studies.hypotheses.Variation`.
    """

    expected: str
    expects: str
    approach: str
    settings: Mapping[str, Any]
    unmeasured: str


class Planned(Protocol):
    """A study as these sentences need it; see `approaches.studies.hypotheses.Study`."""

    approach: str
    variations: Mapping[str, Expected]
    outcome: str


def judged(expects: str, verdict: str, lower: float, upper: float) -> str:
    """Whether an expectation was borne out.

    Args:
        expects: *better*, *worse*, *same*, or *no better*, which is the same or worse.
        verdict: *helps*, *hurts* or *not told apart*.
        lower: bound of the difference of mean Dice to the baseline.
        upper: the other bound.

    Returns:
        *as expected*; *opposite*, where the contrary was shown; *undecided*, where nothing was. No
        difference is as expected only where both bounds lie within ±0.01, no gain only where the
        upper one does.

    Raises:
        ValueError: nothing is expected.

    Examples:
        >>> judged("better", "helps", 0.01, 0.03), judged("worse", "helps", 0.01, 0.03)
        ('as expected', 'opposite')
        >>> alike = "same", "not told apart"
        >>> judged(*alike, -0.02, 0.02), judged(*alike, -0.004, 0.003)
        ('undecided', 'as expected')
    """
    if expects not in SAID:
        raise ValueError(
            f"judged got the expectation {expects!r}; it needs one of {', '.join(SAID)}."
        )
    if verdict == "helps":
        return RIGHT if expects == "better" else WRONG
    if verdict == "hurts":
        return RIGHT if expects in ("worse", "no better") else WRONG
    small = upper <= SAME and (expects == "no better" or lower >= -SAME)
    return RIGHT if small and expects in ("same", "no better") else OPEN


def judgement(variation: Expected, row: pd.Series | None) -> str:
    """The same of a variation's row in the table of its study; *no result* or *not run* where it
    has none.
    """
    if row is None:
        return NOT_RUN
    if pd.isna(row["verdict"]):
        return NO_RESULT
    return judged(
        variation.expects, row["verdict"], row["to_baseline_lower"], row["to_baseline_upper"]
    )


def row_of(table: pd.DataFrame | None, variation: str) -> pd.Series | None:
    """The row of a variation, None where the study was not run or does not have it."""
    rows = table[table["variation"] == variation] if table is not None else pd.DataFrame()
    return None if rows.empty else rows.iloc[0]


def expected_beside_found(variations: Mapping[str, Expected], table: pd.DataFrame | None) -> str:
    """A Markdown table: each variation, what was expected of it beforehand, what was found, and
    whether both agree.

    Args:
        variations: by name; their texts are used where there is no table.
        table: of `common.leaderboard.studies.study_table`, whose `expected` is what was said when
            the study was run; None where it was not run.
    """
    columns = ["variation", "expected", "found", "expectation"]
    rows = []
    for name, variation in variations.items():
        row = row_of(table, name)
        said = variation.expected if row is None or pd.isna(row["expected"]) else row["expected"]
        rows.append((name, said, _found(variation, row), f"**{judgement(variation, row)}**"))
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
            said = f"*{study}: {name}*" if len(studies) > 1 else f"*{name}*"
            verdicts[said] = verdict = judgement(variation, row)
            if row is not None and verdict == WRONG:
                wrong.append(
                    f"{said} ({SAID[variation.expects]} was expected, it {row['verdict']})"
                )
            if verdict in (RIGHT, WRONG, OPEN):
                margin |= variation.expects in ("same", "no better")
                unmeasured += [f"{said} ({variation.unmeasured})"] if variation.unmeasured else []
    if set(verdicts.values()) <= {NOT_RUN}:
        return f"None of {counted(len(verdicts), 'expectation')} was tested."
    sentences = [_counted(list(verdicts.values()), wrong)]
    if margin:
        sentences.append(
            f"*No difference* is borne out only where both bounds lie within ±{SAME:g}."
        )
    if unmeasured:
        sentences.append(
            f"Half of what was expected of {listed(unmeasured, most=len(unmeasured))} was not "
            "measured: the Dice of the folds cannot show it."
        )
    return " ".join(sentences)


def _counted(verdicts: list[str], wrong: list[str]) -> str:
    """One sentence on all judgements, and one on those that are open."""
    right, number = verdicts.count(RIGHT), len(verdicts)
    names = f": {listed(wrong, most=len(wrong))}" if wrong else ""
    said = (
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
        return said
    return f"{said} {'The rest is' if right or wrong else 'All are'} open: {listed(left)}."


def _were(count: int) -> str:
    return f"{count or 'none'} {'was' if count < 2 else 'were'}"
