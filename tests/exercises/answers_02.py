"""Chapter 02: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import math
import statistics
from collections import Counter, defaultdict
from decimal import Decimal

import numpy as np
import torch

from labs import data

# ---- 2.1 A score and its error bar


def right_2_1_plain_python(per_example):
    losses = per_example.tolist()
    return statistics.fmean(losses), statistics.stdev(losses) / math.sqrt(len(losses))


def right_2_1_numpy_array(per_example):
    losses = per_example.double().numpy()
    return np.array([losses.mean(), losses.std(ddof=1) / np.sqrt(losses.size)])


def right_2_1_by_hand(per_example):
    m = per_example.numel()
    mean = per_example.sum() / m
    return torch.stack((mean, ((per_example - mean).square().sum() / (m - 1) / m).sqrt()))


def right_2_1_list_of_tensors_with_gradient(per_example):
    losses = per_example.clone().requires_grad_()
    variance, mean = torch.var_mean(losses)
    return [mean, (variance / len(losses)) ** 0.5]


class _Bar:
    def __call__(self, per_example):
        return torch.tensor([per_example.mean().item(), (per_example.var() / len(per_example)).sqrt().item()])


right_2_1_callable_object_in_float32 = _Bar()


def wrong_2_1_divided_by_m(per_example):
    """You divided the squares by m."""
    return per_example.mean(), per_example.std(unbiased=False) / len(per_example) ** 0.5


def wrong_2_1_numpy_std(per_example):
    """You divided the squares by m."""
    return [np.mean(per_example.numpy()), np.std(per_example.numpy()) / len(per_example) ** 0.5]


def wrong_2_1_spread(per_example):
    """Your second number is the spread of one example."""
    return [per_example.mean(), per_example.std()]


def wrong_2_1_over_m(per_example):
    """not as 1/m"""
    return [per_example.mean(), per_example.std() / len(per_example)]


def wrong_2_1_variance(per_example):
    """the standard error is its root"""
    return [per_example.mean(), per_example.var() / len(per_example)]


def wrong_2_1_sum(per_example):
    """Your risk is m times too large"""
    return [per_example.sum(), per_example.std() / len(per_example) ** 0.5]


def wrong_2_1_binomial(per_example):
    """right for losses of 0 and 1 only"""
    R = per_example.mean()
    return torch.stack([R, torch.sqrt(R * (1 - R) / len(per_example))])


def wrong_2_1_mean_alone(per_example):
    """should be (2,)"""
    return per_example.mean()


def wrong_2_1_swapped(per_example):
    """wrong order"""
    return per_example.std() / len(per_example) ** 0.5, per_example.mean()


def wrong_2_1_zeros_of_the_right_shape(per_example):
    """The values differ."""
    return torch.zeros(2)


def wrong_2_1_writes_to_its_argument(per_example):
    """your function has changed its argument per_example in place"""
    mean = per_example.mean()
    per_example.sub_(mean)
    return mean, per_example.norm() / (len(per_example) * (len(per_example) - 1)) ** 0.5


# ---- 2.2 How large must the test set be?


def right_2_2_formula(error_rate, half_width, num_standard_errors):
    return math.ceil(error_rate * (1 - error_rate) / (half_width / num_standard_errors) ** 2)


def right_2_2_search(error_rate, half_width, num_standard_errors):
    m = 1
    while num_standard_errors * math.sqrt(error_rate * (1 - error_rate) / m) > half_width:
        m += 1
    return m


def right_2_2_bisection(error_rate, half_width, num_standard_errors):
    low, high = 0, 10**9
    while high - low > 1:
        middle = (low + high) // 2
        enough = num_standard_errors * (error_rate * (1 - error_rate) / middle) ** 0.5 <= half_width
        low, high = (low, middle) if enough else (middle, high)
    return torch.tensor(high)


def right_2_2_numpy(error_rate, half_width, num_standard_errors):
    return np.ceil(error_rate * (1 - error_rate) * np.square(num_standard_errors / half_width))


def right_2_2_floor_and_one(error_rate, half_width, num_standard_errors):
    return int(num_standard_errors**2 * (error_rate - error_rate**2) // half_width**2) + 1


class _Size:
    def __call__(self, *given):
        R, h, k = (Decimal(value) for value in given)
        return float(math.ceil(R * (1 - R) * k * k / (h * h)))


right_2_2_callable_object_and_decimals = _Size()


def wrong_2_2_rounded_down(error_rate, half_width, num_standard_errors):
    """You rounded down"""
    return int(error_rate * (1 - error_rate) * (num_standard_errors / half_width) ** 2)


def wrong_2_2_not_rounded(error_rate, half_width, num_standard_errors):
    """round up to a whole number"""
    return error_rate * (1 - error_rate) * (num_standard_errors / half_width) ** 2


def wrong_2_2_no_square(error_rate, half_width, num_standard_errors):
    """m goes with the square"""
    return math.ceil(error_rate * (1 - error_rate) * num_standard_errors / half_width)


def wrong_2_2_without_k(error_rate, half_width, num_standard_errors):
    """You left out k"""
    return math.ceil(error_rate * (1 - error_rate) / half_width**2)


def wrong_2_2_coin(error_rate, half_width, num_standard_errors):
    """You took R(1 − R) for ¼"""
    return math.ceil(0.25 * (num_standard_errors / half_width) ** 2)


def wrong_2_2_full_width(error_rate, half_width, num_standard_errors):
    """You took half_width for the whole width"""
    return math.ceil(4 * error_rate * (1 - error_rate) * (num_standard_errors / half_width) ** 2)


def wrong_2_2_rate_alone(error_rate, half_width, num_standard_errors):
    """R(1 − R), not R"""
    return math.ceil(error_rate * (num_standard_errors / half_width) ** 2)


def wrong_2_2_always_one_more(error_rate, half_width, num_standard_errors):
    """The values differ."""
    return math.ceil(error_rate * (1 - error_rate) * (num_standard_errors / half_width) ** 2) + 1


def wrong_2_2_upside_down(error_rate, half_width, num_standard_errors):
    """The values differ."""
    return math.ceil((half_width / num_standard_errors) ** 2 / (error_rate * (1 - error_rate)))


def wrong_2_2_text(error_rate, half_width, num_standard_errors):
    """yours is of type str"""
    return str(math.ceil(error_rate * (1 - error_rate) * (num_standard_errors / half_width) ** 2))


# ---- 2.3 The floor of the training error


def right_2_3_dictionary(x, y):
    groups = defaultdict(Counter)
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        groups[tuple(row)][label] += 1
    return 1 - sum(max(counts.values()) for counts in groups.values()) / len(y)


def right_2_3_numpy(x, y):
    _, which = np.unique(x.numpy() + 0.0, axis=0, return_inverse=True)
    pairs, counts = np.unique(np.stack([which.ravel(), y.numpy()]), axis=1, return_counts=True)
    best = np.zeros(which.max() + 1)
    np.maximum.at(best, pairs[0], counts)
    return np.float64(1 - best.sum() / len(y))


def right_2_3_all_pairs(x, y):
    same = (x[:, None] == x[None]).all(-1)
    wrong = 0
    for i in range(len(x)):
        if not same[i, :i].any():  # the first of its group
            labels = y[same[i]]
            wrong += len(labels) - int(torch.bincount(labels).max())
    return torch.tensor(wrong / len(y))


def right_2_3_one_hot(x, y):
    _, which = torch.unique(x, dim=0, return_inverse=True)
    table = torch.nn.functional.one_hot(which).T @ torch.nn.functional.one_hot(y)
    return (table.sum() - table.max(1).values.sum()) / table.sum()


class _Floor:
    def __call__(self, x, y):
        order = sorted(range(len(x)), key=lambda i: x[i].tolist())
        errors, start = 0, 0
        for stop in range(1, len(order) + 1):
            if stop == len(order) or not torch.equal(x[order[stop]], x[order[start]]):
                labels = [int(y[i]) for i in order[start:stop]]
                errors += len(labels) - max(labels.count(label) for label in labels)
                start = stop
        return np.float32(errors / len(x))


right_2_3_callable_object_in_float32 = _Floor()


def wrong_2_3_rows_in_conflict(x, y):
    """You counted all examples of a conflicting group as errors."""
    groups = defaultdict(list)
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        groups[tuple(row)].append(label)
    return sum(len(labels) for labels in groups.values() if len(set(labels)) > 1) / len(y)


def wrong_2_3_groups_in_conflict(x, y):
    """You counted one error for each conflicting group."""
    groups = defaultdict(set)
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        groups[tuple(row)].add(label)
    return sum(len(labels) > 1 for labels in groups.values()) / len(y)


def wrong_2_3_repetitions(x, y):
    """A row that repeats with the same label is no error."""
    return 1 - len(set(map(tuple, x.tolist()))) / len(y)


def wrong_2_3_mean_over_groups(x, y):
    """You averaged over the groups."""
    groups = defaultdict(list)
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        groups[tuple(row)].append(label)
    shares = [1 - max(map(labels.count, labels)) / len(labels) for labels in groups.values()]
    return sum(shares) / len(shares)


def wrong_2_3_number(x, y):
    """Return the share of errors, not their number."""
    return round(right_2_3_dictionary(x, y) * len(y))


def wrong_2_3_first_column(x, y):
    """You compared one column."""
    return right_2_3_dictionary(x[:, :1], y)


def wrong_2_3_accuracy(x, y):
    """That is the largest share of right answers."""
    return 1 - right_2_3_dictionary(x, y)


def wrong_2_3_in_single_precision(x, y):
    """You took rows that are nearly equal for equal."""
    return right_2_3_dictionary(x.float(), y)


def wrong_2_3_bytes_as_keys(x, y):
    """The values differ."""
    groups = defaultdict(Counter)
    for row, label in zip(x.numpy(), y.tolist(), strict=True):
        groups[row.tobytes()][label] += 1
    return 1 - sum(max(counts.values()) for counts in groups.values()) / len(y)


def wrong_2_3_always_zero(x, y):
    """The values differ."""
    return 0.0


def wrong_2_3_sum_of_the_row_as_key(x, y):
    """2 times"""
    return right_2_3_dictionary(x.sum(1, keepdim=True), y)


# ---- 2.4 The steps of the staircase


def right_2_4_plain_python(x, w, v):
    times = []
    for row in x.tolist():
        start = sum(a * b for a, b in zip(row, w.tolist(), strict=True))
        speed = sum(a * b for a, b in zip(row, v.tolist(), strict=True))
        if speed and -start / speed > 0:
            times.append(-start / speed)
    return sorted(times)


def right_2_4_numpy(x, w, v):
    start, speed = x.numpy() @ w.numpy(), x.numpy() @ v.numpy()
    with np.errstate(all="ignore"):
        t = -start / speed
    return np.sort(t[np.isfinite(t) & (t > 0)])


def right_2_4_torch(x, w, v):
    start, speed = (x * w).sum(1), (x * v).sum(1)
    ahead = start * speed < 0
    return torch.sort((start / -speed)[ahead])[0]


def right_2_4_tuple_of_tensors(x, w, v):
    pairs = [(row @ w, row @ v) for row in x]
    return tuple(sorted(-a / b for a, b in pairs if a.sign() * b.sign() == -1))


class _Flips:
    def __call__(self, x, w, v):
        a, b = torch.stack([w, v]) @ x.T
        keep = (a != 0) & (b != 0) & (a.sign() != b.sign())
        return (a[keep] / b[keep]).abs().sort().values.float()


right_2_4_callable_object_in_float32 = _Flips()


def wrong_2_4_behind_too(x, w, v):
    """those steps lie behind you"""
    a, b = x @ w, x @ v
    return torch.sort(-a[b != 0] / b[b != 0]).values


def wrong_2_4_unsorted(x, w, v):
    """not in ascending order"""
    a, b = x @ w, x @ v
    return [float(-p / q) for p, q in zip(a, b, strict=True) if p * q < 0]


def wrong_2_4_descending(x, w, v):
    """descending"""
    return sorted(right_2_4_plain_python(x, w, v), reverse=True)


def wrong_2_4_infinite_times(x, w, v):
    """their times are infinite in your result"""
    t = -(x @ w) / (x @ v)
    return torch.sort(t[t > 0]).values


def wrong_2_4_sign(x, w, v):
    """The sign is off"""
    a, b = x @ w, x @ v
    return torch.sort((a / b)[a * b > 0]).values


def wrong_2_4_distinct(x, w, v):
    """Each example that flips counts, even when several do so at the same time."""
    return sorted(set(right_2_4_plain_python(x, w, v)))


def wrong_2_4_zero_counts(x, w, v):
    """whose score is 0 at t = 0"""
    a, b = x @ w, x @ v
    t = -a[b != 0] / b[b != 0]
    return t[t >= 0].sort().values


def wrong_2_4_how_many(x, w, v):
    """should be"""
    return len(right_2_4_plain_python(x, w, v))


def wrong_2_4_up_to_a_hundred(x, w, v):
    """Some flips are missing: they come late."""
    return [t for t in right_2_4_plain_python(x, w, v) if t < 100]


def wrong_2_4_none_for_the_others(x, w, v):
    """Your result has None in it"""
    return [float(-p / q) if p * q < 0 else None for p, q in zip(x @ w, x @ v, strict=True)] + [None]


def wrong_2_4_first_only(x, w, v):
    """The shape is"""
    return right_2_4_plain_python(x, w, v)[:1]


# ---- 2.5 Choose the capacity


def _sums_of_squares(x, y):
    """For each degree from 0 to 12 the sum of squares that least squares leaves, by one factorisation."""
    Q, _ = torch.linalg.qr(data.legendre_features(x, 12))
    explained = (Q.mT @ y[..., None])[..., 0].square().cumsum(-1)
    return y.square().sum(-1, keepdim=True) - explained


def right_2_5_generalised_cross_validation(x, y):
    m, p = x.shape[1], torch.arange(1, 14)
    return (_sums_of_squares(x, y) / (m - p) ** 2).argmin(1)


def right_2_5_bayesian_criterion_as_list(x, y):
    m, p = x.shape[1], torch.arange(1, 14)
    return (m * _sums_of_squares(x, y).log() + math.log(m) * p).argmin(1).tolist()


def right_2_5_corrected_akaike_in_float32(x, y):
    m, p = x.shape[1], torch.arange(1, 14)
    return (m * _sums_of_squares(x, y).log() + 2 * p + 2 * p * (p + 1) / (m - p - 1)).argmin(1).float()


def right_2_5_leave_one_out_in_numpy(x, y):
    Q = np.linalg.qr(data.legendre_features(x, 12).numpy())[0]
    scores = []
    for degree in range(13):
        q = Q[:, :, : degree + 1]
        residual = y.numpy() - (q @ (q.swapaxes(1, 2) @ y.numpy()[..., None]))[..., 0]
        scores.append(((residual / (1 - (q**2).sum(-1))) ** 2).sum(-1))
    return np.argmin(scores, axis=0)


class _HoldOut:
    def __call__(self, x, y):
        kept, scores = x.shape[1] * 7 // 10, []
        for degree in range(13):
            columns = data.legendre_features(x, degree)
            fit = torch.linalg.pinv(columns[:, :kept]) @ y[:, :kept, None]
            scores.append((columns[:, kept:] @ fit - y[:, kept:, None]).square().sum((1, 2)))
        return torch.stack(scores).argmin(0)


right_2_5_hold_out_by_callable_object = _HoldOut()


def wrong_2_5_training_error(x, y):
    """You chose by the training error"""
    return _sums_of_squares(x, y).argmin(1)


def wrong_2_5_always_three(x, y):
    """You gave every sample degree 3."""
    return np.full(len(x), 3)


def wrong_2_5_always_twelve(x, y):
    """You chose by the training error"""
    return [12] * len(x)


def wrong_2_5_by_the_size_of_the_sample(x, y):
    """What do points tell that had no part in the fit?"""
    return torch.full((len(x),), 8 if x.shape[1] < 60 else 7)


def wrong_2_5_at_random(x, y):
    """What do points tell that had no part in the fit?"""
    return torch.randint(13, (len(x),))


def wrong_2_5_one_number(x, y):
    """Return one whole number for each sample"""
    return 5


def wrong_2_5_parts(x, y):
    """Return one whole number for each sample"""
    return torch.full((len(x),), 4.5)


def wrong_2_5_degree_beyond(x, y):
    """Degrees from 0 to 12 are allowed"""
    return torch.full((len(x),), 13)


def wrong_2_5_scores_instead_of_degrees(x, y):
    """Return one whole number for each sample"""
    return _sums_of_squares(x, y)


def wrong_2_5_truth_values(x, y):
    """truth values"""
    return right_2_5_generalised_cross_validation(x, y) > 3


def wrong_2_5_writes_to_its_argument(x, y):
    """your function has changed its argument y in place"""
    degrees = right_2_5_generalised_cross_validation(x, y)
    y.zero_()
    return degrees
