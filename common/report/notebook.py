"""What a notebook needs: where the project lies, whichever folder it was started in, what a folder
holds, and how a table, a photo or a section of the report is shown.
"""

import io
import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from common.report.files import as_png
from common.report.pictures import as_jpeg
from common.report.section import Chart, Photo, Section

if TYPE_CHECKING:
    from IPython.display import Image

# without ipywidgets the bars of libraries are plain text, which needs no word in a notebook
warnings.filterwarnings("ignore", message="IProgress not found")

REPORT = "leaderboard.ipynb"
DPI = 80  # of charts in a notebook, which would be large otherwise
COLUMNS, TILE_PX, GAP_PX, QUALITY = 3, 260, 8, 65  # of a sheet of photos
MANY = 4  # more files than that in one folder are counted, not named


def root() -> Path:
    """The folder that holds `notebooks/`: the repository, or where an installation has put them.

    Raises:
        FileNotFoundError: the installation lacks them.

    Examples:
        >>> (root() / "notebooks" / "leaderboard.ipynb").is_file()
        True
    """
    repository = Path(__file__).parents[2]
    if (repository / "notebooks" / REPORT).is_file():
        return repository
    for file in metadata.files("segmentation-bench") or ():
        if file.name == REPORT:
            return Path(file.locate()).resolve().parents[1]
    raise FileNotFoundError(
        f"neither {repository} nor the installed package holds notebooks/{REPORT}; install it "
        "again, or work in a clone of the repository."
    )


def placed(path: str | Path) -> Path:
    """A path as the notebooks write it: absolute, or relative to `notebooks/` whatever the working
    directory is.

    Links are kept, so that the folder's name stays the one that was written.

    Args:
        path: such as `../data/sample`.

    Raises:
        ValueError: the path is empty.

    Examples:
        >>> placed("../data/sample") == root() / "data" / "sample"
        True
    """
    if not str(path):
        raise ValueError(
            "placed got an empty path; it needs that of a folder. Set it in the notebook's first "
            "cell, "
            'e.g. DATA = "../data/sample".'
        )
    return Path(os.path.normpath(root() / "notebooks" / path))


def layout(folder: Path) -> pd.DataFrame:
    """What lies in a folder, as a table for reading.

    Args:
        folder: such as a data set or a submission.

    Returns:
        One row for each file, and one for each folder of more than 4 files, which are counted:
            `path` relative
        to the folder, `files`, and `kb`, their size in kB. Hidden files are left out.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is no folder; layout needs one that exists. Correct the path in the "
            "notebook's first cell."
        )
    inside = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    visible = [path for path in inside if not any(part.startswith(".") for part in path.parts)]
    together = Counter(path.parent for path in visible)
    rows: dict[str, list[int]] = {}
    for path in visible:
        many = together[path.parent] > MANY and path.parent != Path()
        rows.setdefault(f"{path.parent.as_posix()}/" if many else path.as_posix(), []).append(
            (folder / path).stat().st_size
        )
    table = [(name, len(sizes), max(1, round(sum(sizes) / 1000))) for name, sizes in rows.items()]
    return pd.DataFrame(table, columns=["path", "files", "kb"])


def show(section: Section) -> None:
    """Display a section of the report below a cell: its sentences, its pictures, its details;
    details of text alone are folded.

    Args:
        section: as one of `common.report.sections` makes it.
    """
    from IPython.display import Image, Markdown, display

    facts = "\n".join(f"- {value} {what}" for value, what in section.facts)
    for text in (f"## {section.title}", section.text, facts):
        if text:
            display(Markdown(text))
    _show_charts(section.charts)
    if section.photos:
        shown = ", ".join(photo.caption for photo in section.photos)
        tiles = as_jpeg(sheet(section.photos), QUALITY)
        display(Image(data=tiles, format="jpeg", alt=shown))
        display(Markdown(f"*{_LEGENDS[section.legend]}Row by row: {shown}.*"))
    if section.note:
        display(Markdown(f"{section.note}"))
    for details in section.folded:
        folded = f"<details><summary>{details.summary}</summary>\n\n{details.text}\n\n</details>"
        display(Markdown(f"### {details.summary}\n\n{details.text}" if details.charts else folded))
        _show_charts(details.charts)


_LEGENDS = {
    "": "",
    "outline": "The outline is that of the predicted mask. ",
    "errors": "Green was found, red (in stripes) invented, blue missed. ",
}


def _show_charts(charts: Sequence[Chart]) -> None:
    from IPython.display import Image, display

    for chart in charts:
        display(Image(data=as_png(chart.figure, DPI), format="png", alt=chart.alt))


def sheet(photos: Sequence[Photo]) -> np.ndarray:
    """Photos beside and below each other, row by row, as one image (h, w, 3) uint8 RGB."""
    step = TILE_PX + GAP_PX
    rows = -(-len(photos) // COLUMNS)
    whole = np.full((rows * step, min(COLUMNS, len(photos)) * step, 3), 255, np.uint8)
    for place, photo in enumerate(photos):
        factor = TILE_PX / max(photo.pixels.shape[:2])
        tile = cv2.resize(photo.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        top, left = (step * number for number in divmod(place, COLUMNS))
        bottom, right = top + tile.shape[0], left + tile.shape[1]
        whole[top:bottom, left:right] = tile
    return whole


def photographic(figure: Figure | None) -> "Image | None":
    """A figure of photos as a JPEG, a tenth of the size that a notebook's PNG would have; None
    stays None.

    Args:
        figure: any; line drawings are better off as they are.
    """
    if figure is None:
        return None
    from IPython.display import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg", dpi=76, bbox_inches="tight", pil_kwargs={"quality": 60})
    return Image(data=buffer.getvalue(), format="jpeg")


def rounded(table: pd.DataFrame, digits: int | Mapping[str, int] = 3) -> pd.DataFrame:
    """The table with its real numbers rounded for reading; whole numbers and texts stay as they
    are.

    Args:
        table: any.
        digits: behind the point, for all columns or by column; a column that is not named keeps 3.
    """
    chosen = {
        column: digits if isinstance(digits, int) else digits.get(column, 3)
        for column in table.columns
    }
    real = table.select_dtypes("floating").columns
    return table.assign(**{column: table[column].round(chosen[column]) for column in real})
