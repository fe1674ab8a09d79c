"""Powers of a matrix against repeated multiplication, numpy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from labs.recurrence import (
    decompose,
    departure_from_normality,
    norms_of_powers,
    power,
    power_method,
    power_rate,
)


def matrices(num: int = 6, n: int = 8, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    return (torch.randn(num, n, n, generator=source, dtype=torch.float64) / n**0.5).to(dtype)


def rotation(angle: float, radius: float = 1.0) -> torch.Tensor:
    c, s = radius * math.cos(angle), radius * math.sin(angle)
    return torch.tensor([[c, -s], [s, c]], dtype=torch.float64)


class TestEigen:
    def test_it_is_numpys_by_falling_size(self):
        values, vectors, condition = decompose(matrices())
        for k, matrix in enumerate(matrices()):
            expected = np.linalg.eigvals(matrix.numpy())
            np.testing.assert_allclose(
                np.sort_complex(values[k].numpy()), np.sort_complex(expected), rtol=1e-10, atol=1e-12
            )
            assert condition[k].item() == pytest.approx(np.linalg.cond(vectors[k].numpy()), rel=1e-8)
        assert (values.abs().diff(dim=-1) <= 0).all()
        w = matrices().to(values.dtype)
        torch.testing.assert_close(w @ vectors, vectors * values.unsqueeze(-2), rtol=0, atol=1e-12)

    def test_a_symmetric_matrix_has_condition_1_and_a_jordan_block_none(self):
        symmetric = matrices() + matrices().mT
        torch.testing.assert_close(decompose(symmetric).condition, torch.ones(6).double(), rtol=1e-9, atol=0)
        assert decompose(torch.tensor([[1.0, 1.0], [0.0, 1.0]])).condition > 1e10


class TestPower:
    @pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
    def test_it_is_repeated_multiplication(self, dtype, rtol):
        w = matrices(dtype=dtype)
        found = power(w, [0, 1, 7, 30])
        assert found.shape == (4, 6, 8, 8)
        assert found.dtype == dtype
        for k, t in enumerate((0, 1, 7, 30)):
            expected = torch.linalg.matrix_power(w.double(), t)
            assert ((found[k].double() - expected).norm() <= rtol * expected.norm()).all()
        torch.testing.assert_close(power(w, 7), found[2])

    def test_a_singular_matrix_has_powers_too(self):
        w = torch.diag(torch.tensor([2.0, 0.0], dtype=torch.float64))
        expected = torch.stack((torch.eye(2), torch.diag(torch.tensor([8.0, 0.0])))).double()
        torch.testing.assert_close(power(w, [0, 3]), expected, rtol=1e-12, atol=0)

    def test_bad_input(self):
        with pytest.raises(ValueError, match="not diagonalisable, take torch"):
            power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
        with pytest.raises(ValueError, match="exponents must be a whole number of at least 0, got -1"):
            power(matrices(), [1, -1])
        with pytest.raises(ValueError, match=r"matrix must have shape \(…, n, n\), got \(2, 3\)"):
            power(torch.zeros(2, 3), 1)
        with pytest.raises(ValueError, match="matrix holds nan"):
            decompose(torch.full((2, 2), torch.nan))
        with pytest.raises(ValueError, match=r"floating-point tensor, got torch\.int64"):
            decompose(torch.eye(2).long())


class TestPowerMethod:
    def test_it_is_multiplication_and_division(self):
        w, v = matrices(), torch.ones(6, 8, dtype=torch.float64)
        made = power_method(w, 3 * v, 12)
        for t in (0, 1, 12):
            image = (torch.linalg.matrix_power(w, t) @ (3 * v).unsqueeze(-1)).squeeze(-1)
            length = image.norm(dim=-1)
            torch.testing.assert_close(made.vectors[t], image / length.unsqueeze(-1), rtol=1e-9, atol=1e-12)
            torch.testing.assert_close(made.log_norms[t], (length / (3 * v).norm(dim=-1)).log(), rtol=1e-9, atol=1e-12)
            u = image / length.unsqueeze(-1)
            torch.testing.assert_close(made.quotients[t], torch.einsum("ki,kij,kj->k", u, w, u), rtol=1e-9, atol=1e-12)

    def test_the_rest_goes_at_the_rate(self):
        q = torch.linalg.qr(matrices(1)[0])[0]
        values = torch.tensor([2.0, 1.4, -1.0, 0.5, 0.3, 0.2, 0.1, 0.0], dtype=torch.float64)
        w = q @ torch.diag(values) @ q.T
        assert power_rate(w).item() == pytest.approx(0.7, rel=1e-10)
        made = power_method(w, torch.ones(8, dtype=torch.float64), 40)
        rest = (made.vectors - (made.vectors @ q[:, :1]) * q[:, 0]).norm(dim=-1)
        torch.testing.assert_close(rest[31:] / rest[30:-1], torch.full((10,), 0.7).double(), rtol=1e-3, atol=0)
        assert made.quotients[-1].item() == pytest.approx(2.0, rel=1e-9)  # by the square of the rate, W being symmetric

    def test_a_complex_pair_turns_for_ever(self):
        w = torch.block_diag(rotation(0.5, 0.9), torch.tensor([[0.3]], dtype=torch.float64))
        assert power_rate(w).item() == pytest.approx(1.0, rel=1e-12)
        made = power_method(w, torch.ones(3, dtype=torch.float64), 60)
        turns = (made.vectors[40:-1] * made.vectors[41:]).sum(-1)
        torch.testing.assert_close(turns, torch.full((20,), math.cos(0.5), dtype=torch.float64), rtol=1e-9, atol=0)

    def test_bad_input(self):
        with pytest.raises(ValueError, match="start holds a zero vector"):
            power_method(torch.eye(2), torch.zeros(2), 3)
        with pytest.raises(ValueError, match=r"start must be torch.float32 of shape \(2,\)"):
            power_method(torch.eye(2), torch.ones(3), 3)
        with pytest.raises(ValueError, match="num_steps"):
            power_method(torch.eye(2), torch.ones(2), -1)
        with pytest.raises(ValueError, match="at least 2 × 2"):
            power_rate(torch.eye(1))


class TestNonNormal:
    def test_norms_are_the_largest_singular_values(self):
        found = norms_of_powers(matrices(), 9)
        for t in (0, 1, 9):
            expected = torch.linalg.matrix_norm(torch.linalg.matrix_power(matrices(), t), 2)
            torch.testing.assert_close(found[t], expected, rtol=1e-10, atol=0)

    def test_of_a_normal_matrix_they_are_powers_of_the_largest_eigenvalue(self):
        norms = norms_of_powers(rotation(1.0, 0.9), 10)
        torch.testing.assert_close(norms, 0.9 ** torch.arange(11).double(), rtol=1e-12, atol=0)

    @pytest.mark.parametrize("corner", [0.0, 1.0, 30.0])
    def test_departure_in_closed_form(self, corner):
        w = torch.tensor([[0.5, corner], [0.0, -0.2]], dtype=torch.float64)
        assert departure_from_normality(w).item() == pytest.approx(corner, abs=1e-7)
        q = torch.linalg.qr(matrices(1, 2)[0])[0]  # the same in any orthonormal basis
        assert departure_from_normality(q @ w @ q.T).item() == pytest.approx(corner, abs=1e-7)

    def test_a_normal_matrix_does_not_depart(self):
        assert departure_from_normality(rotation(0.7, 2.0)) < 1e-7
        assert departure_from_normality(matrices() + matrices().mT).max() < 1e-6

    def test_dtype_is_kept(self):
        single = matrices(dtype=torch.float32)
        for found in (norms_of_powers(single, 2), departure_from_normality(single), power_rate(single)):
            assert found.dtype == torch.float32
