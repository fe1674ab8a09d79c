"""Set splitting and three threshold units: searches against plain enumeration, and each refusal."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from labs.limits import FANO_PLANE, backtrack, exact_three_units, random_triples, splits, three_unit_examples


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _plain_search(triples: list, n: int) -> tuple[bool, list, int]:
    """A recursion as one would write it down; its visits are counted as it goes."""
    visited = 0

    def go(sides: list) -> list | None:
        nonlocal visited
        for triple in triples:
            if max(triple) < len(sides) and len({sides[p] for p in triple}) == 1:
                return None
        visited += 1
        if len(sides) == n:
            return sides
        for side in (False, True):
            if (found := go([*sides, side])) is not None:
                return found
        return None

    found = go([False])
    return found is not None, found or [False] * n, visited


@pytest.mark.parametrize(("n", "m"), [(3, 1), (6, 8), (7, 17), (9, 22)])
def test_backtracking_is_that_of_a_recursion(n: int, m: int) -> None:
    triples = random_triples(n, m, 12, _generator(n))
    search = backtrack(triples, n)
    for k in range(12):
        assert (search.splittable[k], search.sides[k].tolist(), search.num_visited[k]) == _plain_search(
            triples[k].tolist(), n
        )
    assert splits(triples, search.sides)[search.splittable].all()


def test_splits_counts_the_sides_of_each_triple() -> None:
    triples = random_triples(6, 5, 3, _generator(1))
    sides = torch.tensor(list(product([False, True], repeat=6)))
    told = splits(triples, sides[:, None].expand(-1, 3, -1))
    for k, instance in enumerate(triples.tolist()):
        own = [all(len({row[p] for p in triple}) == 2 for triple in instance) for row in sides.tolist()]
        assert told[:, k].tolist() == own


def test_random_triples_are_different_and_equally_likely() -> None:
    triples = random_triples(5, 4, 6000, _generator(2))
    keys = triples.sort(-1).values @ torch.tensor([25, 5, 1])
    assert all(len(set(row)) == 4 for row in keys.tolist())
    _, counts = keys.unique(return_counts=True)
    assert len(counts) == 10
    share = counts / 6000  # each of the ten is in an instance with probability 4/10
    assert ((share - 0.4).abs() < 5 * (0.24 / 6000) ** 0.5).all()


def test_the_fano_plane_is_a_projective_plane_that_nothing_splits() -> None:
    pairs = {frozenset(pair) for line in FANO_PLANE.tolist() for pair in product(line, line) if pair[0] != pair[1]}
    assert len(pairs) == 21
    sides = torch.tensor(list(product([False, True], repeat=7)))
    assert not splits(FANO_PLANE, sides).any()


def test_three_units_can_just_if_the_triples_can_be_split() -> None:
    triples = random_triples(6, 13, 8, _generator(3))
    told = backtrack(triples, 6).splittable
    assert 0 < told.sum() < 8
    x, y = three_unit_examples(triples, 6)
    for k in range(8):
        search = exact_three_units(x[k], y)
        assert (search.weight is not None) == told[k]
        if search.weight is None:
            assert search.num_partitions == 2**5
            assert 2**5 <= search.num_programs <= 2**6
        else:
            right = (x[k].double() @ search.weight.T + search.bias > 0).all(-1)
            assert torch.equal(right, y == 1)
            rejected = ~(x[k, 1:7].double() @ search.weight[0] + search.bias[0] > 0)
            assert splits(triples[k], rejected)


def test_a_splitting_gives_weights_by_blum_and_rivests_formula() -> None:
    triples = random_triples(9, 9, 20, _generator(4))
    search = backtrack(triples, 9)
    x, y = three_unit_examples(triples, 9)
    assert search.splittable.all()
    weight = torch.stack([torch.where(side, -1.0, 2.0) for side in (search.sides, ~search.sides)], -2)
    assert torch.equal((x @ weight.mT + 0.5 > 0).all(-1), (y == 1).expand(20, -1))


def test_the_search_is_one_for_any_examples() -> None:
    x = torch.tensor([[0.0], [1.0], [2.0], [3.0], [4.0]])
    band = exact_three_units(x, torch.tensor([0, 0, 1, 1, 0]))
    assert torch.equal((x.double() @ band.weight.T + band.bias > 0).all(-1), torch.tensor([0, 0, 1, 1, 0]) == 1)
    hole = exact_three_units(x, torch.tensor([1, 0, 1, 0, 1]))
    assert (hole.weight, hole.bias, hole.num_partitions) == (None, None, 2)


def test_what_cannot_be_is_refused() -> None:
    one = torch.tensor([[0, 1, 2]])
    with pytest.raises(ValueError, match="num_triples must be at most 4, all triples of 4 points, got 5"):
        random_triples(4, 5, 1, _generator())
    with pytest.raises(ValueError, match=r"num_points must be from 3 to 20, got 21"):
        backtrack(one[None], 21)
    with pytest.raises(ValueError, match=r"use triples\[None\] for one"):
        backtrack(one, 4)
    with pytest.raises(ValueError, match=r"name points from 0 to 2, got 3; count the points from 0"):
        splits(one + 1, torch.zeros(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="three different points"):
        backtrack(torch.tensor([[[0, 1, 1]]]), 3)
    with pytest.raises(ValueError, match=r"whole numbers \(…, m, 3\), got torch.float32"):
        splits(one.float(), torch.zeros(3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"from 0 to 2, got \(1, 2\)"):
        three_unit_examples(one[:, :2], 3)
    with pytest.raises(ValueError, match="N classes 0 and 1"):
        exact_three_units(torch.zeros(2, 1), torch.tensor([0, 2]))
    for classes in (torch.ones(21), torch.zeros(21)):
        with pytest.raises(ValueError, match=r"1 to 20 examples of class 0, got (0|21)"):
            exact_three_units(torch.zeros(21, 1), classes.long())
