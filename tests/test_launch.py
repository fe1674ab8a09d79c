"""Launch buttons are drawn where the address of the course can be opened, and nowhere else."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook, writes

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site import launch  # noqa: E402

BUTTONS = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["launch_buttons"]
SERVICES = {"binderhub_url", "colab_url"}


@pytest.mark.parametrize(
    ("address", "services"),
    [
        ("", set()),
        (None, set()),
        ("file:///srv/course.git", set()),
        ("https://example.org/you/fork", set()),
        ("https://github.com.example.org/you/fork", set()),
        ("https://gitlab.com/you/fork", {"binderhub_url"}),
        ("https://github.com/you/fork", SERVICES),
    ],
)
def test_buttons_that_would_lead_nowhere_are_left_out(address: str | None, services: set[str]) -> None:
    config = SimpleNamespace(html_theme_options={"repository_url": address, "launch_buttons": dict(BUTTONS)})
    launch.choose(None, config)
    assert set(config.html_theme_options["launch_buttons"]) & SERVICES == services
    assert bool(config.html_theme_options["repository_url"]) == bool(services)


def test_without_buttons_in_the_configuration_there_are_none() -> None:
    config = SimpleNamespace(html_theme_options={"repository_url": "https://github.com/you/fork"})
    launch.choose(None, config)
    assert config.html_theme_options["launch_buttons"] == {}


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("", []),
        ("file:///srv/course.git", []),
        ("https://gitlab.com/you/fork", ["https://mybinder.org/v2/gl/you%2Ffork/main?urlpath=lab/tree/index.ipynb"]),
        (
            "https://github.com/you/fork",
            [
                "https://mybinder.org/v2/gh/you/fork/main?urlpath=lab/tree/index.ipynb",
                "https://colab.research.google.com/github/you/fork/blob/main/index.ipynb",
            ],
        ),
    ],
)
def test_the_theme_draws_them_on_notebooks(
    address: str, found: list[str], sphinx_build: Callable, tmp_path: Path
) -> None:
    notebook = new_notebook(cells=[new_markdown_cell("# A chapter")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    options = {"repository_url": address, "repository_branch": "main", "launch_buttons": BUTTONS, "search_bar_text": ""}
    run = sphinx_build(
        ["myst_nb", "course_site.launch"], {"index.ipynb": writes(notebook)}, nb_execution_mode="off",
        html_theme="sphinx_book_theme", templates_path=[str(ROOT / "book" / "_theme" / "templates")],
        html_theme_options=options,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert re.findall(r'<a class="btn btn-sm" href="(https://[^"]*)" aria-label="Launch on \w+"', page) == found
