"""The cover: its map, a landscape whose valley winds down past the twelve chapters, and its list of the chapters.

The surface is a soft minimum of paraboloids strung along a curve through the stations, each a little lower than the one
before. So the contour lines are those of a function, and the path really leads downhill.

The page itself is plain Markdown with a picture of the map, so that JupyterLab shows it whole. When the book is built,
drawings whose stations are links take the place of the picture, and rows that are links that of the lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import contourpy
import numpy as np
from docutils import nodes
from scipy.interpolate import CubicSpline
from sphinx.application import Sphinx
from sphinx.util import logging

from course_site.chapters import CHAPTERS, PARTS, Chapter

__all__ = ["LAYOUTS", "PICTURE", "Layout", "draw", "picture", "setup", "store"]

BOOK = Path(__file__).parents[2]
PICTURE = "_theme/map.svg"  # seen from the cover
NUM_LEVELS = 12
TITLE = "Map of the course"
DESCRIPTION = (
    "A contour map of a mountain landscape. A path starts at chapter 1 near the summit and winds down the valley past "
    "all twelve chapters to the lowest point, chapter 12."
)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layout:
    """One drawing of the map: its size, where the twelve stations are, and on which side of each its label stands."""

    name: str
    width: int
    height: int
    stations: tuple[tuple[int, int], ...]
    sides: str  # one letter a station: b(elow), a(bove), r(ight), l(eft)
    valley: float  # how wide the valley is, in units of the drawing

    def path(self, num_points: int = 400) -> np.ndarray:
        """Points on a smooth curve through the stations, shape (num_points, 2)."""
        knots = np.array(self.stations, dtype=float)
        lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
        return CubicSpline(lengths, knots)(np.linspace(0, lengths[-1], num_points))

    def surface(self, step: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Grid coordinates x, y and the height of the landscape on them."""
        x, y = (np.arange(-step, size + 2 * step, step, dtype=float) for size in (self.width, self.height))
        curve = self.path()
        squared = (x[None, :, None] - curve[:, 0]) ** 2 + (y[:, None, None] - curve[:, 1]) ** 2
        floor = np.linspace(4.0, 0.0, len(curve)) ** 1.15
        height = -np.log(np.mean(np.exp(-2.2 * (floor + squared / self.valley**2)), axis=-1)) / 2.2
        ripples = np.sin(x / 61 + 1.3)[None, :] * np.sin(y / 47)[:, None] + np.sin((x[None, :] - y[:, None]) / 83)
        return x, y, height + 0.22 * ripples


LAYOUTS = (
    Layout(
        "wide", 1000, 600,
        ((110, 92), (330, 80), (575, 104), (815, 92), (884, 236), (690, 292), (470, 262), (235, 285), (112, 414),
         (350, 486), (590, 452), (806, 500)),
        "bbbalbbbrbbb", 105.0,
    ),
    Layout(
        "tall", 400, 860,
        ((96, 66), (182, 122), (262, 184), (290, 256), (232, 322), (148, 384), (106, 456), (158, 526), (242, 588),
         (280, 660), (216, 724), (150, 788)),
        "rrllrrrrlllr", 80.0,
    ),
)  # fmt: skip


def draw(layout: Layout, address: Callable[[Chapter], str | None]) -> str:
    """The map as SVG; ``address`` gives the page of a chapter, or None while there is none."""
    parts = [
        f'<svg class="course-map course-map-{layout.name}" viewBox="0 0 {layout.width} {layout.height}" role="group" '
        f'aria-labelledby="map-{layout.name}-title map-{layout.name}-text" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="map-{layout.name}-title">{TITLE}</title><desc id="map-{layout.name}-text">{DESCRIPTION}</desc>',
        '<g aria-hidden="true">',
        *_bands(layout),
        f'<path class="map-path" d="{_line(layout.path(160), closed=False)}"/>',
        "</g>",
        *(_station(layout, chapter, address(chapter)) for chapter in CHAPTERS),
        "</svg>",
    ]
    return "".join(parts)


def _bands(layout: Layout) -> Iterator[str]:
    """The land at and below each level, highest first, so that lower ground is drawn over higher."""
    x, y, height = layout.surface()
    yield f'<rect class="map-band" style="--t: 1" width="{layout.width}" height="{layout.height}"/>'
    contours = contourpy.contour_generator(x, y, height, fill_type="OuterCode")
    levels = np.quantile(height, np.linspace(0.05, 0.95, NUM_LEVELS))
    for band, level in reversed(list(enumerate(levels))):
        polygons, codes = contours.filled(-np.inf, level)
        outlines = (
            part for polygon, code in zip(polygons, codes, strict=True) for part in np.split(polygon, _starts(code))
        )
        drawing = "".join(_line(part[:-1]) for part in outlines)
        yield f'<path class="map-band" style="--t: {band / NUM_LEVELS:.2f}" d="{drawing}"/>'


def _starts(codes: np.ndarray) -> np.ndarray:
    """Where the outlines within one polygon begin (matplotlib's code 1), without the first."""
    return np.flatnonzero(codes == 1)[1:]


def _line(points: np.ndarray, closed: bool = True) -> str:
    """An SVG path through ``points``, without those that repeat the last one after rounding."""
    rounded = np.rint(points[:: 2 if closed else 1]).astype(int)
    kept = rounded[np.concatenate([[True], np.any(np.diff(rounded, axis=0) != 0, axis=1)])]
    return "M" + "L".join(f"{x} {y}" for x, y in kept) + ("Z" if closed else "")


def _station(layout: Layout, chapter: Chapter, href: str | None) -> str:
    """A numbered station with its label, a link where the chapter exists."""
    x, y = layout.stations[chapter.number - 1]
    side = layout.sides[chapter.number - 1]
    label = _label(chapter.title, x, y, side)
    number = f'<text class="map-number" x="{x}" y="{y + 6}">{chapter.number}</text>'
    inside = f'<circle cx="{x}" cy="{y}" r="19"/>{number} '
    if href is None:
        return f'<g class="map-station map-ahead">{inside}{label}</g>'
    return f'<a class="map-station" href="{escape(href)}">{inside}{label}</a>'


def _label(title: str, x: int, y: int, side: str) -> str:
    """The title in one or two lines: below, above, right or left of its station."""
    lines = _two_lines(title)
    anchor, left, top = {
        "b": ("middle", x, y + 42),
        "a": ("middle", x, y - 30 - 21 * (len(lines) - 1)),
        "r": ("start", x + 28, y + 6 - 10 * (len(lines) - 1)),
        "l": ("end", x - 28, y + 6 - 10 * (len(lines) - 1)),
    }[side]
    spans = " ".join(f'<tspan x="{left}" y="{top + 21 * i}">{escape(line)}</tspan>' for i, line in enumerate(lines))
    return f'<text class="map-label" text-anchor="{anchor}">{spans}</text>'


def _two_lines(title: str) -> list[str]:
    """The title, broken near its middle when it is long."""
    words = title.split()
    if len(title) <= 18 or len(words) == 1:
        return [title]
    breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return list(min(breaks, key=lambda pair: max(map(len, pair))))


def picture() -> str:
    """The wide map by itself: the light colours and the rules for maps of the book's style sheet are within."""
    sheet = (BOOK / "_theme/static/course.css").read_text(encoding="utf-8")
    light = sheet[: sheet.index('[data-theme="dark"]')]
    colours = " ".join(re.findall(r"--(?:ink|paper|map|station)[\w-]*: #\w+;", light))
    rules = "\n".join(re.findall(r"^\.map-.*$", sheet, re.MULTILINE))
    style = f"<style>\nsvg {{ {colours} --text-font: Georgia, serif; }}\n{rules}\n</style>"
    return draw(LAYOUTS[0], lambda chapter: "").replace("<title", f"{style}<title", 1)


def store() -> None:
    """Writes the picture of the map that the cover shows where it is not part of the book."""
    (BOOK / PICTURE).write_text(picture() + "\n", encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Registers the change of the cover, before Sphinx collects its pictures and headings."""
    app.connect("doctree-read", _bind, priority=400)


def _bind(app: Sphinx, doctree: nodes.document) -> None:
    """Puts the drawings in place of the picture, and each part's rows in place of its list."""
    here = app.env.docname
    if here != app.config.root_doc:
        return

    def address(chapter: Chapter) -> str | None:
        exists = chapter.docname in app.env.found_docs
        return app.builder.get_relative_uri(here, chapter.docname) if exists else None

    sections = {section[0].astext(): section for section in doctree.findall(nodes.section)}
    images = [image for image in doctree.findall(nodes.image) if image["uri"] == PICTURE]
    found = [(image.parent, _figure(address)) for image in images]
    found += [(sections[name], _part(*part, address)) for part in PARTS if (name := heading(*part[:2])) in sections]
    if len(found) != 1 + len(PARTS):
        _logger.warning("the cover lacks %s or the heading of a part", PICTURE, location=here, type="cover")
    for node, html in found:
        node.replace_self(nodes.raw("", html, format="html"))


def heading(numeral: str, title: str) -> str:
    """What the cover calls a part of the course."""
    return f"{numeral} · {title}"


def _figure(address: Callable[[Chapter], str | None]) -> str:
    return f'<div class="course-maps">{"".join(draw(layout, address) for layout in LAYOUTS)}</div>'


def _part(numeral: str, title: str, chapters: tuple[Chapter, ...], address: Callable[[Chapter], str | None]) -> str:
    """One part of the course: a heading and its chapters with their questions."""
    entries = "".join(_entry(chapter, address(chapter)) for chapter in chapters)
    return (
        f'<section class="course-part"><h2><span class="part-number">Part {numeral}</span> {escape(title)}</h2>'
        f'<ol class="course-list" start="{chapters[0].number}">{entries}</ol></section>'
    )


def _entry(chapter: Chapter, href: str | None) -> str:
    inside = (
        f'<span class="chapter-number" aria-hidden="true">{chapter.number:02d}</span>'
        f'<span class="chapter-title">{escape(chapter.title)}</span>'
        f'<span class="chapter-question">{escape(chapter.question)}</span>'
    )
    if href is None:
        return f'<li class="ahead"><div>{inside}<span class="chapter-state">to come</span></div></li>'
    return f'<li><a href="{escape(href)}">{inside}</a></li>'
