"""A kind of HTML page that is one file: its template, style and script, which stand in the page.

A policy in the page's head lets no script run but this one, whatever is written on the page.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


class PageTemplate:
    """NAME.html, NAME.css and NAME.js in the folder `templates` of a package, each read once.

    Args:
        package: such as "common.gallery".
        name: of the three files, without suffix.
        filters: what the template may do to a value, by name.
    """

    def __init__(self, package: str, name: str, filters: Mapping[str, Callable[..., object]]):
        self.package, self.name, self.filters = package, name, filters

    def rendered(self, **values: object) -> str:
        """The page with these values in its template, beside `style`, `script` and the `digest` by
        which the policy knows the script; the same values give the same page.
        """
        digest = base64.b64encode(hashlib.sha256(self.script.encode()).digest()).decode()
        template = self._environment.get_template(f"{self.name}.html")
        return template.render(**values, style=self._style, script=self.script, digest=digest)

    def without_script(self, page: str) -> str:
        """A page without its own script; any other stays, to be found."""
        return page.replace(f"<script>{self.script}</script>", "", 1)

    @cached_property
    def script(self) -> str:
        """The only script that a page has."""
        return self._text("js")

    @cached_property
    def _style(self) -> str:
        return self._text("css")

    def _text(self, suffix: str) -> str:
        path = files(self.package) / "templates" / f"{self.name}.{suffix}"
        return path.read_text(encoding="utf-8")

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=PackageLoader(self.package),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(self.filters)
        return environment
