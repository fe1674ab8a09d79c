"""Statements of the text that are checked when the notebook runs, and that leave their figures behind as evidence.

A claim holds or raises. What it is held against is a closed form, a bound, or a figure from the literature; where the
measurement is random, it is an interval over many runs, so that the claim holds for any seed and not for a lucky one.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs import cards
from labs.cards import as_json, number
from labs.intervals import Interval, mean_interval, proportion_interval, slope_interval

__all__ = ["MIME", "ClaimFailed", "Interval", "claim", "mean_interval", "proportion_interval", "slope_interval"]

MIME = "application/vnd.labs.claim+json"


class ClaimFailed(AssertionError):
    """A claim that does not hold. Its message has the figures and what to look at; ``evidence`` is for machines."""

    def __init__(self, message: str, evidence: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.evidence = evidence or {}

    def _render_traceback_(self) -> list[str]:
        """IPython shows the figures alone: the stack below ``claim`` explains nothing."""
        return [f"ClaimFailed: {self}"]


def claim(
    sentence: str,
    measured: Any,
    expected: Any = None,
    *,
    tolerance: float | None = None,
    relative: bool = False,
    at_least: Any = None,
    at_most: Any = None,
    between: tuple[Any, Any] | None = None,
    source: str = "",
) -> None:
    """Shows ``sentence`` with its figures if they bear it out, and raises ``ClaimFailed`` if they do not.

    Exactly one kind of bound is given. An array is held to it in every entry, and its worst one is shown. An
    ``Interval`` is held to ``at_least``, ``at_most`` or ``between`` with both its ends; to ``expected`` it is held by
    containing it, where a ``tolerance`` widens the interval.

    Args:
        sentence: What is claimed, in words, as plain text.
        measured: A number, an array or tensor of numbers, or an ``Interval``. NaN never passes.
        expected: What it should be: a number, or an array of the same shape.
        tolerance: Largest allowed |measured − expected|. Required with ``expected`` unless measured is an interval.
        relative: Whether ``tolerance`` is a share of |expected|.
        at_least: Lower bound: a number, or an array of the same shape.
        at_most: Upper bound: a number, or an array of the same shape.
        between: Both bounds, (low, high), which themselves are allowed.
        source: Where the expectation comes from, such as ``"Cohen et al. 2021"``.

    Raises:
        ClaimFailed: if the claim does not hold.
        ValueError: if the call itself is wrong: no bound or two, a truth value as measurement, a negative tolerance.

    Example:
        >>> claim("The two gradients agree", 0.99812345, 1, tolerance=0.01, source="closed form")
        ✓ The two gradients agree: measured 0.9981, expected 1 within 0.01 (closed form)
        >>> claim("Every eigenvalue is positive", np.array([3.0, 0.5, 2.0]), at_least=0)
        ✓ Every eigenvalue is positive: measured 0.5 as the worst of 3 values, expected at least 0
        >>> claim("The mean gain excludes zero", Interval(0.3, 0.2, 0.4), at_least=0)
        ✓ The mean gain excludes zero: measured 0.3 (0.2 to 0.4), expected at least 0
    """
    sentence, source = _text("sentence", sentence).rstrip("."), _text("source", source) if source != "" else ""
    values = _numbers("measured", measured)
    bound = _bound(values, expected, tolerance, relative, at_least, at_most, between, isinstance(measured, Interval))
    worst, excess = bound.worst(values)
    figures = f"measured {_shown(measured, values, worst)}, expected {bound.words(worst)}"
    evidence = {"sentence": sentence, "figures": figures, "source": source}
    evidence |= _evidence(measured, values, worst, bound, excess)
    if not excess <= 0:
        cited = f" ({source})" if source else ""
        raise ClaimFailed(f"{sentence}: {figures}{cited}.\n{_advice(measured, values, worst, excess)}", evidence)
    _show(evidence)


@dataclass(frozen=True)
class _Bound:
    """The range [low, high] that every measured value, or (``contains``) the expectation, must lie in."""

    relation: str
    low: np.ndarray
    high: np.ndarray
    expected: np.ndarray | None = None
    tolerance: float | None = None
    relative: bool = False

    def worst(self, values: np.ndarray) -> tuple[int, float]:
        """The flat index of the value that is furthest out and how far out (negative: inside; NaN: no number)."""
        if self.relation == "contains" and self.expected is not None:
            values = self.expected
        with np.errstate(invalid="ignore"):  # ∞ − ∞
            excess = np.fmax(self.low - values, values - self.high)
        excess = np.where((values == self.low) | (values == self.high), 0.0, excess)
        excess = np.where(np.isnan(values), np.nan, excess).ravel()
        worst = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
        return worst, float(excess[worst])

    def limits(self, worst: int) -> float | list[float]:
        """What the value at ``worst`` was held against."""
        if self.expected is not None:
            return self.expected.ravel()[min(worst, self.expected.size - 1)]
        ends = [end.ravel()[min(worst, end.size - 1)] for end in (self.low, self.high)]
        return {"at least": ends[0], "at most": ends[1]}.get(self.relation, ends)

    def words(self, worst: int) -> str:
        """The bound as a reader meets it after "expected"."""
        limit, margin = self.limits(worst), ""
        if self.tolerance:
            margin = (
                f" within {number(100 * self.tolerance)} %" if self.relative else f" within {number(self.tolerance)}"
            )
        if isinstance(limit, list):
            return f"between {number(limit[0])} and {number(limit[1])}"
        before = {"at least": "at least ", "at most": "at most ", "equal": "exactly "}.get(self.relation, "")
        return f"{before}{number(limit)}{margin}"


def _bound(
    values: np.ndarray,
    expected: Any,
    tolerance: Any,
    relative: bool,
    at_least: Any,
    at_most: Any,
    between: Any,
    is_interval: bool,
) -> _Bound:
    """The one bound of a call, checked."""
    bounds = {"expected": expected, "at_least": at_least, "at_most": at_most, "between": between}
    given = [name for name, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise ValueError(f"a claim needs exactly one of expected, at_least, at_most and between, got {found}")
    if given == ["expected"]:
        return _expectation(values, _like("expected", expected, values), tolerance, relative, is_interval)
    if tolerance is not None or relative:
        raise ValueError(f"tolerance and relative go with expected; put the allowance into {given[0]} itself")
    infinity = np.full(values.shape, np.inf)
    if between is None:
        low = -infinity if at_least is None else _like("at_least", at_least, values)
        high = infinity if at_most is None else _like("at_most", at_most, values)
        return _Bound(given[0].replace("_", " "), low, high)
    if not isinstance(between, (tuple, list)) or len(between) != 2:
        raise ValueError(f"between is a pair (low, high), got {between!r}")
    low, high = (_like("between", end, values) for end in between)
    if (low > high).any():
        raise ValueError(f"between has its lower end first, got {between!r}")
    return _Bound("between", low, high)


def _expectation(values: np.ndarray, expected: np.ndarray, tolerance: Any, relative: bool, is_interval: bool) -> _Bound:
    """The bound that ``expected`` and ``tolerance`` stand for."""
    if not np.isfinite(expected).all():
        raise ValueError("expected must be finite; for a limit at infinity claim at_least a large number")
    if tolerance is None and not is_interval:
        raise ValueError("expected needs a tolerance; give tolerance=0 for figures that must agree exactly")
    tolerance = 0.0 if tolerance is None else float(tolerance)
    if not (0 <= tolerance < math.inf):
        raise ValueError(f"tolerance must be a number ≥ 0, got {tolerance}")
    if relative and (expected == 0).any():
        raise ValueError("relative tolerance has no meaning for an expectation of 0; give an absolute one")
    margin = tolerance * np.abs(expected) if relative else np.full(expected.shape, tolerance)
    if is_interval:
        expected, margin = expected[:1], margin[:1]
        return _Bound("contains", values[:1] - margin, values[1:] + margin, expected, tolerance, relative)
    relation = "within" if tolerance else "equal"
    return _Bound(relation, expected - margin, expected + margin, expected, tolerance, relative)


def _numbers(name: str, value: Any) -> np.ndarray:
    """``value`` as an array of floats: the two ends of an interval, every entry of anything else."""
    if isinstance(value, Interval):
        return np.array([value.low, value.high])
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value.double() if value.is_floating_point() else value).numpy()
    array = np.asarray(value)
    if array.dtype == bool:
        raise ValueError(f"{name} is a truth value; pass the number itself and give its bound, so that both are shown")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be a real number, an array of them or an Interval, got {value!r}")
    if not array.size:
        raise ValueError(f"{name} is empty, shape {array.shape}; nothing can be claimed of it")
    return array.astype(float)


def _like(name: str, bound: Any, values: np.ndarray) -> np.ndarray:
    """``bound`` as numbers, one for each measured value."""
    if isinstance(bound, Interval):
        raise ValueError(f"{name} is an Interval; claim the interval as measured, or give one of its ends")
    array = _numbers(name, bound)
    if np.isnan(array).any():
        raise ValueError(f"{name} contains NaN; a bound must be a number")
    if array.ndim and array.shape != values.shape:
        raise ValueError(f"{name} has shape {array.shape}, measured {values.shape}; make them equal or give a number")
    return np.broadcast_to(array, values.shape)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be words that a reader understands, got {value!r}")
    return " ".join(value.split())


def _shown(measured: Any, values: np.ndarray, worst: int) -> str:
    """The measurement as a reader meets it."""
    if isinstance(measured, Interval):
        return f"{number(measured.mean)} ({number(measured.low)} to {number(measured.high)})"
    shown = number(values.ravel()[worst])
    return shown if values.size == 1 else f"{shown} as the worst of {values.size} values"


def _advice(measured: Any, values: np.ndarray, worst: int, excess: float) -> str:
    """How far off a failed claim is, and what to look at."""
    if np.isnan(values).any():
        return (
            f"{int(np.isnan(values).sum())} of {values.size} values are NaN. Look for the first step at which a loss "
            "or a gradient stopped being finite: a learning rate that is too large is the usual cause."
        )
    off = f"It is out by {number(excess)}."
    if isinstance(measured, Interval):
        return (
            f"{off} Look at the spread of the runs first: more of them narrow the interval; then at what was changed."
        )
    if values.size > 1:
        index = tuple(int(i) for i in np.unravel_index(worst, values.shape))
        return f"{off} Look at entry {index[0] if len(index) == 1 else index}, the one furthest out."
    return f"{off} Look at what was changed above: the sentence holds for the settings that the text states."


def _evidence(measured: Any, values: np.ndarray, worst: int, bound: _Bound, excess: float) -> dict[str, Any]:
    """The figures for machines, rounded so that running again writes the same notebook."""
    limits = bound.limits(worst)
    if isinstance(measured, Interval):
        figures = {"measured": measured.mean, "interval": [measured.low, measured.high]}
    else:
        figures = {"measured": values.ravel()[worst], "count": int(values.size)}
    margin, unit = _margin(measured, values.ravel()[worst], bound, limits, excess)
    evidence = figures | {
        "relation": bound.relation,
        "expected": limits,
        "tolerance": bound.tolerance,
        "relative": bound.relative,
        "margin": margin,
        "margin_unit": unit,
    }
    return {key: as_json(value) for key, value in evidence.items()}


STANDARD_ERRORS_IN_HALF_AN_INTERVAL = 4  # the intervals of the course; see labs.intervals


def _margin(measured: Any, value: float, bound: _Bound, limits: Any, excess: float) -> tuple[float | None, str]:
    """How far inside its bound a measurement lies, negative if outside, and in what unit.

    An interval's is in standard errors: by so many could the estimate have come out worse. Any other measurement's is a
    share: of the tolerance, of half the range between two bounds, or of the one bound there is (of the measurement, if
    that is 0). None where there is no such unit, as for figures that must agree exactly.
    """
    if isinstance(measured, Interval):
        unit, name = (measured.high - measured.low) / (2 * STANDARD_ERRORS_IN_HALF_AN_INTERVAL), "standard errors"
    elif bound.tolerance is not None:
        unit, name = bound.tolerance * (abs(float(limits)) if bound.relative else 1), "share"
    elif isinstance(limits, list):
        unit, name = (limits[1] - limits[0]) / 2, "share"
    else:
        unit, name = abs(float(limits)) or abs(value), "share"
    known = 0 < unit < math.inf and math.isfinite(excess) and math.isfinite(value)
    return (-excess / unit if known else None), name


def _show(evidence: dict[str, Any]) -> None:
    """The line, the card, and the evidence for the book's page of measurements."""
    sentence, figures, source = (evidence[key] for key in ("sentence", "figures", "source"))
    identifier, cited = cards.identifier("claim", sentence), f" ({source})" if source else ""
    card = (
        f'<div class="claim" id="{identifier}" style="border-left: 4px solid #009E73; padding: 0.25em 0.75em">'
        '<span class="claim-mark" aria-hidden="true">✓ </span>'
        f'<span class="claim-sentence">{html.escape(sentence)}:</span> '
        f'<span class="claim-figures">{html.escape(figures)}</span>'
        f'<span class="claim-source">{html.escape(cited)}</span></div>'
    )
    cards.show(f"✓ {sentence}: {figures}{cited}", card, {MIME: {"id": identifier} | evidence})
