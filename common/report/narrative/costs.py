"""What an approach costs: seconds and memory for a mask, and the training that was given and
taken.
"""

import pandas as pd

from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import device_of
from common.words import amount, code, counted, duration, listed

# of the minutes given; a training that took less ended by itself, one that took more had more
EARLY, LATE = (0.8, 1.1)
UNITS = {"minutes": "minute", "epochs": "epoch", "steps": "step"}


def of_costs(run: FinishedRun) -> str:
    """Seconds, memory and size; who is beaten in both Dice and time."""
    rows = run.board[run.board["status"] == "ok"].dropna(subset=["predict_seconds_per_image"])
    if rows.empty:
        return "Costs were not measured in this run."
    quick, slow = (
        rows.loc[rows["predict_seconds_per_image"].agg(which)] for which in ("idxmin", "idxmax")
    )
    span = f"{duration(quick['predict_seconds_per_image'])} (`{quick['approach']}`)"
    if len(rows) > 1:
        span = (
            f"from {span} to {duration(slow['predict_seconds_per_image'])} (`{slow['approach']}`)"
        )
    sentences = [f"An image takes {span} on {device_of(run)}."]
    if run.winner is not None and run.winner in set(rows["approach"]):
        sentences += _size(run, run.winner)
    beaten = rows.loc[rows["pareto"].eq(False), "approach"].tolist()
    if beaten:
        sentences.append(f"Beaten by another in both Dice and time: {listed(code(beaten))}.")
    return " ".join(sentences)


def _size(run: FinishedRun, winner: str) -> list[str]:
    """Disk and memory of the chosen approach, as far as they were measured."""
    row = run.row(winner)
    parts = [f"has {row['model_mb']:.1f} MB on disk"] if pd.notna(row["model_mb"]) else []
    if pd.notna(row["peak_memory_mb"]):
        parts.append(
            f"needs up to {row['peak_memory_mb']:,.0f} MB of memory, Python and its libraries "
            "included"
        )
    return [f"`{winner}` {' and '.join(parts)}."] if parts else []


def budget_of(run: FinishedRun) -> str:
    """What each training was given, in words; empty where the run does not tell."""
    budget = run.about.identity.budget
    given = {unit: getattr(budget, key) for key, unit in UNITS.items()}
    return " and ".join(amount(it, unit) for unit, it in given.items() if it is not None)


def of_time_taken(run: FinishedRun) -> str:
    """What each training was given, and what it took."""
    rows = run.board[run.board["status"] == "ok"].dropna(subset=["fit_seconds"])
    if rows.empty:
        return "How long trainings took is not stored with this run."
    given, minutes = budget_of(run), run.about.identity.budget.minutes
    sentences = [f"Each training was given {given}."] if given else []
    learned = rows[rows["fit_steps"].notna()]
    early = (
        learned["fit_seconds"] < EARLY * 60 * minutes if minutes else learned["fit_seconds"] < 0
    )
    for wording, part in (
        ("Taken", learned[~early]),
        ("Finished early", learned[early]),
    ):
        if len(part):
            taken = [
                _taken(row.approach, row.fit_seconds, row.fit_steps) for row in part.itertuples()
            ]
            sentences.append(f"{wording}: {listed(taken, most=12)}.")
    more = learned[learned["fit_seconds"] > LATE * 60 * minutes] if minutes else learned.head(0)
    if len(more):
        many = [
            f"`{row.approach}` took {row.fit_seconds / 60 / minutes:.2f} times that"
            for row in more.itertuples()
        ]
        sentences.append(f"Took more than they were given: {listed(many, most=12)}.")
    free = rows[rows["fit_steps"].isna()]
    if len(free):
        many = [f"`{row.approach}` ({duration(row.fit_seconds)})" for row in free.itertuples()]
        members = ", an ensemble's time with that of its members" * bool(
            set(run.combinations) & set(free["approach"])
        )
        sentences.append(
            f"Not limited in this way, because they do not train in steps{members}: "
            f"{listed(many, most=12)}."
        )
    return " ".join(sentences)


def _taken(approach: str, seconds: float, steps: float) -> str:
    return f"`{approach}` {seconds:,.0f} s ({counted(int(steps), 'step')})"
