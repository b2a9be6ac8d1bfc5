"""From what a command line names to photos: files, folders with all below them, and patterns such
as `photos/**/*.jpg`, each with a name of its own among the outputs.
"""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.coco import PHOTO_SUFFIXES
from common.coco.names import folded, is_litter
from common.commands import RefusedError

GALLERY = "gallery"  # the name of the page beside the masks
COCO_FILE = "predictions.coco.json"  # a folder that holds it holds predictions, no photos


class PhotosError(RefusedError):
    """There are no photos where some were expected; the message says where."""


@dataclass(frozen=True)
class Photo:
    """One photo to predict.

    Attributes:
        path: the file.
        name: its path below the folder that holds all photos of the command, with `/`.
        output: the same without its suffix, unique among all also where capitals do not count.
    """

    path: Path
    name: str
    output: str


def find_photos(places: Sequence[Path | str]) -> list[Photo]:
    """The photos that are named, each once.

    Args:
        places: files, folders, and patterns with `*`, `?`, `[…]` or `**`. Below a folder, and of
            what a pattern finds, files with the suffix of a photo are taken; hidden ones and
            folders of predictions are left out.

    Raises:
        PhotosError: a place does not exist, or there is no photo in any.
    """
    found: dict[Path, None] = {}
    roots = []
    for place in map(str, places):
        for path in _paths_at(place):
            roots.append(path if path.is_dir() else path.parent)
            found |= dict.fromkeys(_photos_below(path) if path.is_dir() else [path])
    if not found:
        raise PhotosError(
            f"0 photos found in {', '.join(map(str, places))}; expected files that end in "
            f"{', '.join(PHOTO_SUFFIXES)}."
        )
    names = [_name_below(path, roots) for path in found]
    outputs = _outputs(names)
    return [Photo(*each) for each in zip(found, names, outputs, strict=True)]


def _paths_at(place: str) -> list[Path]:
    """The absolute paths that one word of the command line means; PhotosError for none."""
    path = Path(place)
    if _exists(path):
        return [_absolute(path)]
    if not glob.has_magic(place):
        raise PhotosError(
            f"{place} does not exist; expected photos, folders of photos, or a pattern such as "
            "'photos/**/*.jpg'."
        )
    matches = map(Path, sorted(glob.glob(place, recursive=True)))  # noqa: PTH207 - of any root
    found = [_absolute(path) for path in matches if path.is_dir() or _is_photo(path)]
    fitting = _without_predicted(found, _absolute(searched(place)[0]))
    if not fitting:
        raise PhotosError(
            f"{place} fits no photo; expected files that end in {', '.join(PHOTO_SUFFIXES)}."
        )
    below = any(part == "**" for part in path.parts)  # which finds the files of its folders itself
    return [path for path in fitting if not (below and path.is_dir())]


def searched(place: str) -> tuple[Path, str]:
    """The folder in which one word of the command line looks for photos, and the pattern that a
    name in that folder has to fit.

    Examples:
        >>> folder, name = searched("photos/day*/*.jpg")
        >>> str(folder), name
        ('photos', 'day*')
    """
    path = Path(place)
    if path.is_dir():
        return path, "*"
    if _exists(path):
        return path.parent, glob.escape(path.name)
    magic = (number for number, part in enumerate(path.parts) if glob.has_magic(part))
    first = next(magic, len(path.parts) - 1)
    return Path(*path.parts[:first]), path.parts[first]


def _without_predicted(found: Sequence[Path], folder: Path) -> list[Path]:
    """Those of the paths that lie in no folder of predictions at or below `folder`, and are
    none.
    """
    around = {each for path in found for each in (path, *path.parents)}
    predicted = {
        each for each in around if each.is_relative_to(folder) and (each / COCO_FILE).is_file()
    }
    return [path for path in found if not predicted & {path, *path.parents}]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no disk takes
        return False


def _absolute(path: Path) -> Path:
    """Without `..`, but through links as they were named."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()


def _photos_below(folder: Path) -> list[Path]:
    """The photos of a folder and its sub-folders, sorted."""
    predicted = {path.parent for path in folder.rglob(COCO_FILE)}
    return sorted(
        path
        for path in folder.rglob("*")
        if _is_photo(path) and not is_litter(path, folder) and not predicted & {*path.parents}
    )


def _name_below(path: Path, roots: Sequence[Path]) -> str:
    """The path of a photo below the folder that holds all roots."""
    try:
        return path.relative_to(os.path.commonpath(roots)).as_posix()
    except ValueError:  # on several drives
        return PurePosixPath(path.drive.strip(":\\/"), *path.parts[1:]).as_posix()


def _outputs(names: Iterable[str]) -> list[str]:
    """Names without suffixes; those that would be the same file keep theirs, or get a number."""
    names = list(names)
    stems = [PurePosixPath(name).with_suffix("").as_posix() for name in names]
    shared = {stem for stem, number in Counter(map(folded, stems)).items() if number > 1}
    taken = {folded(stem) for stem in stems} - shared
    outputs = []
    for name, stem in zip(names, stems, strict=True):
        output, number = stem, 1
        if folded(stem) in shared:
            output = name
            while folded(output) in taken:
                number += 1
                output = f"{name}-{number}"
            taken.add(folded(output))
        outputs.append(output)
    return outputs
