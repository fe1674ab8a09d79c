"""One unit unrolled: against a scalar loop in Python, finite differences, autograd, the closed form on the cliff."""

from __future__ import annotations

import math

import pytest
import torch

from labs import objectives
from labs.recurrence import cliff_bias, taylor_radius, unroll


def places(num: int = 50, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    w = 1 + 3 * torch.rand(num, generator=source, dtype=torch.float64)
    return w.to(dtype), (torch.rand(num, generator=source, dtype=torch.float64) - 0.5).to(dtype)


def last_state(w: float, b: float, num_steps: int, start: float = 0.1) -> float:
    h = start
    for _ in range(num_steps):
        h = math.tanh(w * h + b)
    return h


class TestUnrolled:
    def test_states_are_those_of_a_scalar_loop(self):
        w, b = places()
        states = unroll(w, b, num_steps=9).states
        assert states.shape == (10, 50)
        assert (states[0] == 0.1).all()
        for t in (1, 5, 9):
            expected = [last_state(*pair, t) for pair in zip(w.tolist(), b.tolist(), strict=True)]
            torch.testing.assert_close(states[t], torch.tensor(expected, dtype=torch.float64), rtol=1e-13, atol=0)

    @pytest.mark.parametrize("num_steps", [1, 8])
    def test_derivatives_are_finite_differences(self, num_steps):
        w, b = places()
        made, step = unroll(w, b, num_steps), 1e-6
        for derivative, (dw, db) in ((made.by_w, (step, 0.0)), (made.by_b, (0.0, step))):
            up, down = (unroll(w + s * dw, b + s * db, num_steps).states[-1] for s in (1, -1))
            torch.testing.assert_close(derivative, (up - down) / (2 * step), rtol=1e-6, atol=1e-8)

    def test_derivatives_are_autograds_and_those_of_the_surface(self):
        w, b = (t.requires_grad_() for t in places())
        made = unroll(w, b)
        by_w, by_b = torch.autograd.grad(made.states[-1].sum(), (w, b))
        torch.testing.assert_close(made.by_w.detach(), by_w, rtol=1e-10, atol=0)
        torch.testing.assert_close(made.by_b.detach(), by_b, rtol=1e-10, atol=0)
        point = torch.stack((w, b), -1).detach()
        gradient = objectives.cliff(target=0.7).gradient(point)
        own = 2 * (made.states[-1] - 0.7).unsqueeze(-1) * torch.stack((made.by_w, made.by_b), -1)
        torch.testing.assert_close(own.detach(), gradient, rtol=1e-12, atol=0)

    def test_factors_multiply_to_the_derivative_by_the_start(self):
        w, b = places()
        product = unroll(w, b, 8).factors.prod(0)
        up, down = (unroll(w, b, 8, start=0.1 + s * 1e-6).states[-1] for s in (1, -1))
        torch.testing.assert_close(product, (up - down) / 2e-6, rtol=1e-6, atol=1e-9)

    def test_dtypes_and_broadcasting(self):
        single = unroll(*places(dtype=torch.float32), 8)
        assert {part.dtype for part in single} == {torch.float32}
        torch.testing.assert_close(single.by_w.double(), unroll(*places(), 8).by_w, rtol=1e-3, atol=1e-5)
        grid = unroll(torch.linspace(1, 4, 5)[:, None], torch.linspace(-1, 1, 3), 4)
        assert grid.states.shape == (5, 5, 3)
        assert grid.factors.shape == (4, 5, 3)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"w": 2.0}, "w must be a floating-point tensor, got float"),
            ({"b": torch.tensor(1)}, "b must be a floating-point tensor, got torch.int64"),
            ({"b": torch.zeros(1, dtype=torch.float32)}, "convert one"),
            ({"num_steps": 0}, "num_steps must be a whole number of at least 1, got 0"),
            ({"start": 2.0}, "start must be a finite number from -1 to 1, got 2.0"),
        ],
    )
    def test_bad_input(self, change, says):
        w, b = places(1)
        with pytest.raises(ValueError, match=says):
            unroll(**{"w": w, "b": b} | change)


class TestCliff:
    @pytest.mark.parametrize("start", [0.1, -0.4])
    def test_the_start_stays_and_the_derivatives_are_geometric_sums(self, start):
        w, steps = torch.tensor([1.2, 1.5, 1.8], dtype=torch.float64), 20
        made = unroll(w, cliff_bias(w, start), steps, start)
        torch.testing.assert_close(made.states, torch.full_like(made.states, start), rtol=0, atol=1e-11)
        rate = w * (1 - start**2)
        steepness = (1 - start**2) * (rate**steps - 1) / (rate - 1)
        torch.testing.assert_close(made.by_b, steepness, rtol=1e-8, atol=0)
        torch.testing.assert_close(made.by_w, start * steepness, rtol=1e-8, atol=0)

    def test_the_two_sides_end_apart(self):
        w = torch.linspace(1.5, 4, 20, dtype=torch.float64)
        above, below = (unroll(w, cliff_bias(w) + side * 1e-3).states[-1] for side in (1, -1))
        assert (above > 0.5).all()
        assert (below < -0.5).all()

    def test_bad_input(self):
        with pytest.raises(ValueError, match="strictly between −1 and 1"):
            cliff_bias(torch.tensor(2.0), start=1.0)


class TestTaylorRadius:
    def test_on_a_quadratic_it_is_the_closed_form(self):
        hessian = torch.diag(torch.tensor([1.0, 30.0], dtype=torch.float64))
        f, gradient = lambda x: 0.5 * (x @ hessian * x).sum(-1), lambda x: x @ hessian
        source = torch.Generator().manual_seed(1)
        x, u = torch.randn(2, 40, 2, generator=source, dtype=torch.float64)
        rise = (gradient(x) * u).sum(-1).abs() / u.norm(dim=-1)
        bend = (u @ hessian * u).sum(-1) / u.square().sum(-1)
        for tolerance in (0.1, 0.5):
            found = taylor_radius(f, gradient, x, u, tolerance=tolerance)
            torch.testing.assert_close(found, 2 * tolerance * rise / bend, rtol=1e-6, atol=0)
        down = taylor_radius(f, gradient, x)
        torch.testing.assert_close(down, taylor_radius(f, gradient, x, -gradient(x)))

    def test_up_to_it_the_slope_holds_and_beyond_it_not(self):
        """On a surface that bends in every order, by a fine grid of lengths."""
        surface = objectives.cliff()
        point = torch.tensor([[1.101036, -0.01], [1.5, -0.2], [3.0, 0.2]], dtype=torch.float64)
        radius = taylor_radius(surface, surface.gradient, point)
        g = surface.gradient(point)
        size = g.norm(dim=-1)
        for share in torch.linspace(0.01, 1.05, 105, dtype=torch.float64):
            s = (share * radius).unsqueeze(-1)
            missed = (surface(point - s * g / size.unsqueeze(-1)) - surface(point)) + s.squeeze(-1) * size
            holds = missed.abs() <= 0.5 * s.squeeze(-1) * size
            if not 0.999 < share < 1.001:
                assert (holds == (share < 1)).all()

    def test_straight_and_flat_functions(self):
        straight = taylor_radius(lambda x: x.sum(-1), torch.ones_like, torch.zeros(3, 2), torch.ones(3, 2))
        assert straight.isinf().all()
        bowl = lambda x: x.square().sum(-1)  # noqa: E731
        e = torch.tensor([0.0, 1.0])
        assert taylor_radius(bowl, lambda x: 2 * x, torch.tensor([1.0, 0.0]), e) < 1e-2  # rounding hides s² < 1e-6
        exact = torch.tensor([0.0, 0.0], dtype=torch.float64)
        assert taylor_radius(bowl, lambda x: 2 * x, exact, e.double()) == 0

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"direction": torch.zeros(1, 2)}, "at index \\(0,\\) has length 0; it needs a finite one above 0"),
            ({"direction": torch.ones(2)}, "must have the shape of point"),
            ({"point": torch.zeros(1, 2)}, "direction of your own"),
            ({"tolerance": 0.0}, "tolerance must be a finite number above 0"),
            ({"smallest": 2.0, "largest": 1.0}, "smallest must be below largest, got 2.0 and 1.0"),
        ],
    )
    def test_bad_input(self, change, says):
        given = {"point": torch.ones(1, 2)} | change
        with pytest.raises(ValueError, match=says):
            taylor_radius(lambda x: x.square().sum(-1), lambda x: 2 * x, **given)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_gpu_agrees_with_the_cpu():
    w, b = places()
    for gpu, cpu in zip(unroll(w.cuda(), b.cuda(), 8), unroll(w, b, 8), strict=True):
        torch.testing.assert_close(gpu.cpu(), cpu)
