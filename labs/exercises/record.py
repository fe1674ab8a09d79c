"""What the reader has solved and guessed, in one small file that no crash, no second notebook, no broken disk can lose.

The file is ``progress.json`` in the user's data directory, or where the environment variable ``LABS_PROGRESS`` says
(``:memory:`` keeps it in memory). A new state is written beside it and then takes its place in one step, under a lock,
after it was merged with what another notebook may have written meanwhile. Marks are only ever added; ``forget`` alone
takes some away, and keeps a copy of the file first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock
import platformdirs

__all__ = ["GUESSES", "IN_MEMORY", "forget", "guess", "load", "location", "mark", "merge", "parse", "store", "text"]

IN_MEMORY = ":memory:"
STATES = ("attempted", "solved")
GUESSES = ("wrong", "right")

Marks = dict[str, dict[str, Any]]
"""Exercise → ``{"state": "attempted" | "solved", "tries": …}``; question → the same, ``"wrong" | "right"``, once."""

_memory: Marks = {}


def location() -> Path | None:
    """Where the file is, or None where there is no place for one."""
    named = os.environ.get("LABS_PROGRESS")
    if named == IN_MEMORY:
        return None
    try:
        if named:
            return Path(named).expanduser()
        folder = platformdirs.user_data_path("why-deep-networks-are-hard", appauthor=False)
    except RuntimeError:  # neither HOME nor the list of users knows a home
        return None
    # Without a home there is no absolute path, and a relative one would scatter files over the folders of notebooks.
    return folder / "progress.json" if folder.is_absolute() else None


def load() -> tuple[Marks, str]:
    """All marks, and a sentence for the reader if something about the file is amiss, else ""."""
    return _exchange({})


def mark(exercise: str, state: str) -> str:
    """Adds one try at ``exercise`` with its ``state``; returns a sentence if the file cannot keep it, else ""."""
    if state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}, got {state!r}")
    return _exchange({exercise: {"state": state, "tries": 1}}, adding=True)[1]


def guess(question: str, *, right: bool) -> str:
    """Keeps whether the first guess at ``question`` was right, later ones not; returns as ``mark`` does."""
    return store({question: {"state": GUESSES[right], "tries": 1}})


def store(marks: Marks) -> str:
    """Merges ``marks`` into the file; returns a sentence if that fails, else ""."""
    return _exchange(marks)[1]


def forget(names: set[str]) -> tuple[Path | None, str]:
    """Takes the marks of ``names`` away.

    Returns:
        The copy that was made of the file before, or None where there was no file; and a sentence as ``mark`` does.
    """
    global _memory
    _memory = {name: mark for name, mark in _memory.items() if name not in names}
    path = location()
    if path is None or not path.exists():
        return None, ""
    try:
        with filelock.FileLock(f"{path}.lock", timeout=10):
            stored, said = _read(path)
            copy = _free(path, "before-reset")
            _replace(copy, text(stored))
            _replace(path, text({name: mark for name, mark in stored.items() if name not in names}))
            return copy, said
    except (OSError, filelock.Timeout, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or "another program holds its lock"
        return None, f"Your progress stays as it was: {path} cannot be written ({reason})."


def merge(one: Marks, other: Marks, *, adding: bool = False) -> Marks:
    """Both sets of marks: solved wins over attempted, and the larger number of tries (their sum when ``adding``).

    Of two guesses at a question the one in ``one`` stands.

    Example:
        >>> merge({"5.1": {"state": "solved", "tries": 2}}, {"5.1": {"state": "attempted", "tries": 3}})
        {'5.1': {'state': 'solved', 'tries': 3}}
    """
    merged = dict(one)
    for name, new in other.items():
        if new["state"] in GUESSES:
            merged.setdefault(name, new)
            continue
        old = one.get(name, {"state": "attempted", "tries": 0})
        tries = old["tries"] + new["tries"] if adding else max(old["tries"], new["tries"])
        merged[name] = {"state": max(old["state"], new["state"], key=STATES.index), "tries": tries}
    return dict(sorted(merged.items()))


def parse(text: str) -> Marks:
    """The marks in the text of a progress file.

    Raises:
        ValueError: if it is not one.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is no progress file: {error}") from None
    marks = content.get("exercises") if isinstance(content, Mapping) else None
    if not isinstance(marks, dict) or not all(_is_mark(m) for m in marks.values()):
        raise ValueError("this is no progress file: it lacks the exercises with their states and tries")
    guesses = content.get("guesses", {})
    if not isinstance(guesses, dict) or not all(state in GUESSES for state in guesses.values()):
        raise ValueError("this is no progress file: a guess in it is neither right nor wrong")
    tried = {name: {"state": m["state"], "tries": m["tries"]} for name, m in marks.items()}
    return tried | {name: {"state": state, "tries": 1} for name, state in guesses.items()}


def text(marks: Marks) -> str:
    """``marks`` as the text of a progress file."""
    exercises = {name: m for name, m in marks.items() if m["state"] in STATES}
    guesses = {name: m["state"] for name, m in marks.items() if m["state"] in GUESSES}
    content = {"version": 1, "exercises": exercises} | ({"guesses": guesses} if guesses else {})
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _is_mark(mark: Any) -> bool:
    return isinstance(mark, dict) and mark.get("state") in STATES and type(mark.get("tries")) is int


def _exchange(new: Marks, *, adding: bool = False) -> tuple[Marks, str]:
    """Merges memory, file and ``new``; writes only what is new to the file."""
    global _memory
    path = location()
    if path is None:
        _memory = merge(_memory, new, adding=adding)
        asked = os.environ.get("LABS_PROGRESS") == IN_MEMORY
        return _memory, "" if asked else "There is no home folder: your progress is kept until the kernel stops."
    try:
        if not new and not _memory and not path.exists():
            return {}, ""
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock", timeout=10):
            stored, said = _read(path)
            marks = merge(merge(stored, _memory), new, adding=adding)
            if marks != stored:
                _replace(path, text(marks))
            _memory = {}
            return marks, said
    except (OSError, filelock.Timeout, NotImplementedError) as error:
        _memory = merge(merge(_read_only(path), _memory), new, adding=adding)
        reason = getattr(error, "strerror", None) or "another program holds its lock"
        return _memory, f"Your progress is kept until the kernel stops: {path} cannot be written ({reason})."


def _read(path: Path) -> tuple[Marks, str]:
    """The marks in the file. A broken one is set aside, and the sentence says where."""
    try:
        return parse(path.read_text(encoding="utf-8-sig")), ""  # editors on Windows add a mark
    except FileNotFoundError:
        return {}, ""
    except ValueError:
        aside = _free(path, "broken")
        os.replace(path, aside)
        return {}, f"The progress file could not be read. It was set aside as {aside}, and a new one begun."


def _free(path: Path, kind: str) -> Path:
    """A name beside ``path`` that no file has."""
    return next(p for n in range(1, 10_000) if not (p := path.with_name(f"{path.name}.{kind}-{n}")).exists())


def _read_only(path: Path) -> Marks:
    """What can still be read of a file that cannot be written."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}


def _replace(path: Path, content: str) -> None:
    """Writes ``content`` beside ``path`` and moves it there in one step: a crash leaves the old file or the new."""
    beside = path.with_name(f"{path.name}.new")
    with open(beside, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
