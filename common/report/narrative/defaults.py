"""What follows from the studies for the defaults: which variation is recommended where several
help, and what was decided.
"""

from collections.abc import Mapping

import pandas as pd

from common.leaderboard.studies import ALIKE, BASELINE, COSTS, Planned, recommended
from common.words import between, counted, duration, listed


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
    others = [f"{_gain(row)}{_cost(row, chosen)}" for _, row in alike.iterrows()]
    price = _cost(chosen, usual)
    sentences = (
        f"{_gain(chosen)}{price} is shown to help, which speaks for "
        f"{_settings(chosen['variation'], planned)} on data like these."
    )
    if others:
        sentences += (
            f" Not taken, because it costs more or gains less while the bounds overlap: "
            f"{listed(others, most=None)}."
        )
    less = better.drop([chosen.name, *alike.index])
    if less.empty:
        return sentences
    gains = [_gain(row) for _, row in less.iterrows()]
    return f"{sentences} Shown to help, but less: {listed(gains, most=None)}."


def _gain(row: pd.Series) -> str:
    return (
        f"*{row['variation']}* ({row['to_baseline']:+.3f}, "
        f"{between(row['to_baseline_lower'], row['to_baseline_upper'], 3, '+')})"
    )


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
