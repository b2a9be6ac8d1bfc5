import io
import logging
import re
import sys

import pytest

from common.logs import PARENTS, console_log, log_to
from common.progress import progress


@pytest.mark.parametrize("name", ["bench", "approaches.running.run", "common.progress"])
def test_what_any_module_logs_is_on_the_console_and_in_the_file_once(name, tmp_path, capsys):
    with console_log(logging.INFO):
        log_to(logging.FileHandler(tmp_path / "log.txt", encoding="utf-8"))
        logging.getLogger(name).info("%s: trained", "unet")
        logging.getLogger(name).debug("a detail")
    assert re.fullmatch(r"\d\d:\d\d:\d\d unet: trained\n", capsys.readouterr().err)
    stored = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} unet: trained\n", stored)


def test_after_the_block_everything_is_as_it_was(tmp_path, capsys):
    before = [(logger.level, list(logger.handlers)) for logger in PARENTS]
    with pytest.raises(KeyError), console_log(logging.ERROR):
        log_to(logging.FileHandler(tmp_path / "log.txt", encoding="utf-8"))
        logging.getLogger("bench").info("not important enough")
        raise KeyError
    logging.getLogger("bench").error("after the block")
    assert [(logger.level, list(logger.handlers)) for logger in PARENTS] == before
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == capsys.readouterr().err == ""


def test_a_line_does_not_break_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with console_log(logging.INFO):
        for number in progress(range(3), "counting"):
            logging.getLogger("bench").info("seen %d", number)
    lines = [line.rsplit("\r", 1)[-1] for line in terminal.getvalue().split("\n")[:3]]
    assert [line.split(" ", 1)[1] for line in lines] == ["seen 0", "seen 1", "seen 2"]
