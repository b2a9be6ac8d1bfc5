"""From the records of a run to ranked rows, a winner and what may be concluded: a function of
stored results alone.

rows.py         records → rows; the comparison of a per-image table     <- nothing
seeds.py        several trainings: variance of seeds and of images      <- rows
standing.py     who is worse, equivalent, not told apart                <- nothing
sentences.py    what may be concluded                                   <- standing
text.py         Markdown, terminal, conventions                         <- rows
files.py        leaderboard.csv and .md, per_image.csv                  <- all of these
score_table.py  anybody's scores from a CSV                             <- nothing
details.py      the further tables of a run                             <- rows
studies.py      the table of a study, and what follows from it          <- rows
__main__.py     `python -m common.leaderboard analyse per_image.csv`
"""

from common.leaderboard.files import read_leaderboard, write_leaderboard
from common.leaderboard.rows import (
    COLUMNS,
    Choice,
    compare_records,
    compare_scores,
    corrupted_and_clean,
    dice_by_image,
    has_robustness,
    leaderboard,
    per_image_table,
)
from common.leaderboard.seeds import seed_table
from common.leaderboard.sentences import conclusion
from common.leaderboard.standing import Standing, standing
from common.leaderboard.text import as_markdown, as_text

__all__ = [
    "COLUMNS",
    "Choice",
    "Standing",
    "as_markdown",
    "as_text",
    "compare_records",
    "compare_scores",
    "conclusion",
    "corrupted_and_clean",
    "dice_by_image",
    "has_robustness",
    "leaderboard",
    "per_image_table",
    "read_leaderboard",
    "seed_table",
    "standing",
    "write_leaderboard",
]
