"""Exercise 1.1: J and P of one batch of outputs."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def loss_and_performance(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy in nats and the error rate, as a tensor of shape (2,).

    ``outputs`` (N, C) are the network's outputs before any softmax, ``targets`` (N,) the right classes.
    """
    log_p = outputs - outputs.logsumexp(dim=1, keepdim=True)
    J = -log_p[torch.arange(len(targets)), targets].mean()
    P = (outputs.argmax(dim=1) != targets).to(outputs.dtype).mean()
    return torch.stack([J, P])


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def draw(examples, classes, scale=1.0):
        outputs = scale * torch.randn(examples, classes, generator=generator, dtype=torch.float64)
        return outputs, torch.randint(classes, (examples,), generator=generator)

    yield Case(draw(6, 3))
    yield Case(draw(40, 10))
    yield Case(draw(1, 5), "a batch of one example")
    yield Case(draw(8, 4, scale=1000.0), "outputs in the thousands, where exp overflows")


def _summed(outputs, targets):
    return loss_and_performance(outputs, targets) * torch.tensor([len(targets), 1.0], dtype=outputs.dtype)


def _accuracy(outputs, targets):
    J, P = loss_and_performance(outputs, targets)
    return torch.stack([J, 1 - P])


def _overflowing(outputs, targets):
    p = outputs.exp() / outputs.exp().sum(1, keepdim=True)
    J = -p[torch.arange(len(targets)), targets].log().mean()
    return torch.stack([J, loss_and_performance(outputs, targets)[1]])


def _all_entries(outputs, targets):
    J = -outputs.log_softmax(1).mean()
    return torch.stack([J, loss_and_performance(outputs, targets)[1]])


EXERCISE = Exercise(
    id="1.1",
    title="Two numbers from the same outputs",
    solution=loss_and_performance,
    cases=_cases,
    hints=(
        "The cross-entropy of an example is −log p of its right class, with p = softmax(outputs). Only one entry of "
        "each row counts.",
        "log softmax is outputs − log Σ exp(outputs), and torch.logsumexp computes the second part without overflow. "
        "Row i's right class is log_p[i, targets[i]]: index with torch.arange(N) and targets together.",
        "The error rate is the mean of outputs.argmax(dim=1) != targets, turned into floating point. "
        "torch.stack([J, P]) makes one tensor of the two.",
    ),
    analysis="J looks at how much probability the right class got, P only at whether it got the most. The two can "
    "move in opposite directions, because an example that is wrong costs P the same however wrong it is, and J the "
    "more, the more confident the error. For J alone, torch.nn.functional.cross_entropy does it in one call.",
    mistakes=(
        Mistake("summed", _summed, "Your loss is N times too large: you summed, and J is a mean over the examples."),
        Mistake("accuracy", _accuracy, "You returned the accuracy. The error rate is 1 minus that."),
        Mistake(
            "exp overflows",
            _overflowing,
            "For large outputs exp overflows to infinity and the quotient is NaN. Use outputs − logsumexp(outputs).",
        ),
        Mistake(
            "all classes averaged",
            _all_entries,
            "You averaged −log p over all classes. Only the right class of each example counts.",
        ),
    ),
)
