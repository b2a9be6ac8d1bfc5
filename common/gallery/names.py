"""The names of photos: as they are shown, and as names of files that every system takes."""

import re
import unicodedata

from common.commands import RefusedError


class GalleryError(RefusedError):
    """A photo cannot be shown, or the written page does not pass its check."""


def displayable(text: str) -> str:
    """A name with a replacement sign for each character that cannot be shown, such as those that
    turn the direction of what follows. The template escapes what HTML reads as its own.
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def slug_of(name: str, taken: set[str]) -> str:
    """Make a file name of plain letters from a photo's name, unlike all that are `taken`, and take
    it.
    """
    stem = re.sub(r"(?<=.)\.[A-Za-z0-9]{1,5}$", "", name)  # without the suffix
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    base = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")[:60] or "photo"
    slug, number = base, 1
    while slug.casefold() in taken:
        number += 1
        slug = f"{base}-{number}"
    taken.add(slug.casefold())
    return slug


class Slugs:
    """Gives each photo a file name of plain letters, no two alike where case does not count."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """The file name, without a suffix, of a photo that was not named before.

        Raises:
            GalleryError: it was.

        Examples:
            >>> slugs = Slugs()
            >>> slugs.of("día 1.JPG"), slugs.of("dia-1.png"), slugs.of("猫.jpg")
            ('dia-1', 'dia-1-2', 'photo')
        """
        if name in self._names:
            raise GalleryError(
                f"A second photo came with the name {name!r}; names are expected to be unique."
            )
        self._names.add(name)
        return slug_of(name, self._taken)
