"""CSV tables that this program writes: whole or not at all, and safe to open in a spreadsheet."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from common.files import write_whole

_NUMBER = r"[+-]?[\d.,]+(e[+-]?\d+)?"
# what a spreadsheet computes instead of showing it, numbers and lists of them aside
_COMPUTED = re.compile(rf"(?!{_NUMBER}( {_NUMBER})*$)[=+\-@\t\r]", re.I)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table with six digits for each number.

    Args:
        path: of the CSV.
        table: its texts, such as groups and file names, may be anybody's.
    """
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    safe = table.assign(**{name: table[name].map(shown_as_text) for name in texts})
    write_whole(path, safe[table.columns].to_csv(index=False, float_format="%.6g"))


def shown_as_text(value: Any) -> Any:
    """A cell with an apostrophe in front where a spreadsheet would take it for a formula.

    Examples:
        >>> [shown_as_text(cell) for cell in ("=1+1", "-3.5", "-x", "-1 +2.5", 7)]
        ["'=1+1", '-3.5', "'-x", '-1 +2.5', 7]
    """
    return f"'{value}" if isinstance(value, str) and _COMPUTED.match(value) else value
