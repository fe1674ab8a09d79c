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

WIDTH = 74
"""Characters in a line of a notebook's code."""


@dataclass(frozen=True)
class Case:
    """One call of the reader's function.

    Args:
        arguments: What it is called with.
        note: What is special about them, shown when the call fails.
        truth: What a judge must know about this case, and the reader's function must not; without a judge, the expected
            result where it is known beforehand, so that the solution need not be run.
    """

    arguments: tuple[Any, ...]
    note: str = ""
    truth: Any = None


@dataclass(frozen=True)
class Mistake:
    """A usual wrong answer. Whoever's function fails in the same way on the same case is told ``diagnosis``.

    The diagnosis is one sentence or more. Where a judge has spoken, it comes after the judge's sentence.
    """

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
        cases: Draws the calls, from simple to treacherous; the first that fails is shown to the reader. They are drawn
            twice: with the course's seed, the same at every check, and anew at each check. What must be right about
            the drawn ones must be so for any seed.
        hints: At most three, each telling more.
        analysis: What the solution teaches, in a few sentences of plain text.
        mistakes: Three usual wrong answers or more.
        tolerance: Largest allowed deviation, as a share of the largest expected entry. Results in float32 must pass.
        rowwise: Whether the entries of a tensor along its first dimension are different quantities, each with a
            largest entry of its own.
        judge: For open questions: (result, case) → what is wrong with the result, in a sentence, or "". The case holds
            the caller's own tensors, and the oracles as the call has left them. It may raise ``Refused``. By default
            the result is compared with the solution's.
        seconds: How long one call may take.
    """

    id: str
    title: str
    solution: Callable
    cases: Callable[[torch.Generator], Iterable[Case]]
    hints: tuple[str, ...]
    analysis: str
    mistakes: tuple[Mistake, ...]
    tolerance: float = 1e-5
    rowwise: bool = False
    judge: Callable[[Any, Case], str] | None = None
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
        lines = self.source.splitlines()[docstring.lineno - 1 : docstring.end_lineno]
        return "\n".join([_signature(function), *lines, f'    raise NotImplementedError("exercise {self.id}")'])


def _signature(function: ast.FunctionDef) -> str:
    """The first line of a function, laid out in as many lines as a notebook's width asks for."""
    arguments, returned = ast.unparse(function.args), f" -> {ast.unparse(function.returns)}" if function.returns else ""
    line = f"def {function.name}({arguments}){returned}:"
    if len(line) <= WIDTH:
        return line
    if len(arguments) + 4 > WIDTH:
        arguments = ",\n    ".join(ast.unparse(one) for one in function.args.args) + ","
    return f"def {function.name}(\n    {arguments}\n){returned}:"
