"""The progress bar of long loops, which goes when its loop is over, also where that is before the last step."""

from __future__ import annotations

from typing import Any

from tqdm import auto

__all__ = ["EndsEarly", "tqdm"]


class EndsEarly:
    """Takes the end of its loop for the end of the work; a notebook's bar would come up and stay, red as in failure."""

    n: Any
    total: Any
    leave: Any
    disp: Any

    def close(self) -> None:
        """Closes the bar; one that is not to be left counts as full, and shows no colour for failure any more."""
        if not self.leave:
            self.total = self.n
        super().close()  # type: ignore[misc]
        self.disp = lambda *_, **__: None


class tqdm(EndsEarly, auto.tqdm):
    """tqdm's bar for where it runs, a notebook or a terminal."""
