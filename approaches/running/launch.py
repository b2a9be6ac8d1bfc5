"""`--mirror`: start the same command once more through accelerate's launcher, one process for each
GPU of this machine.
"""

import os
import sys
from collections.abc import Sequence

import torch


def launched() -> bool:
    """Whether a launcher started this process; it then must not start itself again."""
    return "LOCAL_RANK" in os.environ


def mirrored_command(program: Sequence[str], words: Sequence[str], gpus: int) -> list[str]:
    """The launcher's command line for one process on each GPU.

    Args:
        program: what starts this program, such as ["bench.py"] or ["-m", "approaches"].
        words: its options, kept as they are; the started processes see that they were launched.
        gpus: how many.
    """
    fixed = [
        "--multi_gpu",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    ]
    launcher = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        *fixed,
        "--num_processes",
        str(gpus),
    ]
    return [*launcher, *program, *words]


def mirror(program: Sequence[str], words: Sequence[str]) -> str:
    """Become the launcher where that makes sense; else return why it does not."""
    gpus = torch.cuda.device_count()
    if launched():
        return (
            f"--mirror: this process was launched already ({os.environ.get('WORLD_SIZE', '1')} in "
            "all), going on"
        )
    if gpus < 2:
        return (
            f"--mirror: {gpus} GPU(s) on this machine, nothing to mirror, going on with one "
            "process"
        )
    command = mirrored_command(program, words, gpus)
    return os.execv(command[0], command)
