"""From the records of a run to ranked rows, a winner and what may be concluded: a function of
stored results alone.

rows.py      records → rows; the comparison of a per-image table     <- nothing
seeds.py     several trainings: variance of seeds and of images      <- rows
text.py      Markdown, terminal, sentences, conventions              <- rows
files.py     leaderboard.csv and .md, per_image.csv                  <- all of these
__main__.py  `python -m common.leaderboard analyse per_image.csv`
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
from common.leaderboard.text import as_markdown, as_text, conclusion

__all__ = [
    "COLUMNS",
    "Choice",
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
    "write_leaderboard",
]
