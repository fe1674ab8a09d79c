"""Ways through parameter space against geometry known beforehand: circles, corners, projections, a ring of minima."""

import math

import pytest
import torch

from labs.landscape import along_and_aside, bezier, connect, line, path_length
from labs.losses import Risk
from labs.models import MLP

DTYPES = [torch.float32, torch.float64]


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def ring(theta):
    """A circle of minima: every straight line between two of them crosses a hill, no curve along it does."""
    return (theta.square().sum(-1) - 1).square()


class TestLength:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_half_a_circle_is_pi(self, dtype):
        angle = torch.linspace(0, math.pi, 2001, dtype=torch.float64)
        half = torch.stack([angle.cos(), angle.sin()], -1).to(dtype)
        length = path_length(half)
        torch.testing.assert_close(length, angle.to(dtype), rtol=1e-4, atol=1e-4)
        assert length[0] == 0
        assert length.dtype == dtype

    def test_runs_are_measured_apart(self):
        ways = torch.randn(5, 3, 4, generator=chance(), dtype=torch.float64)
        alone = torch.stack([path_length(ways[:, run]) for run in range(3)], -1)
        torch.testing.assert_close(path_length(ways), alone)

    def test_it_is_the_sum_of_the_steps(self):
        way = torch.randn(6, 7, generator=chance(), dtype=torch.float64)
        steps = [math.dist(way[k].tolist(), way[k + 1].tolist()) for k in range(5)]
        assert path_length(way)[-1].item() == pytest.approx(sum(steps), rel=1e-12)

    def test_no_way_is_shorter_than_its_line(self):
        ways = torch.randn(9, 20, 5, generator=chance(), dtype=torch.float64)
        assert (path_length(ways)[-1] >= (ways[-1] - ways[0]).norm(dim=-1)).all()


class TestAlongAndAside:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_a_point_is_put_together_again(self, dtype):
        source = chance()
        start, way = torch.randn(2, 3, 6, generator=source, dtype=torch.float64)
        alpha = torch.tensor([0.0, 0.3, 1.4, 1.0]).double()
        normal = torch.randn(4, 3, 6, generator=source, dtype=torch.float64)
        normal -= (normal * way).sum(-1, keepdim=True) / way.square().sum(-1, keepdim=True) * way
        normal[[0, 3]] = 0
        points = start + alpha[:, None, None] * way + normal
        along, aside = along_and_aside(points.to(dtype))
        torch.testing.assert_close(along, alpha[:, None].expand(4, 3).to(dtype), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(aside, (normal.norm(dim=-1) / way.norm(dim=-1)).to(dtype), rtol=1e-5, atol=1e-5)

    def test_on_the_line_nothing_is_aside(self):
        points = torch.linspace(0, 1, 5).double()[:, None] * torch.tensor([3.0, -1.0, 2.0]).double()
        along, aside = along_and_aside(points)
        torch.testing.assert_close(along, torch.linspace(0, 1, 5).double())
        assert aside.max() < 1e-15


class TestBezier:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_de_casteljau(self, dtype):
        """Each point is the line between points on two lines."""
        a, bend, b = torch.randn(3, 4, 5, generator=chance(), dtype=torch.float64).to(dtype)
        ts = [0.0, 0.2, 0.5, 0.9, 1.0]
        for t, point in zip(ts, bezier(a, bend, b, ts), strict=True):
            torch.testing.assert_close(point, torch.lerp(torch.lerp(a, bend, t), torch.lerp(bend, b, t), t))

    def test_the_middle_as_bend_is_the_straight_line(self):
        a, b = torch.randn(2, 4, 5, generator=chance(), dtype=torch.float64)
        ts = torch.linspace(0, 1, 7).double()
        straight = torch.stack([torch.lerp(a, b, t) for t in ts.tolist()])
        torch.testing.assert_close(bezier(a, (a + b) / 2, b, ts), straight)


class TestConnect:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_round_the_ring(self, dtype):
        angle = torch.tensor([[0.3, 2.2], [1.0, 2.5], [4.0, 5.5]]).to(dtype)
        a, b = torch.stack([angle.cos(), angle.sin()], -1).unbind(1)
        ts = torch.linspace(0, 1, 21).to(dtype)
        bend = connect(ring, a, b, chance(), num_steps=600, learning_rate=0.03)
        assert bend.dtype == dtype
        straight, curved = line(ring, a, b, ts).amax(0), ring(bezier(a, bend, b, ts)).amax(0)
        assert (curved < 0.2 * straight).all()

    def test_where_a_curve_cannot_help_it_stays_straight(self):
        """Along a valley with flat floor the straight line is best already: its gradient is 0."""
        a, b = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.0])
        bend = connect(lambda theta: theta[..., 1].square(), a, b, chance())
        torch.testing.assert_close(bend, torch.zeros(2))

    def test_one_pair_is_as_many(self):
        a, b = torch.tensor([[1.0, 0.2], [0.0, 1.0]]).double(), torch.tensor([[-1.0, 0.2], [1.0, 0.0]]).double()
        alone = connect(ring, a[0], b[0], chance(), num_steps=300)
        assert ring(bezier(a[0], alone, b[0], [0.5])) < 0.1
        assert connect(ring, a, b, chance(), num_steps=5).shape == a.shape

    def test_of_networks(self):
        model, source = MLP((3, 8, 2), "tanh"), chance()
        x, y = torch.randn(30, 3, generator=source), torch.randint(2, (30,), generator=source)
        risk = Risk(model, x, y)
        a, b = model.init(source, 2, gain=2.0, device="cpu")
        bend = connect(risk, a, b, source, num_steps=300)
        ts = torch.linspace(0, 1, 9)
        assert risk(bezier(a, bend, b, ts)).mean() < 0.8 * line(risk, a, b, ts).mean()
        assert not bend.requires_grad

    def test_no_steps_leave_the_line(self):
        a, b = torch.tensor([0.0]), torch.tensor([1.0])
        assert connect(ring, a, b, chance(), num_steps=0).item() == 0.5


class TestBadInput:
    def test_ways(self):
        for wrong in (torch.zeros(3), torch.zeros(1, 3)):
            with pytest.raises(ValueError, match=r"points must have shape \(T, …, P\) with T ≥ 2, got .*; stack"):
                path_length(wrong)
        with pytest.raises(ValueError, match="points holds nan"):
            along_and_aside(torch.full((2, 2), torch.nan))
        with pytest.raises(ValueError, match="points must be a floating-point tensor"):
            path_length(torch.zeros(2, 2, dtype=torch.int64))
        with pytest.raises(ValueError, match="the last point is the first"):
            along_and_aside(torch.zeros(3, 2, 4))

    def test_curves(self):
        zero = torch.zeros(2)
        with pytest.raises(ValueError, match=r"bend \(3,\) must have the shape of theta_a, \(2,\)"):
            bezier(zero, torch.zeros(3), zero, [0.5])
        for wrong in ([], [-0.1], [1.5], [[0.5]]):
            with pytest.raises(ValueError, match="ts must be a non-empty list of positions from 0 to 1"):
                bezier(zero, zero, zero, wrong)
        with pytest.raises(ValueError, match="ts holds nan"):
            bezier(zero, zero, zero, [math.nan])

    def test_connect(self):
        zero = torch.zeros(2)
        with pytest.raises(ValueError, match=r"theta_b \(1, 2\) must have the shape of theta_a"):
            connect(ring, zero, zero[None], chance())
        with pytest.raises(ValueError, match="theta_b holds inf"):
            connect(ring, zero, zero + torch.inf, chance())
        with pytest.raises(ValueError, match="num_steps must be a whole number of at least 0, got -1"):
            connect(ring, zero, zero, chance(), num_steps=-1)
        with pytest.raises(ValueError, match="learning_rate must be a finite number above 0, got 0"):
            connect(ring, zero, zero, chance(), learning_rate=0)
