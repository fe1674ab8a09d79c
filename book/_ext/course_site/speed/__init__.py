"""The page on speed, made from the runs of ``make bench`` that are stored in ``benchmarks/results``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from course_site.speed import chart, table, words
from course_site.speed.runs import Run, problem_with, read, shown
from course_site.speed.sweeps import problem_with_sweeps, sweeps

__all__ = ["setup"]

RESULTS = Path("benchmarks", "results")  # below the book's source folder
NOTHING = "No run of the benchmarks is stored in this copy of the course, so there is no figure to show."
NO_GPU = "No run on a GPU is stored, so nothing is said about one."

_logger = logging.getLogger(__name__)


class Stored(SphinxDirective):
    """What is made of stored files; the page is read again at every build, for a new file may have come."""

    def files(self, key: str, problem: Callable[[dict[str, Any]], str | None]) -> list[Run]:
        """The files that have ``key``, but for those that have a problem, of which it warns."""
        self.env.note_reread()
        found = []
        for file in read(Path(self.env.srcdir) / RESULTS, key):
            if trouble := problem(file.data):
                _logger.warning("%s: %s", RESULTS / file.file, trouble, location=self.get_location(), type="speed")
            else:
                found.append(file)
        return found


class SpeedRuns(Stored):
    """``{speed-runs}``: a section for each device, number of threads and number format."""

    def run(self) -> list[nodes.Node]:
        """The sections, or one sentence."""
        runs = shown(self.files("tasks", problem_with))
        if not runs:
            return [nodes.paragraph("", NOTHING)]
        gpu = [] if any(run.on_gpu for run in runs) else [nodes.paragraph("", NO_GPU)]
        return [*gpu, *map(_section, runs)]


class SpeedSweeps(Stored):
    """``{speed-sweeps}``: a section on the newest measurement of what sweeps cost, if there is one."""

    def run(self) -> list[nodes.Node]:
        """The section, or nothing."""
        files = sorted(self.files("sweeps", problem_with_sweeps), key=lambda file: file["date"])
        return [_sweeps_section(file) for file in files[-1:]]


def setup(app: Sphinx) -> None:
    """Registers the directive, and the style where it is used."""
    app.add_directive("speed-runs", SpeedRuns)
    app.add_directive("speed-sweeps", SpeedSweeps)
    app.connect("html-page-context", _add_style)


def _add_style(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    if 'class="speed' in context.get("body", ""):
        app.add_css_file("speed.css", priority=901)


def _section(run: Run) -> nodes.section:
    section = nodes.section("", nodes.title("", run.name), ids=[f"speed-{Path(run.file).stem}"])
    section += nodes.paragraph("", words.facts(run), classes=["speed-facts"])
    section += nodes.paragraph("", words.summary(run))
    section += nodes.raw("", chart.chart(run) + table.tasks(run) + table.contenders(run), format="html")
    section += nodes.paragraph("", f"Versions: {words.versions(run)}.", classes=["speed-facts"])
    return section


def _sweeps_section(file: Run) -> nodes.section:
    section = nodes.section("", nodes.title("", "What a sweep costs"), ids=["speed-sweeps"])
    section += nodes.paragraph("", words.facts(file), classes=["speed-facts"])
    section += nodes.raw("", sweeps(file.data), format="html")
    return section
