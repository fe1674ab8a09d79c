"""Exercise 1.3: a rule that stops by itself."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def stop_with_patience(validation: torch.Tensor, patience: int) -> tuple[int, int]:
    """The step at which training stops, and the step that is kept.

    Training stops at the first step that is ``patience`` ≥ 0 steps after
    the best one so far, or at the last reading. A loss equal to the best
    is no improvement. ``validation`` (T,) holds the loss before each
    step; a NaN counts as infinitely large, so that a first reading of
    NaN is the best only until there is a number.
    """
    readings = torch.nan_to_num(validation, nan=torch.inf).tolist()
    best = 0
    for step in range(len(readings)):
        if readings[step] < readings[best]:
            best = step
        if step - best >= patience:
            return step, best
    return len(readings) - 1, best


def _cases(generator: torch.Generator) -> Iterator[Case]:
    curve = torch.linspace(-1, 2, 40, dtype=torch.float64) ** 2
    yield Case((curve, 5))
    yield Case((curve.flip(0)[:20], 5), "patience is never lost")
    bumpy = torch.tensor([1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.74, 0.73, 0.6], dtype=torch.float64)
    yield Case((bumpy, 3), "the curve has bumps")
    yield Case((bumpy, 4), "the curve has bumps")
    yield Case((torch.tensor([0.5] * 8, dtype=torch.float64), 3), "the loss never changes")
    yield Case((curve + 0.2 * torch.rand(40, generator=generator, dtype=torch.float64), 1), "hardly any patience")
    nan = torch.nan
    for readings, patience, note in (
        ([1.0, 0.7, nan, nan, 0.6, 0.8, 0.9], 3, "some readings are NaN"),
        ([nan, nan, 2.0, 1.0, nan, nan, nan], 3, "the first readings are NaN"),
        ([nan, 5.0, 4.0, 3.0], 2, "the first reading is NaN"),
        ([nan] * 6, 4, "all readings are NaN"),
        ([0.9, 0.8, 0.7], 0, "patience is 0: the first step is 0 steps after the best so far"),
        ([0.9], 3, "there is one reading"),
    ):
        yield Case((torch.tensor(readings, dtype=torch.float64), patience), note)
    for _ in range(4):
        noisy = curve + torch.rand(40, generator=generator, dtype=torch.float64)
        noisy[torch.rand(40, generator=generator) < 0.1] = nan
        yield Case((noisy, int(torch.randint(1, 9, (), generator=generator))), "noise, and a few readings of NaN")


def _keeps_the_last(validation, patience):
    stop, _ = stop_with_patience(validation, patience)
    return stop, stop


def _stuck_at_nan(validation, patience):
    best = 0
    for step in range(len(validation)):
        if validation[step] < validation[best]:
            best = step
        if step - best >= patience:
            return step, best
    return len(validation) - 1, best


def _equal_counts(validation, patience):
    best, readings = 0, validation.nan_to_num(nan=torch.inf).tolist()
    for step in range(len(readings)):
        if readings[step] <= readings[best]:
            best = step
        if step - best >= patience:
            return step, best
    return len(readings) - 1, best


def _counts_rises(validation, patience):
    best = rises = 0
    for step in range(1, len(validation)):
        rises = rises + 1 if validation[step] >= validation[step - 1] else 0
        if validation[step] < validation[best]:
            best = step
        if rises >= patience:
            return step, best
    return len(validation) - 1, best


def _one_late(validation, patience):
    return stop_with_patience(validation, patience + 1)


def _looks_ahead(validation, patience):
    best = int(validation.argmin())
    return min(best + patience, len(validation) - 1), best


EXERCISE = Exercise(
    id="1.3",
    title="Patience",
    solution=stop_with_patience,
    cases=_cases,
    hints=(
        "Walk through the readings once and remember one thing: the step of the best loss so far.",
        "At each step, first ask whether this reading is the new best (strictly lower), then whether the best lies "
        "patience steps back.",
        "If the loop ends without having stopped, the last step is len(validation) − 1, and the best is still the one "
        "that you remember.",
    ),
    analysis="The rule uses nothing that lies ahead, so it can run while training does. It has a price: patience steps "
    "are computed in vain at the end, and with too little patience a bump is taken for the turn. "
    "labs.training.EarlyStopping is this rule, run for each member of an ensemble.",
    mistakes=(
        Mistake(
            "keeps the last",
            _keeps_the_last,
            "You keep the parameters of the step at which you stopped. Those of the best step are the ones worth it.",
        ),
        Mistake(
            "counts rises in a row",
            _counts_rises,
            "You counted how often the loss rose in a row. Patience counts the steps since the best one: after a bump, "
            "a fall that does not reach a new best is no improvement.",
        ),
        Mistake(
            "stuck at NaN",
            _stuck_at_nan,
            "No number is below NaN, so the first reading stays your best one. A NaN counts as infinitely large.",
        ),
        Mistake("an equal loss counts", _equal_counts, "You took a loss equal to the best for an improvement."),
        Mistake(
            "the other way round",
            lambda validation, patience: stop_with_patience(validation, patience)[::-1],
            "The two are in the wrong order: the step at which training stops comes first.",
        ),
        Mistake("one step late", _one_late, "You stop one step late: stop as soon as step − best equals patience."),
        Mistake(
            "looks ahead",
            _looks_ahead,
            "You took the minimum of the whole curve. While training, the readings after this step do not exist yet.",
        ),
    ),
)
