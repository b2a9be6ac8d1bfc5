"""Leaderboards inside Markdown files, with what may be concluded: what stands between two markers
is made from a stored result, never typed.

`python -m common.report.readme README.md` fills what stands between `<!-- leaderboard:begin FOLDER
-->` and `<!-- leaderboard:end -->`.
"""

import re
import sys
from pathlib import Path

from common.files import write_whole
from common.leaderboard import as_markdown
from common.report.finished_run import read_run
from common.report.narrative.answer import answer

MARKED = re.compile(
    r"(<!-- leaderboard:begin (\S+) -->\n).*?(<!-- leaderboard:end -->)", re.DOTALL
)
SHOWN = (
    "approach dice_mean dice_lower dice_upper verdict nsd_2px object_f1 fit_seconds "
    "predict_seconds_per_image"
).split()


def filled(text: str, root: Path) -> str:
    """The text with each marked leaderboard as it is stored.

    Args:
        text: Markdown with markers; FOLDER is relative to `root` and holds `leaderboard.csv`.
        root: folder of the Markdown file.

    Raises:
        FileNotFoundError: a marker names a folder without a leaderboard.
    """

    def table(match: re.Match[str]) -> str:
        run = read_run(root / match[2])
        board = as_markdown(run.board[run.board["status"] == "ok"], SHOWN)
        return f"{match[1]}{board}\n\n{answer(run)}\n{match[3]}"

    return MARKED.sub(table, text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        write_whole(path, filled(path.read_text(encoding="utf-8"), path.parent))
