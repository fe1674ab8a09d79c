"""Exercise 2.3: what even a function that may be anything cannot get right."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def least_training_error(x: torch.Tensor, y: torch.Tensor) -> float:
    """The least share of errors on x (m, d), y (m,) that ANY function of
    x can have, however large the network.

    Rows of x that are equal in every entry must get the same answer (−0.0
    equals 0.0); however little they differ, they may get different ones.
    ``y`` holds class numbers.
    """
    _, which = torch.unique(x, dim=0, return_inverse=True)
    counts = torch.zeros(int(which.max()) + 1, int(y.max()) + 1, dtype=torch.int64, device=x.device)
    counts.index_put_((which, y), torch.ones_like(y), accumulate=True)
    return 1 - counts.amax(1).sum().item() / len(y)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def draw(m, distinct, classes):
        rows = torch.randn(distinct, 3, generator=generator, dtype=torch.float64)
        return rows[torch.randint(distinct, (m,), generator=generator)], torch.randint(
            classes, (m,), generator=generator
        )

    x = torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    yield Case((x, torch.tensor([1, 1, 0, 2])), "three rows are equal and one of them disagrees")
    yield Case(
        (torch.arange(6, dtype=torch.float64)[:, None], torch.tensor([0, 1, 0, 1, 0, 1])), "no two rows are equal"
    )
    yield Case((x[:, [0, 0]], torch.tensor([2, 0, 1, 2])))
    yield Case(draw(60, 10, 4))
    yield Case(draw(200, 120, 2), "some rows occur once, others often")
    alike = torch.full((60, 3), 7.0, dtype=torch.float64)
    alike[:, 2] = torch.randint(3, (60,), generator=generator)
    yield Case((alike, torch.randint(3, (60,), generator=generator)), "rows differ in the last column only")
    near = 3 + 1e-7 * torch.tensor([[0, 0], [0, 1], [1, 0], [0, 1]], dtype=torch.float64)
    yield Case((near, torch.tensor([0, 1, 1, 0])), "rows differ by 1e-7")
    signed = torch.tensor([[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0]], dtype=torch.float64)
    yield Case((signed, torch.tensor([0, 1, 1])), "-0.0 and 0.0 are equal")
    yield Case(draw(int(torch.randint(20, 90, (), generator=generator)), 12, 5))


def _all_in_conflict(x, y):
    _, which = torch.unique(x, dim=0, return_inverse=True)
    wrong = sum(int((which == k).sum()) for k in which.unique() if len(y[which == k].unique()) > 1)
    return wrong / len(y)


def _pairs(x, y):
    _, which = torch.unique(x, dim=0, return_inverse=True)
    return sum(int(len(y[which == k].unique()) > 1) for k in which.unique()) / len(y)


def _duplicates(x, y):
    return 1 - len(torch.unique(x, dim=0)) / len(y)


def _first_column(x, y):
    return least_training_error(x[:, :1], y)


def _nearly_equal(x, y):
    return least_training_error(x.mul(1e4).round(), y)


def _counted(x, y):
    return round(least_training_error(x, y) * len(y))


def _of_distinct(x, y):
    _, which = torch.unique(x, dim=0, return_inverse=True)
    shares = [float((y[which == k] != y[which == k].mode().values).double().mean()) for k in which.unique()]
    return sum(shares) / len(shares)


EXERCISE = Exercise(
    id="2.3",
    title="The floor of the training error",
    solution=least_training_error,
    cases=_cases,
    hints=(
        "Look at one group of equal rows. The function must give them all the same answer: which one is best?",
        "The label that occurs most often. All other examples of the group are errors. torch.unique(x, dim=0, "
        "return_inverse=True) numbers the groups.",
        "Add up the size of the most frequent label of each group, divide by m, and subtract from 1.",
    ),
    analysis="Random labels can be learned by heart only because no two images are equal. Where inputs repeat, the "
    "empirical risk has a floor, and it estimates something real: the error that the best possible rule would make, "
    "because x does not determine y. With continuous inputs that floor of the truth stays hidden behind a training "
    "error of 0.",
    mistakes=(
        Mistake(
            "every conflict wrong",
            _all_in_conflict,
            "You counted all examples of a conflicting group as errors. The most frequent label can be got right.",
        ),
        Mistake(
            "one error a conflict",
            _pairs,
            "You counted one error for each conflicting group. It costs all examples but those of the best label.",
        ),
        Mistake(
            "all repetitions", _duplicates, "A row that repeats with the same label is no error. Look at the labels."
        ),
        Mistake(
            "the first column alone",
            _first_column,
            "You compared one column. Two rows are equal if they are so in every one of them.",
        ),
        Mistake(
            "nearly equal",
            _nearly_equal,
            "You took rows that are nearly equal for equal. A function may tell them apart, however near they are.",
        ),
        Mistake("counted", _counted, "Return the share of errors, not their number."),
        Mistake(
            "what can be right",
            lambda x, y: 1 - least_training_error(x, y),
            "That is the largest share of right answers. Asked is the share of errors.",
        ),
        Mistake(
            "mean over groups",
            _of_distinct,
            "You averaged over the groups. A group counts as often as it occurs: divide by the number of examples.",
        ),
    ),
)
