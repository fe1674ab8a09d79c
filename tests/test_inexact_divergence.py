"""Boltzmann machines and contrastive divergence against sums over all states, autograd and sampling."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from labs.inexact import (
    contrastive_divergence,
    divergence_bound,
    gibbs_matrix,
    likelihood_gradient,
    second_eigenvalue,
)
from labs.models import MLP, RBM

V, H, R = 3, 2, 4
MODEL = RBM(V, H)


def machines(dtype: torch.dtype = torch.float64, sd: float = 1.0) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    return MODEL.init(source, R, weight_sd=sd, bias_sd=sd, dtype=dtype, device="cpu")


def examples(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randint(2, (30, V), generator=torch.Generator().manual_seed(1)).to(dtype)


def joint(theta: torch.Tensor) -> dict[tuple, float]:
    """exp(vWh + bv + ch), summed by nothing but loops."""
    weight, b, c = (part.numpy() for part in MODEL.matrices(theta))
    states = itertools.product(itertools.product([0, 1], repeat=V), itertools.product([0, 1], repeat=H))
    return {(v, h): float(np.exp(np.array(v) @ weight @ h + b[0] @ v + c[0] @ h)) for v, h in states}


def test_likelihood_and_conditionals_are_those_of_the_listed_joint_distribution():
    theta = machines()
    visible, hidden = MODEL.states(), MODEL.states("hidden")
    for run in range(R):
        table = joint(theta[run])
        total = sum(table.values())
        assert float(MODEL.log_partition(theta[run])) == pytest.approx(np.log(total))
        for n, v in enumerate(map(tuple, visible.int().tolist())):
            mass = sum(p for (one, _), p in table.items() if one == v)
            assert float(MODEL.log_likelihood(theta, visible)[run, n]) == pytest.approx(np.log(mass / total))
            on = sum(p for (one, h), p in table.items() if one == v and h[1]) / mass
            assert float(MODEL.hidden_probabilities(theta, visible)[run, n, 1]) == pytest.approx(on)
        for n, h in enumerate(map(tuple, hidden.int().tolist())):
            mass = sum(p for (_, one), p in table.items() if one == h)
            on = sum(p for (v, one), p in table.items() if one == h and v[2]) / mass
            assert float(MODEL.visible_probabilities(theta, hidden)[run, n, 2]) == pytest.approx(on)


def test_the_pseudo_likelihood_is_the_product_of_the_conditionals():
    theta = machines()
    table = joint(theta[0])
    marginal = {v: sum(p for (one, _), p in table.items() if one == v) for v, _ in table}
    for n, v in enumerate(map(tuple, MODEL.states().int().tolist())):
        expected = 0.0
        for unit in range(V):
            other = tuple(1 - bit if i == unit else bit for i, bit in enumerate(v))
            expected += np.log(marginal[v] / (marginal[v] + marginal[other]))
        assert float(MODEL.pseudo_log_likelihood(theta, MODEL.states())[0, n]) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_exact_gradient_is_that_of_autograd(dtype):
    theta = machines(dtype).requires_grad_()
    expected = torch.autograd.grad(MODEL.log_likelihood(theta, examples(dtype)).mean(-1).sum(), theta)[0]
    found = likelihood_gradient(MODEL, theta.detach(), examples(dtype))
    assert found.dtype == dtype
    torch.testing.assert_close(found, expected, rtol=1e-4 if dtype == torch.float32 else 1e-10, atol=1e-6)


def test_the_chain_is_a_chain_that_keeps_the_models_distribution():
    theta = machines()
    chain, pi = gibbs_matrix(MODEL, theta), MODEL.log_likelihood(theta, MODEL.states()).exp()
    torch.testing.assert_close(chain.sum(-1), torch.ones(R, 2**V).double())
    torch.testing.assert_close((pi.unsqueeze(-2) @ chain).squeeze(-2), pi)
    flow = pi.unsqueeze(-1) * chain
    torch.testing.assert_close(flow, flow.mT)  # in equilibrium as much goes one way as the other


def test_the_second_eigenvalue_is_numpys():
    theta = machines()
    for run in range(R):
        values = np.sort(np.abs(np.linalg.eigvals(gibbs_matrix(MODEL, theta[run]).numpy())))
        assert float(second_eigenvalue(MODEL, theta)[run]) == pytest.approx(values[-2], abs=1e-9)


def test_the_expectation_is_that_of_sampled_contrastive_divergence():
    theta, v, source = machines()[0], examples(), torch.Generator().manual_seed(5)
    start = v.repeat(2000, 1)
    moved = start
    for _ in range(2):
        h = torch.bernoulli(MODEL.hidden_probabilities(theta, moved), generator=source)
        moved = torch.bernoulli(MODEL.visible_probabilities(theta, h), generator=source)
    up = [MODEL.hidden_probabilities(theta, one) for one in (start, moved)]
    sampled = torch.cat([
        (start.unsqueeze(-1) * up[0].unsqueeze(-2) - moved.unsqueeze(-1) * up[1].unsqueeze(-2)).flatten(-2),
        start - moved, up[0] - up[1],
    ], -1)  # fmt: skip
    error = sampled.std(0) / len(sampled) ** 0.5
    assert ((sampled.mean(0) - contrastive_divergence(MODEL, theta, v, 2)).abs() <= 5 * error).all()


def test_the_bias_keeps_its_bound_and_falls_at_the_second_eigenvalue():
    theta, v = machines(sd=4.0), examples()
    exact = likelihood_gradient(MODEL, theta, v)
    for k in (1, 3, 10):
        bias = contrastive_divergence(MODEL, theta, v, k) - exact
        assert (bias.abs() <= divergence_bound(MODEL, theta, v, k) + 1e-14).all()
    late = [(contrastive_divergence(MODEL, theta, v, k) - exact).norm(dim=-1) for k in (14, 15)]
    seen = late[0] > 1e-10
    assert seen.any()
    torch.testing.assert_close((late[1] / late[0])[seen], second_eigenvalue(MODEL, theta)[seen], rtol=3e-2, atol=0)


def test_many_machines_at_once_are_those_alone_in_any_precision():
    theta, v = machines(torch.float32), examples(torch.float32)
    for run in range(R):
        for function in (contrastive_divergence, divergence_bound):
            alone = function(MODEL, theta[run], v, 2)
            torch.testing.assert_close(function(MODEL, theta, v, 2)[run], alone)
        torch.testing.assert_close(second_eigenvalue(MODEL, theta)[run], second_eigenvalue(MODEL, theta[run]))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: RBM(0, 2), "num_visible must be a whole number of at least 1, got 0"),
        (lambda: RBM(3, 17), "num_hidden must be at most 16"),
        (lambda: MODEL.init(torch.Generator(), weight_sd=-1), "weight_sd must be a finite number ≥ 0, got -1"),
        (lambda: MODEL.free_energy(machines(), torch.zeros(2, 4).double()), "x must have shape"),
        (lambda: MODEL.free_energy(machines(), torch.zeros(2, 3)), "convert one"),
        (lambda: likelihood_gradient(MODEL, machines(), examples() / 2), "zeros and ones"),
        (lambda: likelihood_gradient(MODEL, machines(), examples()[:0]), "zeros and ones"),
        (lambda: contrastive_divergence(MODEL, machines(), examples(), 0), "num_steps must be a whole number"),
        (lambda: gibbs_matrix(MODEL, torch.zeros(5)), "draw one with model.init"),
        (lambda: gibbs_matrix(MLP((3, 2)), torch.zeros(8)), "model must be a labs.models.RBM"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
