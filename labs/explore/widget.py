"""The widget: live in Jupyter and Colab, hosted by a small script in the book, a picture everywhere else.

A cell shows two outputs, the picture and the live view. A front end that can show the live view hides the picture; one
that cannot, because the widget's own scripts are in another environment, say, leaves it to be seen.
"""

from __future__ import annotations

import base64
import html
import uuid
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from labs.explore.sources import MIME_TYPE, assemble, style

__all__ = ["Explorable"]


class Explorable(anywidget.AnyWidget):
    """An explorable of one kind with its settings; the last expression of a cell shows it.

    Before the live view it displays a picture of the same state, with a sentence for where it cannot be seen and the
    settings for the book's own script, so that every reader of the notebook finds something it can show.

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
    picture_id = traitlets.Unicode().tag(sync=True)  # of the element that the live view hides

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
        own = {"picture_id": f"explorable-{uuid.uuid4().hex}", "_esm": assemble(kind, "module"), "_css": style()}
        super().__init__(kind=kind, config=config, **own)

    @traitlets.validate("config")
    def _checked(self, proposal: dict[str, Any]) -> dict[str, Any]:
        self._check(proposal["value"])
        return proposal["value"]

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The picture, the settings and the sentence of one state."""
        alt = self._describe(self.config)
        bundle = {
            "text/plain": alt,
            "image/png": base64.b64encode(self._picture(self.config)).decode(),
            MIME_TYPE: {"kind": self.kind, "config": self.config, "title": self.config.get("title", ""), "alt": alt},
        }
        return bundle, {}

    def _ipython_display_(self) -> None:
        """Displays the picture and, as an output of its own, the live view."""
        from IPython.display import display

        static, _ = self._repr_mimebundle_()
        picture = f'<img src="data:image/png;base64,{static["image/png"]}" alt="{html.escape(static["text/plain"])}">'
        card = f'<div id="{self.picture_id}">{picture}</div>'  # not stored: `make refresh` leaves the picture alone
        display(static | {"text/html": card}, raw=True)
        live, _ = super()._repr_mimebundle_() or ({}, {})
        display({kind: content for kind, content in live.items() if kind != "text/plain"}, raw=True)
