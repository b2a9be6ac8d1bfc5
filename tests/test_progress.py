import io
import logging
import sys

import pytest

from common import progress as module
from common.progress import progress, waiting


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, logger="common.progress")
    return lambda: [record.getMessage() for record in caplog.records]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_items_pass_in_order_and_lazily():
    taken = []
    items = progress((taken.append(n) or n for n in range(5)), "counting", total=5)
    assert next(items) == 0 and taken == [0]
    assert [*items] == [1, 2, 3, 4]


def test_a_short_loop_says_nothing_without_a_terminal(lines, capsys):
    assert [*progress(range(100), "counting")] == list(range(100))
    assert lines() == []
    assert capsys.readouterr() == ("", "")


def test_a_long_loop_says_plain_lines_with_the_time_left(lines, capsys, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0)
    assert [*progress(["a", "b", "c"], "counting")] == ["a", "b", "c"]
    assert [line.split(",")[0] for line in lines()] == ["counting: 1 of 3", "counting: 2 of 3"]
    assert all(line.endswith(" s left") for line in lines())
    assert capsys.readouterr() == ("", "")


def test_items_without_a_length_have_no_time_left(lines, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0)
    assert [*progress(iter("ab"), "counting")] == ["a", "b"]
    assert lines() == ["counting: 1 of ?"]


def test_a_terminal_gets_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert [*progress(range(3), "counting")] == [0, 1, 2]
    assert "counting" in terminal.getvalue() and "/3" in terminal.getvalue()


def test_other_processes_are_silent(monkeypatch, lines):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0)
    assert [*progress(range(3), "counting", show=False)] == [0, 1, 2]
    assert terminal.getvalue() == "" and lines() == []


def test_a_wait_is_shown_on_a_terminal_and_gone_after_it(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with waiting("making the report"):
        pass
    assert "making the report (00:00)" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")


@pytest.mark.parametrize(("least", "lines_of_it"), [(-1, ["making it took 0 s"]), (3, [])])
def test_a_wait_worth_a_line_has_one_elsewhere(least, lines_of_it, lines, capsys, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_WORTH_A_LINE", least)
    with waiting("making it"):
        pass
    with waiting("what another process does", show=False):
        pass
    assert lines() == lines_of_it
    assert capsys.readouterr() == ("", "")
