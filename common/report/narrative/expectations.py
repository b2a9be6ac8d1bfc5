"""Whether what was expected of the variations of a study was borne out, and what follows for the
defaults.

Only the direction of the mean Dice is judged. How far it was expected to go, and what else the
words say, is left to the reader; what the study could not show at all is named.
"""

from collections.abc import Mapping

import pandas as pd

from common.leaderboard import as_markdown
from common.leaderboard.studies import (
    ALIKE,
    BASELINE,
    COSTS,
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
from common.words import between, counted, duration, listed

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
        reason = None if row is None else row.get("reason")
        found = NOT_RUN if row is None else NO_RESULT
        return found if pd.isna(reason) else f"{found} ({reason})"
    bounds = between(row["to_baseline_lower"], row["to_baseline_upper"], 3, "+")
    found = (
        f"{row['verdict']}: {row['to_baseline']:+.3f} ({bounds}); by seed and fold "
        f"{row['by_seed']}"
    )
    return found + (
        f"; not measured by this study: {variation.unmeasured}" if variation.unmeasured else ""
    )


def of_surprise(planned: Planned, table: pd.DataFrame) -> str:
    """The variation that went furthest against what was expected of it, or that none did.

    Args:
        planned: the study, with what was expected.
        table: of `common.leaderboard.studies.study_table`.
    """
    against = []
    for name, variation in planned.variations.items():
        row = row_of(table, name)
        sign = {"better": 1, "worse": -1, "no better": -1}.get(variation.expects, 0)
        if row is not None and pd.notna(row["verdict"]) and sign * row["to_baseline"] < 0:
            against.append((abs(row["to_baseline"]), name, row["to_baseline"], row["verdict"]))
    if not against:
        return "**No surprise:** every difference points the way it was expected to."
    _, name, difference, verdict = max(against)
    words = WORDS[planned.variations[name].expects]
    hint = "" if verdict != "not told apart" else "; a hint, not told apart from chance"
    return f"**The surprise:** *{name}*, {words} by expectation, came out {difference:+.3f}{hint}."


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
    wrong, margin = [], False
    for study, planned in studies.items():
        for name, variation in planned.variations.items():
            row = row_of(tables.get(study), name)
            label = f"*{study}: {name}*" if len(studies) > 1 else f"*{name}*"
            verdicts[label] = verdict = judgement(variation, row)
            if row is not None and verdict == WRONG:
                wrong.append(
                    f"{label} ({WORDS[variation.expects]} was expected, it {row['verdict']})"
                )
            known = verdict in (RIGHT, WRONG, OPEN)
            margin |= known and variation.expects in ("same", "no better")
    if set(verdicts.values()) <= {NOT_RUN}:
        return f"None of {counted(len(verdicts), 'expectation')} was tested."
    sentences = [_counted(list(verdicts.values()), wrong)]
    if margin:
        sentences.append(
            f"*No difference* is borne out only where both bounds lie within ±{SAME:g}."
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


def of_defaults(tables: Mapping[str, pd.DataFrame | None], studies: Mapping[str, Planned]) -> str:
    """What follows for the defaults and what was decided, study by study, as a Markdown list.

    Args:
        tables: study → its table, None where it was not run.
        studies: by name, whose settings and decisions are told.
    """
    lines = []
    for name, table in tables.items():
        follows = "not run, so no measurement supports the default."
        if table is not None:
            outcome = studies[name].outcome
            decided = (
                f"**Decided:** {outcome}"
                if outcome
                else "Whether the default changes is not decided yet."
            )
            follows = f"{_followed(table, studies[name])} {decided}"
        lines.append(f"- **{name}**: {follows}")
    return "\n".join(lines)


def _followed(table: pd.DataFrame, planned: Planned) -> str:
    """What the numbers of one study speak for."""
    rows = table[(table["variation"] != BASELINE) & table["verdict"].notna()]
    if rows.empty:
        return "no variation has a result, so nothing follows."
    better, worse = (rows[rows["verdict"] == verdict] for verdict in ("helps", "hurts"))
    if better.empty:
        return (
            f"of {counted(len(rows), 'variation')} with a result none is shown to help and "
            f"{len(worse) or 'none'} to hurt, so nothing speaks for another default."
        )
    chosen, alike = recommended(better)
    usual = table[table["variation"] == BASELINE].iloc[0]
    others = [f"*{row['variation']}*{_cost(row, chosen)}" for _, row in alike.iterrows()]
    less = [f"*{name}*" for name in better.drop([chosen.name, *alike.index])["variation"]]
    sentences = [
        f"*{chosen['variation']}*{_cost(chosen, usual)} is shown to help, which speaks for "
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


def _cost(row: pd.Series, other: pd.Series) -> str:
    """Seconds of an image, and of a training where they clearly differ from another row's, beside
    that row's.
    """
    prices = []
    for cost, what, least in zip(COSTS, ("an image", "a training"), (1.0, ALIKE), strict=True):
        here, there = row.get(cost), other.get(cost)
        if pd.notna(here) and pd.notna(there) and max(here, there) > least * min(here, there):
            prices.append(f"{duration(here)} {what} instead of {duration(there)}")
    return f" at {listed(prices)}" if prices else ""
