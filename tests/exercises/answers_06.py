"""Chapter 06: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import itertools
import math

import numpy as np
import torch
from scipy import optimize, special

# ---- 6.1 How many addresses?


def right_6_1_whole_numbers(widths):
    return math.log10(math.prod(math.factorial(n) * 2**n for n in widths))


def right_6_1_loop(widths):
    total = 0.0
    for n in widths:
        for k in range(1, n + 1):
            total += math.log10(2 * k)
    return total


def right_6_1_numpy(widths):
    n = np.array(widths)
    return (special.gammaln(n + 1) / np.log(10) + n * np.log10(2)).sum()


def right_6_1_tensor_in_float32(widths):
    return sum(torch.arange(1, n + 1).mul(2).double().log10().sum() for n in widths).float()


def right_6_1_double_factorial(widths):
    return float(sum(math.log10(math.prod(range(2, 2 * n + 1, 2))) for n in widths))


def wrong_6_1_orders_alone(widths):
    """You counted the orders alone."""
    return math.log10(math.prod(math.factorial(n) for n in widths))


def wrong_6_1_signs_alone(widths):
    """You counted the signs alone."""
    return sum(widths) * math.log10(2)


def wrong_6_1_one_layer(widths):
    """A unit can change places within its own layer only"""
    n = sum(widths)
    return math.log10(math.factorial(n) * 2**n)


def wrong_6_1_natural(widths):
    """Divide by math.log(10)."""
    return sum(math.lgamma(n + 1) + n * math.log(2) for n in widths)


def wrong_6_1_two_signs(widths):
    """2ⁿ choices a layer, not 2"""
    return sum(math.log10(2 * math.factorial(n)) for n in widths)


def wrong_6_1_overflow(widths):
    """OverflowError"""
    return sum(math.log10(float(math.factorial(n)) * 2.0**n) for n in widths)


def wrong_6_1_the_number(widths):
    """The values differ"""
    return math.prod(math.factorial(n) * 2**n for n in widths) if sum(widths) < 9 else 0.0


def wrong_6_1_layers_added(widths):
    """The values differ"""
    return math.log10(sum(math.factorial(n) * 2**n for n in widths)) if max(widths) < 100 else 0.0


# ---- 6.2 The same network in another order


def right_6_2_index_select(W, b, V, order):
    return W.index_select(0, order), b.index_select(0, order), V.index_select(1, order)


def right_6_2_permutation_matrix(W, b, V, order):
    P = torch.eye(len(order), dtype=W.dtype)[order]
    return P @ W, P @ b, V @ P.T


def right_6_2_scatter_by_the_inverse(W, b, V, order):
    places = order.argsort()
    new = torch.empty_like(W), torch.empty_like(b), torch.empty_like(V)
    for unit, place in enumerate(places.tolist()):
        new[0][place], new[1][place], new[2][:, place] = W[unit], b[unit], V[:, unit]
    return new


def right_6_2_numpy(W, b, V, order):
    return [W.numpy()[order.numpy()], np.take(b.numpy(), order.numpy()), V.numpy()[:, order.numpy()]]


def right_6_2_lists(W, b, V, order):
    where = order.tolist()
    return (
        torch.stack([W[i] for i in where]),
        torch.stack([b[i] for i in where]),
        torch.stack([V[:, i] for i in where], 1),
    )


def wrong_6_2_outgoing_forgotten(W, b, V, order):
    """You left V as it was"""
    return W[order], b[order], V


def wrong_6_2_bias_forgotten(W, b, V, order):
    """You left b as it was"""
    return W[order], b, V[:, order]


def wrong_6_2_inverse(W, b, V, order):
    """It is the other way round"""
    back = order.argsort()
    return W[back], b[back], V[:, back]


def wrong_6_2_undone_at_the_output(W, b, V, order):
    """in the same order as the rows of W"""
    return W[order], b[order], V[:, order.argsort()]


def wrong_6_2_unchanged(W, b, V, order):
    """the values differ"""
    return W.clone(), b.clone(), V.clone()


def wrong_6_2_transposed(W, b, V, order):
    """transposed"""
    return W[order], b[order], V[:, order].T


def wrong_6_2_two_of_three(W, b, V, order):
    """tuple of 3"""
    return W[order], b[order]


def wrong_6_2_one_vector(W, b, V, order):
    """tuple of 3"""
    return torch.cat([W[order].flatten(), b[order], V[:, order].flatten()])


def wrong_6_2_nothing(W, b, V, order):
    """returned None"""
    W[order], b[order], V[:, order]


# ---- 6.3 What weight decay is after


def right_6_3_one_unit_after_the_other(W, b, V):
    W, b, V = W.clone(), b.clone(), V.clone()
    for i in range(len(b)):
        p, q = math.hypot(*W[i].tolist(), b[i].item()), V[:, i].norm().item()
        if p and q:
            alpha = math.sqrt(q / p)
            W[i] *= alpha
            b[i] *= alpha
            V[:, i] /= alpha
    return W, b, V


def right_6_3_stacked(W, b, V):
    full = torch.cat([W, b[:, None]], 1)
    ratio = V.norm(dim=0) / full.norm(dim=1)
    alpha = torch.where(torch.isfinite(ratio) & (ratio > 0), ratio, 1.0).sqrt()
    full = full * alpha[:, None]
    return full[:, :-1], full[:, -1], V / alpha


def right_6_3_numpy(W, b, V):
    W, b, V = W.numpy(), b.numpy(), V.numpy()
    p, q = np.sqrt((W**2).sum(1) + b**2), np.sqrt((V**2).sum(0))
    alpha = np.ones_like(p)
    np.divide(q, p, out=alpha, where=(p > 0) & (q > 0))
    alpha = np.sqrt(alpha)
    return W * alpha[:, None], b * alpha, V / alpha


def right_6_3_by_logarithms(W, b, V):
    p2, q2 = W.square().sum(1) + b.square(), V.square().sum(0)
    dead = (p2 == 0) | (q2 == 0)
    log_alpha = ((q2 + dead.double()).log() - (p2 + dead.double()).log()) / 4
    alpha = torch.where(dead, 0.0, log_alpha).exp()
    return W * alpha[:, None], b * alpha, V * (1 / alpha)


def right_6_3_in_float32(W, b, V):
    return tuple(part.float() for part in right_6_3_stacked(W, b, V))


def wrong_6_3_no_root(W, b, V):
    """exchange their lengths"""
    p, q = (W.square().sum(1) + b.square()).sqrt(), V.norm(dim=0)
    return W * (q / p)[:, None], b * q / p, V * p / q


def wrong_6_3_upside_down(W, b, V):
    """You made the longer side longer"""
    alpha = ((W.square().sum(1) + b.square()).sqrt() / V.norm(dim=0)).sqrt()
    return W * alpha[:, None], b * alpha, V / alpha


def wrong_6_3_without_bias(W, b, V):
    """it counts in the length of the incoming side"""
    alpha = (V.norm(dim=0) / W.norm(dim=1)).sqrt()
    return W * alpha[:, None], b * alpha, V / alpha


def wrong_6_3_bias_left(W, b, V):
    """You left b as it was"""
    alpha = (V.norm(dim=0) / (W.square().sum(1) + b.square()).sqrt()).sqrt()
    return W * alpha[:, None], b, V / alpha


def wrong_6_3_all_alike(W, b, V):
    """You scaled all units alike"""
    alpha = (V.norm() / (W.square().sum() + b.square().sum()).sqrt()).sqrt()
    return W * alpha, b * alpha, V / alpha


def wrong_6_3_not_guarded(W, b, V):
    """leave it as it is, with α = 1"""
    alpha = (V.norm(dim=0) / torch.cat([W, b[:, None]], 1).norm(dim=1)).sqrt()
    return W * alpha[:, None], b * alpha, V / alpha


def wrong_6_3_normalised(W, b, V):
    """0.5 times the expected one"""
    alpha = 1 / (W.square().sum(1) + b.square()).sqrt()
    return W * alpha[:, None], b * alpha, V / alpha


def wrong_6_3_two_of_three(W, b, V):
    """tuple of 3"""
    return right_6_3_stacked(W, b, V)[:2]


def wrong_6_3_in_place(W, b, V):
    """changed its argument"""
    alpha = right_6_3_stacked(W, b, V)[1]
    W *= 1.0000001
    return right_6_3_stacked(W / 1.0000001, b, V) if len(alpha) else None


# ---- 6.4 How high is the hill?


def right_6_4_plain_python(losses):
    values = losses.tolist()
    last = len(values) - 1
    return max(v - values[0] - (values[-1] - values[0]) * k / last for k, v in enumerate(values))


def right_6_4_numpy(losses):
    values = losses.numpy()
    return np.max(values - np.linspace(values[0], values[-1], len(values)))


def right_6_4_lerp(losses):
    ts = torch.linspace(0, 1, len(losses), dtype=losses.dtype)
    return (losses - torch.lerp(losses[0], losses[-1], ts)).amax()


def right_6_4_interp(losses):
    ts = np.arange(len(losses))
    return float((losses.numpy() - np.interp(ts, [0, len(losses) - 1], [losses[0], losses[-1]])).max())


def right_6_4_never_negative(losses):
    ts = torch.arange(len(losses)).double() / (len(losses) - 1)
    return max(0.0, float(max(losses - losses[0] * (1 - ts) - losses[-1] * ts)))


def wrong_6_4_higher_end(losses):
    """You measured from the higher of the two ends"""
    return float(losses.max() - max(losses[0], losses[-1]))


def wrong_6_4_mean_of_ends(losses):
    """You measured from the mean of the two ends"""
    return float(losses.max() - (losses[0] + losses[-1]) / 2)


def wrong_6_4_range(losses):
    """that is the range"""
    return float(losses.max() - losses.min())


def wrong_6_4_from_the_start(losses):
    """You measured from the loss at the start"""
    return float(losses.max() - losses[0])


def wrong_6_4_middle(losses):
    """You looked at the middle alone"""
    k = len(losses) // 2
    t = k / (len(losses) - 1)
    return float(losses[k] - (1 - t) * losses[0] - t * losses[-1])


def wrong_6_4_absolute(losses):
    """A hollow is no hill"""
    return float(
        (losses - torch.linspace(0, 1, len(losses)).double() * (losses[-1] - losses[0]) - losses[0]).abs().max()
    )


def wrong_6_4_all_of_it(losses):
    """One number is expected"""
    return losses - torch.linspace(0, 1, len(losses)).double() * (losses[-1] - losses[0]) - losses[0]


def wrong_6_4_the_place(losses):
    """differ"""
    return float((losses - losses[0]).argmax()) / (len(losses) - 1) * 0.9


def wrong_6_4_highest(losses):
    """differ"""
    return float(losses.max())


# ---- 6.5 Which unit is which?


def _gain(W_a, V_a, W_b, V_b):
    return (W_a @ W_b.T + V_a.T @ V_b).numpy()


def right_6_5_distances(W_a, V_a, W_b, V_b):
    a, b = torch.cat([W_a, V_a.T], 1), torch.cat([W_b, V_b.T], 1)
    return torch.from_numpy(optimize.linear_sum_assignment(torch.cdist(a, b) ** 2)[1])


def right_6_5_numpy_result(W_a, V_a, W_b, V_b):
    return optimize.linear_sum_assignment(-_gain(W_a, V_a, W_b, V_b))[1]


def right_6_5_list(W_a, V_a, W_b, V_b):
    return [int(j) for j in optimize.linear_sum_assignment(_gain(W_a, V_a, W_b, V_b), maximize=True)[1]]


def right_6_5_linear_program(W_a, V_a, W_b, V_b):
    gain = _gain(W_a, V_a, W_b, V_b)
    n = len(gain)
    rows = np.kron(np.eye(n), np.ones(n))
    columns = np.kron(np.ones(n), np.eye(n))
    found = optimize.linprog(-gain.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.ones(2 * n))
    return torch.tensor(found.x.reshape(n, n).argmax(1))


def right_6_5_all_orders_where_few(W_a, V_a, W_b, V_b):
    gain = _gain(W_a, V_a, W_b, V_b)
    n = len(gain)
    if n > 7:
        return right_6_5_distances(W_a, V_a, W_b, V_b)
    return torch.tensor(max(itertools.permutations(range(n)), key=lambda p: gain[range(n), p].sum()))


def wrong_6_5_best_partner(W_a, V_a, W_b, V_b):
    """the order must be a permutation"""
    return torch.tensor(_gain(W_a, V_a, W_b, V_b).argmax(1))


def wrong_6_5_greedy(W_a, V_a, W_b, V_b):
    """the sum has to be made largest as a whole"""
    gain, order = _gain(W_a, V_a, W_b, V_b).copy(), []
    for row in gain:
        row[order] = -np.inf
        order.append(int(row.argmax()))
    return torch.tensor(order)


def wrong_6_5_incoming(W_a, V_a, W_b, V_b):
    """You compared the incoming weights alone"""
    return optimize.linear_sum_assignment((W_a @ W_b.T).numpy(), maximize=True)[1]


def wrong_6_5_inverse(W_a, V_a, W_b, V_b):
    """The order says which unit of b comes to each place"""
    return right_6_5_distances(W_a, V_a, W_b, V_b).argsort()


def wrong_6_5_minimised(W_a, V_a, W_b, V_b):
    """the gain is to be maximized"""
    return optimize.linear_sum_assignment(_gain(W_a, V_a, W_b, V_b))[1]


def wrong_6_5_as_it_is(W_a, V_a, W_b, V_b):
    """differ"""
    return torch.arange(len(W_a))


def wrong_6_5_both_arrays(W_a, V_a, W_b, V_b):
    """shape"""
    return np.stack(optimize.linear_sum_assignment(_gain(W_a, V_a, W_b, V_b), maximize=True))


def wrong_6_5_sorted_by_length(W_a, V_a, W_b, V_b):
    """differ"""
    return W_b.norm(dim=1).argsort()[W_a.norm(dim=1).argsort().argsort()]


def wrong_6_5_cosines(W_a, V_a, W_b, V_b):
    """You compared directions"""
    a, b = torch.cat([W_a, V_a.T], 1), torch.cat([W_b, V_b.T], 1)
    a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    return torch.as_tensor(optimize.linear_sum_assignment((a @ b.T).numpy(), maximize=True)[1])


# ---- 6.6 Beyond: the lowest of many minima


def _look(loss, side, low=-2.9, high=2.9):
    ticks = torch.linspace(low, high, side, dtype=torch.float64)
    points = torch.cartesian_prod(ticks, ticks)
    values = torch.tensor([float(loss(theta)[0]) for theta in points])
    return points[values.argsort()]


def _down(loss, theta, num_steps, rate=0.04):
    for _ in range(num_steps):
        theta = theta - rate * loss(theta)[1]
    return theta


def right_6_6_best_of_a_fine_grid(loss, num_calls):
    return _down(loss, _look(loss, 35)[0], 300)


def right_6_6_random_looks(loss, num_calls):
    points = 5.8 * torch.rand(1500, 2, dtype=torch.float64) - 2.9
    values = torch.stack([loss(theta)[0] for theta in points])
    ends = [_down(loss, points[k], 100) for k in values.argsort()[:4]]
    return min(ends, key=lambda theta: float(loss(theta)[0]))


def right_6_6_scipy(loss, num_calls):
    start = _look(loss, 30)[0]

    def both(theta):
        value, gradient = loss(theta)
        return float(value), gradient.numpy()

    return optimize.minimize(both, start.numpy(), jac=True, method="L-BFGS-B").x


def right_6_6_grid_then_a_finer_grid(loss, num_calls):
    middle = _look(loss, 30)[0].numpy()
    for width in (0.12, 0.02, 0.004):
        ticks = np.linspace(-width, width, 13)
        points = [middle + np.array([x, y]) for x in ticks for y in ticks]
        middle = min(points, key=lambda theta: float(loss(theta)[0]))
    return middle.tolist()


def right_6_6_descent_from_many(loss, num_calls):
    ends = [_down(loss, theta, 40) for theta in _look(loss, 22)[:30]]
    best = min(ends, key=lambda theta: float(loss(theta)[0]))
    return _down(loss, best, 200).float()


def wrong_6_6_one_descent(loss, num_calls):
    """Start several descents, and keep the lowest end"""
    return _down(loss, torch.zeros(2, dtype=torch.float64), num_calls)


def wrong_6_6_looks_alone(loss, num_calls):
    """it is no minimum"""
    return _look(loss, 20)[0]


def wrong_6_6_over_the_budget(loss, num_calls):
    """the budget is 2000"""
    return _down(loss, _look(loss, 40)[0], 900)


def wrong_6_6_loss(loss, num_calls):
    """the lowest point"""
    return loss(torch.zeros(2))[0]


def wrong_6_6_highest(loss, num_calls):
    """outside the square"""
    return torch.tensor([30.0, 30.0])


def wrong_6_6_diverged(loss, num_calls):
    """above the least one"""
    return _down(loss, torch.zeros(2, dtype=torch.float64), 1000, rate=3.0).clamp(-3, 3).nan_to_num()


def wrong_6_6_all_at_once(loss, num_calls):
    """must have shape (2,)"""
    return loss(torch.zeros(9, 2))[1][0]


def wrong_6_6_gradient(loss, num_calls):
    """above the least one"""
    return loss(torch.ones(2))[1].clamp(-3, 3)


def wrong_6_6_nothing(loss, num_calls):
    """returned None"""
    _down(loss, torch.zeros(2, dtype=torch.float64), 10)
