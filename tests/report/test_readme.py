import re
import subprocess
import sys
from pathlib import Path

import pytest

from approaches import TABLE
from approaches.running.options import parser
from common.report.readme import MARKED, filled

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_leaderboard_is_the_stored_one():
    assert MARKED.search(README), "the README begins with a leaderboard between markers"
    assert filled(README, ROOT) == README, "run: python -m common.report.readme README.md"


def test_a_marker_without_a_result_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        filled("<!-- leaderboard:begin nowhere -->\n<!-- leaderboard:end -->", tmp_path)


def test_ci_runs_the_readmes_second_command():
    commands = re.findall(r"```bash\n(python3 -m venv .*)\n```", README)
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_option_that_the_readme_names_exists():
    others = ("common.sample", "common.coco convert", "approaches.predict", "approaches.export")
    known = parser("bench.py").format_help()
    for module in others:
        words = [sys.executable, "-m", *module.split(), "--help"]
        known += subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout
    options = set(re.findall(r"--[a-z][a-z_-]+", README)) - {"--help", "--multi", "--index-url"}
    assert len(options) > 8
    assert not {
        option
        for option in options
        if option not in known and option.replace("_", "-") not in known
    }


def test_every_approach_is_explained():
    shipped = [name for name, entry in TABLE.items() if not entry.outside]
    assert not [name for name in shipped if f"`{name}`" not in README]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_and_folder_that_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert links and not [link for link in links if not (ROOT / link).exists()]


def test_every_file_that_contributors_are_told_of_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:approaches|common|notebooks|tests)/[\w/.]*)`", text)
    assert len(paths) > 4 and not [path for path in paths if not (ROOT / path).exists()]
