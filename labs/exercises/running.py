"""Runs a reader's function so that nothing it does can disturb the notebook.

Time, memory, prints, figures, random state, the settings of torch and the caller's arguments stay as they were.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import importlib
import inspect
import io
import itertools
import linecache
import random
import signal
import sys
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from labs import cards

__all__ = ["Outcome", "close", "equal", "run"]

MEMORY = 6 * 2**30
"""How many bytes a call may take besides those that are taken already."""


@dataclass(frozen=True)
class Outcome:
    """What came of one call.

    Args:
        result: What was returned.
        error: Or what was raised.
        where: The line of the reader's own code at which it was raised, or at which the time was up.
        loop: The head of the innermost loop around that line.
        printed: What was printed.
        displayed: What was displayed besides, in a notebook.
        figures: The numbers of the figures that were left open.
        changed: The name of the first argument that was written to.
        arguments: The copies that the function was given.
        untouched: Whether the function itself, not something it calls, raised ``NotImplementedError``.
    """

    result: Any = None
    error: BaseException | None = None
    where: str = ""
    loop: str = ""
    printed: str = ""
    displayed: tuple[Any, ...] = ()
    figures: tuple[int, ...] = ()
    changed: str = ""
    arguments: tuple[Any, ...] = ()
    untouched: bool = False


WAITING = 3
"""For how many times the allowed seconds a call may last that computes for less than them."""


class _TookTooLong(BaseException):
    """Not an ``Exception``: a reader's ``except Exception`` must not swallow it."""


def run(function: Callable, arguments: tuple[Any, ...], seconds: float, names: tuple[str, ...] = ()) -> Outcome:
    """Calls ``function`` on a copy of ``arguments``, called ``names``, and reports everything that may go wrong."""
    given, printed, displayed = copy.deepcopy(arguments), io.StringIO(), []  # type: ignore[var-annotated]
    result, where, loop, untouched = None, "", "", False
    error: BaseException | None = None
    open_before = _open_figures()
    try:
        with (
            _settings_kept(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            _displays_caught(displayed),
            _memory_limit(MEMORY),
            _endless_iterators_interruptible(),
            _time_limit(seconds),
        ):
            result = function(*given)
    except _TookTooLong as raised:
        error, (where, loop, _) = TimeoutError(f"no result after {seconds:g} seconds"), _origin(raised, function)
    except KeyboardInterrupt:
        raise
    except BaseException as raised:
        error, (where, loop, own) = raised, _origin(raised, function)
        untouched = own and isinstance(raised, NotImplementedError)
    figures = tuple(number for number in _open_figures() if number not in open_before)
    changed = _changed(names, arguments, given)
    return Outcome(result, error, where, loop, printed.getvalue(), tuple(displayed), figures, changed, given, untouched)


def close(outcome: Outcome) -> None:
    """Closes the figures that a call left open."""
    for number in outcome.figures:
        sys.modules["matplotlib.pyplot"].close(number)


def _open_figures() -> list[int]:
    plots = sys.modules.get("matplotlib.pyplot")
    return list(plots.get_fignums()) if plots is not None else []


@contextlib.contextmanager
def _settings_kept() -> Iterator[None]:
    """The same start for each call, and the notebook's random state and settings again after it."""
    kept = random.getstate(), np.random.get_state(), np.geterr()  # noqa: NPY002 - the streams a reader may use
    dtype, device, threads = torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices=devices), torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("always")
            torch.manual_seed(0)
            random.seed(0)
            np.random.seed(0)  # noqa: NPY002
            yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        np.seterr(**kept[2])
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict[0], warn_only=strict[1])


@contextlib.contextmanager
def _displays_caught(caught: list[Any]) -> Iterator[None]:
    """What is displayed in a notebook goes to ``caught``, and nowhere else."""
    shell = cards.notebook()
    if shell is None:
        yield
        return
    capturing = importlib.import_module("IPython.core.displaypub").CapturingDisplayPublisher()
    before, shell.display_pub = shell.display_pub, capturing
    try:
        yield
    finally:
        shell.display_pub = before
        caught += capturing.outputs


@contextlib.contextmanager
def _memory_limit(size: int) -> Iterator[None]:
    """Lets what is far too large fail with an error, where the system can (Linux), instead of killing the kernel."""
    try:
        if torch.cuda.is_available():  # which reserves addresses by the terabyte, and has a memory of its own
            raise OSError
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_AS)
        bounds = [used + size, *(bound for bound in before if bound != resource.RLIM_INFINITY)]
        resource.setrlimit(resource.RLIMIT_AS, (min(bounds), before[1]))
    except (ImportError, OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextlib.contextmanager
def _endless_iterators_interruptible() -> Iterator[None]:
    """``sum(range(10**11))`` runs in C and hears no signal: here it counts through Python, which does."""
    endless = (range, itertools.count, itertools.repeat, itertools.cycle, map, filter, zip, enumerate)

    def patient(builtin: Callable) -> Callable:
        def call(*args: Any, **options: Any) -> Any:
            if args and isinstance(args[0], endless):
                args = ((item for item in args[0]), *args[1:])
            return builtin(*args, **options)

        return call

    before = {name: getattr(builtins, name) for name in ("sum", "min", "max", "any", "all")}
    try:
        for name, builtin in before.items():
            setattr(builtins, name, patient(builtin))
        yield
    finally:
        for name, builtin in before.items():
            setattr(builtins, name, builtin)


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupts what runs too long, where the system can: in the main thread of Linux and macOS.

    What counts is the time that it computes, so that a busy machine takes nothing away; it may wait for three times as
    long.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        left = min(seconds - (time.thread_time() - worked), WAITING * seconds - (time.monotonic() - started))
        # Again after half a second, should the first one be caught by a bare ``except``.
        signal.setitimer(signal.ITIMER_REAL, max(left, 0.02) if left > 0 else 0.5)
        if left <= 0:
            raise _TookTooLong

    # torch imports this at the first derivative; an import that the limit cuts short would leave torch broken.
    importlib.import_module("torch._dynamo")
    before = signal.signal(signal.SIGALRM, interrupt)
    worked, started = time.thread_time(), time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _origin(error: BaseException, function: Callable) -> tuple[str, str, bool]:
    """The reader's last own line before the error, the loop around it, and whether that line itself raised it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = list(traceback.walk_tb(error.__traceback__))
    if isinstance(error, _TookTooLong):  # raised in a frame of this module, which the signal interrupted it with
        frames = [(frame, line) for frame, line in frames if frame.f_code.co_filename != __file__]
    own = [(frame, line) for frame, line in frames if code is not None and frame.f_code.co_filename == code.co_filename]
    if not own:
        return "", "", False
    frame, line = own[-1]
    name = frame.f_code.co_filename
    return linecache.getline(name, line).strip(), _loop(name, own), frames[-1][0].f_code is code


def _loop(filename: str, own: list[tuple[Any, int]]) -> str:
    """The head of the innermost loop of the reader's code around the lines of these frames, or ""."""
    try:
        tree = ast.parse(textwrap.dedent("".join(linecache.getlines(filename))))
    except (SyntaxError, ValueError):
        return ""
    for _, line in reversed(own):
        loops = [
            node
            for node in ast.walk(tree)
            if isinstance(node, (ast.For, ast.While)) and node.lineno <= line <= (node.end_lineno or node.lineno)
        ]
        if loops:
            return linecache.getline(filename, max(loop.lineno for loop in loops)).strip()
    return ""


def _changed(names: tuple[str, ...], before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """The name of the first tensor argument that the call has written to."""
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        if isinstance(old, torch.Tensor) and not equal(old, new.detach()):
            return names[position] if position < len(names) else f"number {position + 1}"
    return ""


def equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors hold the same, NaN for NaN."""
    if one.shape != other.shape or one.dtype != other.dtype or one.device != other.device:
        return False
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=one.is_floating_point())
