"""The page "What this course has measured", made from the evidence that claims leave in the notebooks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from course_site.chapters import CHAPTERS

__all__ = ["MIME", "Evidence", "evidence_in", "problem_with", "problems_among", "setup"]

MIME = "application/vnd.labs.claim+json"
ROUNDING = 1e-3  # figures are stored with four significant digits
REQUIRED = {"id": str, "sentence": str, "figures": str, "source": str, "relation": str}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evidence:
    """One claim of a notebook as it was stored: a dictionary with the keys of ``REQUIRED`` and the figures."""

    docname: str
    data: dict[str, Any]
    anchors: tuple[str, ...] = ()


def evidence_in(path: Path, docname: str) -> list[Evidence]:
    """All claims stored in the outputs of the notebook at ``path``, in order."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    bundles = [bundle for output in outputs if MIME in (bundle := output.get("data", {}))]
    return [Evidence(docname, bundle[MIME], ("".join(bundle.get("text/html", "")),)) for bundle in bundles]


def problem_with(evidence: Evidence) -> str | None:
    """What is wrong with a piece of evidence in one sentence, or None if it is whole and bears its claim out."""
    data = evidence.data
    if not isinstance(data, dict):
        return f"evidence is {data!r}, not a dictionary"
    for key, kind in REQUIRED.items():
        if not isinstance(data.get(key), kind):
            return f"evidence of {data.get('sentence', 'a claim')!r} has {key}={data.get(key)!r}, not a {kind.__name__}"
    if f'id="{data["id"]}"' not in "".join(evidence.anchors):
        return f"claim {data['sentence']!r} shows no card with the anchor {data['id']!r}"
    try:
        holds = _holds(data)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        return f"evidence of {data['sentence']!r} is malformed: {type(error).__name__} {error}"
    return None if holds else f"claim {data['sentence']!r} does not hold: {data['figures']}"


def problems_among(claims: list[Evidence]) -> Iterator[tuple[Evidence, str]]:
    """What is wrong with the evidence of one notebook: of each piece, and anchors that are not unique."""
    anchors: set[str] = set()
    for evidence in claims:
        if trouble := problem_with(evidence):
            yield evidence, trouble
        elif evidence.data["id"] in anchors:
            yield evidence, f"two claims have the anchor {evidence.data['id']!r}; run the whole notebook again"
        else:
            anchors.add(evidence.data["id"])


def _holds(data: dict[str, Any]) -> bool:
    """Whether the stored figures satisfy the stored bound, up to their rounding."""
    low, high = data["interval"] if "interval" in data else [data["measured"]] * 2
    values = [_number(low), _number(high)]
    expected = data["expected"]
    limits = [_number(v) for v in (expected if isinstance(expected, list) else [expected])]
    slack = ROUNDING * max((abs(v) for v in values + limits if math.isfinite(v)), default=0.0)
    margin = _number(data.get("tolerance") or 0) * (abs(limits[0]) if data.get("relative") else 1) + slack
    match data["relation"]:
        case "at least":
            return min(values) >= limits[0] - slack
        case "at most":
            return max(values) <= limits[0] + slack
        case "between":
            return limits[0] - slack <= min(values) and max(values) <= limits[1] + slack
        case "within" | "equal":
            return all(abs(v - limits[0]) <= margin for v in values)
        case "contains":
            return values[0] - margin <= limits[0] <= values[1] + margin
    raise ValueError(f"unknown relation {data['relation']!r}")


def _number(value: Any) -> float:
    """A stored figure as a float; infinities are stored as text."""
    if isinstance(value, str):
        return {"∞": math.inf, "−∞": -math.inf}[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    if math.isnan(value):
        raise ValueError("a figure is NaN")
    return float(value)


class measurements(nodes.General, nodes.Element):
    """Stands for the table until all pages of the book are known."""


class Measurements(SphinxDirective):
    """``{measurements}``: every claim of every notebook in the table of contents."""

    def run(self) -> list[nodes.Node]:
        """A placeholder; the notebooks are noted so that the page follows them."""
        return [measurements()]


def setup(app: Sphinx) -> None:
    """Registers the directive and its resolution."""
    app.add_node(measurements)
    app.add_directive("measurements", Measurements)
    app.connect("env-before-read-docs", _always_reread)
    app.connect("doctree-resolved", _resolve)


def _notebooks(app: Sphinx) -> list[str]:
    """The pages that are notebooks, in the order of the table of contents."""
    found = [doc for doc in app.env.found_docs if Path(app.env.doc2path(doc)).suffix == ".ipynb"]
    return sorted(found)


def _always_reread(app: Sphinx, env: Any, docnames: list[str]) -> None:
    """A changed notebook changes the page of measurements."""
    if any(Path(env.doc2path(doc)).suffix == ".ipynb" for doc in docnames):
        docnames.extend(
            doc for doc in env.found_docs - set(docnames) if "```{measurements}" in _text(Path(env.doc2path(doc)))
        )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.suffix == ".md" else ""


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replaces the placeholder by one section for each notebook."""
    for placeholder in list(doctree.findall(measurements)):
        found = {doc: evidence_in(Path(app.env.doc2path(doc)), doc) for doc in _notebooks(app)}
        for claims in found.values():
            for evidence, trouble in problems_among(claims):
                _logger.warning("%s", trouble, location=evidence.docname, type="measured")
        placeholder.replace_self(_summary(found) + [_chapter(app, docname, d, c) for d, c in found.items() if c])


def _summary(found: dict[str, list[Evidence]]) -> list[nodes.Node]:
    count, chapters = sum(map(len, found.values())), sum(1 for claims in found.values() if claims)
    if not count:
        return [nodes.paragraph("", "No chapter with claims has been added to the book yet.")]
    words = f"{count} claims in {chapters} chapter{'s' if chapters > 1 else ''}, all of which held."
    return [nodes.paragraph("", words, classes=["measured-count"])]


def _chapter(app: Sphinx, here: str, docname: str, claims: list[Evidence]) -> nodes.Node:
    """The list of one notebook's claims: what is stated, what was found, what it was held against, and where."""
    title = next(
        (f"{chapter.number:02d} {chapter.title}" for chapter in CHAPTERS if chapter.docname == docname),
        app.env.titles[docname].astext(),
    )
    uri = app.builder.get_relative_uri(here, docname)
    section = nodes.section(ids=[f"measured-{docname.rpartition('/')[2].replace('_', '-')}"])
    link = nodes.reference("", title, refuri=uri, internal=True)
    section += nodes.title("", "", link)
    entries = nodes.bullet_list(classes=["measured"])
    entries.extend(_entry(evidence.data, uri) for evidence in claims if problem_with(evidence) is None)
    section += entries
    return section


def _entry(data: dict[str, Any], uri: str) -> nodes.list_item:
    sentence = nodes.reference("", data["sentence"], refuri=f"{uri}#{data['id']}", internal=True)
    lines = [nodes.paragraph("", "", sentence, classes=["claim-sentence"])]
    lines.append(nodes.paragraph("", data["figures"], classes=["claim-figures"]))
    if data["source"]:
        lines.append(nodes.paragraph("", data["source"], classes=["claim-source"]))
    return nodes.list_item("", *lines)
