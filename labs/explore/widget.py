"""The widget: live in Jupyter and Colab, hosted by a small script in the book, a picture everywhere else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from labs.explore.sources import MIME_TYPE, assemble, style

__all__ = ["Explorable"]


class Explorable(anywidget.AnyWidget):
    """An explorable of one kind with its settings; the last expression of a cell shows it.

    What it displays carries, besides the live view, the settings for the book's own script, a picture of the same
    state, and a sentence, so that every reader of the notebook finds something it can show.

    Args:
        kind: One of ``labs.explore.KINDS``.
        config: The settings, plain JSON. In a live kernel it follows what the reader does; assign to change the view.
        check: Raises ``ValueError`` for settings that cannot be shown; called for the first and every later config.
        picture: Config → PNG, called when the explorable is displayed.
        describe: Config → the sentence that stands for the picture where it cannot be seen.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    config = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        kind: str,
        config: dict[str, Any],
        *,
        check: Callable[[dict[str, Any]], object],
        picture: Callable[[dict[str, Any]], bytes],
        describe: Callable[[dict[str, Any]], str],
    ) -> None:
        self._check, self._picture, self._describe = check, picture, describe
        super().__init__(kind=kind, config=config, _esm=assemble(kind, "module"), _css=style())

    @traitlets.validate("config")
    def _checked(self, proposal: dict[str, Any]) -> dict[str, Any]:
        self._check(proposal["value"])
        return proposal["value"]

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live view, the settings, the picture and the sentence of one state."""
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        alt = self._describe(self.config)
        bundle |= {
            "text/plain": alt,
            "image/png": base64.b64encode(self._picture(self.config)).decode(),
            MIME_TYPE: {"kind": self.kind, "config": self.config, "title": self.config.get("title", ""), "alt": alt},
        }
        return bundle, metadata
