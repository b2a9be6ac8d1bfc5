"""What several sentences of the report say alike: that nothing is chosen, and on what a run
computed.
"""

from common.report.finished_run import FinishedRun
from common.words import counted

NOTHING = "No approach of this run has a complete result, so nothing is chosen."


def device_of(run: FinishedRun) -> str:
    """What the run computed on.

    Args:
        run: that the sentence is about.
    """
    device, threads = run.about.device or "an unknown device", run.about.threads
    return (
        f"{device.upper()} with {counted(threads, 'thread')}"
        if device == "cpu" and threads
        else device
    )
