"""The pictures of a report as files: charts as SVG and PNG, photos as JPEG."""

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from common.report.pictures import as_jpeg
from common.report.section import Chart, Photo, Section

DPI = 160


def picture_files(sections: Sequence[Section]) -> dict[str, bytes]:
    """File name → content, of every picture of these sections."""
    files = {}
    for picture in pictures(sections):
        if isinstance(picture, Chart):
            files[f"{picture.name}.svg"] = as_svg(picture.figure)
            files[f"{picture.name}.png"] = as_png(picture.figure)
        else:
            files[f"{picture.name}.jpg"] = as_jpeg(picture.pixels)
    return files


def pictures(sections: Iterable[Section]) -> Iterator[Chart | Photo]:
    """All pictures, in the order of the report."""
    for section in sections:
        yield from section.charts
        yield from section.photos
        for details in section.folded:
            yield from details.charts


@lru_cache(maxsize=64)
def as_svg(figure: Figure) -> bytes:
    """A figure as SVG; the same figure gives the same bytes. Its parts stay where they are put."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    figure.set_layout_engine(None)  # "none" would have it drawn once more for each file
    return buffer.getvalue()


def as_png(figure: Figure, dpi: int = DPI) -> bytes:
    """A figure as PNG, in at most 128 colours, which makes a third of it; white stays white."""
    drawn, buffer = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi, pil_kwargs={"compress_level": 1})
    picture = Image.open(drawn).convert("RGB")
    few = picture.quantize(128, Image.Quantize.FASTOCTREE)
    few.putpalette([255 if level > 253 else level for level in few.getpalette() or ()])
    few.save(buffer, format="png")
    return buffer.getvalue()
