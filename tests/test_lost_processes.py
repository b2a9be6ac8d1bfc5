"""A process that others wait for is named after a while; one that is killed ends the others."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = """
import logging, os, signal, sys, time
from pathlib import Path
from approaches import processes, whereabouts
from approaches.base import ConfigError
from approaches.running.start import refuse_apart
from common.commands import command
from common.logs import console_log

whereabouts.NAMED_AFTER_SECONDS = 1.0
with console_log(logging.ERROR), command("the same command continues") as ending:
    rank = processes.state().process_index
    for folders, keys in (("01", "aa"), ("00", "ab"), ("00", "aa")):
        try:
            refuse_apart(Path(folders[rank]), keys[rank])
        except ConfigError as error:
            logging.error("%s", error)
    with processes.together("the first block"):
        pass
    if rank == 1:
        time.sleep(3)
        os.kill(os.getpid(), signal.SIGKILL)
    with processes.together("the second block"):
        pass
sys.exit(ending.code)
"""


def test_a_process_that_hangs_is_named_and_one_that_is_killed_ends_the_other(tmp_path):
    for name in "01":
        (tmp_path / name).mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {
        **os.environ,
        "ACCELERATE_USE_CPU": "true",
        "PYTHONPATH": str(ROOT),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        for rank in range(2)
    ]
    try:
        _, said = started[0].communicate(timeout=170)
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert f"process 1 ({started[1].pid} on " in said, said
    assert "which was last at the end of 'the first block'" in said
    assert re.search(r"0 is another folder for process 1 on .+ than on .+ share", said), said
    assert re.search(r"the data of process 1 on .+ has other images", said)
    assert list((tmp_path / "0").iterdir()) == []
    last = said.strip().splitlines()[-1]
    assert f"process 1 ({started[1].pid} on " in last and "'the second block'" in last
    assert last.endswith("the same command continues") and "Traceback" not in said
    assert started[0].returncode == 143
