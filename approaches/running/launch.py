"""A command that becomes accelerate's launcher: with `--mirror`, for one process on each GPU of
this machine; and where that launcher was to start several processes and started one.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from approaches.base import ConfigError


def launched() -> bool:
    """Whether a launcher started this process; it then must not start itself again."""
    return "LOCAL_RANK" in os.environ


def is_first() -> bool:
    """Whether this process is alone or the main one, by what its launcher says; once torch is
    imported, `approaches.processes.is_main` knows.
    """
    return os.environ.get("RANK", "0") == "0"


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
    import torch

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


def started_alone() -> bool:
    """Whether accelerate's launcher was to start several processes, perhaps on several machines,
    and started this one on its own, as it does on machines without several GPUs unless it is told
    `--multi_gpu`.
    """
    of_several = {"ACCELERATE_MIXED_PRECISION", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()
    return of_several and not {"WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE"} & set(os.environ)


def with_all_processes(started: Sequence[str]) -> list[str]:
    """The launcher's command line again, told to start all processes, on CPU too.

    Args:
        started: the command line that started the launcher.

    Raises:
        ConfigError: it is not that of accelerate.

    Examples:
        >>> with_all_processes(["python", "bin/accelerate", "launch", "--cpu", "bench.py"])[1:]
        ['-m', 'accelerate.commands.launch', '--multi_gpu', 'bench.py']
    """
    names = [Path(word).name.partition(".")[0] for word in started]
    places = [at for at, name in enumerate(names) if name in ("accelerate", "accelerate-launch")]
    if not places:
        raise ConfigError(
            "accelerate launch was to start several processes and started one, because there are "
            "not several GPUs here; add --multi_gpu before the name of the program, on CPUs too."
        )
    after = places[0] + 1
    words = list(started[after:])
    words = words[1:] if words[:1] == ["launch"] else words
    if "--cpu" in words:
        words.remove("--cpu")
    return [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", *words]


def launch_all() -> None:
    """Become the launcher of all processes where it started this one alone; see `started_alone`.

    Raises:
        ConfigError: how it was started cannot be read.
    """
    if started_alone():
        line = Path(f"/proc/{os.getppid()}/cmdline")  # Linux
        started = line.read_text().split("\0")[:-1] if line.is_file() else []
        command = with_all_processes(started)
        import torch

        if torch.cuda.device_count() != 1 or "--num_machines" in " ".join(started):
            os.execv(command[0], command)
