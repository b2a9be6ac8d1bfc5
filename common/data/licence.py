"""Whose the images of a data folder are, as far as the folder says."""

import re
from pathlib import Path

MOST_CHARACTERS = 200
_NAME = re.compile(r"licen[cs]e([ _-]agreement)?(\.(txt|md|rst))?", re.IGNORECASE)


def licence_line(folder: Path) -> str:
    """The first line of the licence text in a data folder, such as `LICENSE` or
    `license_agreement.txt`; "" where there is none.
    """
    for path in sorted(folder.iterdir()):
        if _NAME.fullmatch(path.name) and path.is_file():
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            lines = (line.strip().lstrip("#").strip() for line in text.splitlines())
            return next(filter(None, lines), "")[:MOST_CHARACTERS]
    return ""
