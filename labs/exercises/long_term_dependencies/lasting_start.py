"""Exercise 9.6: an open question, judged by what reaches the first of sixty steps."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import vector as as_vector


def lasting_start(U: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Recurrent weights W, (n, n), with which the gradient of the network
    h_t = tanh(W h_{t−1} + U x_t), from h_0 = 0, reaches 60 steps back.

    ``U`` is (n, 1) and ``x`` (N, 60, 1), sequences of the kind that the
    network will read. It is judged on others of that kind: at every step
    the typical ‖∂L/∂h_t‖, the exponential of its mean logarithm, must be
    a twentieth to twenty times what it is at the last step, for a ∂L/∂h_T
    of random direction.
    """
    n, steps = len(U), x.shape[1]
    Q = torch.linalg.qr(torch.randn(n, n, dtype=U.dtype)).Q
    low, high = 0.5, 3.0
    for _ in range(20):
        gain = (low + high) / 2
        h = torch.zeros(len(x), n, dtype=U.dtype)
        grad = torch.randn(len(x), n, dtype=U.dtype)
        states = []
        for t in range(steps):
            h = torch.tanh(gain * h @ Q.T + x[:, t] @ U.T)
            states.append(h)
        growth = -grad.norm(dim=1).log()
        for h in reversed(states[1:]):
            grad = (grad * (1 - h**2)) @ (gain * Q)
        growth += grad.norm(dim=1).log()
        low, high = (gain, high) if growth.mean() < 0 else (low, gain)
    return gain * Q


def typical_lengths(W, U, x, last):
    """exp of the mean ln(‖∂L/∂h_t‖/‖∂L/∂h_T‖) over the sequences, for t = 1 … T."""
    h, states = torch.zeros(len(x), len(U), dtype=U.dtype), []
    for inputs in x.unbind(1):
        h = torch.tanh(h @ W.T + inputs @ U.T)
        states.append(h)
    grad, logs = last / last.norm(dim=1, keepdim=True), [torch.zeros((), dtype=U.dtype)]
    total = torch.zeros(len(x), dtype=U.dtype)
    for h in reversed(states[1:]):
        grad = (grad * (1 - h * h)) @ W
        length = grad.norm(dim=1).clamp(min=1e-300)
        total, grad = total + length.log(), grad / length[:, None]
        logs.append(total.mean())
    return torch.stack(logs).flip(0).exp()


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for sd in (0.3, 0.6):
        n = int(torch.randint(20, 33, (), generator=generator))
        U = torch.randn(n, 1, generator=generator, dtype=torch.float64)
        x = sd * torch.randn(2, 60, 60, 1, generator=generator, dtype=torch.float64)
        last = torch.randn(60, n, generator=generator, dtype=torch.float64)
        yield Case((U, x[0]), f"{n} units, noise of standard deviation {sd}", truth=(x[1], last))


def _judge(result, case) -> str:
    U = case.arguments[0]
    W = as_vector(result, (len(U), len(U)), "the weights W")
    x, last = case.truth
    lengths = typical_lengths(W, U, x, last)
    least, most = lengths.min().item(), lengths.max().item()
    if least < 1 / 20:
        return (
            f"At step {int(lengths.argmin()) + 1} the typical gradient has {least:.2g} of its length at the last step: "
            "it vanishes."
        )
    if most > 20:
        return (
            f"At step {int(lengths.argmax()) + 1} the typical gradient has {most:.2g} times its length at the last "
            "step: it explodes."
        )
    return ""


def _orthogonal(n):
    return torch.linalg.qr(torch.randn(n, n, dtype=torch.float64)).Q


EXERCISE = Exercise(
    id="9.6",
    title="Beyond: a start that lasts",
    solution=lasting_start,
    cases=_cases,
    hints=(
        "There is no single right answer. An orthogonal W would keep the gradient exactly, were it not for 1 − h² < "
        "1. What makes up for it?",
        "A gain above 1. How much is needed depends on how far the inputs drive the units, and you have inputs to try.",
        "Write a function that measures the growth of ln ‖∂L/∂h‖ over the 60 steps for a gain, and bisect for zero.",
    ),
    analysis="The gain at which the line is level is a property of the weights and of the data together. At that gain "
    "small differences of the state neither die out nor take over, which has been called the edge of chaos. In "
    "training the weights move, and nothing holds them there; a gate's bias is the sturdier way.",
    mistakes=(
        Mistake(
            "orthogonal and no more",
            lambda U, x: _orthogonal(len(U)),
            "An orthogonal W keeps lengths only where the units are linear; each tanh takes a part.",
        ),
        Mistake(
            "as PyTorch starts",
            lambda U, x: (2 * torch.rand(len(U), len(U), dtype=torch.float64) - 1) / len(U) ** 0.5,
            "Uniform weights between ±1/√n have a gain of 0.58: each step loses almost half.",
        ),
        Mistake(
            "Gaussian of gain 1",
            lambda U, x: torch.randn(len(U), len(U), dtype=torch.float64) / len(U) ** 0.5,
            "A Gaussian W of gain 1 has its largest |λ| near 1, and the tanh takes a part at each step.",
        ),
        Mistake(
            "far too much gain",
            lambda U, x: 4 * _orthogonal(len(U)),
            "Saturated units do not make up for a gain of 4.",
        ),
        Mistake("nothing", lambda U, x: torch.zeros(len(U), len(U)), "Without weights nothing is handed on."),
    ),
    judge=_judge,
    seconds=20.0,
)
