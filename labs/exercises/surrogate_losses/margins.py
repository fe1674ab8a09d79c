"""Exercise 3.1: the margin for many classes."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def margins(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """By how much the output of the right class exceeds the largest of
    the others, for each example, shape (N,).

    ``outputs`` (N, C) are those of the network, before any softmax;
    ``targets`` (N,) are the right classes.
    """
    right = outputs.gather(1, targets[:, None]).squeeze(1)
    others = outputs.scatter(1, targets[:, None], -torch.inf)
    return right - others.max(dim=1).values


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def draw(examples, classes, shift=0.0):
        outputs = torch.randn(examples, classes, generator=generator, dtype=torch.float64) + shift
        return outputs, torch.randint(classes, (examples,), generator=generator)

    yield Case(draw(4, 3))
    yield Case(draw(50, 10))
    yield Case(draw(6, 2), "two classes")
    yield Case(draw(5, 4, shift=-100.0), "all outputs are negative")
    yield Case(draw(1, 5), "one example")
    outputs, targets = draw(8, 3)
    outputs[:, 1] = outputs[:, 0]
    yield Case((outputs, targets), "two classes have the same output")
    outputs, targets = draw(6, 4)
    yield Case((-1e12 * (1 + outputs.abs()), targets), "all outputs are far below zero")
    yield Case(draw(*(int(torch.randint(2, 40, (), generator=generator)) for _ in range(2))))


def _with_itself(outputs, targets):
    return outputs.gather(1, targets[:, None]).squeeze(1) - outputs.max(dim=1).values


def _confidence(outputs, targets):
    top = outputs.topk(2, dim=1).values
    return top[:, 0] - top[:, 1]


def _of_probabilities(outputs, targets):
    return margins(outputs.softmax(dim=1), targets)


def _zeroed(outputs, targets):
    right = outputs.gather(1, targets[:, None]).squeeze(1)
    return right - outputs.scatter(1, targets[:, None], 0.0).max(dim=1).values


def _filled(outputs, targets):
    right = outputs.gather(1, targets[:, None]).squeeze(1)
    return right - outputs.scatter(1, targets[:, None], -1e9).max(dim=1).values


def _values_removed(outputs, targets):
    right = outputs.gather(1, targets[:, None])
    return (right - outputs.masked_fill(outputs == right, -torch.inf).max(dim=1, keepdim=True).values)[:, 0]


EXERCISE = Exercise(
    id="3.1",
    title="A margin for ten classes",
    solution=margins,
    cases=_cases,
    hints=(
        "Two numbers are needed of each row: the output of its right class, and the largest of all the others.",
        "outputs.gather(1, targets[:, None]) picks the first; it has shape (N, 1).",
        "For the second, overwrite the right class with something that never is the largest, "
        "outputs.scatter(1, targets[:, None], -torch.inf), and take the maximum over dim=1.",
    ),
    analysis="The margin is positive exactly if the answer is right, and |margin| is how far the outputs are from "
    "another answer. It looks at the truth; the gap between the two largest outputs does not, and is large for a "
    "confident error, too. labs.losses.margin is this function.",
    mistakes=(
        Mistake(
            "the right class is among the others",
            _with_itself,
            "You took the maximum over all classes, the right one included: the margin of a right answer becomes 0.",
        ),
        Mistake(
            "confidence instead of margin",
            _confidence,
            "You subtracted the second largest output from the largest. That is confidence: it is positive for wrong "
            "answers, too. The margin starts from the right class.",
        ),
        Mistake("of probabilities", _of_probabilities, "You applied a softmax first. The margin is one of outputs."),
        Mistake(
            "zero for the right class",
            _zeroed,
            "You overwrote the right class with 0. Where all other outputs are negative, 0 is the largest.",
        ),
        Mistake(
            "a large negative number for the right class",
            _filled,
            "You overwrote the right class with a large negative number. Outputs can lie below it: take -torch.inf.",
        ),
        Mistake(
            "by value",
            _values_removed,
            "You left out every class with the output of the right one. Another class with the same output counts: the "
            "margin is 0 then.",
        ),
        Mistake(
            "upside down", lambda outputs, targets: -margins(outputs, targets), "The sign is wrong: right − other."
        ),
        Mistake(
            "their mean",
            lambda outputs, targets: margins(outputs, targets).mean(),
            "That is the mean margin. Return that of each example.",
        ),
    ),
)
