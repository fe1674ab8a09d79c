"""Exercise 8.4: clipping batches, and clipping examples."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def two_means(grads: torch.Tensor, batches: torch.Tensor, threshold: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean step of clipped batches, and that of clipped examples.

    ``grads`` (N, P) holds the gradients of N examples, ``batches``
    (K, B) the numbers of the examples in each of K batches. First: the
    gradient of each batch, the mean over its examples, is clipped by
    norm; the mean over the batches. Second: each example's gradient is
    clipped by norm, then averaged over its batch; the mean over the
    batches. Both are of shape (P,).
    """

    def clip(rows):
        length = rows.norm(dim=-1, keepdim=True).clamp(min=threshold)
        return rows * (threshold / length)

    drawn = grads[batches]
    first = clip(drawn.mean(1)).mean(0)
    return first, clip(drawn).mean((0, 1))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def drawn(n: int, p: int, k: int, b: int, threshold: float, note: str = "") -> Case:
        grads = torch.randn(n, p, generator=generator, dtype=torch.float64)
        grads = grads * torch.exp(torch.randn(n, 1, generator=generator, dtype=torch.float64)) + 0.5
        return Case((grads, torch.randint(n, (k, b), generator=generator), threshold), note)

    rows = torch.tensor([[3.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    yield Case((rows, torch.tensor([[0, 1, 2]]), 1.0), "one long gradient, two short ones against it")
    yield Case((rows, torch.tensor([[0, 1], [1, 2]]), 0.5), "two batches of two")
    yield drawn(6, 3, 4, 2, 0.7)
    yield drawn(9, 4, 3, 5, 1e6, "a threshold that nothing exceeds: both are the mean over the drawn examples")
    yield drawn(20, 5, 8, 4, 0.01, "a threshold that all exceed")
    grads = torch.zeros(3, 2, dtype=torch.float64)
    grads[1] = 2.0
    yield Case((grads, torch.tensor([[0, 2], [0, 1]]), 1.0), "some gradients are zero")


def _clip(rows, threshold):
    return rows * (threshold / rows.norm(dim=-1, keepdim=True).clamp(min=threshold))


def _with(first=None, second=None):
    def answer(grads, batches, threshold):
        right = two_means(grads, batches, threshold)
        return (
            right[0] if first is None else first(grads[batches], threshold),
            right[1] if second is None else second(grads[batches], threshold),
        )

    return answer


EXERCISE = Exercise(
    id="8.4",
    title="Batches or examples?",
    solution=two_means,
    cases=_cases,
    hints=(
        "grads[batches] has the shape (K, B, P): batch, example, parameter. Which axis is averaged before the "
        "clipping, and which after it?",
        "Clip rows by their norm over the last axis; in the first mean the rows are those of grads[batches].mean(1), "
        "in the second those of grads[batches].",
        "A row is multiplied by threshold / max(threshold, its norm), which is 1 for short rows, zero rows included.",
    ),
    analysis="In the first case the long gradient and the two short ones cancel nearly, and clipping leaves what is "
    "left alone. Clipped one by one, the short ones win: the mean step points the other way.",
    mistakes=(
        Mistake(
            "clipped at the end",
            _with(first=lambda drawn, c: _clip(drawn.mean((0, 1)), c)),
            "You clipped the mean over all batches. Each batch's gradient is clipped before they are averaged.",
        ),
        Mistake(
            "examples as batches",
            _with(second=lambda drawn, c: _clip(drawn.mean(1), c).mean(0)),
            "Your second mean is the first one again: there each example is clipped before its batch is averaged.",
        ),
        Mistake(
            "batches as examples",
            _with(first=lambda drawn, c: _clip(drawn, c).mean((0, 1))),
            "Your first mean is the second one: there the batch is averaged first, and its mean is clipped.",
        ),
        Mistake(
            "value by value",
            _with(
                lambda drawn, c: drawn.mean(1).clamp(-c, c).mean(0), lambda drawn, c: drawn.clamp(-c, c).mean((0, 1))
            ),
            "You cut each value. Clipping by norm multiplies a whole gradient by one factor.",
        ),
        Mistake(
            "summed over the batch",
            _with(lambda drawn, c: _clip(drawn.sum(1), c).mean(0), lambda drawn, c: _clip(drawn, c).sum(1).mean(0)),
            "You summed over the batch. The gradient of a batch is the mean over its examples.",
        ),
        Mistake(
            "all made equally long",
            _with(
                lambda drawn, c: (c * torch.nn.functional.normalize(drawn.mean(1), dim=-1)).mean(0),
                lambda drawn, c: (c * torch.nn.functional.normalize(drawn, dim=-1)).mean((0, 1)),
            ),
            "You made short gradients longer. What is below the threshold stays as it is.",
        ),
    ),
)
