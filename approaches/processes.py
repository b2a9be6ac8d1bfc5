"""Several processes on one run: who has which share, how results are joined by id, and how a
failure on one becomes a failure on all instead of a wait that never ends. One process alone goes
the same way.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import cv2
import torch
from accelerate import Accelerator, DataLoaderConfiguration, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, gather_object, parse_flag_from_env

from approaches.memory import keep_memory
from approaches.whereabouts import known_processes, named_wait
from common.commands import TerminatedError

T = TypeVar("T")
# an approach that only the main process trains keeps the others waiting in a collective
LONG_WAIT = timedelta(days=7)


class ApproachFailedError(RuntimeError):
    """Another process could not go on; the message is its reason."""


class ProcessLostError(TerminatedError):
    """Another process is gone without a word; nothing can be told to it any more, so no block and
    no approach goes on after it.
    """

    def __init__(self, what: str):
        lost = " or ".join(
            f"process {rank} ({who})"
            for rank, who in known_processes.items()
            if rank != state().process_index
        )
        super().__init__(
            f"{lost or 'another process'} of this run is gone, killed or with its machine "
            f"({what}). This one ends too"
        )


@dataclass
class _Nesting:
    """In how many blocks this process is.

    Attributes:
        depth: of the innermost block; 0 outside of all.
        over: of the outermost block that the other processes have left already, None where there
            is none such.
        reason: why they left it.
    """

    depth: int = 0
    over: int | None = None
    reason: str = ""


_nesting = _Nesting()


def state() -> PartialState:
    """The processes of this run; made once, with a time-out that outlasts any approach.

    Raises:
        RuntimeError: the launcher started several processes that do not find each other; each
            would write all files.
    """
    if not PartialState._shared_state:
        started = int(os.environ.get("WORLD_SIZE", "1"))
        if started > 1 and not torch.cuda.is_available():
            # without it each process would be one of its own
            os.environ["ACCELERATE_USE_CPU"] = "true"
        PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"), timeout=LONG_WAIT)
        if PartialState().num_processes != started:
            raise RuntimeError(
                f"the launcher started {started} processes, {PartialState().num_processes} of "
                "them are together; start them with torchrun or accelerate launch, on CPU with "
                "ACCELERATE_USE_CPU=true."
            )
    return PartialState()


def leave() -> None:
    """Leave the group of processes at the end of the program; alone, nothing happens.

    Without it the group's threads are still freeing tensors while the interpreter ends, which at
    times kills a process whose work was done.
    """
    if PartialState._shared_state and torch.distributed.is_initialized():
        PartialState().destroy_process_group()
        AcceleratorState._reset_state(reset_partial_state=True)


def is_main() -> bool:
    """Whether this process writes the files."""
    return state().is_main_process


def share(items: Sequence[T]) -> list[T]:
    """This process's part of the items; over all processes each item is in exactly one part."""
    rank, count = state().process_index, state().num_processes
    return list(items[rank::count])


def join(part: Mapping[int, T]) -> dict[int, T]:
    """The parts of all processes by id, on every process.

    Raises:
        ValueError: two processes bring the same id.
    """
    with _block():
        parts = _meet("joining results", list(part.items()))
    pairs = [pair for part in parts for pair in part]
    joined = dict(pairs)
    if len(joined) != len(pairs):
        raise ValueError(
            f"{len(pairs)} results were joined but only {len(joined)} different ids are among "
            "them."
        )
    return joined


@contextmanager
def together(what: str) -> Iterator[None]:
    """A block that all processes enter; if it raises on one, it raises on all. Blocks may lie
    within blocks.

    Inside, an exchange of tensors among the processes must not follow what may fail on some of
    them alone.
    """
    with _block():
        error = None
        try:
            yield
        except Exception as raised:
            error = raised
        _meet(what, None, error)


@contextmanager
def _block() -> Iterator[None]:
    """One level deeper. Where the level around it is over on the other processes, no new one is
    begun in it.
    """
    if _nesting.over is not None:
        raise ApproachFailedError(_nesting.reason)
    _nesting.depth += 1
    try:
        yield
    finally:
        _nesting.depth -= 1
        if _nesting.over is not None and _nesting.depth < _nesting.over:
            _nesting.over = None


def _meet(what: str, value: T, error: Exception | None = None) -> list[T]:
    """The end of a block, where each process learns how the others came out of it; returns what
    each of them brings.

    All processes meet here and nowhere else, so whatever fails, each meeting of one process has
    its counterpart on the others: the end of the same block, or of one around it that another left
    with an error before it came to this one. Who sees that from further inside has met the others
    for all blocks down to theirs, and raises through them without another meeting; so all are at
    the same place again.

    Raises:
        Exception: the error of this process.
        ApproachFailedError: the error of another one.
        ProcessLostError: another process is gone.
        RuntimeError: the processes are in different blocks, and none of them has failed: a fault
            of the program.
    """
    if _nesting.over is not None:
        raise error if error is not None else ApproachFailedError(_nesting.reason)
    mine = _nesting.depth, what, "" if error is None else f"{type(error).__name__}: {error}", value
    met = _gathered(what, mine) if state().num_processes > 1 else [mine]
    failed = [
        f"{name} failed on process {rank}: {why}"
        for rank, (_, name, why, _) in enumerate(met)
        if why
    ]
    outermost = min(depth for depth, *_ in met)
    if error is None and failed:
        error = ApproachFailedError(failed[0])
    elif error is None and any(at[:2] != mine[:2] for at in met):
        error = RuntimeError(
            "the processes met at the ends of different blocks: "
            f"{', '.join(n for _, n, *_ in met)}."
        )
    if _nesting.depth > outermost:
        _nesting.over, _nesting.reason = outermost, str(error)
    if error is not None:
        raise error
    return [brought for *_, brought in met]


def raise_if_lost(error: Exception, what: str) -> None:
    """ProcessLostError where an error of an exchange comes of a process that is gone."""
    words = ("closed by peer", "reset by peer", "Broken pipe", "remote process exited")
    if any(one in str(error) for one in words):
        raise ProcessLostError(f"at {what}") from error


def _gathered(what: str, mine: T) -> list[T]:
    """The values of all processes; ProcessLostError where one of them is gone."""
    with named_wait(what, state().process_index, state().num_processes):
        try:
            return gather_object([mine])
        except RuntimeError as error:
            raise ProcessLostError(f"at the end of {what!r}") from error


def fresh_accelerator(
    precision: str, log_with: Sequence[str] = (), folder: Path | None = None
) -> Accelerator:
    """An `Accelerator` of its own for each training: a shared one would write one approach into
    another's state.

    Args:
        precision: "float32", "bfloat16" or "float16".
        log_with: services that it reports to, as accelerate calls them.
        folder: where those put files that write some.
    """
    # the number format may differ from the last training's; the processes stay
    AcceleratorState._reset_state()
    # the batch is that of all processes together
    # no collective inside forward
    return Accelerator(
        mixed_precision={"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[precision],
        dataloader_config=DataLoaderConfiguration(split_batches=True),
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        log_with=list(log_with) or None,
        project_dir=folder,
    )


def agree(value: T | None) -> T:
    """The main process's value, which is not None, on every process; those of the others do not
    count.
    """
    with _block():
        met = _meet("agreeing", value if is_main() else None)
    (agreed,) = (brought for brought in met if brought is not None)
    return agreed


def wait() -> None:
    """Return when all processes are here."""
    with _block():
        _meet("waiting", None)


def cores() -> int:
    """The CPU cores that this process may use, those of its siblings included."""
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    )


def threads() -> int:
    """CPU threads for this process: the cores, divided by the processes of this machine."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", state().num_processes))
    return max(1, cores() // max(1, here))


def set_up_process() -> int:
    """Make this process a command's own: set the thread counts of torch and OpenCV, which a
    launcher may have set to one, and keep freed memory for the next prediction; returns the count.
    """
    keep_memory()
    count = threads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    return count
