"""Data against scikit-learn, and each population's closed form against what its samples give."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from labs.data import (
    SCALINGS,
    Dataset,
    GaussianClasses,
    LinearRegression,
    NoisyCurve,
    OutlierClasses,
    digits,
    legendre_features,
    mnist,
    split,
    with_label_noise,
)
from labs.device import DEVICE

F64 = torch.float64


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def within_four_standard_errors(samples: torch.Tensor, expected: float) -> bool:
    return abs(samples.mean().item() - expected) < 4 * samples.std().item() / math.sqrt(samples.numel())


# Digits


def test_scalings_are_those_of_scikit_learn():
    raw, y = datasets.load_digits(return_X_y=True)
    standard = StandardScaler().fit(raw)
    expected = {
        "raw": raw,
        "pixel": raw / 16,
        "global": StandardScaler().fit_transform(raw.reshape(-1, 1)).reshape(raw.shape),
        "feature": (raw - standard.mean_) / (np.sqrt(standard.var_) + 1e-3),
    }
    assert set(SCALINGS) == set(expected)
    for scaling, x in expected.items():
        data = digits(scaling, dtype=F64, device="cpu")
        torch.testing.assert_close(data.x, torch.as_tensor(x), rtol=1e-12, atol=1e-12)
        assert torch.equal(data.y, torch.as_tensor(y))


def test_digits_are_float32_on_the_courses_device_and_never_shared():
    first = digits()
    assert (first.x.dtype, first.y.dtype, first.x.device.type) == (torch.float32, torch.int64, DEVICE.type)
    first.x.zero_()
    assert digits().x.abs().sum() > 0
    untouched = digits("raw", dtype=F64, device="cpu")
    untouched.x.zero_()
    assert digits("raw", dtype=F64, device="cpu").x.abs().sum() > 0


def test_classes_are_kept_and_renumbered_in_the_order_given():
    everything, some = digits(device="cpu"), digits(classes=(8, 3), device="cpu")
    for new, old in enumerate((8, 3)):
        assert torch.equal(some.x[some.y == new], everything.x[everything.y == old])
    assert len(some.y) == sum((everything.y == old).sum() for old in (8, 3))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"scaling": "unit"}, "unknown scaling 'unit'; choose one of pixel, global, feature, raw"),
        ({"dtype": torch.int64}, "dtype must be floating-point such as torch.float32, got torch.int64"),
        ({"classes": ()}, r"classes must be distinct digits from 0 to 9 such as \(3, 8\), got \(\)"),
        ({"classes": (3, 3)}, r"classes must be distinct digits .* got \(3, 3\)"),
        ({"classes": (3, 10)}, r"classes must be distinct digits .* got \(3, 10\)"),
        ({"classes": (3, -1)}, r"classes must be distinct digits .* got \(3, -1\)"),
    ],
)
def test_digits_that_do_not_exist_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        digits(**options)


def test_mnist_is_fetched_once_and_prepared_like_the_digits(monkeypatch):
    fetched = []

    def fetch(name: str, **_: object) -> tuple:
        fetched.append(name)
        return np.arange(4 * 784).reshape(4, 784) % 256, np.array(["5", "0", "4", "1"])

    monkeypatch.setattr(datasets, "fetch_openml", fetch)
    for _ in range(2):
        x, y = mnist(classes=(4, 5))
        assert (tuple(x.shape), x.max().item(), y.tolist()) == ((2, 784), 1.0, [1, 0])
    assert fetched == ["mnist_784"]


# Samples

NUMBERED = Dataset(torch.arange(20.0).unsqueeze(-1), torch.arange(20))


@pytest.mark.parametrize("num_runs", [None, 7])
def test_splits_are_disjoint_and_keep_inputs_with_their_targets(num_runs):
    parts = split(NUMBERED, (8, 5, 7), stream(), num_runs)
    lead = () if num_runs is None else (num_runs,)
    assert [tuple(part.x.shape) for part in parts] == [(*lead, 8, 1), (*lead, 5, 1), (*lead, 7, 1)]
    assert all(torch.equal(part.x.squeeze(-1).long(), part.y) for part in parts)
    together = torch.cat([part.y for part in parts], -1).sort(-1).values
    assert torch.equal(together, torch.arange(20).expand_as(together))


def test_splits_differ_between_runs_and_each_example_is_equally_likely():
    (part,) = split(NUMBERED, (5,), stream(), 4_000)
    counts = part.y.flatten().bincount(minlength=20)
    assert len(part.y.unique(dim=0)) > 3_900
    assert ((counts - 1_000).abs() < 5 * math.sqrt(4_000 * 0.25 * 0.75)).all()


@pytest.mark.parametrize(
    ("dataset", "sizes", "runs", "complaint"),
    [
        (NUMBERED, (15, 6), None, r"sizes \(15, 6\) need 21 of 20 examples"),
        (NUMBERED, (), None, r"sizes \(\) need 0 of 20 examples; give one or more, smaller sizes"),
        (NUMBERED, (3, 0), None, "sizes must be a whole number of at least 1, got 0"),
        (NUMBERED, (3, 0.5), None, "sizes must be a whole number of at least 1, got 0.5"),
        (NUMBERED, (3,), 0, "num_runs must be a whole number of at least 1, got 0"),
        (Dataset(torch.zeros(3, 2), torch.zeros(4)), (1,), None, r"x and y must be .* got \(3, 2\) and \(4,\)"),
        (Dataset(torch.zeros(3), torch.zeros(3)), (1,), None, r"x and y must be .* got \(3,\) and \(3,\)"),
    ],
)
def test_impossible_splits_are_refused(dataset, sizes, runs, complaint):
    with pytest.raises(ValueError, match=complaint):
        split(dataset, sizes, stream(), runs)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_label_noise_makes_exactly_its_share_wrong(share):
    y = torch.randint(10, (6, 50), generator=stream(1))
    noisy = with_label_noise(y, share, 10, stream())
    assert ((noisy != y).sum(-1) == round(share * 50)).all()
    assert noisy.min() >= 0
    assert noisy.max() <= 9
    assert (with_label_noise(y[0], share, 10, stream()) != y[0]).sum() == round(share * 50)


def test_wrong_labels_are_uniform_over_the_other_classes_and_positions():
    y = torch.full((2_000, 10), 2)
    noisy = with_label_noise(y, 0.3, 4, stream())
    for counts in (noisy[noisy != 2].bincount(minlength=4)[[0, 1, 3]], (noisy != 2).sum(0)):
        expected = 6_000 / len(counts)
        assert ((counts - expected).abs() < 5 * math.sqrt(expected)).all()


@pytest.mark.parametrize(
    ("y", "share", "num_classes", "complaint"),
    [
        (torch.zeros(3), 0.1, 2, r"y must hold class numbers as int64, got torch.float32"),
        (torch.tensor([0, 2]), 0.1, 2, r"y must hold class numbers from 0 to 1, got \[0, 2\]"),
        (torch.tensor([-1]), 0.1, 2, r"y must hold class numbers from 0 to 1, got \[-1\]"),
        (torch.tensor([]).long(), 0.1, 2, r"y must hold class numbers from 0 to 1, got \[\]"),
        (torch.tensor([0]), 1.1, 2, "share must be a finite number from 0 to 1, got 1.1"),
        (torch.tensor([0]), 0.1, 1, "num_classes must be a whole number of at least 2, got 1"),
    ],
)
def test_impossible_label_noise_is_refused(y, share, num_classes, complaint):
    with pytest.raises(ValueError, match=complaint):
        with_label_noise(y, share, num_classes, stream())


# Populations


def test_linear_regression_has_the_errors_of_its_closed_forms():
    population, m = LinearRegression(num_features=5, noise_sd=0.7), 20
    x, y = population.sample(m, stream(), num_runs=20_000)
    fitted = torch.linalg.lstsq(x, y.unsqueeze(-1)).solution.squeeze(-1)
    train = (y - (x @ fitted.unsqueeze(-1)).squeeze(-1)).square().mean(-1)
    assert within_four_standard_errors(train, population.expected_train_error(m))
    assert within_four_standard_errors(population.risk(fitted), population.expected_test_error(m))


def test_linear_regression_risk_is_the_error_on_a_large_sample():
    population = LinearRegression(num_features=3, noise_sd=0.5)
    weight = torch.tensor([1.0, -0.5, 0.2], dtype=F64)
    x, y = population.sample(200_000, stream())
    assert within_four_standard_errors((y - x @ weight).square(), population.risk(weight).item())
    assert population.risk(population.weight).item() == pytest.approx(0.25)
    assert population.weight.norm().item() == pytest.approx(1.0)


def test_gaussian_classes_have_the_bayes_error_of_their_best_rule():
    for population in (GaussianClasses(2, 3, 1.5), GaussianClasses(4, 4, 2.0)):
        x, y = population.sample(200_000, stream(), dtype=F64)
        nearest = torch.cdist(x, population.means).argmin(-1)
        assert within_four_standard_errors((nearest != y).double(), population.bayes_error)
    for distance in (0.5, 2.0, 8.0):
        expected = 0.5 * math.erfc(distance / 2 / math.sqrt(2))
        assert GaussianClasses(2, 2, distance).bayes_error == pytest.approx(expected, abs=1e-11)


def test_gaussian_class_means_are_equidistant():
    distances = torch.pdist(GaussianClasses(4, 6, 3.0).means)
    torch.testing.assert_close(distances, torch.full_like(distances, 3.0))


def test_the_error_of_a_line_is_its_share_of_wrong_decisions():
    population = GaussianClasses(2, 3, 2.0)
    x, y = population.sample(200_000, stream(), dtype=F64)
    weights, biases = torch.randn(5, 3, generator=stream(1), dtype=F64), torch.randn(5, generator=stream(2), dtype=F64)
    errors = population.error_of_line(weights, biases)
    for weight, bias, error in zip(weights, biases, errors, strict=True):
        assert within_four_standard_errors(((x @ weight + bias > 0) != (y == 1)).double(), error.item())
    best = population.means[1] - population.means[0]
    assert population.error_of_line(best).item() == pytest.approx(population.bayes_error, abs=1e-11)
    assert (errors >= population.bayes_error).all()


def test_outliers_mislead_logistic_regression_but_not_the_0_1_loss():
    x, y = OutlierClasses(share=0.1).sample(100, stream(), num_runs=40)
    assert (x[..., 0] < -6).sum(-1).unique().tolist() == [10]
    upright = ((x[..., 0] > 0) != (y == 1)).double().mean(-1)
    fits = [LogisticRegression(C=1e6).fit(a, b).score(a, b) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    assert (1 - torch.tensor(fits) > upright).double().mean() > 0.8
    clean, labels = OutlierClasses(share=0.0).sample(20_000, stream())
    error = ((clean[:, 0] > 0) != (labels == 1)).double()
    assert within_four_standard_errors(error, 0.5 * math.erfc(1.5 / math.sqrt(2)))


def test_the_risk_of_a_curve_is_the_error_on_a_large_sample():
    population = NoisyCurve(noise_sd=0.4)
    x, y = population.sample(200_000, stream())
    error = (y - 0.5 * x.squeeze(-1)).square()
    assert within_four_standard_errors(error, population.risk(lambda t: 0.5 * t))
    # By hand: ½∫(at − sin πt)² dt over [−1, 1] = a²/3 − 2a/π + ½
    assert population.risk(lambda t: 0.5 * t) == pytest.approx(0.16 + 0.25 / 3 - 1 / math.pi + 0.5, abs=1e-12)
    assert population.risk(population.mean) == pytest.approx(0.16)


def test_legendre_features_are_the_polynomials_and_orthogonal():
    nodes, weights = np.polynomial.legendre.leggauss(40)
    features = legendre_features(torch.as_tensor(nodes), 12)
    torch.testing.assert_close(features, torch.as_tensor(np.polynomial.legendre.legvander(nodes, 12)))
    gram = features.mT @ (torch.as_tensor(weights).unsqueeze(-1) * features)
    torch.testing.assert_close(gram, torch.diag(2 / (2 * torch.arange(13.0, dtype=F64) + 1)), rtol=1e-10, atol=1e-12)
    assert legendre_features(torch.zeros(3, 2), 0).shape == (3, 2, 1)


@pytest.mark.parametrize(
    ("population", "x_tail", "classes"),
    [
        (LinearRegression(3), (3,), None),
        (GaussianClasses(3, 4), (4,), {0, 1, 2}),
        (OutlierClasses(0.2), (2,), {0, 1}),
        (NoisyCurve(), (1,), None),
    ],
)
def test_samples_have_their_shapes_and_are_reproducible(population, x_tail, classes):
    for num_runs, lead in ((None, (30,)), (4, (4, 30))):
        x, y = population.sample(30, stream(), num_runs, dtype=torch.float32)
        assert (x.shape, y.shape, x.dtype) == ((*lead, *x_tail), lead, torch.float32)
        assert (y.dtype == torch.float32) if classes is None else (set(y.unique().tolist()) == classes)
        assert torch.equal(population.sample(30, stream(), num_runs, dtype=torch.float32).x, x)
    with pytest.raises(ValueError, match="num_examples must be a whole number of at least 1, got 0"):
        population.sample(0, stream())
    with pytest.raises(ValueError, match="num_runs must be a whole number of at least 1, got -1"):
        population.sample(3, stream(), -1)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: LinearRegression(0), "num_features must be a whole number of at least 1, got 0"),
        (lambda: LinearRegression(2, -1.0), "noise_sd must be a finite number ≥ 0, got -1.0"),
        (lambda: LinearRegression(2).risk(torch.zeros(3)), r"weight must have shape \(…, 2\), got \(3,\)"),
        (lambda: LinearRegression(5).expected_train_error(4), "the formula needs num_examples ≥ 5, got 4"),
        (lambda: LinearRegression(5).expected_test_error(6), "the formula needs num_examples ≥ 7, got 6"),
        (lambda: GaussianClasses(1), "num_classes must be a whole number of at least 2, got 1"),
        (lambda: GaussianClasses(3, 2), "num_features must be a whole number of at least 3, got 2"),
        (lambda: GaussianClasses(distance=0), "distance must be a finite number above 0, got 0"),
        (
            lambda: GaussianClasses(3, 3).error_of_line(torch.ones(3)),
            "one line separates two classes, but num_classes is 3",
        ),
        (lambda: GaussianClasses().error_of_line(torch.zeros(2)), r"weight must be \(…, 2\) and not 0"),
        (lambda: GaussianClasses().error_of_line(torch.ones(3)), r"weight must be .* got shape \(3,\)"),
        (lambda: OutlierClasses(0.6), "share must be a finite number from 0 to 0.5, got 0.6"),
        (lambda: OutlierClasses(0.1, -3), "distance must be a finite number above 0, got -3"),
        (lambda: NoisyCurve(math.nan), "noise_sd must be a finite number ≥ 0, got nan"),
        (lambda: NoisyCurve().risk(lambda t: t[:3]), r"predict must return shape \(200,\), got \(3,\)"),
        (lambda: legendre_features(torch.zeros(3), -1), "degree must be a whole number of at least 0, got -1"),
    ],
)
def test_impossible_populations_and_arguments_are_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
