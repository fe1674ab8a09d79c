"""Exercise 6.5: which unit does the work of which."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def matching_order(W_a: torch.Tensor, V_a: torch.Tensor, W_b: torch.Tensor, V_b: torch.Tensor) -> torch.Tensor:
    """The order (n,) in which the hidden units of network b must stand
    for its weights to lie nearest to those of a.

    Nearest means the least ‖W_a − W_b[order]‖² + ‖V_a − V_b[:, order]‖².
    W has shape (n, d), V (C, n). The answer is a permutation of
    0 … n − 1; n can be 60.
    """
    from scipy.optimize import linear_sum_assignment

    gain = W_a @ W_b.T + V_a.T @ V_b
    return torch.as_tensor(linear_sum_assignment(gain.numpy(), maximize=True)[1])


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    W, V, order = normal(4, 3), normal(2, 4), torch.tensor([2, 0, 3, 1])
    yield Case((W, V, W[order], V[:, order]), "b is a reordered copy of a")
    yield Case((W, V, normal(4, 3), normal(2, 4)), "two networks that have nothing to do with each other")
    W, V = normal(5, 1), 3 * normal(4, 5)
    yield Case((W, V, normal(5, 1), 3 * normal(4, 5)), "the outgoing weights count for more than the incoming")
    W, V = normal(60, 8), normal(3, 60)
    places = torch.randperm(60, generator=generator)
    noisy = W[places] + 0.3 * normal(60, 8), V[:, places] + 0.3 * normal(3, 60)
    yield Case((W, V, *noisy), "sixty units, a noisy copy: too many orders to try")
    lengths = torch.exp(normal(12))
    pair = [(normal(12, 4) * lengths[:, None], normal(2, 12)) for _ in range(2)]
    yield Case((*pair[0], *pair[1]), "units of very different lengths")


def _assigned(gain, maximize=True):
    from scipy.optimize import linear_sum_assignment

    return torch.as_tensor(linear_sum_assignment(gain.numpy(), maximize=maximize)[1])


def _greedy(W_a, V_a, W_b, V_b):
    gain, order = W_a @ W_b.T + V_a.T @ V_b, []
    for row in gain:
        free = [j for j in range(len(row)) if j not in order]
        order.append(max(free, key=lambda j: float(row[j])))
    return torch.tensor(order)


EXERCISE = Exercise(
    id="6.5",
    title="Which unit is which?",
    solution=matching_order,
    cases=_cases,
    hints=(
        "Write out the squares: exchanging units does not change ‖W_b‖ and ‖V_b‖, so the least distance belongs to "
        "the largest Σᵢ gain[i, order[i]]. What is gain[i, j]?",
        "gain[i, j] is row i of W_a times row j of W_b, plus column i of V_a times column j of V_b.",
        "scipy.optimize.linear_sum_assignment(gain, maximize=True) returns two arrays; the second one is the order.",
    ),
    analysis="A search through all n! orders becomes a problem that is solved in about n³ operations, because the "
    "distance is a sum over pairs. With several hidden layers it is no longer one: the gain of a pair depends on the "
    "orders of the neighbouring layers, and labs.landscape.match_units goes from layer to layer until nothing changes.",
    mistakes=(
        Mistake(
            "the best partner of each",
            lambda W_a, V_a, W_b, V_b: (W_a @ W_b.T + V_a.T @ V_b).argmax(1),
            "Two units of a may like the same unit of b best. Each can be given away once: the order must be a "
            "permutation.",
        ),
        Mistake(
            "one after the other",
            _greedy,
            "You let the units of a choose one after the other. What the first takes may be worth more to the last: "
            "the sum has to be made largest as a whole.",
        ),
        Mistake(
            "incoming weights alone",
            lambda W_a, V_a, W_b, V_b: _assigned(W_a @ W_b.T),
            "You compared the incoming weights alone. The outgoing ones are part of the distance.",
        ),
        Mistake(
            "the inverse order",
            lambda W_a, V_a, W_b, V_b: _assigned(W_a @ W_b.T + V_a.T @ V_b).argsort(),
            "You returned the place to which each unit of b goes. The order says which unit of b comes to each place.",
        ),
        Mistake(
            "the farthest",
            lambda W_a, V_a, W_b, V_b: _assigned(W_a @ W_b.T + V_a.T @ V_b, maximize=False),
            "This order makes the distance largest: the gain is to be maximized.",
        ),
        Mistake(
            "cosines",
            lambda W_a, V_a, W_b, V_b: _assigned(
                torch.nn.functional.cosine_similarity(
                    torch.cat([W_a, V_a.T], 1)[:, None], torch.cat([W_b, V_b.T], 1)[None], dim=-1
                )
            ),
            "You compared directions. The distance that is asked for counts lengths: use products, not cosines.",
        ),
    ),
)
