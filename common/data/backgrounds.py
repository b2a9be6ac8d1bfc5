"""Photos of the ground without any object: what else there is in the world, shown in training.

They are added to *fit* alone, as images without an annotation, and never scored. Photos that are
much larger than the training images are brought to their size, as they are for a prediction.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.coco import DataError, Entry, read_entries, whole_photos
from common.coco.annotations import ANNOTATION_FILE
from common.coco.images import stored_image
from common.scale import ImageSizes, image_sizes, prediction_scale


def background_entries(
    folder: Path, train: Sequence[Entry], val: Sequence[Entry]
) -> tuple[list[Entry], list[str]]:
    """The photos of a folder as images without an object.

    Args:
        folder: holds the photos, or `images/` with them; where an annotation file lies beside
            them, it must have no annotation.
        train: the images whose sizes theirs should suit; a file that is one of them is left out.
        val: the same for files of it.

    Returns:
        Entries with ids beyond those of the labelled images, and what is to be said of photos that
        are left out.

    Raises:
        DataError: there is no usable photo, or annotations say that there are objects.
        OSError: a file cannot be read.
    """
    _refuse_annotated(folder)
    labelled = [*train, *val]
    photos, broken = whole_photos(folder)
    notes = [f"warning: {path.name} is left out: {why}" for path, why in broken.items()]
    repeated = _repeated(photos, [entry.path for entry in labelled])
    if repeated:
        names = ", ".join(path.name for path in repeated[:5])
        notes.append(
            f"warning: {len(repeated)} backgrounds are images of train or val too and are left "
            f"out: {names}"
        )
    used = [path for path in photos if path not in set(repeated)]
    if not used:
        raise DataError(
            f"--backgrounds {folder} holds no usable photo ({len(photos) + len(broken)} files, "
            f"{len(broken)} broken, {len(repeated)} of them images of train or val); expected "
            "photos of the ground without any object."
        )
    first = max((entry.image_id for entry in labelled), default=0) + 1
    sizes = image_sizes((entry.height, entry.width) for entry in train)
    return list(_entries(used, first, sizes)), notes


def _refuse_annotated(folder: Path) -> None:
    if not folder.is_dir():
        raise DataError(f"--backgrounds {folder} is no folder; expected one that holds photos.")
    if not (folder / ANNOTATION_FILE).is_file():
        return
    shown = sum(bool(entry.annotations) for entry in read_entries(folder))
    if shown:
        raise DataError(
            f"--backgrounds {folder} has annotations on {shown} images; expected photos without "
            "any object. Move those that show one away, or train on them as part of train/."
        )


def _entries(photos: Sequence[Path], first: int, sizes: ImageSizes) -> Iterator[Entry]:
    for image_id, path in enumerate(photos, first):
        header = stored_image(path)
        if header is None:  # decoded a moment ago
            raise OSError(f"{path} cannot be read any more.")
        width, height = header.upright_size
        factor = prediction_scale((height, width), sizes, "auto")
        seen = round(width * factor), round(height * factor)
        group = f"background {path.name}"
        yield Entry(
            *(image_id, path.name, path, *seen, group),
            upright=True,
            resized=factor != 1,
            is_added=True,
        )


def _repeated(photos: Sequence[Path], others: Sequence[Path]) -> list[Path]:
    """The photos whose file is one of the others, byte by byte; of those, only files of a photo's
    size are read.
    """
    sizes = {path.stat().st_size for path in photos}
    known = {_digest(path) for path in others if path.stat().st_size in sizes}
    return [path for path in photos if known and _digest(path) in known]


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
