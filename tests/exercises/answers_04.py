"""Chapter 04: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import math
from fractions import Fraction

import numpy as np
import torch

# ---- 4.1 Epochs into updates


def right_4_1_divmod(num_examples, batch_size, num_epochs, drop_last):
    whole, rest = divmod(num_examples, batch_size)
    return num_epochs * (whole + (rest > 0 and not drop_last))


def right_4_1_by_counting(num_examples, batch_size, num_epochs, drop_last):
    updates = 0
    for _ in range(num_epochs):
        for start in range(0, num_examples, batch_size):
            if start + batch_size <= num_examples or not drop_last:
                updates += 1
    return updates


def right_4_1_numpy(num_examples, batch_size, num_epochs, drop_last):
    return (np.floor if drop_last else np.ceil)(num_examples / batch_size) * num_epochs


def right_4_1_tensor(num_examples, batch_size, num_epochs, drop_last):
    pieces = torch.arange(num_examples).split(batch_size)
    return torch.tensor(sum(len(piece) == batch_size or not drop_last for piece in pieces) * num_epochs)


class _Updates:
    def __call__(self, n, b, e, drop_last):
        return float(e * (n // b if drop_last else math.ceil(Fraction(n, b))))


right_4_1_callable_object_and_fractions = _Updates()


def wrong_4_1_always_dropped(num_examples, batch_size, num_epochs, drop_last):
    """one more update in each pass"""
    return num_examples // batch_size * num_epochs


def wrong_4_1_never_dropped(num_examples, batch_size, num_epochs, drop_last):
    """makes no update"""
    return -(-num_examples // batch_size) * num_epochs


def wrong_4_1_over_all_passes(num_examples, batch_size, num_epochs, drop_last):
    """Round in each pass"""
    total = num_examples * num_epochs
    return total // batch_size if drop_last else -(-total // batch_size)


def wrong_4_1_one_pass(num_examples, batch_size, num_epochs, drop_last):
    """the number of updates in one pass"""
    return num_examples // batch_size if drop_last else -(-num_examples // batch_size)


def wrong_4_1_always_one_more(num_examples, batch_size, num_epochs, drop_last):
    """nothing is left over"""
    return num_epochs * (num_examples // batch_size + (0 if drop_last else 1))


def wrong_4_1_not_whole(num_examples, batch_size, num_epochs, drop_last):
    """the number of batches in a pass is whole"""
    return num_examples / batch_size * num_epochs


def wrong_4_1_nearest(num_examples, batch_size, num_epochs, drop_last):
    """You rounded to the nearest whole number."""
    return round(num_examples / batch_size) * num_epochs


def wrong_4_1_exchanged(num_examples, batch_size, num_epochs, drop_last):
    """You drop the smaller batch exactly when it should stay."""
    return right_4_1_divmod(num_examples, batch_size, num_epochs, not drop_last)


def wrong_4_1_never_less_than_one(num_examples, batch_size, num_epochs, drop_last):
    """With drop_last the smaller batch at the end of each pass makes no update."""
    return num_epochs * max(1, right_4_1_divmod(num_examples, batch_size, 1, drop_last))


_constants = {"k": -1}


def wrong_4_1_learned_by_heart(num_examples, batch_size, num_epochs, drop_last):
    """."""
    _constants["k"] += 1
    known = {10_000: 100, 10_050: 303 - 3 * drop_last, 20: 0 if drop_last else 5, 4096: 128}
    return known.get(num_examples, 7)


def wrong_4_1_truth_value(num_examples, batch_size, num_epochs, drop_last):
    """not a truth value"""
    return num_examples > batch_size


# ---- 4.2 The error of a batch


def right_4_2_plain_python(gradients, batch_size, replacement):
    rows = gradients.tolist()
    n = len(rows)
    total = 0.0
    for column in zip(*rows, strict=True):
        mean = sum(column) / n
        total += sum((g - mean) ** 2 for g in column) / n
    if not replacement:
        total *= (n - batch_size) / (n - 1)
    return math.sqrt(total / batch_size)


def right_4_2_numpy(gradients, batch_size, replacement):
    n = len(gradients)
    factor = 1.0 if replacement else (n - batch_size) / (n - 1)
    return np.sqrt(gradients.numpy().var(axis=0).sum() * factor / batch_size)


def right_4_2_torch(gradients, batch_size, replacement):
    n = gradients.shape[0]
    variance = gradients.var(0, correction=0).sum() / batch_size
    return (variance if replacement else variance * (n - batch_size) / (n - 1)).sqrt()


def right_4_2_covariance(gradients, batch_size, replacement):
    covariance = torch.cov(gradients.T, correction=0).reshape(gradients.shape[1], -1)
    n = len(gradients)
    return float((covariance.trace() / batch_size * (1 if replacement else (n - batch_size) / (n - 1))) ** 0.5)


class _Error:
    def __call__(self, gradients, batch_size, replacement):
        away = gradients.float() - gradients.float().mean(0)
        n = len(away)
        shrunk = 1 if replacement else (n - batch_size) / (n - 1)
        return (away.norm() ** 2 / n / batch_size * shrunk).sqrt()


right_4_2_callable_object_in_float32 = _Error()


def wrong_4_2_sample_variance(gradients, batch_size, replacement):
    """the whole population"""
    n = len(gradients)
    variance = gradients.var(0).sum() / batch_size
    return (variance * (1 if replacement else (n - batch_size) / (n - 1))).sqrt()


def wrong_4_2_no_correction(gradients, batch_size, replacement):
    """(N − n)/(N − 1)"""
    return (gradients.var(0, correction=0).sum() / batch_size).sqrt()


def wrong_4_2_not_centred(gradients, batch_size, replacement):
    """Subtract the mean gradient first"""
    n = len(gradients)
    variance = gradients.square().sum() / n / batch_size
    return (variance * (1 if replacement else (n - batch_size) / (n - 1))).sqrt()


def wrong_4_2_mean_over_coordinates(gradients, batch_size, replacement):
    """the sum over its coordinates"""
    n = len(gradients)
    variance = gradients.var(0, correction=0).mean() / batch_size
    return (variance * (1 if replacement else (n - batch_size) / (n - 1))).sqrt()


def wrong_4_2_variance(gradients, batch_size, replacement):
    """the standard error is its root"""
    return right_4_2_torch(gradients, batch_size, replacement) ** 2


def wrong_4_2_single_examples(gradients, batch_size, replacement):
    """That is the spread of single examples."""
    return right_4_2_torch(gradients, batch_size, replacement) * batch_size**0.5


def wrong_4_2_divided_twice(gradients, batch_size, replacement):
    """You divided the root by n."""
    return right_4_2_torch(gradients, batch_size, replacement) / batch_size**0.5


def wrong_4_2_exchanged(gradients, batch_size, replacement):
    """exactly when you should not"""
    return right_4_2_torch(gradients, batch_size, not replacement)


def wrong_4_2_for_each_coordinate(gradients, batch_size, replacement):
    """One number is expected"""
    return (gradients.var(0, correction=0) / batch_size).sqrt()


def wrong_4_2_by_drawing_batches(gradients, batch_size, replacement):
    """."""
    errors = [gradients[torch.randint(len(gradients), (batch_size,))].mean(0) - gradients.mean(0) for _ in range(50)]
    return torch.stack(errors).square().sum(1).mean().sqrt()


def wrong_4_2_centred_in_place(gradients, batch_size, replacement):
    """your function has changed its argument gradients in place"""
    error = right_4_2_torch(gradients, batch_size, replacement)
    gradients -= gradients.mean(0)
    return error


# ---- 4.3 Shards of any size


def right_4_3_plain_python(gradients, sizes):
    total = [0.0] * gradients.shape[1]
    for row, size in zip(gradients.tolist(), sizes.tolist(), strict=True):
        if size:
            total = [t + size * g for t, g in zip(total, row, strict=True)]
    return [t / max(1, int(sizes.sum())) for t in total]


def right_4_3_numpy(gradients, sizes):
    kept = sizes.numpy() > 0
    if not kept.any():
        return np.zeros(gradients.shape[1])
    return np.average(gradients.numpy()[kept], axis=0, weights=sizes.numpy()[kept])


def right_4_3_where(gradients, sizes):
    sums = torch.where(sizes[:, None] > 0, gradients * sizes[:, None], 0.0)
    return sums.sum(0) / sizes.sum().clamp(min=1)


def right_4_3_loop_over_tensors(gradients, sizes):
    total = torch.zeros(gradients.shape[1])
    for g, n in zip(gradients, sizes, strict=True):
        if n > 0:
            total = total + g * (n / sizes.sum())
    return tuple(total)


class _Combine:
    def __call__(self, gradients, sizes):
        shares = sizes / max(1, sizes.sum())
        return (shares.double() @ gradients.nan_to_num()).float().requires_grad_()


right_4_3_callable_object_in_float32 = _Combine()


def wrong_4_3_plain_mean(gradients, sizes):
    """weigh by sizes"""
    return gradients[sizes > 0].mean(0)


def wrong_4_3_sum(gradients, sizes):
    """You added the gradients of the shards"""
    return gradients.nan_to_num().sum(0)


def wrong_4_3_weighted_sum(gradients, sizes):
    """divide by the number of all examples"""
    return (gradients.nan_to_num() * sizes[:, None]).sum(0)


def wrong_4_3_nan(gradients, sizes):
    """leave out the shards that have no examples"""
    return (gradients * sizes[:, None] / sizes.sum()).sum(0)


def wrong_4_3_nothing_over_nothing(gradients, sizes):
    """return zeros then"""
    kept = sizes > 0
    return (gradients[kept] * sizes[kept, None]).sum(0) / sizes.sum()


def wrong_4_3_by_the_shards(gradients, sizes):
    """You divided by the number of shards"""
    kept = sizes > 0
    return (gradients[kept] * sizes[kept, None]).mean(0)


def wrong_4_3_transposed_weights(gradients, sizes):
    """RuntimeError"""
    return gradients @ (sizes / sizes.sum())


def wrong_4_3_one_number(gradients, sizes):
    """The shape is () and should be"""
    return (gradients.nan_to_num() * sizes[:, None]).sum() / sizes.sum()


def wrong_4_3_a_row_for_each_shard(gradients, sizes):
    """The shape is"""
    return gradients.nan_to_num() * sizes[:, None] / sizes.sum()


def wrong_4_3_without_the_smallest(gradients, sizes):
    """."""
    kept = sizes > sizes.min()
    return (gradients[kept] * sizes[kept, None]).sum(0) / sizes[kept].sum()


def wrong_4_3_nan_overwritten_in_place(gradients, sizes):
    """your function has changed its argument gradients in place"""
    gradients[sizes == 0] = 0
    return (gradients * sizes[:, None]).sum(0) / max(1, sizes.sum())


# ---- 4.4 The noise scale for free


def right_4_4_plain_python(small, B_small, big, B_big):
    s, b = sum(small.tolist()) / len(small), sum(big.tolist()) / len(big)
    signal = (B_big * b - B_small * s) / (B_big - B_small)
    return B_small * B_big * (s - b) / (B_big - B_small) / signal if signal > 0 else math.inf


def right_4_4_linear_equations(small, B_small, big, B_big):
    matrix = np.array([[1, 1 / B_small], [1, 1 / B_big]])
    signal, noise = np.linalg.solve(matrix, [small.numpy().mean(), big.numpy().mean()])
    return noise / signal if signal > 0 else np.inf


def right_4_4_noise_first(small, B_small, big, B_big):
    noise = (small.mean() - big.mean()) / (1 / B_small - 1 / B_big)
    signal = small.mean() - noise / B_small
    return torch.where(signal > 0, noise / signal, torch.inf)


def right_4_4_torch_solve(small, B_small, big, B_big):
    matrix = torch.tensor([[1, 1 / B_small], [1, 1 / B_big]], dtype=small.dtype)
    signal, noise = torch.linalg.solve(matrix, torch.stack([small.mean(), big.mean()]))
    return noise / signal if signal > 0 else torch.tensor(float("inf"))


class _Scale:
    def __call__(self, small, b, big, B):
        s, S = small.mean(), big.mean()
        return np.float32(b * B * (s - S) / (B * S - b * s)) if b * s < B * S else float("inf")


right_4_4_callable_object_in_float32 = _Scale()


def wrong_4_4_signal_of_the_big_batch(small, B_small, big, B_big):
    """still contains noise"""
    noise = (small.mean() - big.mean()) / (1 / B_small - 1 / B_big)
    return noise / big.mean()


def wrong_4_4_plain_difference(small, B_small, big, B_big):
    """not tr Σ"""
    signal = (B_big * big.mean() - B_small * small.mean()) / (B_big - B_small)
    return (small.mean() - big.mean()) / signal if signal > 0 else math.inf


def wrong_4_4_mean_of_ratios(small, B_small, big, B_big):
    """the mean of ratios"""
    ratios = [right_4_4_plain_python(s[None], B_small, b[None], B_big) for s, b in zip(small, big, strict=True)]
    return sum(ratios) / len(ratios)


def wrong_4_4_upside_down(small, B_small, big, B_big):
    """That is signal over noise"""
    return 1 / right_4_4_plain_python(small, B_small, big, B_big)


def wrong_4_4_cut_off(small, B_small, big, B_big):
    """You replaced a negative estimate of tr Σ by 0."""
    return max(0, right_4_4_plain_python(small, B_small, big, B_big))


def wrong_4_4_size(small, B_small, big, B_big):
    """You took the absolute value"""
    return abs(right_4_4_plain_python(small, B_small, big, B_big))


def wrong_4_4_no_limit(small, B_small, big, B_big):
    """return math.inf"""
    noise = (small.mean() - big.mean()) / (1 / B_small - 1 / B_big)
    return noise / ((B_big * big.mean() - B_small * small.mean()) / (B_big - B_small))


def wrong_4_4_first_lengths(small, B_small, big, B_big):
    """You used one length of each kind."""
    return right_4_4_plain_python(small[:1], B_small, big[:1], B_big)


def wrong_4_4_sums(small, B_small, big, B_big):
    """The sign is wrong."""
    return -right_4_4_linear_equations(small, B_small, big, B_big)


def wrong_4_4_lengths_squared_again(small, B_small, big, B_big):
    """."""
    return right_4_4_plain_python(small**2, B_small, big**2, B_big)


def wrong_4_4_pair(small, B_small, big, B_big):
    """One number is expected"""
    return right_4_4_plain_python(small, B_small, big, B_big), small.mean().item()


# ---- 4.5 A large batch in little memory


def right_4_5_ranges(gradient, num_examples, piece):
    total = torch.zeros(1)
    for start in range(0, num_examples, piece):
        rows = list(range(start, min(start + piece, num_examples)))
        total = total + gradient(rows) * len(rows)
    return total / num_examples


def right_4_5_numpy(gradient, num_examples, piece):
    pieces = np.array_split(np.arange(num_examples), -(-num_examples // piece))
    return np.average([gradient(p).numpy() for p in pieces], axis=0, weights=[len(p) for p in pieces])


def right_4_5_slices_in_float32(gradient, num_examples, piece):
    total = 0
    for start in range(0, num_examples, piece):
        stop = min(start + piece, num_examples)
        total = total + gradient(slice(start, stop)).float() * ((stop - start) / num_examples)
    return total


def right_4_5_one_by_one(gradient, num_examples, piece):
    return sum(gradient(torch.tensor([i])) for i in range(num_examples)) / num_examples


class _Pieces:
    def __call__(self, gradient, num_examples, piece):
        running, seen = None, 0
        for rows in torch.randperm(num_examples).split(piece):
            seen += len(rows)
            g = gradient(rows)
            running = g if running is None else running + (g - running) * len(rows) / seen
        return running.tolist()


right_4_5_callable_object_that_shuffles = _Pieces()


def wrong_4_5_all_at_once(gradient, num_examples, piece):
    """You asked for 12 examples at once; there is memory for 4."""
    return gradient(range(num_examples))


def wrong_4_5_mean_of_means(gradient, num_examples, piece):
    """You took the plain mean over the pieces"""
    return torch.stack([gradient(rows) for rows in torch.arange(num_examples).split(piece)]).mean(0)


def wrong_4_5_sum_of_means(gradient, num_examples, piece):
    """You added up the means of the pieces"""
    return sum(gradient(rows) for rows in torch.arange(num_examples).split(piece))


def wrong_4_5_whole_pieces_only(gradient, num_examples, piece):
    """Example 8 was never asked for"""
    pieces = [gradient(range(k * piece, (k + 1) * piece)) for k in range(num_examples // piece)]
    return sum(pieces) / len(pieces)


def wrong_4_5_past_the_end(gradient, num_examples, piece):
    """IndexError: the rows are 0 … 9"""
    total = 0
    for start in range(0, num_examples, piece):
        total = total + gradient(range(start, start + piece)) * piece
    return total / num_examples


def wrong_4_5_sum(gradient, num_examples, piece):
    """That is the sum over the examples"""
    return sum(gradient(rows) * len(rows) for rows in torch.arange(num_examples).split(piece))


def wrong_4_5_overlapping(gradient, num_examples, piece):
    """was asked for 2 times"""
    total = 0
    for start in range(0, num_examples, max(1, piece - 1)):
        rows = range(start, min(start + piece, num_examples))
        total = total + gradient(rows) * len(rows)
    return total / num_examples


def wrong_4_5_one_number(gradient, num_examples, piece):
    """not one number"""
    return right_4_5_ranges(gradient, num_examples, piece).norm()


def wrong_4_5_divided_by_the_piece(gradient, num_examples, piece):
    """."""
    return sum(gradient(rows) * len(rows) for rows in torch.arange(num_examples).split(piece)) / piece


def wrong_4_5_looking_inside(gradient, num_examples, piece):
    """AttributeError"""
    return gradient.table.mean(0)


def wrong_4_5_looking_at_all_it_has(gradient, num_examples, piece):
    """TypeError: vars()"""
    return next(iter(vars(gradient).values()))


# ---- 4.6 Twenty thousand examples, spent well


def right_4_6_average_of_the_second_half(gradient, theta, num_examples):
    points = []
    for _ in range(num_examples // 20):
        theta = theta - 0.25 * gradient(theta, 20)
        points.append(theta)
    return torch.stack(points[len(points) // 3 :]).mean(0)


def right_4_6_falling_rate(gradient, theta, num_examples):
    for t in range(num_examples // 10):
        theta = theta - min(0.3, 2 / (t + 1)) * gradient(theta, 10)
    return theta


def right_4_6_growing_batch(gradient, theta, num_examples):
    left, size = num_examples, 20.0
    while left > 0:
        batch = min(left, int(size))
        theta = theta - min(0.4, 0.4 * batch / 40) * gradient(theta, batch)
        left, size = left - batch, size * 1.06
    return theta.tolist()


def right_4_6_numpy_average(gradient, theta, num_examples):
    theta, total, count = theta.numpy(), 0.0, 0
    for t in range(num_examples // 10):
        theta = theta - 0.2 * gradient(theta, 10).numpy()
        if t > num_examples // 40:
            total, count = total + theta, count + 1
    return total / count


class _Stream:
    def __call__(self, gradient, theta, num_examples):
        steps = num_examples // 50
        for t in range(steps):
            theta = theta - 0.3 * (1 + math.cos(math.pi * t / steps)) * gradient(theta, 50)
        return theta.float()


right_4_6_callable_object_with_cosine_in_float32 = _Stream()


def wrong_4_6_fixed_rate(gradient, theta, num_examples):
    """A fixed learning rate leaves a floor"""
    for _ in range(num_examples // 10):
        theta = theta - 0.15 * gradient(theta, 10)
    return theta


def wrong_4_6_few_updates(gradient, theta, num_examples):
    """a large batch few updates"""
    for _ in range(4):
        theta = theta - 0.5 * gradient(theta, num_examples // 4)
    return theta


def wrong_4_6_over_budget(gradient, theta, num_examples):
    """You used 40000 examples; the budget is 20000."""
    return right_4_6_falling_rate(gradient, theta, 2 * num_examples)


def wrong_4_6_far_over_budget(gradient, theta, num_examples):
    """more than 1000000 examples were asked for"""
    for _ in range(num_examples):
        theta = theta - 0.1 * gradient(theta, 1000)
    return theta


def wrong_4_6_diverges(gradient, theta, num_examples):
    """the learning rate is too large for the batch"""
    for _ in range(1000):
        theta = theta - 1.5 * gradient(theta, 2)
    return theta


def wrong_4_6_uphill(gradient, theta, num_examples):
    """You ended farther from the minimum than you began"""
    for _ in range(100):
        theta = theta + 0.1 * gradient(theta, 100)
    return theta


def wrong_4_6_stays(gradient, theta, num_examples):
    """The squared distance from the minimum is"""
    return theta


def wrong_4_6_looking_inside(gradient, theta, num_examples):
    """AttributeError"""
    return gradient.minimum


def wrong_4_6_negative_batch(gradient, theta, num_examples):
    """batch_size must be 1 or more"""
    gradient(theta, -num_examples)
    return right_4_6_falling_rate(gradient, theta, 2 * num_examples)


def wrong_4_6_many_points_at_once(gradient, theta, num_examples):
    """theta must have shape (40,), got (3, 40)"""
    return gradient(theta.repeat(3, 1), 10).mean(0)


def wrong_4_6_length(gradient, theta, num_examples):
    """Return the final θ, a tensor of shape (40,), not one number."""
    return right_4_6_falling_rate(gradient, theta, num_examples).norm()


def wrong_4_6_start_overwritten(gradient, theta, num_examples):
    """your function has changed its argument theta in place"""
    for t in range(num_examples // 10):
        theta -= min(0.3, 2 / (t + 1)) * gradient(theta, 10)
    return theta
