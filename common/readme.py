"""Leaderboards inside Markdown files: what stands between two markers is made from a stored result, never typed.

`python -m common.readme README.md` fills what stands between `<!-- leaderboard:begin FOLDER -->` and
`<!-- leaderboard:end -->`.
"""

import re
import sys
from pathlib import Path

import pandas as pd

from common.files import write_whole
from common.leaderboard import as_markdown

MARKED = re.compile(r"(<!-- leaderboard:begin (\S+) -->\n).*?(<!-- leaderboard:end -->)", re.DOTALL)
SHOWN = (
    "approach dice_mean dice_lower dice_upper verdict nsd_2px object_f1 fit_seconds predict_seconds_per_image".split()
)


def filled(text: str, root: Path) -> str:
    """The text with each marked leaderboard as it is stored.

    Args:
        text: Markdown with markers; FOLDER is relative to `root` and holds `leaderboard.csv`.
        root: folder of the Markdown file.

    Raises:
        FileNotFoundError: a marker names a folder without a leaderboard.
    """

    def table(match: re.Match) -> str:
        stored = pd.read_csv(root / match[2] / "leaderboard.csv")
        return f"{match[1]}{as_markdown(stored[stored['status'] == 'ok'], SHOWN)}\n{match[3]}"

    return MARKED.sub(table, text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        write_whole(path, filled(path.read_text(encoding="utf-8"), path.parent))
