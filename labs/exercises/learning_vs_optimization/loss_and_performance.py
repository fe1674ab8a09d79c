"""Exercise 1.1: J and P of one batch of outputs."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def loss_and_performance(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy in nats and the error rate, shape (2,).

    ``outputs`` (N, C) are the network's outputs before any softmax,
    ``targets`` (N,) the right classes.
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
    examples, classes = (int(torch.randint(2, 30, (), generator=generator)) for _ in range(2))
    yield Case(draw(examples, classes, scale=3.0), f"{examples} examples of {classes} classes")
    yield Case(draw(500, 3), "more examples than classes by far")


def _summed(outputs, targets):
    return loss_and_performance(outputs, targets) * torch.tensor([len(targets), 1.0], dtype=outputs.dtype)


def _accuracy(outputs, targets):
    J, P = loss_and_performance(outputs, targets)
    return torch.stack([J, 1 - P])


def _overflowing(outputs, targets):
    p = outputs.exp() / outputs.exp().sum(1, keepdim=True)
    J = -p[torch.arange(len(targets)), targets].log().mean()
    return torch.stack([J, loss_and_performance(outputs, targets)[1]])


def _clamped(outputs, targets):
    p = outputs.softmax(1)[torch.arange(len(targets)), targets]
    return torch.stack([-p.clamp(min=1e-12).log().mean(), loss_and_performance(outputs, targets)[1]])


def _lost(outputs, targets):
    J = -outputs.softmax(1)[torch.arange(len(targets)), targets].log().mean()
    return torch.stack([J, loss_and_performance(outputs, targets)[1]])


def _twice(outputs, targets):
    J = torch.nn.functional.cross_entropy(outputs.softmax(1), targets)
    return torch.stack([J, loss_and_performance(outputs, targets)[1]])


def _in_bits(outputs, targets):
    return loss_and_performance(outputs, targets) / torch.tensor([0.6931471805599453, 1], dtype=outputs.dtype)


def _swapped(outputs, targets):
    return loss_and_performance(outputs, targets).flip(0)


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
        Mistake(
            "a floor under the probability",
            _clamped,
            "You put a floor under the probability before its logarithm, which caps the loss. Use outputs − "
            "logsumexp(outputs), which needs no floor.",
        ),
        Mistake(
            "the logarithm of a softmax",
            _lost,
            "The softmax is rounded to 0, and log 0 is infinite. Use outputs − logsumexp(outputs), or log_softmax.",
        ),
        Mistake(
            "a softmax before cross_entropy",
            _twice,
            "You applied a softmax before a cross-entropy that has one built in: hand it the outputs as they are.",
        ),
        Mistake("in bits", _in_bits, "This loss is in bits. In nats the logarithm is the natural one."),
        Mistake("the other way round", _swapped, "The two are in the wrong order: the loss comes first."),
    ),
    rowwise=True,
)
