"""Chapter 10: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import math

import numpy as np
import torch

# ---- 10.1 Where it settles


def right_10_1_by_doubling_the_steps(learning_rate, curvature, noise_sd, bias):
    keep = 1 - learning_rate * curvature
    if abs(keep) >= 1:
        return math.inf
    square, mean, variance = keep**2, -learning_rate * bias, (learning_rate * noise_sd) ** 2
    for _ in range(40):
        mean, keep = mean * (1 + keep), keep**2
        variance, square = variance * (1 + square), square**2
    return mean**2 + variance


def right_10_1_geometric_series(learning_rate, curvature, noise_sd, bias):
    keep = 1 - learning_rate * curvature
    if keep * keep >= 1:
        return float("inf")
    return (learning_rate * bias / (1 - keep)) ** 2 + (learning_rate * noise_sd) ** 2 / (1 - keep**2)


def right_10_1_numpy(learning_rate, curvature, noise_sd, bias):
    eta, lam = np.float64(learning_rate), np.float64(curvature)
    return np.where(
        eta * lam < 2, (bias / lam) ** 2 + eta * noise_sd**2 / lam / np.abs(2 - eta * lam).clip(1e-9), np.inf
    )


def right_10_1_tensor(learning_rate, curvature, noise_sd, bias):
    eta, lam, sd, b = torch.tensor([learning_rate, curvature, noise_sd, bias], dtype=torch.float64)
    return (b / lam).square() + eta * sd.square() / (lam * (2 - eta * lam)) if eta * lam < 2 else torch.tensor(math.inf)


def right_10_1_library(learning_rate, curvature, noise_sd, bias):
    from labs.inexact import stationary_variance

    return stationary_variance(learning_rate, curvature, noise_sd) + bias**2 / curvature**2


def wrong_10_1_small_steps(learning_rate, curvature, noise_sd, bias):
    """This is the variance for very small steps"""
    if learning_rate * curvature >= 2:
        return math.inf
    return (bias / curvature) ** 2 + learning_rate * noise_sd**2 / (2 * curvature)


def wrong_10_1_minus_b(learning_rate, curvature, noise_sd, bias):
    """at −b/λ, not at −b"""
    if learning_rate * curvature >= 2:
        return math.inf
    return bias**2 + learning_rate * noise_sd**2 / (curvature * (2 - learning_rate * curvature))


def wrong_10_1_variance_alone(learning_rate, curvature, noise_sd, bias):
    """You have the variance alone"""
    if learning_rate * curvature >= 2:
        return math.inf
    return learning_rate * noise_sd**2 / (curvature * (2 - learning_rate * curvature))


def wrong_10_1_squared_rate(learning_rate, curvature, noise_sd, bias):
    """A step adds η²σ²"""
    if learning_rate * curvature >= 2:
        return math.inf
    return (bias / curvature) ** 2 + (learning_rate * noise_sd) ** 2 / (curvature * (2 - learning_rate * curvature))


def wrong_10_1_rate_in_the_mean(learning_rate, curvature, noise_sd, bias):
    """The learning rate does not change where the mean stands still"""
    if learning_rate * curvature >= 2:
        return math.inf
    variance = learning_rate * noise_sd**2 / (curvature * (2 - learning_rate * curvature))
    return (learning_rate * bias / curvature) ** 2 + variance


def wrong_10_1_never_diverges(learning_rate, curvature, noise_sd, bias):
    """there is no limit, whatever the formula says"""
    over = curvature * (2 - learning_rate * curvature)
    return (bias / curvature) ** 2 + learning_rate * noise_sd**2 / (over or curvature * 1e-300)


def wrong_10_1_the_mean_alone(learning_rate, curvature, noise_sd, bias):
    """The values differ"""
    return (bias / curvature) ** 2


def wrong_10_1_minus_infinity(learning_rate, curvature, noise_sd, bias):
    """The values differ"""
    if learning_rate * curvature >= 2:
        return -math.inf
    return (bias / curvature) ** 2 + learning_rate * noise_sd**2 / (curvature * (2 - learning_rate * curvature))


def wrong_10_1_a_pair(learning_rate, curvature, noise_sd, bias):
    """One number is expected"""
    return bias / curvature, learning_rate * noise_sd**2 / (curvature * abs(2 - learning_rate * curvature) + 1e-9)


# ---- 10.2 Rounding by lot


def right_10_2_where(x, spacing, u):
    low = torch.floor(x / spacing) * spacing
    return torch.where(u < (x - low) / spacing, low + spacing, low)


def right_10_2_remainder(x, spacing, u):
    over = torch.remainder(x, spacing)
    return x - over + spacing * (u * spacing < over)


def right_10_2_loop(x, spacing, u):
    out = []
    for one, lot in zip(x.flatten().tolist(), u.flatten().tolist(), strict=True):
        low = math.floor(one / spacing)
        out.append(spacing * (low + 1 if lot < one / spacing - low else low))
    return torch.tensor(out, dtype=x.dtype).reshape(x.shape)


def right_10_2_numpy(x, spacing, u):
    low = np.floor(x.numpy() / spacing)
    return spacing * (low + (u.numpy() < x.numpy() / spacing - low))


def right_10_2_single(x, spacing, u):
    scaled = x.float() / spacing
    low = scaled.floor()
    return (low + (u.float() < scaled - low).float()) * spacing


def right_10_2_ceil_of_the_difference(x, spacing, u):
    return torch.ceil(x / spacing - u) * spacing


def wrong_10_2_nearest(x, spacing, u):
    """u has no say in it"""
    return torch.round(x / spacing) * spacing


def wrong_10_2_truncated(x, spacing, u):
    """The multiple below is that of torch.floor"""
    low = torch.trunc(x / spacing)
    return (low + (u < x / spacing - low)) * spacing


def wrong_10_2_exchanged(x, spacing, u):
    """You round up with probability 1 − p"""
    low = torch.floor(x / spacing)
    return (low + (u < 1 - (x / spacing - low))) * spacing


def wrong_10_2_floor_of_the_sum(x, spacing, u):
    """not the lot that was asked for"""
    return torch.floor(x / spacing + u) * spacing


def wrong_10_2_counts(x, spacing, u):
    """multiply by the spacing at the end"""
    low = torch.floor(x / spacing)
    return low + (u < x / spacing - low)


def wrong_10_2_even_chance(x, spacing, u):
    """right on average in the middle only"""
    low = torch.floor(x / spacing)
    return (low + ((u < 0.5) & (x / spacing > low))) * spacing


def wrong_10_2_up(x, spacing, u):
    """You always round up"""
    return torch.ceil(x / spacing) * spacing


def wrong_10_2_own_lots(x, spacing, u):
    """The values differ"""
    low = torch.floor(x / spacing)
    return (low + (torch.rand(x.shape, generator=torch.Generator().manual_seed(8)) < 0.5)) * spacing


def wrong_10_2_flat(x, spacing, u):
    """The shape is"""
    low = torch.floor(x / spacing)
    return ((low + (u < x / spacing - low)) * spacing)[None]


# ---- 10.3 The updates that are lost


def right_10_3_count_nonzero(theta, update):
    stored = (theta + update).to(torch.bfloat16)
    asked = torch.count_nonzero(update).item()
    return ((stored == theta.to(torch.bfloat16)) & (update != 0)).sum().item() / asked if asked else 0.0


def right_10_3_loop(theta, update):
    lost = asked = 0
    for weight, change in zip(theta.flatten(), update.flatten(), strict=True):
        if change != 0:
            asked += 1
            lost += bool((weight + change).bfloat16().float() == weight)
    return lost / asked if asked else 0


def right_10_3_mean_of_those_asked(theta, update):
    on = update != 0
    return (theta[on] + update[on]).bfloat16().eq(theta[on].bfloat16()).float().mean().item() if on.any() else 0.0


def right_10_3_library(theta, update):
    from labs.inexact import bfloat16, lost_share

    return lost_share(theta.flatten(), update.flatten(), bfloat16)


def right_10_3_bits(theta, update):
    total = (theta + update).numpy().view(np.uint32).astype(np.uint64)
    stored = ((total + 0x7FFF + ((total >> 16) & 1)) >> 16) & 0xFFFF
    before = theta.numpy().view(np.uint32).astype(np.uint64) >> 16
    asked = update.numpy() != 0
    same = (stored == before) | ((stored & 0x7FFF == 0) & (before & 0x7FFF == 0))
    return float((same & asked).sum() / max(1, asked.sum()))


def wrong_10_3_of_all(theta, update):
    """divide by the number of updates other than zero"""
    return ((theta + update).bfloat16().float() == theta).float().mean().item()


def wrong_10_3_threshold(theta, update):
    """The distance between neighbours grows with the weight"""
    on = update != 0
    return ((update.abs() < 2.0**-8) & on).sum().item() / max(1, on.sum().item())


def wrong_10_3_kept(theta, update):
    """You counted the updates that arrive"""
    on = update != 0
    return (((theta + update).bfloat16().float() != theta) & on).sum().item() / max(1, on.sum().item())


def wrong_10_3_update_alone(theta, update):
    """It is lost in the sum theta + update"""
    on = update != 0
    return ((update.bfloat16().float() == 0) & on).sum().item() / max(1, on.sum().item())


def wrong_10_3_single(theta, update):
    """the sum itself is a float32"""
    on = update != 0
    return ((theta + update == theta) & on).sum().item() / max(1, on.sum().item())


def wrong_10_3_float16(theta, update):
    """Use .bfloat16()"""
    on = update != 0
    return (((theta + update).half().float() == theta) & on).sum().item() / max(1, on.sum().item())


def wrong_10_3_number(theta, update):
    """The values differ"""
    return int((((theta + update).bfloat16().float() == theta) & (update != 0)).sum()) + 0.5


def wrong_10_3_nan(theta, update):
    """The result is NaN"""
    on = update != 0
    return (((theta + update).bfloat16().float() == theta) & on).sum().float() / on.sum()


def wrong_10_3_in_place(theta, update):
    """in place"""
    on, before = update != 0, theta.clone()
    theta += update
    return ((theta.bfloat16().float() == before) & on).sum().item() / max(1, on.sum().item())


# ---- 10.4 Cutting a chain


def right_10_4_detach(w, x, target, k):
    weight = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    h = torch.zeros((), dtype=torch.float64)
    for t in range(len(x)):
        if t == len(x) - k:
            h = h.detach()
        h = torch.tanh(weight * h + x[t])
    (0.5 * (h - target) ** 2).backward()
    return weight.grad


def right_10_4_forward_mode(w, x, target, k):
    h, slope = 0.0, 0.0
    for t, drive in enumerate(x.tolist()):
        if t == len(x) - k:
            slope = 0.0
        new = math.tanh(w * h + drive)
        slope = (1 - new**2) * (h + w * slope)
        h = new
    return (h - target) * slope


def right_10_4_copies(w, x, target, k):
    copies = torch.full((len(x),), w, dtype=torch.float64, requires_grad=True)
    h = torch.zeros((), dtype=torch.float64)
    for weight, drive in zip(copies, x, strict=True):
        h = torch.tanh(weight * h + drive)
    return torch.autograd.grad(0.5 * (h - target) ** 2, copies)[0][len(x) - k :].sum()


def right_10_4_difference_quotient(w, x, target, k):
    def loss(weight):
        h = 0.0
        for t, drive in enumerate(x.tolist()):
            h = math.tanh((weight if t >= len(x) - k else w) * h + drive)
        return 0.5 * (h - target) ** 2

    return (loss(w + 1e-5) - loss(w - 1e-5)) / 2e-5


def right_10_4_numpy(w, x, target, k):
    h = [np.float64(0)]
    for drive in x.numpy():
        h.append(np.tanh(w * h[-1] + drive))
    h = np.array(h)
    slopes = 1 - h[1:] ** 2
    back = np.cumprod(np.concatenate([[1.0], (w * slopes)[:0:-1]]))[::-1]
    return ((h[-1] - target) * back * slopes * h[:-1])[len(x) - k :].sum()


def wrong_10_4_whole(w, x, target, k):
    """This is the whole gradient"""
    return right_10_4_detach(w, x, target, len(x))


def wrong_10_4_one_more(w, x, target, k):
    """one step too far"""
    return right_10_4_detach(w, x, target, min(k + 1, len(x)))


def wrong_10_4_one_less(w, x, target, k):
    """one step too few"""
    return right_10_4_forward_mode(w, x, target, k - 1) if k > 1 else 0.0


def wrong_10_4_forgets(w, x, target, k):
    """run over all of x"""
    return right_10_4_forward_mode(w, x[-k:], target, k)


def wrong_10_4_without_slope(w, x, target, k):
    """The derivative of tanh is missing"""
    states = [0.0]
    for drive in x.tolist():
        states.append(math.tanh(w * states[-1] + drive))
    return sum((states[-1] - target) * w**i * states[-2 - i] for i in range(k))


def wrong_10_4_without_weight(w, x, target, k):
    """the factor w is missing"""
    h, slope = 0.0, 0.0
    for t, drive in enumerate(x.tolist()):
        slope = 0.0 if t == len(x) - k else slope
        new = math.tanh(w * h + drive)
        slope = (1 - new**2) * (h + slope)
        h = new
    return (h - target) * slope


def wrong_10_4_sign(w, x, target, k):
    """The sign is wrong"""
    return -right_10_4_detach(w, x, target, k)


def wrong_10_4_loss_without_half(w, x, target, k):
    """2 times the expected one"""
    return 2 * right_10_4_detach(w, x, target, k)


def wrong_10_4_loss(w, x, target, k):
    """The values differ"""
    h = 0.0
    for drive in x.tolist():
        h = math.tanh(w * h + drive)
    return 0.5 * (h - target) ** 2 + 1


# ---- 10.5 How long must the chain be?


def _kept(chain):
    values, vectors = np.linalg.eig(chain.numpy().T)
    one = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    return torch.from_numpy(one / one.sum())


def right_10_5_left_eigenvector(chain, start, values, tolerance):
    forever, now, k = _kept(chain), start, 0
    while (now @ values - forever @ values).abs() > tolerance:
        now, k = now @ chain, k + 1
    return k


def right_10_5_values_move_instead(chain, start, values, tolerance):
    goal, f, k = _kept(chain) @ values, values, 0
    while abs(start @ f - goal) > tolerance:
        f, k = chain @ f, k + 1
    return k


def right_10_5_linear_solve(chain, start, values, tolerance):
    size = len(chain)
    A = torch.cat([chain.T - torch.eye(size, dtype=chain.dtype), torch.ones(1, size, dtype=chain.dtype)])
    b = torch.zeros(size + 1, dtype=chain.dtype)
    b[-1] = 1
    pi = torch.linalg.lstsq(A, b[:, None]).solution[:, 0]
    return next(
        k for k in range(10_000) if abs((start @ torch.linalg.matrix_power(chain, k) - pi) @ values) <= tolerance
    )


def right_10_5_numpy(chain, start, values, tolerance):
    T, p, f = (a.numpy() for a in (chain, start, values))
    pi = np.linalg.matrix_power(T, 5000)[0]
    k = 0
    while abs((p - pi) @ f) > tolerance:
        p, k = p @ T, k + 1
    return np.int64(k)


def right_10_5_run_long_then_look(chain, start, values, tolerance):
    means, now = [], start
    for _ in range(1000):
        means.append(float(now @ values))
        now = now @ chain
    off = np.abs(np.array(means) - means[-1])
    return int(np.argmax(off <= tolerance))


def wrong_10_5_uniform(chain, start, values, tolerance):
    """the states are not equally probable"""
    now, k = start, 0
    while abs(now @ values - values.mean()) > tolerance and k < 2000:
        now, k = now @ chain, k + 1
    return k


def wrong_10_5_one_more(chain, start, values, tolerance):
    """Your number is one too large"""
    return right_10_5_left_eigenvector(chain, start, values, tolerance) + 1


def wrong_10_5_eigenvalue(chain, start, values, tolerance):
    """not how large it is"""
    sizes = np.sort(np.abs(np.linalg.eigvals(chain.numpy())))
    return math.ceil(math.log(tolerance) / math.log(sizes[-2]))


def wrong_10_5_sign(chain, start, values, tolerance):
    """A mean that is too small is off as well"""
    forever, now, k = _kept(chain), start, 0
    while now @ values - forever @ values > tolerance:
        now, k = now @ chain, k + 1
    return k


def wrong_10_5_transposed(chain, start, values, tolerance):
    """multiplied from the left"""
    forever, now, k = _kept(chain), start, 0
    while abs(now @ values - forever @ values) > tolerance and k < 2000:
        now, k = chain @ now, k + 1
    return k


def wrong_10_5_one_less(chain, start, values, tolerance):
    """The values differ"""
    return right_10_5_left_eigenvector(chain, start, values, tolerance) - 1


def wrong_10_5_a_share(chain, start, values, tolerance):
    """A whole number is expected"""
    return right_10_5_left_eigenvector(chain, start, values, tolerance) + 0.5


def wrong_10_5_the_mean(chain, start, values, tolerance):
    """expected"""
    return float(_kept(chain) @ values) + 0.123


def wrong_10_5_the_distribution(chain, start, values, tolerance):
    """One number is expected"""
    return _kept(chain)


# ---- 10.6 Beyond: settling in spite of the noise


def _path(gradient, num_calls, rate):
    theta, points = torch.zeros(10, dtype=torch.float64), []
    for step in range(num_calls):
        theta = theta - rate(step) * gradient(theta)
        points.append(theta)
    return torch.stack(points)


def right_10_6_mean_of_the_second_half(gradient, num_calls):
    return _path(gradient, num_calls, lambda step: 0.3)[num_calls // 2 :].mean(0)


def right_10_6_falling_rate(gradient, num_calls):
    return _path(gradient, num_calls, lambda step: 4.0 / (step + 20))[-1]


def right_10_6_slowly_falling_and_averaged(gradient, num_calls):
    path = _path(gradient, num_calls, lambda step: 0.5 / (1 + step) ** 0.3)
    return path[num_calls // 3 :].mean(0).float()


def right_10_6_numpy(gradient, num_calls):
    theta, total = np.zeros(10), np.zeros(10)
    for step in range(num_calls):
        theta = theta - 0.1 * np.asarray(gradient(torch.from_numpy(theta)))
        if step >= 500:
            total += theta
    return (total / (num_calls - 500)).tolist()


def right_10_6_fits_a_plane(gradient, num_calls):
    """The gradient is linear: least squares finds its matrix, and where it is zero."""
    source = torch.Generator().manual_seed(3)
    points = 12 * torch.randn(num_calls, 10, generator=source, dtype=torch.float64)
    seen = torch.stack([gradient(one) for one in points])
    rows = torch.nn.functional.pad(points, (0, 1), value=1.0)
    matrix = torch.linalg.lstsq(rows, seen).solution
    return torch.linalg.solve(matrix[:10].T, -matrix[10])


def wrong_10_6_last_point(gradient, num_calls):
    """The last point is one draw from the ball"""
    return _path(gradient, num_calls, lambda step: 0.2)[-1]


def wrong_10_6_too_fast(gradient, num_calls):
    """must exceed ½ along the flattest direction"""
    return _path(gradient, num_calls, lambda step: 0.3 / (step + 1))[-1]


def wrong_10_6_over_budget(gradient, num_calls):
    """the budget is 2000"""
    return _path(gradient, num_calls + 1, lambda step: 0.2)[500:].mean(0)


def wrong_10_6_stays(gradient, num_calls):
    """descend first"""
    return torch.zeros(10)


def wrong_10_6_tiny_rate(gradient, num_calls):
    """away from the minimum"""
    return _path(gradient, num_calls, lambda step: 1e-4)[-1]


def wrong_10_6_uphill(gradient, num_calls):
    """away from the minimum"""
    return _path(gradient, 200, lambda step: -0.02)[-1]


def wrong_10_6_gradient(gradient, num_calls):
    """away from the minimum"""
    return gradient(torch.zeros(10))


def wrong_10_6_number(gradient, num_calls):
    """not one number"""
    return float(_path(gradient, 100, lambda step: 0.2)[-1].norm())


def wrong_10_6_whole_path(gradient, num_calls):
    """yours has shape"""
    return _path(gradient, 50, lambda step: 0.2)


def wrong_10_6_nothing(gradient, num_calls):
    """returned None"""
    _path(gradient, 50, lambda step: 0.2)
