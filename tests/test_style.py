"""The checks of .pre-commit-config.yaml hold for the whole tree."""

import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
CHECKS = {hook["id"]: hook["entry"] for repo in CONFIG["repos"] for hook in repo["hooks"]}


def test_the_checks_are_those_that_were_agreed_on():
    assert list(CHECKS) == ["ruff-check", "ruff-format", "pycodestyle", "mypy"]


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_passes(check):
    words = shlex.split(CHECKS[check])
    if importlib.util.find_spec(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed; pip install -e '.[test]' brings it")
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
