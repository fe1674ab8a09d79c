"""Exercise 4.3: one gradient from those of several machines."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def combine_shards(gradients: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """The gradient of the mean loss over all examples, shape (P,), from
    that over each shard, shape (K, P).

    ``sizes``, shape (K,), holds the number of examples of each shard; a
    shard without any has NaN for its gradient. If no shard has any,
    return zeros: there is nothing to learn from.
    """
    used = sizes > 0
    weights = sizes[used].to(gradients.dtype) / sizes.sum()
    return weights @ gradients[used]


def _draw(k: int, p: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(k, p, generator=generator, dtype=torch.float64)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([[1.0, 0.0], [5.0, 4.0]], dtype=torch.float64), torch.tensor([3, 1])))
    yield Case((_draw(4, 6, generator), torch.tensor([32, 32, 32, 17])), "the last shard is smaller")
    for _ in range(3):
        k = int(torch.randint(2, 9, (), generator=generator))
        yield Case((_draw(k, 5, generator), torch.randint(1, 100, (k,), generator=generator)))
    idle = _draw(3, 4, generator)
    idle[1] = torch.nan
    yield Case((idle, torch.tensor([10, 0, 30])), "one machine got no examples: its mean over nothing is NaN")
    idle = _draw(5, 3, generator)
    idle[[0, 3]] = torch.nan
    yield Case((idle, torch.tensor([0, 7, 2, 0, 11])), "two machines got no examples")
    yield Case(
        (torch.full((2, 3), torch.nan, dtype=torch.float64), torch.tensor([0, 0])), "no machine got any examples"
    )
    yield Case((_draw(1, 4, generator), torch.tensor([5])), "there is one machine")


def _weighted(gradients, sizes):
    return (sizes.to(gradients.dtype) / sizes.sum()) @ gradients


EXERCISE = Exercise(
    id="4.3",
    title="Shards of any size",
    solution=combine_shards,
    cases=_cases,
    hints=(
        "Each shard's gradient is a sum over its examples divided by its size. Undo the division, add, divide once.",
        "That is Σ_k (n_k / n) g_k, with n = Σ n_k.",
        "0 · NaN is NaN: leave shards without examples out before you multiply, e.g. with a mask sizes > 0.",
    ),
    analysis="The plain mean is right for equal shards, and that is why the mistake survives all tests with a round "
    "number of examples. It shows in the last batch of an epoch, where it weighs few examples like many.",
    mistakes=(
        Mistake(
            "plain mean",
            lambda gradients, sizes: gradients.nanmean(0),
            "You gave every shard the same weight; each *example* should have the same weight, so weigh by sizes.",
        ),
        Mistake(
            "sum",
            lambda gradients, sizes: gradients.nansum(0),
            "You added the gradients of the shards; the gradient of a mean is a weighted mean of them.",
        ),
        Mistake(
            "not divided",
            lambda gradients, sizes: _weighted(gradients.nan_to_num(), sizes) * sizes.sum(),
            "The weights should add up to 1: divide by the number of all examples.",
        ),
        Mistake(
            "no examples at all",
            lambda gradients, sizes: (gradients.nan_to_num() * sizes[:, None]).sum(0) / sizes.sum(),
            "With no examples at all you divided 0 by 0: return zeros then.",
        ),
        Mistake(
            "divided by the shards",
            lambda gradients, sizes: _weighted(gradients.nan_to_num(), sizes) * sizes.sum() / (sizes > 0).sum(),
            "You divided by the number of shards: divide by the number of all examples.",
        ),
        Mistake(
            "a softmax of the sizes",
            lambda gradients, sizes: gradients.nan_to_num().T @ torch.softmax(sizes.to(gradients.dtype), 0),
            "The weights are the shares of the examples, n_k / n, and not a softmax.",
        ),
        Mistake("NaN of the empty shard", _weighted, "0 · NaN is NaN: leave out the shards that have no examples."),
    ),
)
