"""Exercise 3.4: what early stopping and a penalty leave of each direction."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def shares_kept(eigenvalues: torch.Tensor, learning_rate: float, num_steps: int) -> torch.Tensor:
    """The share of the way to the minimum in each direction of a
    quadratic, shape (2, n).

    First row: after ``num_steps`` of gradient descent from 0. Second row:
    at the exact minimum of the quadratic plus ½ α ‖w‖² with
    α = 1/(learning_rate · num_steps). ``eigenvalues`` (n,) are those of
    the Hessian, none negative.
    """
    stopping = 1 - (1 - learning_rate * eigenvalues) ** num_steps
    penalty = eigenvalues / (eigenvalues + 1 / (learning_rate * num_steps))
    return torch.stack([stopping, penalty])


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([0.01, 0.1, 1.0], dtype=torch.float64), 0.5, 20))
    yield Case((torch.rand(10, generator=generator, dtype=torch.float64), 0.3, 7))
    steps = int(torch.randint(1, 50, (), generator=generator))
    yield Case((torch.rand(6, generator=generator, dtype=torch.float64), 0.5, steps))
    yield Case((torch.tensor([0.2, 0.9, 1.4], dtype=torch.float64), 0.4, 1), "there is one step")
    yield Case((torch.tensor([0.0, 0.5], dtype=torch.float64), 0.1, 10), "one direction is flat")
    yield Case((torch.tensor([0.5, 1.8], dtype=torch.float64), 1.0, 3), "the steep direction is overshot")


def _what_is_left(eigenvalues, learning_rate, num_steps):
    return 1 - shares_kept(eigenvalues, learning_rate, num_steps)


def _penalty_upside_down(eigenvalues, learning_rate, num_steps):
    alpha = learning_rate * num_steps
    return torch.stack([shares_kept(eigenvalues, learning_rate, num_steps)[0], eigenvalues / (eigenvalues + alpha)])


def _flow(eigenvalues, learning_rate, num_steps):
    exact = shares_kept(eigenvalues, learning_rate, num_steps)
    return torch.stack([1 - torch.exp(-learning_rate * num_steps * eigenvalues), exact[1]])


def _alpha_without_steps(eigenvalues, learning_rate, num_steps):
    exact = shares_kept(eigenvalues, learning_rate, num_steps)
    return torch.stack([exact[0], eigenvalues / (eigenvalues + 1 / learning_rate)])


def _one_more(eigenvalues, learning_rate, num_steps):
    exact = shares_kept(eigenvalues, learning_rate, num_steps)
    return torch.stack([shares_kept(eigenvalues, learning_rate, num_steps + 1)[0], exact[1]])


def _in_columns(eigenvalues, learning_rate, num_steps):
    return shares_kept(eigenvalues, learning_rate, num_steps).T


def _swapped(eigenvalues, learning_rate, num_steps):
    return shares_kept(eigenvalues, learning_rate, num_steps).flip(0)


def _one_step(eigenvalues, learning_rate, num_steps):
    exact = shares_kept(eigenvalues, learning_rate, num_steps)
    return torch.stack([learning_rate * num_steps * eigenvalues, exact[1]])


EXERCISE = Exercise(
    id="3.4",
    title="Stopping against shrinking",
    solution=shares_kept,
    cases=_cases,
    hints=(
        "In the direction of an eigenvector the quadratic is ½ λ (w − w*)², and nothing else matters there.",
        "One step multiplies the distance w − w* by 1 − ηλ, and at the start the distance is the whole way.",
        "With the penalty the derivative λ(w − w*) + αw is zero at w = λ/(λ + α) · w*.",
    ),
    analysis="Both rows start as ητλ in flat directions and end near 1 in steep ones, which is why stopping early is "
    "called a penalty on ‖w‖². In between they differ by up to a fifth of the way, and only stopping can overshoot.",
    mistakes=(
        Mistake(
            "what is left", _what_is_left, "This is the share of the way that is left. Asked is the share gone: 1 − it."
        ),
        Mistake(
            "α upside down",
            _penalty_upside_down,
            "Your penalty grows with the number of steps. Long training matches a small penalty: α = 1/(ητ).",
        ),
        Mistake(
            "flow instead of steps",
            _flow,
            "1 − exp(−ητλ) is gradient flow, the limit of small steps. These steps are not small: (1 − ηλ)^τ.",
        ),
        Mistake(
            "α without the steps", _alpha_without_steps, "Your penalty is 1/η. It falls with the steps: α = 1/(ητ)."
        ),
        Mistake("one step more", _one_more, "Your first row makes one step too many."),
        Mistake("in columns", _in_columns, "Return two rows, not two columns."),
        Mistake("the other way round", _swapped, "The rows are in the wrong order: stopping early comes first."),
        Mistake(
            "one long step",
            _one_step,
            "ητλ is one long step along the first gradient. The gradient shrinks on the way, by 1 − ηλ a step.",
        ),
    ),
    rowwise=True,
)
