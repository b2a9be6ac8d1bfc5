"""What is done to an image before an approach sees it, and which of these settings were tested in
a study.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from common.leaderboard.studies import Planned
from common.records.self_description import PreparationStep
from common.report.finished_run import FinishedRun
from common.report.narrative.phrases import NOTHING
from common.words import code, listed

Found = Mapping[str, Mapping[str, pd.DataFrame | None]]


def preparation_table(run: FinishedRun, studies: Mapping[str, Planned], found: Found) -> str:
    """What each trained approach does to an image beforehand, and whether that was tested, as a
    Markdown table.

    Args:
        run: whose complete approaches are in it.
        studies: study → what it varies.
        found: data set → study → its table, None where it was not run; of `study_tables`.
    """
    lines = ["| step | what is done | by | tested |", "| --- | --- | --- | --- |"]
    steps = {name: run.described[name].preparation for name in run.names}
    for step in _step_names(steps.values()):
        by: dict[PreparationStep, list[str]] = {}
        for name in run.names:
            for one in steps[name]:
                if one.name == step:
                    by.setdefault(one, []).append(name)
        lines += [
            f"| {step} | {one.done} | {listed(code(names), most=12)} | "
            f"{how_tested(one.settings, studies, found)} |"
            for one, names in by.items()
        ]
    if len(lines) > 2:
        return "\n".join(lines)
    return (
        "What the approaches do to an image is not stored with this run." if run.names else NOTHING
    )


def _step_names(steps: Iterable[Sequence[PreparationStep]]) -> list[str]:
    """The names of all steps, as the approach with most of them orders them."""
    longest_first = sorted(steps, key=len, reverse=True)
    return list(dict.fromkeys(step.name for each in longest_first for step in each))


def how_tested(settings: Collection[str], studies: Mapping[str, Planned], found: Found) -> str:
    """In which studies a step of these settings was varied, and on which data they were run."""
    parts = []
    for name, study in studies.items():
        varied = {key for variation in study.variations.values() for key in variation.settings}
        if varied & set(settings):
            data = [data for data, tables in found.items() if tables.get(name) is not None]
            parts.append(
                f"tested in study *{name}* ({listed(data)})"
                if data
                else f"study *{name}* was not run"
            )
    return "; ".join(parts) or "not tested"
