from .choice import Choice
from .files import read_leaderboard, write_leaderboard
from .rows import (
    COLUMNS,
    compare_records,
    compare_scores,
    corrupted_and_clean,
    dice_by_image,
    has_robustness,
    leaderboard,
    per_image_table,
)
from .seeds import seed_table
from .sentences import conclusion
from .text import as_markdown, as_text

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
