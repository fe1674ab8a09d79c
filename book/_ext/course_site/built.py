"""Parts of a page that only the build can make, in Markdown that reads whole without it.

JupyterLab and code hosts show a directive as it is written. So a page keeps it in a comment, and behind the comment
what stands there instead, up to another comment::

    <!-- built
    ```{measurements}
    ```
    instead -->
    The list is made when the book is built.
    <!-- end -->

In the book the directive takes the place of all of this.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["as_built", "setup"]

PART = re.compile(
    r"^<!-- built\n(?P<built>(?:(?!<!--).)*?)^instead -->\n(?P<instead>(?:(?!<!--).)*?)^<!-- end -->$", re.S | re.M
)
MARK = re.compile(r"^(?:<!-- built|instead -->|<!-- end -->)", re.MULTILINE)

_logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Registers the change, before a page is parsed."""
    app.connect("source-read", _build)


def as_built(text: str) -> str:
    """The text with the parts that the build makes; its lines keep their numbers, which warnings name."""
    return PART.sub(lambda part: f"\n{part['built']}\n" + "\n" * part["instead"].count("\n"), text)


def _build(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = as_built(source[0])
    if found := MARK.search(source[0]):
        _logger.warning("%r begins or ends no built part", found[0], location=docname, type="built")
