"""How verdicts, hints, solutions and progress look: HTML without scripts, and the same as plain text."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path

from labs.exercises.exercise import Exercise
from labs.exercises.grading import Verdict

__all__ = ["hints", "model_answer", "table", "verdict"]

_HEADS = {
    "untouched": ("○", "#6E6E6E", "not attempted yet. Write the body of {name} above, run its cell, then this one."),
    "crashed": ("✗", "#D55E00", "your function stopped with an error."),
    "wrong": ("✗", "#D55E00", "not right yet."),
    "right": ("✓", "#009E73", "right. Compare with the solution when you like."),
}
_MARKS = {"solved": ("✓", "solved"), "attempted": ("◐", "attempted"), "untouched": ("○", "untouched")}


def verdict(exercise: Exercise, outcome: Verdict, note: str = "") -> tuple[str, str]:
    """The line and the card of a check."""
    mark, color, said = _HEADS[outcome.state]
    head = f"{exercise.id} {exercise.title}: {said.format(name=exercise.name)}"
    rows = [
        ("call", outcome.call),
        ("got", outcome.got),
        ("expected", outcome.expected),
        ("printed", _first_lines(outcome.printed)),
        ("again", f'{exercise.name}(*labs.failing("{exercise.id}"))' if outcome.arguments is not None else ""),
    ]
    rows = [(label, text) for label, text in rows if text]
    plain = [f"{mark} {head}", *(f"  {label + ':':<10}{text}" for label, text in rows)]
    cells = "".join(
        f"<dt>{label}</dt><dd><code>{html.escape(text).replace(chr(10), '<br>')}</code></dd>" for label, text in rows
    )
    style = f"border-left: 4px solid {color}; padding: 0.25em 0.75em"
    card = (
        f'<div class="exercise exercise-{outcome.state}" style="{style}">'
        f'<p><span aria-hidden="true">{mark} </span>{html.escape(head)}</p>'
    )
    card += f'<dl class="exercise-figures" style="overflow-wrap: anywhere">{cells}</dl>' if cells else ""
    for text, kind in ((outcome.diagnosis, "diagnosis"), (outcome.note, "note"), (note, "note")):
        if text:
            plain.append(f"  {text}")
            card += f'<p class="exercise-{kind}">{html.escape(text)}</p>'
    return "\n".join(plain), f"{card}</div>"


def _first_lines(printed: str) -> str:
    """The first ten lines, of which none is longer than a card can bear."""
    lines = printed.splitlines()
    kept = [line if len(line) <= 200 else f"{line[:200]} …" for line in lines[:10]]
    return "\n".join([*kept, f"… ({len(lines)} lines)"] if len(lines) > 10 else kept)


def hints(exercise: Exercise, asked: int = 1) -> tuple[str, str]:
    """All hints, each folded inside the one before, so that they open one at a time; as plain text, the one asked for.

    Args:
        exercise: Of which the hints are.
        asked: For the how manieth time its hints are asked for.
    """
    folded, last = "", len(exercise.hints)
    for number, hint in reversed(list(enumerate(exercise.hints, start=1))):
        summary = f"Hint {number} of {last} for exercise {exercise.id}"
        folded = f'<details class="hint"><summary>{summary}</summary><p>{html.escape(hint)}</p>{folded}</details>'
    number = min(asked, last)
    plain = f"Hint {number} of {last}: {exercise.hints[number - 1]}"
    if number < last:
        plain += f'\nCall hint("{exercise.id}") again for the next.'
    return plain, folded


def model_answer(exercise: Exercise) -> tuple[str, str]:
    """The solution's source and what it teaches, folded."""
    summary = f"Solution of exercise {exercise.id}: {html.escape(exercise.title)}"
    card = (
        f'<details class="solution"><summary>{summary}</summary>'
        f"{_highlighted(exercise.source)}<p>{html.escape(exercise.analysis)}</p></details>"
    )
    return f"{exercise.source}\n\n{exercise.analysis}", card


def table(chapters: Iterable[tuple[str, list[Exercise]]], states: dict[str, str], *remarks: str) -> tuple[str, str]:
    """All chapters with the state of each exercise, what to do next, and the remarks that are not empty."""
    plain, rows, unsolved = [], "", []
    for title, exercises in chapters:
        marks = [(e, *_MARKS[states.get(e.id, "untouched")]) for e in exercises]
        solved = sum(word == "solved" for _, _, word in marks)
        plain.append(f"{title}: {solved} of {len(marks)}  " + "  ".join(f"{e.id} {mark}" for e, mark, _ in marks))
        cells = " ".join(
            f'<span class="progress-{word}" title="{html.escape(e.title)}: {word}">{e.id}&nbsp;{mark}</span>'
            for e, mark, word in marks
        )
        head = f"<th scope='row'>{_linked(title, exercises)}</th>"
        rows += f"<tr>{head}<td>{solved} of {len(marks)}</td><td>{cells}</td></tr>"
        unsolved += [(word != "attempted", e) for e, _, word in marks if word != "solved"]
    following = "All exercises are solved."
    if unsolved:  # what was begun comes first
        chosen = min(unsolved, key=lambda entry: entry[0])[1]
        following = f"Next: {chosen.id} {chosen.title}."
    legend = "✓ solved  ◐ attempted  ○ untouched"
    card = (
        '<table class="labs-progress"><caption>Your progress</caption><thead><tr><th scope="col">Chapter</th>'
        f'<th scope="col">Solved</th><th scope="col">Exercises</th></tr></thead><tbody>{rows}</tbody></table>'
        f"<p>{legend}</p>"
    )
    said = [following, *filter(None, remarks)]
    return "\n".join([*plain, legend, *said]), card + "".join(f"<p>{html.escape(one)}</p>" for one in said)


def _linked(title: str, exercises: list[Exercise]) -> str:
    """The chapter's title, a link to its notebook where that lies in the same folder: not on Colab, say."""
    package = exercises[0].solution.__module__.split(".")[-2:][0]
    notebook = f"{exercises[0].chapter:02d}_{package}.ipynb"
    return f'<a href="{notebook}">{html.escape(title)}</a>' if Path(notebook).is_file() else html.escape(title)


def _highlighted(source: str) -> str:
    """``source`` with the classes that the book's style sheet colours; a plain block where Pygments is missing."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        body = html.escape(source)
    else:
        body = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    return f'<div class="highlight"><pre tabindex="0" style="overflow-x: auto">{body}</pre></div>'
