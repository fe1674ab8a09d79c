"""The page on speed, made from the runs of ``make bench`` that are stored in ``benchmarks/results``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from course_site.speed import chart, table, words
from course_site.speed.runs import Run, problem_with, read, shown

__all__ = ["setup"]

RESULTS = Path("benchmarks", "results")  # below the book's source folder
NOTHING = "No run of the benchmarks is stored in this copy of the course, so there is no figure to show."
NO_GPU = "No run on a GPU is stored, so nothing is said about one."

_logger = logging.getLogger(__name__)


class SpeedRuns(SphinxDirective):
    """``{speed-runs}``: a section for each device, number of threads and number format."""

    def run(self) -> list[nodes.Node]:
        """The sections; the page is read again at every build, for a new file may have come."""
        self.env.note_reread()
        runs = shown([run for run in read(Path(self.env.srcdir) / RESULTS) if not self._is_refused(run)])
        if not runs:
            return [nodes.paragraph("", NOTHING)]
        gpu = [] if any(run.on_gpu for run in runs) else [nodes.paragraph("", NO_GPU)]
        return [*gpu, *map(_section, runs)]

    def _is_refused(self, run: Run) -> bool:
        """Warns of a run that cannot be shown."""
        if trouble := problem_with(run):
            _logger.warning("%s: %s", RESULTS / run.file, trouble, location=self.get_location(), type="speed")
        return trouble is not None


def setup(app: Sphinx) -> None:
    """Registers the directive, and the style where it is used."""
    app.add_directive("speed-runs", SpeedRuns)
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
