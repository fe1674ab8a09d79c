"""A bar goes when its loop ends, early or not; in a notebook none stays behind in red."""

from __future__ import annotations

import io

import pytest
import tqdm.notebook
from tqdm import std

from labs import bars


class _InNotebook(bars.EndsEarly, tqdm.notebook.tqdm):
    """What a notebook shows, with every change of its colour written down."""

    def display(self, *arguments: object, **options: object) -> None:
        self.shown = [*getattr(self, "shown", []), options]


@pytest.mark.parametrize("last", [1, 2, 3], ids=["first", "second", "all"])
def test_in_a_notebook_its_widget_is_closed(last: int) -> None:
    bar = _InNotebook(range(3), leave=False, display=False)
    for step in bar:
        if step + 1 == last:
            break
    bar.close()
    assert any(options.get("close") for options in bar.shown)


def test_in_a_notebook_one_that_never_came_up_does_not_come_up_at_the_end() -> None:
    bar = _InNotebook(range(3), leave=False, delay=60)
    for _ in bar:
        break
    assert all(options.get("check_delay") is False and not options.get("bar_style") for options in bar.shown)


def test_one_that_is_to_be_left_tells_how_far_it_came() -> None:
    bar = _InNotebook(range(9), leave=True, display=False)
    for step in bar:
        if step == 5:
            break
    bar.close()
    assert bar.n == 5
    assert not any(options.get("close") for options in bar.shown)


def test_in_a_terminal_it_wipes_its_line() -> None:
    screen = io.StringIO()
    for step in bars.tqdm(range(3), leave=False, file=screen):
        if step == 1:
            break
    assert issubclass(bars.tqdm, std.tqdm)
    assert screen.getvalue().endswith("\r")
