"""A gallery goes out whole or not at all: everything is built aside, checked, and moved into place
with the page last. The same photos give the same bytes.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from common.files import PARTIAL, whole_file, whole_folder, write_whole
from common.gallery.check import check_gallery
from common.gallery.names import GalleryError
from common.gallery.page import Page, rendered

# The earliest that a zip can say: the same photos must give the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def publish(folder: Path, name: str, page: Callable[[Path], Page], zipped: bool | float) -> Path:
    """Make a page and its images, check them, and put them into a folder.

    Args:
        folder: where `name.html`, the folder `name` and `name.zip` go.
        name: of them.
        page: writes the images into the folder that it is given, and returns the page.
        zipped: whether a zip is wanted, or up to how many megabytes.

    Returns:
        The path of the page.

    Raises:
        GalleryError: the check found something; what was there before stays as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", suffix=PARTIAL, dir=folder) as scratch_name:
        scratch = Path(scratch_name)
        (scratch / name).mkdir()
        document = rendered(page(scratch / name))
        (scratch / f"{name}.html").write_bytes(document)
        megabytes = sum(path.stat().st_size for path in (scratch / name).iterdir()) / 1e6
        has_zip = zipped if isinstance(zipped, bool) else megabytes <= zipped
        if has_zip:
            _write_zip(scratch, name)
        findings = check_gallery(scratch, name, zipped=has_zip)
        if findings:
            raise GalleryError(
                f"{name}.html was not written, its check found: {'; '.join(findings[:10])}"
            )
        target = folder / f"{name}.html"
        # An old page must never stand beside new images, nor an old zip.
        target.unlink(missing_ok=True)
        (folder / f"{name}.zip").unlink(missing_ok=True)
        with whole_folder(folder / name) as images:
            for path in (scratch / name).iterdir():
                shutil.move(path, images / path.name)
        if has_zip:
            with whole_file(folder / f"{name}.zip") as partial:
                shutil.move(scratch / f"{name}.zip", partial)
        write_whole(target, document)
    return target


def _write_zip(folder: Path, name: str) -> None:
    """Pack page and images, uncompressed since the images are compressed already, in the order of
    their names.
    """
    with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_STORED) as archive:
        for path in [folder / f"{name}.html", *sorted((folder / name).iterdir())]:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # Unix, wherever written
            archive.writestr(entry, path.read_bytes())
