"""What several sentences of the report say alike."""

from common.report.finished_run import FinishedRun
from common.words import amount, counted

NOTHING = "No approach of this run has a complete result, so nothing is chosen."
FEW = 30  # images or groups; so few can miss a failure that occurs in one of twenty images
UNITS = {"minutes": "minute", "epochs": "epoch", "steps": "step"}


def device_of(run: FinishedRun) -> str:
    """What the run computed on."""
    device, threads = run.about.device or "an unknown device", run.about.threads
    return (
        f"{device.upper()} with {counted(threads, 'thread')}"
        if device == "cpu" and threads
        else device
    )


def budget_of(run: FinishedRun) -> str:
    """What each training was given, in words; empty where the run does not tell."""
    budget = run.about.identity.budget
    given = {unit: getattr(budget, key) for key, unit in UNITS.items()}
    if budget.minutes is not None and budget.minutes < 1:
        given = {"second": round(60 * budget.minutes), **given, "minute": None}
    return " and ".join(amount(it, unit) for unit, it in given.items() if it is not None)
