"""What is done to an image before an approach sees it."""

from collections.abc import Iterable, Sequence

from common.records.self_description import PreparationStep
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import code, listed, markdown_table


def preparation_table(run: FinishedRun) -> str:
    """What each trained approach does to an image beforehand, as a Markdown table.

    Args:
        run: whose complete approaches are in it.
    """
    rows: list[tuple[str, str, str]] = []
    steps = {name: run.described[name].preparation for name in run.names}
    for step in _step_names(steps.values()):
        by: dict[PreparationStep, list[str]] = {}
        for name in run.names:
            for one in steps[name]:
                if one.name == step:
                    by.setdefault(one, []).append(name)
        rows += [(step, one.done, listed(code(names), most=12)) for one, names in by.items()]
    if rows:
        return markdown_table(("step", "what is done", "by"), rows)
    return (
        "What the approaches do to an image is not stored with this run." if run.names else NOTHING
    )


def _step_names(steps: Iterable[Sequence[PreparationStep]]) -> list[str]:
    """The names of all steps, as the approach with most of them orders them."""
    longest_first = sorted(steps, key=len, reverse=True)
    return list(dict.fromkeys(step.name for each in longest_first for step in each))
