"""Runs a reader's function so that nothing it does can disturb the notebook: time, prints, random state, arguments."""

from __future__ import annotations

import contextlib
import copy
import importlib
import inspect
import io
import linecache
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["Outcome", "run"]


@dataclass(frozen=True)
class Outcome:
    """What came of one call: a result, or an error; what it printed; which argument it changed.

    ``untouched`` says that the function itself, not something it calls, raised ``NotImplementedError``.
    """

    result: Any = None
    error: BaseException | None = None
    where: str = ""
    printed: str = ""
    changed: str = ""
    arguments: tuple[Any, ...] = ()
    untouched: bool = False


class _TookTooLong(BaseException):
    """Not an ``Exception``: a reader's ``except Exception`` must not swallow it."""


def run(function: Callable, arguments: tuple[Any, ...], seconds: float) -> Outcome:
    """Calls ``function`` on a copy of ``arguments`` and reports everything that may go wrong."""
    given, printed = copy.deepcopy(arguments), io.StringIO()
    result, where, untouched = None, "", False
    error: BaseException | None = None
    try:
        with (
            torch.random.fork_rng(devices=[]),
            torch.enable_grad(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            _time_limit(seconds),
        ):
            torch.manual_seed(0)
            result = function(*given)
    except _TookTooLong:
        error = TimeoutError(f"no result after {seconds:g} seconds")
    except (Exception, SystemExit) as raised:
        error, (where, own) = raised, _origin(raised, function)
        untouched = own and isinstance(raised, NotImplementedError)
    changed = _changed(function, arguments, given)
    return Outcome(result, error, where, printed.getvalue(), changed, given, untouched)


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupts what runs too long, where the system can: in the main thread of Linux and macOS."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise _TookTooLong

    # torch imports this at the first derivative; an import that the limit cuts short would leave torch broken.
    importlib.import_module("torch._dynamo")
    before = signal.signal(signal.SIGALRM, interrupt)
    # Again every half second, should the first one be caught by a bare ``except``.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _origin(error: BaseException, function: Callable) -> tuple[str, bool]:
    """The last line of the reader's own code before the error, and whether that line itself raised it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in frames if code is not None and frame.f_code.co_filename == code.co_filename]
    if not own:
        return "", False
    frame, line = own[-1]
    return linecache.getline(frame.f_code.co_filename, line).strip(), frames[-1][0].f_code is code


def _changed(function: Callable, before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """The name of the first tensor argument that the call has written to."""
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        if isinstance(old, torch.Tensor) and not _equal(old, new.detach()):
            names = list(inspect.signature(function).parameters)
            return names[position] if position < len(names) else f"number {position + 1}"
    return ""


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors hold the same, NaN for NaN."""
    return one.shape == other.shape and torch.allclose(one, other, rtol=0, atol=0, equal_nan=one.is_floating_point())
