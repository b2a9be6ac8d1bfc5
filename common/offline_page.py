"""What an HTML page would load or run when it is opened, so that one that has to open offline is
refused where it would not.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

ACTIVE = ("script", "iframe", "object", "embed", "base", "form")
LOADING = ("src", "srcset", "data", "poster", "background")
_IN_STYLES = re.compile(r"@import[^;]*|url\([^)]*\)")


@dataclass(frozen=True)
class PageContent:
    """What a page refers to, each in the order of the page.

    Attributes:
        loaded: addresses that a browser fetches as it opens the page, those in style sheets with
            the `url()` or `@import` around them.
        linked: addresses that a click leads to.
        active: elements and attributes that run code or embed another page, as `<script>` or
            `img onclick`.
        images: address, and the attributes `width`, `height` and `alt` as far as they are given.
    """

    loaded: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)


def page_content(page: str) -> PageContent:
    """Read the references of an HTML page."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return parser.content


def foreign_resources(page: str) -> list[str]:
    """What a page would run, or load from elsewhere; empty where it opens offline. Links to click
    on are allowed.

    Examples:
        >>> foreign_resources('<img src="data:image/png;base64,AAAA"><a href="http://a.org">x</a>')
        []
        >>> foreign_resources('<script src="https://example.org/x.js"></script>')
        ['<script>', 'https://example.org/x.js']
    """
    content = page_content(page)
    inside = re.compile(r"(url\(['\"]?)?data:")
    return content.active + [address for address in content.loaded if not inside.match(address)]


class _Parser(HTMLParser):
    """Collects what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.content = PageContent()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        values = {key: value or "" for key, value in attrs}
        self.content.active.extend([f"<{tag}>"] if tag in ACTIVE else [])
        for key, value in values.items():
            if key.startswith("on"):
                self.content.active.append(f"{tag} {key}")
            elif key == "style":
                self.content.loaded.extend(_IN_STYLES.findall(value))
            elif key == "href" and tag in ("a", "area"):
                self.content.linked.append(value)
            elif key in LOADING or (key.endswith("href") and not value.startswith("#")):
                self.content.loaded.append(value)
        if tag == "img":
            image = {"src": values.get("src", "")}
            image |= {key: values[key] for key in ("width", "height", "alt") if key in values}
            self.content.images.append(image)

    def handle_data(self, data: str) -> None:
        """Look into a style sheet."""
        if self.cdata_elem == "style":
            self.content.loaded.extend(_IN_STYLES.findall(data))
