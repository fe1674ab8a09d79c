"""Exercise 4.5: the gradient of a large batch in the memory of a small one."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs, disable-error-code="return-value"

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def gradient_in_pieces(gradient, num_examples: int, piece: int) -> torch.Tensor:
    """The gradient of the mean loss over examples 0 … num_examples − 1, shape (P,), with little memory.

    ``gradient(rows)`` returns the gradient of the mean loss over these rows, a tensor of at most ``piece`` numbers.
    """
    total = 0
    for rows in torch.arange(num_examples).split(piece):
        total = total + gradient(rows) * (len(rows) / num_examples)
    return total


class Gradients:
    """The mean of the rows asked for, which remembers how many were asked for at once and how often each."""

    def __init__(self, table: torch.Tensor, piece: int) -> None:
        self.table, self.piece = table, piece
        self.largest, self.asked = 0, torch.zeros(len(table), dtype=torch.int64)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        rows = torch.as_tensor(rows)
        self.largest = max(self.largest, len(rows))
        self.asked += torch.bincount(rows, minlength=len(self.table))
        return self.table[rows].mean(0)

    def __str__(self) -> str:
        return f"gradients of {len(self.table)} examples"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for n, piece, note in (
        (12, 4, ""),
        (10, 4, "the last piece is smaller"),
        (7, 1, "one example at a time"),
        (5, 8, "a piece could hold more than there is"),
    ):
        table = torch.randn(n, 6, generator=generator, dtype=torch.float64) + torch.arange(n).double()[:, None]
        yield Case((Gradients(table, piece), n, piece), note)


def _judge(result, arguments) -> str:
    gradient, _, piece = arguments
    if gradient.largest > piece:
        return f"You asked for {gradient.largest} examples at once; there is memory for {piece}."
    if not isinstance(result, torch.Tensor) or result.shape != gradient.table.shape[1:]:
        return f"Return one tensor of shape {tuple(gradient.table.shape[1:])}."
    whole = gradient.table.mean(0)
    scale = whole.abs().max()
    if (result - whole).abs().max() <= 1e-9 * scale:
        return ""
    if (gradient.asked == 0).any():
        missing = int((gradient.asked == 0).nonzero()[0])
        return f"Example {missing} was never asked for: the smaller piece at the end belongs to the sum, too."
    means = torch.stack([part.mean(0) for part in gradient.table.split(piece)])
    if (result - means.sum(0)).abs().max() <= 1e-9 * scale * len(means):
        return "You added up the means of the pieces; weigh each by its share of the examples."
    if (result - means.mean(0)).abs().max() <= 1e-9 * scale:
        return "You took the plain mean over the pieces: the smaller one at the end got too much weight."
    return "The values differ from the gradient over all examples."


def _pieces(gradient, num_examples, piece, combine, whole_only=False):
    parts = torch.arange(num_examples).split(piece)
    if whole_only:
        parts = [rows for rows in parts if len(rows) == piece]
    return combine(torch.stack([gradient(rows) for rows in parts]))


EXERCISE = Exercise(
    id="4.5",
    title="A large batch in little memory",
    solution=gradient_in_pieces,
    cases=_cases,
    hints=(
        "torch.arange(num_examples).split(piece) gives the rows of each piece; the last may be shorter.",
        "What you need is a sum over examples. The mean over a piece is its sum divided by len(rows).",
        "Add gradient(rows) * len(rows) / num_examples over all pieces.",
    ),
    analysis="Gradient accumulation: the update of a large batch with the memory of a small one. What it does not save "
    "is time. In PyTorch the sum is made by backward() itself, which adds to .grad; the factor must then stand in "
    "the loss of each piece. (Batch normalisation breaks the equality: its statistics are those of the piece.)",
    mistakes=(
        Mistake(
            "all at once",
            lambda gradient, num_examples, piece: gradient(torch.arange(num_examples)),
            "there is memory for",
        ),
        Mistake(
            "mean of the pieces",
            lambda gradient, num_examples, piece: _pieces(gradient, num_examples, piece, lambda g: g.mean(0)),
            "You took the plain mean over the pieces",
        ),
        Mistake(
            "sum of the pieces",
            lambda gradient, num_examples, piece: _pieces(gradient, num_examples, piece, lambda g: g.sum(0)),
            "You added up the means of the pieces",
        ),
        Mistake(
            "the last piece dropped",
            lambda gradient, num_examples, piece: (
                _pieces(gradient, num_examples, piece, lambda g: g.mean(0), whole_only=True)
                if num_examples >= piece
                else gradient(torch.arange(num_examples))
            ),
            "was never asked for",
        ),
    ),
    judge=_judge,
)
