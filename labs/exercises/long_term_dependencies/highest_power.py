"""Exercise 9.3: growth that eigenvalues do not show."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def highest_power(W: torch.Tensor, num_steps: int) -> float:
    """The largest factor by which a vector can have grown on its way
    through ``num_steps`` multiplications by W, (n, n).

    It is the largest spectral norm among W⁰ = 1, W, W², … to the power
    ``num_steps``.
    """
    powers = [torch.eye(len(W), dtype=W.dtype)]
    for _ in range(num_steps):
        powers.append(W @ powers[-1])
    norms = torch.linalg.matrix_norm(torch.stack(powers), ord=2)
    return norms.max().item()


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(rows: list[list[float]], steps: int, note: str = "") -> Case:
        return Case((torch.tensor(rows, dtype=torch.float64), steps), note)

    yield case([[0.5, 0.0], [0.0, 0.25]], 5, "every power is smaller than the one before: the highest is W⁰")
    yield case([[0.5, 8.0], [0.0, 0.5]], 10, "all eigenvalues are 0.5, and yet it grows first")
    yield case([[0.9, 5.0], [0.0, 0.9]], 30, "the highest is reached after many steps")
    yield case([[1.1, 0.0], [0.0, 0.2]], 4, "one eigenvalue above 1: the last power is the highest")
    yield case([[0.0, 2.0], [-0.3, 0.0]], 6, "a complex pair of size 0.77")
    yield case([[0.5, 3.0], [0.0, 0.5]], 0, "no step at all")
    drawn = torch.randn(2, 12, 12, generator=generator, dtype=torch.float64)
    for matrix in drawn:
        radius = torch.linalg.eigvals(matrix).abs().max()
        yield Case((0.9 * matrix / radius, 25), "a random matrix with largest |λ| = 0.9")


def _norms(W, num_steps, order=2):
    power, norms = torch.eye(len(W), dtype=W.dtype), []
    for _ in range(num_steps + 1):
        norms.append(torch.linalg.matrix_norm(power, ord=order).item())
        power = W @ power
    return norms


EXERCISE = Exercise(
    id="9.3",
    title="Up before down",
    solution=highest_power,
    cases=_cases,
    hints=(
        "The spectral norm is the largest factor by which a matrix stretches a vector: its largest singular value.",
        "torch.linalg.matrix_norm(…, ord=2) takes a stack of matrices. Start with the identity and multiply on.",
        "Do not forget W⁰: where every power is smaller than the one before, the answer is 1.",
    ),
    analysis="The largest |λ| bounds what happens in the end, and nothing before it. ‖W‖ᵗ bounds every power, and is "
    "far too large. What lies between is decided by how far the eigenvectors are from being orthogonal.",
    mistakes=(
        Mistake(
            "by eigenvalues",
            lambda W, num_steps: max(1.0, (torch.linalg.eigvals(W).abs().max() ** num_steps).item()),
            "You took |λ|ᵗ. That is right for normal matrices only; the norms of the powers can be far above it.",
        ),
        Mistake(
            "the power of the norm",
            lambda W, num_steps: max(1.0, (torch.linalg.matrix_norm(W, ord=2) ** num_steps).item()),
            "You took ‖W‖ᵗ, which is only a bound. Take the norm of the power, not the power of the norm.",
        ),
        Mistake(
            "Frobenius",
            lambda W, num_steps: max(_norms(W, num_steps, "fro")),
            "That is the Frobenius norm. The spectral norm is the largest singular value: ord=2.",
        ),
        Mistake(
            "the last power",
            lambda W, num_steps: _norms(W, num_steps)[-1],
            "You took the last power. The highest may be on the way.",
        ),
        Mistake(
            "without the start",
            lambda W, num_steps: max(_norms(W, num_steps)[1:], default=0.0),
            "You left out W⁰, whose norm is 1.",
        ),
        Mistake(
            "powers of the entries",
            lambda W, num_steps: max(
                torch.linalg.matrix_norm(W**t if t else torch.eye(len(W), dtype=W.dtype), ord=2).item()
                for t in range(num_steps + 1)
            ),
            "W ** t takes the power of each entry; torch.linalg.matrix_power(W, t) that of the matrix.",
        ),
    ),
)
