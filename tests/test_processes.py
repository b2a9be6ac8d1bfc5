"""Blocks within blocks, with another process that is made up; real ones are in
test_two_processes.py.
"""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from approaches import processes
from approaches.processes import ApproachFailedError, agree, join, together, wait


@pytest.fixture
def other(monkeypatch):
    """What the other process, of rank 1, brings to the meetings to come: depth, block, reason,
    value.
    """
    brought = []
    monkeypatch.setattr(
        processes,
        "state",
        lambda: SimpleNamespace(num_processes=2, process_index=0, is_main_process=True),
    )
    monkeypatch.setattr(processes, "named_wait", lambda *told: nullcontext())
    monkeypatch.setattr(processes, "gather_object", lambda mine: [*mine, brought.pop(0)])
    yield brought
    assert brought == [], "a meeting that the other process waits for was left out"
    assert processes._nesting.depth == 0 and processes._nesting.over is None


def test_a_failure_around_the_block_of_another_process_ends_both_blocks_there(other):
    other += [(1, "training", "MemoryError: no room", None), (1, "waiting", "", None)]
    expected = pytest.raises(
        ApproachFailedError, match="training failed on process 1: MemoryError: no room"
    )
    with expected, together("training"), together("building the network"):
        pass
    wait()  # both are outside again, and the next meeting is one of both


@pytest.mark.parametrize("meeting", [wait, lambda: agree(1), lambda: join({1: 2})])
def test_no_meeting_inside_a_block_waits_for_a_process_that_left_the_block(other, meeting):
    other.append((1, "training", "MemoryError: no room", None))
    with pytest.raises(ApproachFailedError, match="no room"), together("training"):
        meeting()


def test_who_swallows_that_the_others_are_gone_cannot_go_on_inside(other):
    other.append((1, "training", "MemoryError: no room", None))
    begun = []
    with pytest.raises(ApproachFailedError, match="no room"), together("training"):
        for _ in range(2):
            try:
                with together("a step"):
                    begun.append("step")
            except ApproachFailedError:
                continue
    assert begun == ["step"]


def test_who_fails_around_the_block_of_another_process_raises_its_own_error(other):
    other.append((2, "building the network", "", None))
    with pytest.raises(KeyError, match="mine"), together("training"):
        raise KeyError("mine")


def test_failures_on_both_sides_of_a_block_are_each_process_own(other):
    other.append((1, "training", "MemoryError: no room", None))
    with (
        pytest.raises(KeyError, match="mine"),
        together("training"),
        together("building the network"),
    ):
        raise KeyError("mine")


@pytest.mark.parametrize("depth", [1, 3])
def test_processes_in_different_blocks_without_a_failure_are_a_fault_of_the_program(other, depth):
    other.append((depth, "elsewhere", "", None))
    if depth > 2:
        other.append((1, "training", "RuntimeError: the same", None))
    expected = pytest.raises(RuntimeError, match="ends of different blocks: building, elsewhere")
    with expected, together("training"), together("building"):
        pass


def test_values_of_all_are_joined_and_that_of_the_main_process_is_agreed_on(other):
    other += [(1, "joining results", "", [(2, "b")]), (1, "agreeing", "", None)]
    assert join({1: "a"}) == {1: "a", 2: "b"}
    assert agree("here") == "here"
    other.append((1, "joining results", "", [(1, "b")]))
    with pytest.raises(ValueError, match="2 results were joined but only 1"):
        join({1: "a"})


def test_an_interruption_leaves_no_block_behind():
    with pytest.raises(KeyboardInterrupt), together("training"):
        raise KeyboardInterrupt
    assert processes._nesting.depth == 0
