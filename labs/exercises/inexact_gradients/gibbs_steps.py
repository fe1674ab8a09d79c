"""Exercise 10.5: how many steps a chain needs."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def gibbs_steps(chain: torch.Tensor, start: torch.Tensor, values: torch.Tensor, tolerance: float) -> int:
    """The least k ≥ 0 at which the mean of ``values`` after k steps of a
    Markov chain is off its mean in the long run by at most ``tolerance``.

    chain[i, j] is the probability of going from state i to j (S, S), all
    of them above 0; ``start`` (S,) has the probabilities of the first
    state, and ``values`` (S,) one value for each state.
    """
    forever = torch.linalg.matrix_power(chain, 2**20)[0]
    now, steps = start, 0
    while abs((now - forever) @ values) > tolerance:
        now, steps = now @ chain, steps + 1
    return steps


def _chain(size: int, generator: torch.Generator, stay: float) -> torch.Tensor:
    rows = torch.rand(size, size, generator=generator, dtype=torch.float64) + 0.05
    rows = rows * (1 + 3 * torch.rand(size, generator=generator, dtype=torch.float64))  # some states are visited more
    rows = rows / rows.sum(1, keepdim=True)
    return stay * torch.eye(size, dtype=torch.float64) + (1 - stay) * rows


def _cases(generator: torch.Generator) -> Iterator[Case]:
    two = torch.tensor([[0.9, 0.1], [0.2, 0.8]], dtype=torch.float64)
    first, second = torch.eye(2, dtype=torch.float64)
    yield Case((two, first, second, 0.05), "a chain of two states, whose second eigenvalue is 0.7")
    yield Case((two, second, 10 * second, 0.05), "it begins in the other state, and the values are larger")
    yield Case((two, torch.tensor([2 / 3, 1 / 3], dtype=torch.float64), first, 1e-6), "it begins where it ends")
    for size, stay in ((4, 0.6), (8, 0.9)):
        chain = _chain(size, generator, stay)
        one = torch.zeros(size, dtype=torch.float64)
        one[0] = 1.0
        values = torch.randn(size, generator=generator, dtype=torch.float64)
        values[0] += 5
        yield Case((chain, one, values, 0.003), f"there are {size} states")


def _count(chain, start, values, tolerance, forever=None, absolute=True, turned=False):
    step = chain.T if turned else chain
    if forever is None:
        forever = torch.linalg.matrix_power(chain, 2**20)[0]
    now, steps = start, 0
    while steps < 2000:
        off = float((now - forever) @ values)
        if (abs(off) if absolute else off) <= tolerance:
            break
        now, steps = now @ step, steps + 1
    return steps


def _uniform(chain):
    return torch.full_like(chain[0], 1 / len(chain))


def _by_eigenvalue(chain, start, values, tolerance):
    second = torch.linalg.eigvals(chain).abs().sort().values[-2]
    return math.ceil(math.log(tolerance) / math.log(float(second)))


EXERCISE = Exercise(
    id="10.5",
    title="How long must the chain be?",
    solution=gibbs_steps,
    cases=_cases,
    hints=(
        "A distribution p, a row of probabilities, becomes p @ chain in a step. The mean of the values is p @ values.",
        "In the long run every row of a high power of the chain is the same: the distribution that the chain keeps.",
        "Step until |(p − π) @ values| is at most the tolerance, and count the steps; before the first one k is 0.",
    ),
    analysis="This is contrastive divergence with k steps, its bias measured against the truth. In the end a step "
    "multiplies the bias by the second eigenvalue, so each further digit costs the same number of steps. How many are "
    "needed for the first one depends on where the chain begins, which is why CD begins at the data.",
    mistakes=(
        Mistake(
            "the uniform distribution",
            lambda chain, start, values, tolerance: _count(chain, start, values, tolerance, _uniform(chain)),
            "In the long run the states are not equally probable: π solves π @ chain = π.",
        ),
        Mistake(
            "the chain transposed",
            lambda chain, start, values, tolerance: _count(chain, start, values, tolerance, turned=True),
            "A row of probabilities is multiplied from the left, p @ chain; chain @ p is another thing.",
        ),
        Mistake(
            "one step too many",
            lambda chain, start, values, tolerance: _count(chain, start, values, tolerance) + 1,
            "Your number is one too large: before the first step k is 0.",
        ),
        Mistake(
            "the second eigenvalue alone",
            _by_eigenvalue,
            "λ₂ᵏ is how fast the bias falls in the end, not how large it is: it starts at |(p₀ − π) @ values|.",
        ),
        Mistake(
            "the sign of the bias",
            lambda chain, start, values, tolerance: _count(chain, start, values, tolerance, absolute=False),
            "A mean that is too small is off as well: take the absolute value of the difference.",
        ),
    ),
)
