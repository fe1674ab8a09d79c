"""Exercise 4.5: the gradient of a large batch in the memory of a small one."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs, disable-error-code="return-value"

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle
from labs.exercises.reading import vector


def gradient_in_pieces(gradient, num_examples: int, piece: int) -> torch.Tensor:
    """The gradient of the mean loss over examples 0 … num_examples − 1,
    shape (P,), with little memory.

    ``gradient(rows)`` returns the gradient of the mean loss over these
    rows, a tensor of at most ``piece`` numbers.
    """
    total = 0
    for rows in torch.arange(num_examples).split(piece):
        total = total + gradient(rows) * (len(rows) / num_examples)
    return total


class Gradients(Oracle):
    """The mean of the rows asked for, which remembers how many were asked for at once and how often each."""

    __slots__ = ()

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__({"table": table, "largest": 0, "asked": torch.zeros(len(table), dtype=torch.int64)})

    def __call__(self, rows) -> torch.Tensor:
        state = Oracle.inside(self)
        count = len(state["table"])
        chosen = torch.arange(count)[rows] if isinstance(rows, slice) else torch.as_tensor(rows).detach().cpu()
        if chosen.dtype == torch.bool and chosen.shape == (count,):
            chosen = chosen.nonzero().flatten()
        chosen = chosen.reshape(-1) if chosen.ndim < 2 else chosen
        if chosen.ndim > 1 or (chosen.is_floating_point() and (chosen != chosen.trunc()).any()):
            raise TypeError(f"rows must be whole numbers in a row, got {rows!r}")
        chosen = chosen.long()
        if chosen.numel() and not 0 <= int(chosen.min()) <= int(chosen.max()) < count:
            raise IndexError(f"the rows are 0 … {count - 1}, got {int(chosen.min())} … {int(chosen.max())}")
        state["largest"] = max(state["largest"], len(chosen))
        state["asked"] += torch.bincount(chosen, minlength=count)
        return state["table"][chosen].mean(0)

    def __str__(self) -> str:
        return f"gradients of {len(Oracle.inside(self)['table'])} examples"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    any_n, any_piece = (int(torch.randint(3, 20, (), generator=generator)) for _ in range(2))
    for n, piece, note in (
        (12, 4, ""),
        (10, 4, "the last piece is smaller"),
        (7, 1, "one example at a time"),
        (5, 8, "a piece could hold more than there is"),
        (any_n, any_piece, ""),
    ):
        table = torch.randn(n, 6, generator=generator, dtype=torch.float64) + torch.arange(n).double()[:, None]
        yield Case((Gradients(table), n, piece), note)


def _judge(result, case) -> str:
    gradient, _, piece = case.arguments
    state = Oracle.inside(gradient)
    table, largest, asked = state["table"], state["largest"], state["asked"]
    if largest > piece:
        return f"You asked for {largest} examples at once; there is memory for {piece}."
    found = vector(result, table.shape[1:], "one gradient")
    whole = table.mean(0)
    scale = whole.abs().max()

    def near(one: torch.Tensor, factor: float = 1.0) -> bool:
        return bool((found - one).abs().max() <= 1e-5 * scale * factor)

    if near(whole):
        return ""
    if (asked == 0).any():
        missing = int((asked == 0).nonzero()[0])
        return f"Example {missing} was never asked for: the smaller piece at the end belongs to the sum, too."
    means = torch.stack([part.mean(0) for part in table.split(piece)])
    if near(means.sum(0), len(means)):
        return "You added up the means of the pieces; weigh each by its share of the examples."
    if near(means.mean(0)):
        return "You took the plain mean over the pieces: the smaller one at the end got too much weight."
    if near(table.sum(0), len(table)):
        return "That is the sum over the examples: divide by their number."
    if (asked > 1).any():
        twice = int((asked > 1).nonzero()[0])
        return f"Example {twice} was asked for {int(asked[twice])} times: do the pieces overlap?"
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
            "Go through the rows piece by piece.",
        ),
        Mistake(
            "mean of the pieces",
            lambda gradient, num_examples, piece: _pieces(gradient, num_examples, piece, lambda g: g.mean(0)),
            "You took the plain mean over the pieces: the smaller one at the end got too much weight.",
        ),
        Mistake(
            "sum of the pieces",
            lambda gradient, num_examples, piece: _pieces(gradient, num_examples, piece, lambda g: g.sum(0)),
            "You added up the means of the pieces; weigh each by its share of the examples.",
        ),
        Mistake(
            "the last piece dropped",
            lambda gradient, num_examples, piece: (
                _pieces(gradient, num_examples, piece, lambda g: g.mean(0), whole_only=True)
                if num_examples >= piece
                else gradient(torch.arange(num_examples))
            ),
            "You left the smaller piece at the end out.",
        ),
    ),
    judge=_judge,
)
