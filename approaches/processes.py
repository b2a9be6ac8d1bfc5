"""Several processes on one run: who has which share, how results are joined by id, and how a failure on one becomes a
failure on all instead of a wait that never ends. One process alone goes the same way.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import cv2
import torch
from accelerate import Accelerator, DataLoaderConfiguration, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import (
    DistributedDataParallelKwargs,
    broadcast_object_list,
    gather_object,
    parse_flag_from_env,
)

T = TypeVar("T")
LONG_WAIT = timedelta(days=7)  # an approach that only the main process trains keeps the others waiting in a collective


class ApproachFailedError(RuntimeError):
    """Another process could not go on; the message is its reason."""


def state() -> PartialState:
    """The processes of this run; made once, with a time-out that outlasts any approach.

    Raises:
        RuntimeError: the launcher started several processes that do not find each other; each would write all files.
    """
    if not PartialState._shared_state:
        started = int(os.environ.get("WORLD_SIZE", "1"))
        if started > 1 and not torch.cuda.is_available():
            os.environ["ACCELERATE_USE_CPU"] = "true"  # without it each process would be one of its own
        PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"), timeout=LONG_WAIT)
        if PartialState().num_processes != started:
            raise RuntimeError(
                f"the launcher started {started} processes, {PartialState().num_processes} of them are together; "
                "start them with torchrun or accelerate launch, on CPU with ACCELERATE_USE_CPU=true."
            )
    return PartialState()


def leave() -> None:
    """Leave the group of processes at the end of the program; alone, nothing happens.

    Without it the group's threads are still freeing tensors while the interpreter ends, which at times kills a process
    whose work was done.
    """
    if PartialState._shared_state and torch.distributed.is_initialized():
        PartialState().destroy_process_group()
        AcceleratorState._reset_state(reset_partial_state=True)


def is_main() -> bool:
    """Whether this process writes the files."""
    return state().is_main_process


def share(items: Sequence[T]) -> list[T]:
    """This process's part of the items; over all processes each item is in exactly one part."""
    return list(items[state().process_index :: state().num_processes])


def join(part: Mapping[int, T]) -> dict[int, T]:
    """The parts of all processes by id, on every process.

    Raises:
        ValueError: two processes bring the same id.
    """
    pairs = gather_object(list(part.items())) if state().num_processes > 1 else list(part.items())
    joined = dict(pairs)
    if len(joined) != len(pairs):
        raise ValueError(f"{len(pairs)} results were joined but only {len(joined)} different ids are among them.")
    return joined


@contextmanager
def together(what: str) -> Iterator[None]:
    """A block that all processes enter; if it raises on one, it raises on all.

    Nothing inside may be a collective that only some processes reach after an error.
    """
    error = None
    try:
        yield
    except Exception as raised:
        error = raised
    reasons = [f"{type(error).__name__}: {error}" if error else ""]
    if state().num_processes > 1:
        reasons = gather_object(reasons)
    if error is not None:
        raise error
    for rank, reason in enumerate(reasons):
        if reason:
            raise ApproachFailedError(f"{what} failed on process {rank}: {reason}")


def fresh_accelerator(precision: str) -> Accelerator:
    """An `Accelerator` of its own for each training: a shared one would write one approach into another's state.

    Args:
        precision: "float32", "bfloat16" or "float16".
    """
    AcceleratorState._reset_state()  # the number format may differ from the last training's; the processes stay
    return Accelerator(
        mixed_precision={"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[precision],
        dataloader_config=DataLoaderConfiguration(split_batches=True),  # the batch is that of all processes together
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],  # no collective inside forward
    )


def agree(value: T) -> T:
    """The main process's value, on every process."""
    return broadcast_object_list([value])[0] if state().num_processes > 1 else value


def wait() -> None:
    """Return when all processes are here."""
    state().wait_for_everyone()


def cores() -> int:
    """The CPU cores that this process may use, those of its siblings included."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def threads() -> int:
    """CPU threads for this process: the cores, divided by the processes of this machine."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", state().num_processes))
    return max(1, cores() // max(1, here))


def use_threads() -> int:
    """Set the thread counts of torch and OpenCV, which a launcher may have set to one; returns the count."""
    count = threads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    return count
