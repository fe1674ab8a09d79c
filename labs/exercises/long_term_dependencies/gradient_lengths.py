"""Exercise 9.5: backpropagation through time, by hand."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def gradient_lengths(W: torch.Tensor, states: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """‖∂L/∂h_t‖ for t = 1 … T, shape (T,), of h_t = tanh(W h_{t−1} + …).

    ``W`` is (n, n), ``states`` holds h_1 … h_T as rows, (T, n), and
    ``last`` is ∂L/∂h_T, (n,). The loss depends on h_T alone.
    """
    grad, lengths = last, [last.norm()]
    for state in states.flip(0)[:-1]:
        grad = W.T @ (grad * (1 - state**2))
        lengths.append(grad.norm())
    return torch.stack(lengths).flip(0)


def _run(W, drive):
    h, states = torch.zeros(len(W), dtype=W.dtype), []
    for step in drive:
        h = torch.tanh(W @ h + step)
        states.append(h)
    return torch.stack(states)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def tensor(values) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64)

    yield Case((tensor([[0.5]]), tensor([[0.6], [0.0], [0.0]]), tensor([2.0])), "one unit, near its straight part")
    yield Case((tensor([[0.5]]), tensor([[0.2], [0.9], [0.8]]), tensor([1.0])), "one unit, far from it")
    yield Case((tensor([[0.0, 2.0], [0.5, 0.0]]), tensor([[0.0, 0.0]] * 3), tensor([1.0, 0.0])), "W is not symmetric")
    yield Case((tensor([[0.3, 0.1], [0.2, 0.4]]), tensor([[0.5, -0.5]]), tensor([3.0, 4.0])), "a single step")
    for n, steps, gain in ((5, 12, 0.8), (8, 20, 2.0)):
        W = gain * torch.randn(n, n, generator=generator, dtype=torch.float64) / n**0.5
        drive = torch.randn(steps, n, generator=generator, dtype=torch.float64)
        last = torch.randn(n, generator=generator, dtype=torch.float64)
        yield Case((W, _run(W, drive), last), f"{n} units, {steps} steps")


def _back(W, states, last, step):
    grad, lengths = last, [last.norm()]
    for t in range(len(states) - 1, 0, -1):
        grad = step(W, states, t, grad)
        lengths.append(grad.norm())
    return torch.stack(lengths).flip(0)


EXERCISE = Exercise(
    id="9.5",
    title="Back through time",
    solution=gradient_lengths,
    cases=_cases,
    hints=(
        "h_t enters L only through h_{t+1}. Its gradient is J^T times that of h_{t+1}, with J = ∂h_{t+1}/∂h_t.",
        "J = diag(1 − h_{t+1}²) W, so J^T g = W^T ((1 − h_{t+1}²) * g): the slope is that of the later state.",
        "Go from the last state to the second, collect the norms, and turn their order around.",
    ),
    analysis="This loop is all there is to backpropagation through time; what is called vanishing or exploding is the "
    "product that it forms. torch.autograd.grad(loss, states) runs the same loop for you.",
    mistakes=(
        Mistake(
            "W instead of its transpose",
            lambda W, states, last: _back(W, states, last, lambda W, h, t, g: W @ (g * (1 - h[t] ** 2))),
            "Gradients go back through the transpose: W.T, not W.",
        ),
        Mistake(
            "the slope left out",
            lambda W, states, last: _back(W, states, last, lambda W, h, t, g: W.T @ g),
            "You left out the slope of tanh, 1 − h².",
        ),
        Mistake(
            "the slope of the earlier state",
            lambda W, states, last: _back(W, states, last, lambda W, h, t, g: W.T @ (g * (1 - h[t - 1] ** 2))),
            "You took the slope at the earlier state. It belongs to the later one, which the tanh has made.",
        ),
        Mistake(
            "the slope after the matrix",
            lambda W, states, last: _back(W, states, last, lambda W, h, t, g: (1 - h[t] ** 2) * (W.T @ g)),
            "Going back, the slope comes first and then the matrix: W.T @ (slope * g).",
        ),
        Mistake(
            "last first",
            lambda W, states, last: gradient_lengths(W, states, last).flip(0),
            "The order is turned around: the first entry belongs to h_1.",
        ),
        Mistake(
            "the slope of z",
            lambda W, states, last: _back(W, states, last, lambda W, h, t, g: W.T @ (g * (1 - torch.tanh(h[t]) ** 2))),
            "The states are already tanh(z): the slope is 1 − h², not 1 − tanh(h)².",
        ),
    ),
)
