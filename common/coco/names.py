"""From the `file_name` of an entry to the file in `images/` that it means.

Annotation tools write the same name in many ways: with `images/` or a whole path in front, with
the backslashes of Windows, with percent codes, in capitals, or with accents composed (Windows,
Linux) or decomposed (macOS). A name is only ever matched with files that lie in the folder of
images, so no name leads out of it.
"""

import itertools
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

Spelling = Callable[[str], str]  # what a name is compared by
LITTER = ("thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "lost+found")


class ImageFolder:
    """The files below a folder of images, found by the names that annotation files give them."""

    def __init__(self, folder: Path):
        self.folder = folder

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Paths of all files below the folder, relative to it and with `/`, sorted; without what
        the system hides or leaves behind.
        """
        found = (path for path in self.folder.rglob("*") if not is_litter(path, self.folder))
        return tuple(
            sorted(path.relative_to(self.folder).as_posix() for path in found if is_file(path))
        )

    def find(self, file_name: str) -> str | None:
        """The file that a name means, relative to the folder; None if there is none, or if several
        fit equally well.

        The name itself comes first, then other spellings of it; a folder in front of the name is
        left out only where no file has the whole name.
        """
        plain = plain_name(file_name)
        if stays_inside(plain) and is_file(self.folder / plain):
            return plain
        for name in dict.fromkeys((plain, plain_name(unquote(file_name)))):
            for shorter, kind in itertools.product(_endings(name), self._by_spelling):
                found = self._by_spelling[kind].get(kind(shorter), ())
                if found:
                    return found[0] if len(found) == 1 else None
        return None

    @cached_property
    def _by_spelling(self) -> dict[Spelling, dict[str, list[str]]]:
        tables: dict[Spelling, dict[str, list[str]]] = {}
        for kind in (composed, folded):
            tables[kind] = defaultdict(list)
            for name in self.files:
                tables[kind][kind(name)].append(name)
        return tables


def plain_name(file_name: str) -> str:
    """A name with `/` between its parts, whichever slashes it has, and without `.` among them."""
    return PurePosixPath(file_name.replace("\\", "/")).as_posix()


def stays_inside(file_name: str) -> bool:
    """Whether a name, joined to a folder, names something inside it."""
    parts = PurePosixPath(file_name.replace("\\", "/"))
    if not parts.parts or "\0" in file_name:
        return False
    return not parts.is_absolute() and ".." not in parts.parts and ":" not in parts.parts[0]


def is_litter(path: Path, folder: Path) -> bool:
    """Whether a file below `folder` is hidden or left behind by a system (`.DS_Store`,
    `.ipynb_checkpoints/`, `__MACOSX/`, `Thumbs.db`, …), by its own name or by that of a folder.
    """
    parts = path.relative_to(folder).parts
    return any(part.startswith(".") or part.lower() in LITTER for part in parts)


def composed(name: str) -> str:
    """A name with composed accents: equal for the spellings of macOS and of other systems."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """A name as systems see it that do not tell capitals apart."""
    return composed(composed(name).casefold())


def is_file(path: Path) -> bool:
    """Whether a path is a file that can be looked at; a name that no disk takes is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _endings(name: str) -> Iterator[str]:
    """`a/b/c.jpg`, `b/c.jpg`, `c.jpg`."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    for start in range(len(parts)):
        yield "/".join(parts[start:])
