"""The course's own part of the Sphinx build: offline pages, the map on the cover, and the page of measurements."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from course_site import (
    bibliography,
    built,
    checks,
    code,
    concordance,
    course_map,
    equations,
    figures,
    launch,
    math,
    measured,
    notes,
    numbers,
    offline,
    outputs,
    predictions,
    publishing,
    reference,
    speed,
)

__all__ = ["setup"]

PARTS = (
    built,
    math,
    offline,
    outputs,
    checks,
    code,
    figures,
    equations,
    launch,
    predictions,
    course_map,
    measured,
    speed,
    notes,
    bibliography,
    concordance,
    reference,
    numbers,
    publishing,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connects the parts to Sphinx."""
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
