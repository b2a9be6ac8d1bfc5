"""The kill test with a few kills; all approaches and many kills: `python tests/kill_test.py`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts are forked")
def test_a_run_that_is_killed_over_and_over_ends_like_one_that_was_not(small_folder, tmp_path):
    words = ["--data", str(small_folder), "--output", str(tmp_path), "--kills", "3"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "kill_test.py"), *words, "--approaches", "unet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\| \d \| (while|before|by)", done.stdout, re.M)) == 3
    assert "3 kills; different: nothing" in done.stdout
