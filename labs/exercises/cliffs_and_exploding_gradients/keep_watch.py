"""Exercise 8.6: an open question, a threshold that looks after itself."""

# The stub names no type that its notebook lacks.
# mypy: disable-error-code="var-annotated"
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle
from labs.exercises.reading import vector as as_vector

WARM_UP, FEW, LOOSE = 50, 0.1, 5.0
"""Steps that are not judged, the share of ordinary steps that may be clipped, and how much an explosion may keep."""


def keep_watch(next_norm, num_steps: int) -> float:
    """A threshold that follows a run, step by step.

    Call ``next_norm(threshold)`` once a step, ``num_steps`` times: it is
    told the threshold of this step, a number above 0, and returns the
    norm of this step's gradient, before clipping. The usual norm drifts
    over the run, by a factor of twenty or more. Now and then a gradient
    explodes to a hundred times the usual norm or more, sometimes several
    in a row, and some norms are infinite or NaN. From step 50 on, at most
    a tenth of the ordinary steps may be clipped, and no explosion may
    keep more than 5 times the norm that is usual then. Return the
    threshold that you would use next.
    """
    recent, threshold = [], 1.0
    for _ in range(num_steps):
        norm = float(next_norm(threshold))
        if math.isfinite(norm):
            recent = [*recent[-29:], norm]
        if recent:
            threshold = 2.5 * sorted(recent)[len(recent) // 2]
    return threshold


class Log(Oracle):
    """Gives the norms of a run one by one, and keeps the thresholds."""

    __slots__ = ()

    def __init__(self, norms: torch.Tensor) -> None:
        super().__init__({"norms": norms, "told": []})

    def __call__(self, threshold) -> float:
        state = Oracle.inside(self)
        told = float(threshold)
        if not told > 0:
            raise ValueError(f"the threshold must be a number above 0, got {told}")
        if len(state["told"]) == len(state["norms"]):
            raise ValueError(f"the run has only {len(state['norms'])} steps")
        state["told"].append(told)
        return state["norms"][len(state["told"]) - 1].item()

    def __str__(self) -> str:
        return f"the norms of a run of {len(Oracle.inside(self)['norms'])} steps"


def _run(num_steps: int, drift: float, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The norms of a run, what is usual at each step, and which steps explode."""
    usual = torch.exp(torch.linspace(0, math.log(drift), num_steps, dtype=torch.float64))
    usual = usual * 10 ** (4 * torch.rand((), generator=generator, dtype=torch.float64) - 2)
    norms = usual * torch.exp(0.25 * torch.randn(num_steps, generator=generator, dtype=torch.float64))
    explodes = torch.zeros(num_steps, dtype=torch.bool)
    for begin in range(60, num_steps - 10, 40):
        at = begin + int(torch.randint(20, (), generator=generator))
        explodes[at : at + 1 + int(torch.randint(4, (), generator=generator))] = True
    size = 100 * 10 ** (3 * torch.rand(num_steps, generator=generator, dtype=torch.float64))
    norms = torch.where(explodes, norms * size, norms)
    broken = explodes.nonzero()[:, 0]
    norms[broken[3]], norms[broken[6]], norms[broken[-1]] = math.inf, math.nan, math.inf
    return norms, usual, explodes


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for drift, note in ((1 / 30, "the usual norm falls"), (40.0, "the usual norm rises")):
        norms, usual, explodes = _run(600, drift, generator)
        yield Case((Log(norms), 600), note, truth=(norms, usual, explodes))


def _judge(result, case) -> str:
    log, num_steps = case.arguments
    norms, usual, explodes = case.truth
    told = torch.tensor(Oracle.inside(log)["told"], dtype=torch.float64)
    if len(told) < num_steps:
        return f"You asked for {len(told)} of the {num_steps} norms. The run has to be followed to its end."
    (last,) = as_vector([result], (1,), "the threshold").tolist()
    judged = torch.arange(num_steps) >= WARM_UP
    ordinary = judged & ~explodes
    share = (norms > told)[ordinary].double().mean().item()
    if share > FEW:
        return f"You clipped {100 * share:.0f} % of the ordinary steps; a tenth is allowed."
    kept = (told / usual)[judged & explodes].max().item()
    if kept > LOOSE:
        return f"An explosion was let pass up to {kept:.3g} times the usual norm; 5 times is allowed."
    if not 1 <= last / usual[-1].item() <= LOOSE:
        return f"Your last threshold is {last / usual[-1].item():.3g} times the usual norm of the last step."
    return ""


def _watch(rule, first=1.0):
    """An answer whose threshold is a rule of all norms so far."""

    def answer(next_norm, num_steps):
        seen, threshold = [], first
        for _ in range(num_steps):
            seen.append(float(next_norm(threshold)))
            threshold = rule(torch.tensor(seen, dtype=torch.float64))
        return threshold

    return answer


def _finite(norms):
    kept = norms[norms.isfinite()]
    return kept if len(kept) else torch.ones(1, dtype=torch.float64)


EXERCISE = Exercise(
    id="8.6",
    title="Beyond: a threshold that looks after itself",
    solution=keep_watch,
    cases=_cases,
    hints=(
        "There is no single right answer. What tells you the usual norm of now, in spite of what was long ago and of "
        "the explosions?",
        "Keep the last few dozen finite norms. Which statistic of them is not spoiled by three explosions?",
        "Twice to three times their median: ordinary norms rarely exceed it, and it stays below five times the usual "
        "norm.",
    ),
    analysis="Three things are asked of the statistic: that it forgets, that it ignores a few wild values, and that it "
    "does not choke on NaN. The median of a window does all of it. A quantile over the whole past, as in AutoClip, "
    "forgets slowly; an exponential average of clipped norms is the cheap way to forget.",
    mistakes=(
        Mistake(
            "fixed after the first steps",
            _watch(lambda norms: 2.5 * _finite(norms[:WARM_UP]).median().item()),
            "A threshold that is fixed once does not follow the drift.",
        ),
        Mistake(
            "the whole past",
            _watch(lambda norms: 2.5 * _finite(norms).median().item()),
            "The median over the whole past lags behind the drift: forget what is long ago.",
        ),
        Mistake(
            "a running average",
            _watch(lambda norms: 2.5 * _finite(norms[-30:]).mean().item()),
            "An explosion spoils the average for as long as it is in the window.",
        ),
        Mistake(
            "the largest of late",
            _watch(lambda norms: _finite(norms[-30:]).max().item()),
            "The largest norm of the window is an explosion itself, once there has been one.",
        ),
        Mistake(
            "all clipped",
            _watch(lambda norms: 0.5 * _finite(norms[-30:]).median().item()),
            "A threshold below the usual norm clips nearly every step.",
        ),
        Mistake(
            "the last norm",
            _watch(lambda norms: 2.5 * _finite(norms)[-1].item()),
            "Of several explosions in a row, the second is measured by the first.",
        ),
    ),
    judge=_judge,
)
