"""Exercise 7.5: an open question, judged by the point that is found."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point
from labs.exercises.reading import vector as as_vector


def find_saddle(derivatives, num_calls: int) -> torch.Tensor:
    """A saddle (4,) of a function of four variables: a gradient no longer
    than 1e-6, and eigenvalues of both signs.

    ``derivatives(theta)`` returns the gradient (4,) and the Hessian
    (4, 4) at theta, for at most ``num_calls`` calls. The critical points
    lie between −2 and 2 in each variable.
    """
    theta = torch.zeros(4, dtype=torch.float64)
    for call in range(num_calls):
        if call % 40 == 0:
            theta = 3 * torch.rand(4, dtype=torch.float64) - 1.5
        gradient, hessian = derivatives(theta)
        values = torch.linalg.eigvalsh(hessian)
        if gradient.norm() < 1e-8 and values[0] < 0 < values[-1]:
            break
        step = torch.linalg.lstsq(hessian, -gradient[:, None]).solution[:, 0]
        theta = theta + step / max(1.0, float(step.norm()))
    return theta


class Derivatives(Oracle):
    """Gradient and Hessian of Σᵢ (xᵢ² − 1)²/4 + ½ xᵀCx; counts its calls."""

    __slots__ = ()

    def __init__(self, coupling: torch.Tensor) -> None:
        super().__init__({"coupling": coupling, "calls": 0})

    def __call__(self, theta) -> tuple[torch.Tensor, torch.Tensor]:
        state = Oracle.inside(self)
        state["calls"] += 1
        return both(state["coupling"], point(theta, 4, "theta"))

    def __str__(self) -> str:
        return "derivatives of a function of four variables"


def both(coupling: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradient (4,) and Hessian (4, 4)."""
    return theta**3 - theta + coupling @ theta, torch.diag(3 * theta.square() - 1) + coupling


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for _ in range(2):
        drawn = 0.15 * (2 * torch.rand(4, 4, generator=generator, dtype=torch.float64) - 1)
        coupling = drawn.triu(1) + drawn.triu(1).T
        yield Case((Derivatives(coupling), 2000), "sixteen minima or fewer, one maximum, saddles between")


def _judge(result, case) -> str:
    derivatives, num_calls = case.arguments
    state = Oracle.inside(derivatives)
    theta = as_vector(result, (4,), "the saddle")
    if state["calls"] > num_calls:
        return f"You asked for derivatives {state['calls']} times; the budget is {num_calls}."
    gradient, hessian = both(state["coupling"], theta)
    if gradient.norm() > 1e-6:
        return f"The gradient at your point has length {gradient.norm():.2g}: it is no critical point."
    values = torch.linalg.eigvalsh(hessian)
    if values[0] > 0:
        return "Your point is a minimum: all curvatures are positive."
    if values[-1] < 0:
        return "Your point is a maximum: all curvatures are negative."
    return ""


def _descent(derivatives, num_calls):
    theta = torch.tensor([0.3, -0.2, 0.1, 0.25], dtype=torch.float64)
    for _ in range(num_calls // 2):
        theta = theta - 0.1 * derivatives(theta)[0]
    return theta


EXERCISE = Exercise(
    id="7.5",
    title="Beyond: find a saddle on purpose",
    solution=find_saddle,
    cases=_cases,
    hints=(
        "There is no single right answer. Descent will not do: it leaves saddles. Which method of the chapter is drawn "
        "into them?",
        "Newton's step −H⁻¹g ends at any critical point. Look at the eigenvalues where it ended, and start again if "
        "they are all of one sign.",
        "Shorten steps longer than 1, allow about 40 steps a start, and draw the starts between −1.5 and 1.5.",
    ),
    analysis="What makes Newton's method a poor optimizer makes it a good finder of saddles. In four variables most "
    "critical points are saddles, and with more variables nearly all are: one hardly has to look for them.",
    mistakes=(
        Mistake("descent", _descent, "Gradient descent leaves saddles. Use a method that is drawn into them."),
        Mistake(
            "the middle",
            lambda derivatives, num_calls: torch.zeros(4, dtype=torch.float64),
            "The middle is critical by symmetry, and nothing else was tried: start elsewhere.",
        ),
        Mistake(
            "a single step",
            lambda derivatives, num_calls: (
                torch.tensor([0.1, 0.9, 0.9, 0.9]).double()
                - 0.5 * derivatives(torch.tensor([0.1, 0.9, 0.9, 0.9]).double())[0]
            ),
            "One step does not arrive: go on until the gradient is shorter than 1e-6.",
        ),
        Mistake(
            "over the budget",
            lambda derivatives, num_calls: (
                [derivatives(torch.zeros(4)) for _ in range(num_calls)] and find_saddle(derivatives, num_calls)
            ),
            "Every call of derivatives counts.",
        ),
    ),
    judge=_judge,
    seconds=20.0,
)
