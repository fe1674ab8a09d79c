"""The tables of one run: a row for each task, and, folded away, one for each contender.

On a phone each row becomes a card (``speed.css``); the roles keep it a table for those who hear it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from course_site.speed import words
from course_site.speed.runs import Run

__all__ = ["contenders", "row_of", "table", "tasks"]


def tasks(run: Run) -> str:
    """What was computed, the ratio to the fastest right peer, its bounds, and whose answers were right."""
    columns = ("Task", "labs is", "Bounds", "Answers")
    return table("Tasks", columns, (row_of(columns, _task(task)) for task in run["tasks"]))


def contenders(run: Run) -> str:
    """Every contender of every task with its times and its error, folded away."""
    columns = ("Contender", "Minimum", "Median", "Beside labs", "Error")
    rows = []
    for task in run["tasks"]:
        name = f"{words.title(task)} ({task['repeats']} round{'s' if task['repeats'] > 1 else ''})"
        span = f'scope="rowgroup" colspan="{len(columns)}"'
        rows.append(f'<tr role="row" class="speed-group"><th role="rowheader" {span}>{name}</th></tr>')
        rows += [row_of(columns, _contender(row, task)) for row in task["rows"]]
    return f"<details><summary>All contenders</summary>{table('Contenders', columns, rows)}</details>"


def _task(task: dict[str, Any]) -> list[str]:
    peer = next((row for row in task["rows"] if row["contender"] == task["fastest_peer"]), None)
    medians = task["ratio_of_medians"]
    small = [words.package(peer)] if peer else []
    small += [f"by the medians {words.ratio(medians)}"] if medians is not None else []
    bounds = "<br>".join(map(escape, words.bounds(task)))
    return [words.title(task), _lines(words.outcome(task), "; ".join(filter(None, small))), bounds, _answers(task)]


def _answers(task: dict[str, Any]) -> str:
    """Who agreed with the float64 reference, and who did not or failed."""
    ours, *peers = task["rows"]
    wrong = [row for row in peers if row["counts"] and not row["right"]]
    own = (
        "labs failed"
        if ours["failure"]
        else f"labs {'right' if ours['right'] else 'WRONG'} to {words.error(ours['error'])}"
    )
    said = [own] + ([] if wrong else ["all peers right"])
    for row in wrong:
        what = "failed" if row["failure"] else f"wrong by {words.error(row['error'])}"
        said.append(f"{escape(row['contender'])} {what}")
    return "<br>".join(said)


def _contender(row: dict[str, Any], task: dict[str, Any]) -> list[str]:
    name = _lines(row["contender"], words.package(row))
    if row["failure"]:
        return [name, f"failed: {escape(row['failure'])}"]
    ours = task["rows"][0]
    compared = row is not ours and ours["minimum_seconds"]
    beside = f"{words.ratio(row['minimum_seconds'] / ours['minimum_seconds'])} as long" if compared else ""
    if not row["counts"]:
        beside += "<br>not compared"
    error = words.error(row["error"]) + (
        "" if row["right"] else f"<br>wrong: more than {words.error(task['allowed_error'])}"
    )
    return [name, words.seconds(row["minimum_seconds"]), words.seconds(row["median_seconds"]), beside, error]


def _lines(*lines: str) -> str:
    """Plain lines, the later ones in the quieter voice."""
    first, *others = [escape(line) for line in lines if line]
    return first + "".join(f"<small>{line}</small>" for line in others)


def table(name: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    """A table of rows that ``row_of`` has made."""
    head = "".join(f'<th role="columnheader" scope="col">{column}</th>' for column in columns)
    return (
        f'<div class="pst-scrollable-table-container"><table class="speed" role="table" aria-label="{name}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{"".join(rows)}</tbody>'
        "</table></div>"
    )


def row_of(columns: Sequence[str], cells: list[str]) -> str:
    """A row whose last cell takes what is left of the columns; each cell remembers its column for the cards."""
    first, *others = cells
    spans = [1] * (len(others) - 1) + [len(columns) - len(others)]
    named = zip(columns[1:], others, spans, strict=False)
    rest = "".join(f'<td role="cell" data-column="{c}"{_span(span)}><div>{text}</div></td>' for c, text, span in named)
    return f'<tr role="row"><th role="rowheader" scope="row">{first}</th>{rest}</tr>'


def _span(columns: int) -> str:
    return f' colspan="{columns}"' if columns > 1 else ""
