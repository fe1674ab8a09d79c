"""The API reference: docstrings of labs as Sphinx reads them.

Docstrings are written for ``help()``, where |x| is an absolute value; reStructuredText takes it for a substitution.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]

SETTINGS = {
    "autodoc_default_options": {"members": True, "imported-members": True},
    "autodoc_member_order": "groupwise",
    "autodoc_typehints": "none",  # shapes stand in the text, with their meaning
    "napoleon_use_ivar": True,
    "napoleon_use_rtype": False,
    "nitpick_ignore_regex": [("py:.*", ".*")],  # names of annotations, which live in other packages
}


def escape_bars(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Keeps |x| an absolute value, outside of literals."""
    for number, line in enumerate(lines):
        parts = line.split("``")
        parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
        lines[number] = "``".join(parts)


def configure(app: Sphinx, config: Any) -> None:
    """Sets what the reference needs of autodoc and napoleon."""
    for name, value in SETTINGS.items():
        setattr(config, name, value)


def setup(app: Sphinx) -> None:
    """Loads autodoc and napoleon with the course's settings."""
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(extension)
    app.connect("config-inited", configure)
    app.connect("autodoc-process-docstring", escape_bars)
