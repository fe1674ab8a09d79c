"""The still pictures of explorables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.figures import style

if TYPE_CHECKING:
    from labs.figures.style import Figure

__all__ = ["closed_png"]


def closed_png(fig: Figure) -> bytes:
    """The figure as a PNG; the figure is closed, so that a notebook does not show it a second time.

    Raises:
        ValueError: when the figure has no axes.
    """
    drawn = style.png(fig)
    style.plt.close(fig)
    if drawn is None:
        raise ValueError("the figure is empty; draw on its axes first")
    return drawn[0]
