"""What an exercise is made of."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["Case", "Exercise", "Mistake"]


@dataclass(frozen=True)
class Case:
    """One call of the reader's function: its arguments, and what is special about them, shown when it fails."""

    arguments: tuple[Any, ...]
    note: str = ""


@dataclass(frozen=True)
class Mistake:
    """A usual wrong answer. Whoever's function behaves as this one is told ``diagnosis``."""

    name: str
    answer: Callable
    diagnosis: str


@dataclass(frozen=True)
class Exercise:
    """An exercise, graded by what the reader's function does on ``cases``.

    Args:
        id: Chapter and number, such as ``"5.1"``.
        title: A few words.
        solution: The model answer, a function of this package. The stub that the notebook shows is its signature and
            docstring, and ``labs.solution`` shows its source: it stands once.
        cases: Draws the calls, from simple to treacherous; the first that fails is shown to the reader.
        hints: At most three, each telling more.
        analysis: What the solution teaches, in a few sentences of plain text.
        mistakes: Three usual wrong answers or more.
        tolerance: Largest allowed deviation, as a share of the largest expected entry.
        judge: For open questions: (result, arguments after the call) → what is wrong with it, or "". By default the
            result is compared with the solution's.
        seconds: How long one call may take.
    """

    id: str
    title: str
    solution: Callable
    cases: Callable[[torch.Generator], Iterable[Case]]
    hints: tuple[str, ...]
    analysis: str
    mistakes: tuple[Mistake, ...]
    tolerance: float = 1e-6
    judge: Callable[[Any, tuple[Any, ...]], str] | None = None
    seconds: float = 10.0

    @property
    def name(self) -> str:
        """The name of the function that the reader writes."""
        return self.solution.__name__

    @property
    def chapter(self) -> int:
        """The chapter's number."""
        return int(self.id.split(".")[0])

    @property
    def source(self) -> str:
        """The source of the solution."""
        return textwrap.dedent(inspect.getsource(self.solution)).strip()

    @property
    def stub(self) -> str:
        """The cell that the reader fills in: the solution's signature and docstring, and no body."""
        function = ast.parse(self.source).body[0]
        assert isinstance(function, ast.FunctionDef)
        docstring = function.body[0]
        lines = self.source.splitlines()[: docstring.end_lineno]
        return "\n".join([*lines, f'    raise NotImplementedError("exercise {self.id}")'])
