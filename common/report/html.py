"""The page of a report: one template makes HTML of its sections. Pictures stand in the page
itself.
"""

import base64
import re
from collections.abc import Collection, Sequence
from urllib.parse import quote

import mistune
from markupsafe import Markup

from common.page_template import PageTemplate
from common.report.files import as_svg
from common.report.narrative.phrases import device_of
from common.report.pictures import as_jpeg
from common.report.section import Chart, Photo, Section
from common.report.sections.material import Material

_markdown = mistune.create_markdown(escape=True, plugins=["table"])


def rendered(material: Material, sections: Sequence[Section], coming: Collection[str] = ()) -> str:
    """The HTML of a report.

    Args:
        material: what it was made from.
        sections: the first is the first screen.
        coming: what is linked to although it is written later.
    """
    folder = material.run.folder
    paths = {link.path for section in sections for link in section.links}
    existing = {path for path in paths if (folder / path).exists()}
    told = about(material)
    return _TEMPLATE.rendered(
        title=f"Report of {folder.resolve().name}",
        sections=sections,
        about=told,
        brief=" · ".join(value for name, value in told if name not in ("Command", "Commit")),
        existing=existing.union(coming),
        with_data=material.with_data,
    )


def about(material: Material) -> list[tuple[str, str]]:
    """What the run was: a name, and its value."""
    told = material.run.about
    commit = str(told.software.get("commit") or "")[:10]
    if commit and told.software.get("uncommitted_changes"):
        commit += " with uncommitted changes"
    rows = [
        ("Run", material.run.folder.resolve().name),
        ("Date", told.started[:16].replace("T", " ")),
        ("Data", told.data),
        ("Device", device_of(material.run) if told.device else ""),
        ("Commit", commit),
        ("Command", f"python bench.py {told.command}".strip()),
    ]
    return [(name, value) for name, value in rows if value]


def as_html(markdown: str) -> Markup:
    """Markdown as HTML, whatever HTML is in it escaped; tables scroll by themselves."""
    html = str(_markdown(markdown))
    html = re.sub(r"<table>", '<div class="wide" tabindex="0"><table>', html)
    return Markup(html.replace("</table>", "</table></div>"))


def as_line(markdown: str) -> Markup:
    """One line of Markdown as HTML without a paragraph around it."""
    return Markup(str(as_html(markdown)).strip().removeprefix("<p>").removesuffix("</p>"))


def as_plain(markdown: str) -> str:
    """One line of Markdown without its signs."""
    return re.sub(r"[`*]", "", markdown)


def address(picture: Chart | Photo) -> str:
    """A picture as the address of itself."""
    if isinstance(picture, Chart):
        kind, content = "svg+xml", as_svg(picture.figure)
    else:
        kind, content = "jpeg", as_jpeg(picture.pixels)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def file_of(picture: Chart | Photo) -> str:
    """The file of a picture beside the page."""
    return f"figures/{quote(picture.name)}.{'svg' if isinstance(picture, Chart) else 'jpg'}"


def size_of(picture: Chart | Photo) -> tuple[int, int]:
    """Width and height of a picture in CSS pixels."""
    if isinstance(picture, Chart):
        width, height = picture.figure.get_size_inches()
        return round(100 * width), round(100 * height)
    return picture.pixels.shape[1], picture.pixels.shape[0]


_TEMPLATE = PageTemplate(
    "common.report",
    "report",
    {
        "markdown": as_html,
        "line": as_line,
        "plain": as_plain,
        "address": address,
        "file_of": file_of,
        "size_of": size_of,
        "is_chart": lambda picture: isinstance(picture, Chart),
    },
)
without_own_script = _TEMPLATE.without_script
