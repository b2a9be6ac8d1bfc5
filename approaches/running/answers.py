"""What functions answer in processes of their own, which are forks of this one where the system
forks safely, and started anew elsewhere. A fork needs a process that has not used a thread yet.
"""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

# where a process can also see which pages it has read, as `approaches.running.peaks` needs
FORKS = sys.platform == "linux" and os.access("/proc/self/pagemap", os.R_OK)
_context = multiprocessing.get_context
PROCESSES = _context("fork") if FORKS else _context("spawn")
NO_ANSWER = "its process ended without an answer"


@dataclass(frozen=True)
class Answering:
    """A process that will give one answer."""

    process: BaseProcess
    answer: Connection

    def received(self) -> Any:
        """What the function gives, its error in words, or None where the process ended without an
        answer.
        """
        try:
            told = self.answer.recv()
        except EOFError:
            told = None
        self.process.join()
        return told


def started(function: Callable[..., Any], *arguments: Any) -> Answering:
    """Call a function in a process of its own; where whoever started this one is gone, end instead
    of going on for nobody.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_tell, args=(there, function, *arguments))
    process.start()
    there.close()
    return Answering(process, here)


def told_by_parent(told: Connection) -> Any:
    """What the process that started this one sends; with it gone, this one ends too."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    if told not in wait([told, parent.sentinel]):
        raise SystemExit(1)
    return told.recv()


def answers(
    function: Callable[..., Any], asked: Sequence[tuple[Any, ...]], at_a_time: int
) -> list[Any]:
    """What a function gives for several arguments, each in a process of its own. One that ends
    without an answer is asked again, alone, since there may have been too little memory for
    several; what it gives then is `NO_ANSWER` or the answer.

    Args:
        function: any.
        asked: what it is given.
        at_a_time: processes at the same time.
    """
    told: list[Any] = [None] * len(asked)
    running: dict[Any, tuple[int, Answering]] = {}
    left = deque(enumerate(asked))
    while left or running:
        while left and len(running) < at_a_time:
            place, arguments = left.popleft()
            one = started(function, *arguments)
            running[one.answer] = place, one
        for ready in wait(list(running)):
            place, one = running.pop(ready)
            told[place] = one.received()
    for place, arguments in enumerate(asked):
        if told[place] is None:
            again = started(function, *arguments).received()
            told[place] = NO_ANSWER if again is None else again
    return told


def or_reason(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives, or its error in words."""
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _tell(answer: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    answer.send(or_reason(function, *arguments))
