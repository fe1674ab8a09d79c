"""Chapter 01: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

NAN, INF = math.nan, math.inf

# ---- 1.1 Two numbers from the same outputs


def right_1_1_plain_python(outputs, targets):
    rows, J, wrong = outputs.tolist(), 0.0, 0
    for row, target in zip(rows, targets.tolist(), strict=True):
        top = max(row)
        J += top + math.log(sum(math.exp(o - top) for o in row)) - row[target]
        wrong += row.index(top) != target
    return J / len(rows), wrong / len(rows)


def right_1_1_numpy_array(outputs, targets):
    o, t = outputs.numpy(), targets.numpy()
    shifted = o - o.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return np.array([-log_p[np.arange(len(t)), t].mean(), (o.argmax(1) != t).mean()])


def right_1_1_library(outputs, targets):
    return torch.stack([F.cross_entropy(outputs, targets), 1 - (outputs.argmax(-1) == targets).double().mean()])


def right_1_1_list_of_tensors_with_gradient(outputs, targets):
    outputs = outputs.clone().requires_grad_()
    log_p = outputs.log_softmax(1)
    return [F.nll_loss(log_p, targets), (log_p.max(1).indices != targets).float().mean()]


class _Scores:
    def __call__(self, outputs, targets):
        picked = outputs.gather(1, targets[:, None])[:, 0]
        J = (outputs.logsumexp(1) - picked).mean()
        return torch.tensor([J.item(), (outputs.argmax(1) != targets).double().mean().item()])  # in float32


right_1_1_callable_object_in_float32 = _Scores()


def wrong_1_1_accuracy(outputs, targets):
    """You returned the accuracy."""
    return F.cross_entropy(outputs, targets).item(), (outputs.argmax(1) == targets).double().mean().item()


def wrong_1_1_summed(outputs, targets):
    """you summed, and J is a mean"""
    return torch.stack(
        [F.cross_entropy(outputs, targets, reduction="sum"), (outputs.argmax(1) != targets).double().mean()]
    )


def wrong_1_1_softmax_first(outputs, targets):
    """hand it the outputs as they are"""
    return [F.cross_entropy(outputs.softmax(1), targets), (outputs.argmax(1) != targets).double().mean()]


def wrong_1_1_bits(outputs, targets):
    """This loss is in bits."""
    return [F.cross_entropy(outputs, targets) / math.log(2), (outputs.argmax(1) != targets).double().mean()]


def wrong_1_1_number_of_errors(outputs, targets):
    """The values differ."""
    return [F.cross_entropy(outputs, targets), (outputs.argmax(1) != targets).sum()]


def wrong_1_1_loss_alone(outputs, targets):
    """The shape is () and should be (2,)."""
    return F.cross_entropy(outputs, targets)


def wrong_1_1_overflow(outputs, targets):
    """exp overflows"""
    p = torch.exp(outputs) / torch.exp(outputs).sum(1)[:, None]
    J = -torch.log(p[range(len(p)), targets]).mean()
    return torch.stack([J, (outputs.argmax(1) != targets).double().mean()])


def wrong_1_1_epsilon_in_the_logarithm(outputs, targets):
    """The values differ."""
    p = outputs.softmax(1)[torch.arange(len(targets)), targets]
    return [-(p + 1e-9).log().mean(), (outputs.argmax(1) != targets).double().mean()]


def wrong_1_1_zeros(outputs, targets):
    """The values differ."""
    return torch.zeros(2)


def wrong_1_1_half_precision(outputs, targets):
    """right as far as torch.bfloat16 can hold them"""
    return torch.stack([F.cross_entropy(outputs, targets), (outputs.argmax(1) != targets).double().mean()]).bfloat16()


def wrong_1_1_writes_to_its_argument(outputs, targets):
    """The values are right, but your function has changed its argument outputs in place"""
    outputs -= outputs.max(1, keepdim=True).values
    return [F.cross_entropy(outputs, targets), (outputs.argmax(1) != targets).double().mean()]


# ---- 1.2 Which iterate to keep


def right_1_2_plain_python(validation):
    best = None
    for step, loss in enumerate(validation.tolist()):
        if not math.isnan(loss) and (best is None or loss < best[0]):
            best = loss, step
    return best[1] if best else 0


def right_1_2_numpy_integer(validation):
    v = validation.numpy()
    return np.where(np.isnan(v), np.inf, v).argmin()


def right_1_2_tensor(validation):
    return validation.masked_fill(validation.isnan(), INF).argmin()


def right_1_2_sorted(validation):
    return min(
        range(len(validation)),
        key=lambda t: (math.isnan(validation[t]), 0 if validation[t] != validation[t] else validation[t]),
    )


class _Keeper:
    def __call__(self, validation):
        kept = (validation == validation[~validation.isnan()].min()).nonzero() if (~validation.isnan()).any() else [[0]]
        return float(kept[0][0])


right_1_2_callable_object_and_float = _Keeper()


def wrong_1_2_argmin(validation):
    """argmin takes NaN for the smallest"""
    return torch.argmin(validation).item()


def wrong_1_2_numpy_nanargmin_of_all_nan(validation):
    """All-NaN slice encountered"""
    return np.nanargmin(validation.numpy())


def wrong_1_2_last_of_several(validation):
    """return the first"""
    v = validation.nan_to_num(nan=INF)
    return len(v) - 1 - int(v.flip(0).argmin())


def wrong_1_2_last_step(validation):
    """You returned the last step."""
    return validation.numel() - 1


def wrong_1_2_first_rise(validation):
    """stopped where the loss rose for the first time"""
    v = validation.tolist()
    return next((t for t in range(len(v) - 1) if v[t + 1] > v[t]), len(v) - 1)


def wrong_1_2_comparisons_alone(validation):
    """You returned a step whose loss is NaN"""
    best = 0
    for t in range(len(validation)):
        if validation[t] < validation[best]:
            best = t
    return best


def wrong_1_2_a_hundred_for_nan(validation):
    """replaced NaN by a number that a loss can exceed"""
    return int(torch.nan_to_num(validation, nan=100.0).argmin())


def wrong_1_2_positions_among_the_numbers(validation):
    """You left out the readings that are NaN"""
    kept = [v for v in validation.tolist() if v == v]
    return kept.index(min(kept)) if kept else 0


def wrong_1_2_the_loss(validation):
    """Return the step, not its loss."""
    return min((v for v in validation.tolist() if v == v), default=NAN)


def wrong_1_2_learned_by_heart(validation):
    """The values differ."""
    known = {30: 10, 5: (validation[0] < 1) * 1, 6: 2 if not validation[1].isnan() else 4, 3: 2, 4: 2}
    return int(known.get(len(validation), 0))


def wrong_1_2_truth_value(validation):
    """Return the number itself, not a truth value."""
    return bool(validation.argmin() > 0)


# ---- 1.3 Patience


def right_1_3_plain_python(validation, patience):
    best, kept = INF, 0
    for t, loss in enumerate(validation.tolist()):
        if loss < best:
            best, kept = loss, t
        if t - kept >= patience:
            return t, kept
    return t, kept


def right_1_3_list(validation, patience):
    v = [INF if x != x else x for x in validation.tolist()]
    lead = [min(range(t + 1), key=lambda s: (v[s], s)) for t in range(len(v))]
    stop = next((t for t in range(len(v)) if t - lead[t] >= patience), len(v) - 1)
    return [stop, lead[stop]]


def right_1_3_tensor(validation, patience):
    v = validation.nan_to_num(nan=INF)
    low = v.cummin(0).values
    fresh = torch.cat([torch.tensor([True]), v[1:] < low[:-1]])
    best = torch.where(fresh, torch.arange(len(v)), torch.tensor(0)).cummax(0).values
    late = (torch.arange(len(v)) - best >= patience).nonzero()
    stop = late[0, 0] if len(late) else torch.tensor(len(v) - 1)
    return torch.stack([stop, best[stop]])


def right_1_3_numpy(validation, patience):
    v = np.nan_to_num(validation.numpy(), nan=np.inf, posinf=np.inf)
    best, t = 0, -1
    while (t := t + 1) < len(v):
        best = t if v[t] < v[best] else best
        if t >= best + patience:
            break
    return np.array([min(t, len(v) - 1), best])


class _Patience:
    def __init__(self):
        self.calls = 0

    def __call__(self, validation, patience):
        self.calls += 1
        best, wait = (INF, 0), patience
        for t, loss in enumerate(validation):
            if loss < best[0]:
                best, wait = (loss, t), patience
            if wait <= 0:
                break
            wait -= 1
        return torch.tensor(t), best[1]


right_1_3_callable_object_that_counts = _Patience()


def wrong_1_3_keeps_the_last(validation, patience):
    """You keep the parameters of the step at which you stopped."""
    t, _ = right_1_3_plain_python(validation, patience)
    return t, t


def wrong_1_3_one_late(validation, patience):
    """You stop one step late"""
    return right_1_3_plain_python(validation, patience + 1)


def wrong_1_3_one_early(validation, patience):
    """Value 1 of the tuple"""
    return right_1_3_plain_python(validation, max(0, patience - 1))


def wrong_1_3_rises_in_a_row(validation, patience):
    """You counted how often the loss rose in a row."""
    v, best, run = validation.tolist(), 0, 0
    for t in range(1, len(v)):
        run = run + 1 if v[t] >= v[t - 1] else 0
        best = t if v[t] < v[best] else best
        if run >= patience:
            return t, best
    return len(v) - 1, best


def wrong_1_3_whole_curve(validation, patience):
    """You took the minimum of the whole curve."""
    best = validation.argmin().item()
    return min(len(validation) - 1, best + patience), best


def wrong_1_3_ties_improve(validation, patience):
    """You took a loss equal to the best for an improvement."""
    best, kept = INF, 0
    for t, loss in enumerate(validation.tolist()):
        if loss <= best:
            best, kept = loss, t
        if t - kept >= patience:
            return t, kept
    return t, kept


def wrong_1_3_starts_with_nan(validation, patience):
    """No number is below NaN"""
    v, best = validation, 0
    for t in range(len(v)):
        if v[t] < v[best]:
            best = t
        if t - best == patience:
            return t, best
    return len(v) - 1, best


def wrong_1_3_swapped(validation, patience):
    """wrong order"""
    t, kept = right_1_3_plain_python(validation, patience)
    return kept, t


def wrong_1_3_one_number(validation, patience):
    """Return a tuple of 2 values."""
    return right_1_3_plain_python(validation, patience)[0]


def wrong_1_3_never_ends(validation, patience):
    """Is it a loop that never ends?"""
    t = 0
    while t < len(validation):
        best = validation[: t + 1].argmin()
    return t, best


# ---- 1.4 The gap before the fit


def right_1_4_formula(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return noise_sd**2 * p * (1 / m + 1 / (m - p - 1)) if p < m - 1 else INF


def right_1_4_two_sides(num_examples, num_features, noise_sd):
    try:
        test = noise_sd**2 * (1 + num_features / (num_examples - num_features - 1))
    except ZeroDivisionError:
        return float("inf")
    return test - noise_sd**2 * (1 - num_features / num_examples) if num_features < num_examples else INF


def right_1_4_fractions(num_examples, num_features, noise_sd):
    if num_features > num_examples - 2:
        return np.inf
    shares = Fraction(num_features, num_examples) + Fraction(num_features, num_examples - num_features - 1)
    return Fraction(noise_sd) ** 2 * shares


def right_1_4_tensor(num_examples, num_features, noise_sd):
    m, p = torch.tensor(float(num_examples)), torch.tensor(float(num_features))
    gap = noise_sd**2 * (p / m + p / (m - p - 1))
    return torch.where(p >= m - 1, torch.tensor(INF), gap)


class _Gap:
    def __call__(self, m, p, sd):
        return np.float32(INF if m - p < 2 else sd * sd * p * (2 * m - p - 1) / (m * (m - p - 1)))


right_1_4_callable_object_in_float32 = _Gap()


def wrong_1_4_sd_not_squared(num_examples, num_features, noise_sd):
    """square noise_sd"""
    m, p = num_examples, num_features
    return noise_sd * (p / m + p / (m - p - 1)) if p < m - 1 else INF


def wrong_1_4_test_error_alone(num_examples, num_features, noise_sd):
    """That is E[J*]."""
    m, p = num_examples, num_features
    return noise_sd**2 + noise_sd**2 * p / (m - p - 1) if p < m - 1 else INF


def wrong_1_4_above_the_noise(num_examples, num_features, noise_sd):
    """You subtracted σ² instead of E[J]."""
    m, p = num_examples, num_features
    return noise_sd**2 * p / (m - p - 1) if p < m - 1 else INF


def wrong_1_4_akaike(num_examples, num_features, noise_sd):
    """2σ²p/m is the approximation for p ≪ m."""
    return 2 * noise_sd**2 * num_features / num_examples if num_features < num_examples - 1 else INF


def wrong_1_4_no_limit(num_examples, num_features, noise_sd):
    """ZeroDivisionError"""
    m, p = num_examples, num_features
    return noise_sd**2 * (p / m + p / (m - p - 1))


def wrong_1_4_infinite_from_m_minus_two(num_examples, num_features, noise_sd):
    """At p = m − 2 the formula still holds"""
    m, p = num_examples, num_features
    return noise_sd**2 * (p / m + p / (m - p - 1)) if p + 2 < m else INF


def wrong_1_4_negative_beyond(num_examples, num_features, noise_sd):
    """From p = m − 1 on the formula has no meaning"""
    m, p = num_examples, num_features
    return INF if p == m - 1 else noise_sd**2 * (p / m + p / (m - p - 1))


def wrong_1_4_without_minus_one(num_examples, num_features, noise_sd):
    """The values"""
    m, p = num_examples, num_features
    return noise_sd**2 * (p / m + p / (m - p)) if p < m - 1 else INF


def wrong_1_4_sign(num_examples, num_features, noise_sd):
    """The sign is wrong."""
    m, p = num_examples, num_features
    return -(noise_sd**2) * (p / m + p / (m - p - 1)) if p < m - 1 else INF


# ---- 1.5 Worse on paper, better in truth


def _ridge(x, y, alpha):
    return torch.linalg.solve(x.mT @ x + alpha * torch.eye(x.shape[1], dtype=x.dtype), x.mT @ y)


def right_1_5_ridge(x, y):
    return _ridge(x, y, 60.0)


def right_1_5_ridge_in_numpy(x, y):
    X, t = x.numpy(), y.numpy()
    return np.linalg.solve(X.T @ X + 40 * np.eye(X.shape[1]), X.T @ t)


def right_1_5_a_few_steps(x, y):
    w = torch.zeros_like(x[0])
    for _ in range(12):
        w = w + 0.8 / 3.6 / len(y) * x.T @ (y - x @ w)
    return w.tolist()


def right_1_5_ridge_chosen_by_held_out_examples(x, y):
    def held_out(alpha):
        return sum(
            (x[fold] @ _ridge(x[rest], y[rest], alpha) - y[fold]).square().sum()
            for fold, rest in ((slice(0, 50), slice(50, 200)), (slice(150, 200), slice(0, 150)))
        )

    return _ridge(x, y, min((10.0, 40.0, 160.0), key=held_out))


class _Early:
    def __call__(self, x, y):
        w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.2)
        for _ in range(10):
            optimizer.zero_grad()
            (0.5 * (x @ w - y).square().mean()).backward()
            optimizer.step()
        return w.float()


right_1_5_callable_object_in_float32 = _Early()


def wrong_1_5_least_squares(x, y):
    """What does the last step of an exact fit learn?"""
    return np.linalg.lstsq(x.numpy(), y.numpy(), rcond=None)[0]


def wrong_1_5_normal_equations(x, y):
    """What does the last step of an exact fit learn?"""
    return torch.linalg.inv(x.T @ x) @ x.T @ y


def wrong_1_5_predictions(x, y):
    """yours has shape (200,)"""
    return x @ _ridge(x, y, 60.0)


def wrong_1_5_whole_number_zeros(x, y):
    """predicting 0 exactly 1"""
    return torch.zeros(x.shape[1], dtype=torch.long)


def wrong_1_5_truth_values(x, y):
    """Your result has truth values"""
    return _ridge(x, y, 60.0) > 0


def wrong_1_5_complex(x, y):
    """complex numbers"""
    return _ridge(x, y, 60.0).to(torch.complex128) * 1j


def wrong_1_5_the_mean_of_each_column(x, y):
    """The true error is"""
    return x.mean(0) * 0 + 1


def wrong_1_5_on_the_device_meta(x, y):
    """on the device meta"""
    return torch.empty(x.shape[1], device="meta")


def wrong_1_5_weights_learned_by_heart(x, y):
    """The true error is"""
    return torch.full((x.shape[1],), x.shape[1] ** -0.5)


def wrong_1_5_one_column(x, y):
    """yours has shape"""
    return _ridge(x, y, 60.0)[:, None]


def wrong_1_5_diverged(x, y):
    """NaN or infinity"""
    w = torch.zeros_like(x[0])
    for _ in range(2000):
        w = w + x.T @ (y - x @ w)
    return w
