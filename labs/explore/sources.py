"""One JavaScript text per kind of explorable, put together from the modules it imports.

The sources are ordinary modules that import each other by name from their own folder. Jupyter's front ends want one
module (``assemble(kind, "module")``); the book wants one classic script (``assemble(kind, "script")``), because pages
opened from a disk may not load modules. All parts then share one scope, so top-level names must differ between files;
a repeated ``const`` or ``function`` of that sort is refused here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from labs import cards

__all__ = ["KINDS", "MIME_TYPE", "assemble", "host", "joined", "style"]

KINDS: tuple[str, ...] = (
    "ball",
    "basins",
    "capacity",
    "cliff",
    "descent",
    "eigenvalues",
    "margins",
    "minibatch",
    "saddles",
    "sides",
    "stopping",
    "worst",
)
"""The kinds of explorables; each has its module ``<kind>.js`` here, which exports ``render({model, el})``."""

MIME_TYPE = "application/vnd.labs.explorable+json"
"""The type of an output that says which explorable stands there, with which settings."""

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const|let)", re.MULTILINE)
_ASIDE = re.compile(r"^\s*(?://.*)?\n|^[ ]+", re.MULTILINE)  # whole-line comments, empty lines, indentation
_TOP_LEVEL = re.compile(r"^(?:export )?(?:(?:async )?function\*?|class|const|let) ([\w$]+)", re.MULTILINE)

_LIVE = """\
export default {
  render({ model, el }) {
    const dispose = render({ model, el });
    takeThePlace(el, model.get("picture_id"));
    return dispose;
  },
};
"""


@cache
def read(name: str) -> str:
    """The text of a file of this folder."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def modules(name: str) -> tuple[str, ...]:
    """``name`` and the modules it needs, each after those it imports.

    Example:
        >>> modules("descent")
        ('kit', 'plot', 'contour', 'numerics', 'surfaces', 'descent')
    """
    order: dict[str, None] = {}

    def visit(module: str) -> None:
        for imported in _IMPORT.findall(read(f"{module}.js")):
            visit(imported)
        order[module] = None

    visit(name)
    return tuple(order)


def joined(name: str) -> str:
    """All modules that ``name`` needs as one text in one scope, without imports, exports, comments and indentation.

    Raises:
        ValueError: when two modules declare the same name.
    """
    owners: dict[str, str] = {}
    for module in modules(name):
        for declared in _TOP_LEVEL.findall(read(f"{module}.js")):
            if declared in owners:
                raise ValueError(f"{declared} is declared in {owners[declared]}.js and in {module}.js; rename one")
            owners[declared] = module
    text = "\n".join(_EXPORT.sub("", _IMPORT.sub("", read(f"{module}.js"))) for module in modules(name))
    return _ASIDE.sub("", text)


@cache
def assemble(kind: str, form: str) -> str:
    """The text of a kind, as an anywidget ``"module"`` or as a classic ``"script"`` for the book.

    Raises:
        ValueError: for an unknown kind or form.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown explorable {kind!r}; choose one of {', '.join(KINDS)}")
    if form == "module":
        return f"{joined(kind)}\n{cards.take_the_place()}{_LIVE}"
    if form == "script":
        register = f"(window.labsExplorables ??= {{}}).{kind} = render;"
        return f'(() => {{\n"use strict";\n{joined(kind)}\n{register}\n}})();\n'
    raise ValueError(f'form must be "module" or "script", got {form!r}')


def host() -> str:
    """The script that starts the explorables of a page of the book."""
    return read("host.js")


def style() -> str:
    """The style sheet of all explorables."""
    return read("explorable.css")
