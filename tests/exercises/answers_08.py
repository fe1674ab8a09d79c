"""Chapter 08: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import math

import numpy as np
import torch
from scipy import optimize

# ---- 8.1 All together


def right_8_1_torchs_own(W, b, threshold):
    parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in (W, b)]
    for parameter, g in zip(parameters, (W, b), strict=True):
        parameter.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(parameters, threshold)
    return [parameter.grad for parameter in parameters]


def right_8_1_sum_of_squares(W, b, threshold):
    norm = math.sqrt(float((W**2).sum() + (b**2).sum()))
    factor = min(1.0, threshold / max(norm, 1e-300))
    return factor * W, factor * b


def right_8_1_numpy(W, b, threshold):
    longer = max(1.0, np.hypot(np.linalg.norm(W.numpy()), np.linalg.norm(b.numpy())) / threshold)
    return W.numpy() / longer, b.numpy() / longer


def right_8_1_in_float32(W, b, threshold):
    norm = torch.stack([W.float().norm(), b.float().norm()]).norm()
    longer = (norm / threshold).clamp(min=1)
    return W.float() / longer, b.float() / longer


def right_8_1_nested_lists(W, b, threshold):
    rows = [[*row, bias] for row, bias in zip(W.tolist(), b.tolist(), strict=True)]
    norm = sum(value**2 for row in rows for value in row) ** 0.5
    factor = threshold / norm if norm > threshold else 1
    return [[factor * value for value in row[:-1]] for row in rows], [factor * row[-1] for row in rows]


class _Clipper:
    def __call__(self, W, b, threshold):
        flat = torch.nn.utils.parameters_to_vector([W, b])
        factor = torch.clamp(threshold / flat.norm(), max=1) if flat.any() else 1
        return W * factor, b * factor


right_8_1_a_callable_object = _Clipper()


def wrong_8_1_each_on_its_own(W, b, threshold):
    """You clipped each tensor by its own norm."""
    return tuple(g / max(1.0, float(g.norm()) / threshold) for g in (W, b))


def wrong_8_1_by_value(W, b, threshold):
    """You cut each value."""
    return np.clip(W.numpy(), -threshold, threshold), np.clip(b.numpy(), -threshold, threshold)


def wrong_8_1_normalised(W, b, threshold):
    """What is below the threshold stays as it is."""
    norm = torch.cat([W.flatten(), b]).norm().clamp(min=1e-30)
    return threshold * W / norm, threshold * b / norm


def wrong_8_1_squares(W, b, threshold):
    """The norm is its root."""
    factor = min(1.0, threshold / max(float((W**2).sum() + (b**2).sum()), 1e-300))
    return W * factor, b * factor


def wrong_8_1_added(W, b, threshold):
    """It is their squares that add up."""
    factor = min(1.0, threshold / max(float(W.norm() + b.norm()), 1e-300))
    return W * factor, b * factor


def wrong_8_1_biases_forgotten(W, b, threshold):
    """You left the gradient by the biases out."""
    return W / max(1.0, float(W.norm()) / threshold), b


def wrong_8_1_unchanged(W, b, threshold):
    """values differ"""
    return W.clone(), b.clone()


def wrong_8_1_one_vector(W, b, threshold):
    """tuple of 2"""
    flat = torch.cat([W.flatten(), b, b, b])
    return flat * torch.clamp(threshold / flat.norm(), max=1) if flat.any() else flat


# ---- 8.2 How steep, by hand


def right_8_2_autograd(w, b, num_steps, start):
    bias = torch.tensor(b, dtype=torch.float64, requires_grad=True)
    h = torch.tensor(start, dtype=torch.float64)
    for _ in range(num_steps):
        h = torch.tanh(w * h + bias)
    return torch.autograd.grad(h, bias)[0]


def right_8_2_backwards(w, b, num_steps, start):
    states = [start]
    for _ in range(num_steps):
        states.append(math.tanh(w * states[-1] + b))
    total, delta = 0.0, 1.0
    for h in reversed(states[1:]):
        delta *= 1 - h**2
        total += delta
        delta *= w
    return total


def right_8_2_numpy_sum_of_products(w, b, num_steps, start):
    h, slopes = start, []
    for _ in range(num_steps):
        h = np.tanh(w * h + b)
        slopes.append(1 - h**2)
    return sum(slopes[k] * np.prod([w * s for s in slopes[k + 1 :]]) for k in range(num_steps))


def right_8_2_jvp(w, b, num_steps, start):
    def last(bias):
        h = torch.full_like(bias, start)
        for _ in range(num_steps):
            h = torch.tanh(w * h + bias)
        return h

    return torch.func.jvp(last, (torch.tensor(b).double(),), (torch.tensor(1.0).double(),))[1].item()


def right_8_2_difference_quotient(w, b, num_steps, start):
    def last(bias):
        h = start
        for _ in range(num_steps):
            h = math.tanh(w * h + bias)
        return h

    return (last(b + 1e-5) - last(b - 1e-5)) / 2e-5


def wrong_8_2_product(w, b, num_steps, start):
    """the derivative by the first state"""
    h, product = start, 1.0
    for _ in range(num_steps):
        h = math.tanh(w * h + b)
        product *= w * (1 - h * h)
    return product


def wrong_8_2_last(w, b, num_steps, start):
    """You took the last step alone."""
    h = torch.tensor(start)
    for _ in range(num_steps - 1):
        h = torch.tanh(w * h + b)
    bias = torch.tensor(b, requires_grad=True)
    return torch.autograd.grad(torch.tanh(w * h + bias), bias)[0]


def wrong_8_2_before(w, b, num_steps, start):
    """the state after it"""
    h, slope = start, 0.0
    for _ in range(num_steps):
        slope = (1 - h * h) * (1 + w * slope)
        h = math.tanh(w * h + b)
    return slope


def wrong_8_2_weightless(w, b, num_steps, start):
    """multiplied by w on its way"""
    h, slope = start, 0.0
    for _ in range(num_steps):
        h = math.tanh(w * h + b)
        slope = (1 - h * h) * (1 + slope)
    return slope


def wrong_8_2_linear(w, b, num_steps, start):
    """You left out the slope of tanh"""
    return sum(w**k for k in range(num_steps))


def wrong_8_2_state(w, b, num_steps, start):
    """values differ"""
    h = start
    for _ in range(num_steps):
        h = math.tanh(w * h + b)
    return h


def wrong_8_2_by_the_weight(w, b, num_steps, start):
    """values differ"""
    h, slope = start, 0.0
    for _ in range(num_steps):
        slope = h + w * slope
        h = math.tanh(w * h + b)
        slope *= 1 - h * h
    return slope


def wrong_8_2_as_if_at_rest(w, b, num_steps, start):
    """Formula (8.3) holds where the state stays at its start."""
    slope = 1 - start**2
    return slope * sum((w * slope) ** k for k in range(num_steps))


# ---- 8.3 What to clip at


def right_8_3_counting(norms, share):
    finite = [n for n in norms.tolist() if math.isfinite(n)]
    return min(v for v in finite if sum(n > v for n in finite) <= share * len(finite))


def right_8_3_numpy_quantile(norms, share):
    finite = norms.numpy()[np.isfinite(norms.numpy())]
    return np.quantile(finite, 1 - share, method="inverted_cdf")


def right_8_3_topk(norms, share):
    finite = norms[norms.isfinite()]
    return finite.topk(int(share * len(finite)) + 1).values[-1]


def right_8_3_comparison_matrix(norms, share):
    finite = norms[torch.isfinite(norms)]
    above = (finite[None] > finite[:, None]).double().mean(1)
    return finite[above <= share].min().float()


def right_8_3_sorted_list(norms, share):
    finite = sorted((n for n in norms.tolist() if not (math.isnan(n) or math.isinf(n))), reverse=True)
    return finite[math.floor(share * len(finite))]


def wrong_8_3_from_below(norms, share):
    """You counted from below"""
    finite = norms[norms.isfinite()].sort().values
    return finite[math.floor(share * len(finite))]


def wrong_8_3_infinite_counted(norms, share):
    """You counted steps whose norm is not finite."""
    every = torch.where(norms.isnan(), torch.inf, norms).sort(descending=True).values
    return every[math.floor(share * len(every))]


def wrong_8_3_interpolated(norms, share):
    """by interpolation"""
    return np.nanquantile(norms.numpy()[np.isfinite(norms.numpy())], 1 - share)


def wrong_8_3_one_too_high(norms, share):
    """A smaller one of the norms would do"""
    finite = norms[norms.isfinite()].sort(descending=True).values
    return finite[max(math.floor(share * len(finite)) - 1, 0)]


def wrong_8_3_mean(norms, share):
    """You returned the average."""
    return norms[norms.isfinite()].mean()


def wrong_8_3_largest(norms, share):
    """You returned the largest norm"""
    return norms[norms.isfinite()].max()


def wrong_8_3_nan(norms, share):
    """by interpolation"""
    return torch.quantile(norms, 1 - share)


def wrong_8_3_median(norms, share):
    """values differ"""
    return norms[norms.isfinite()].median()


# ---- 8.4 Batches or examples?


def right_8_4_loops(grads, batches, threshold):
    def clip(g):
        return g * min(1.0, threshold / max(float(g.norm()), 1e-300))

    first = sum(clip(grads[batch].mean(0)) for batch in batches) / len(batches)
    second = sum(torch.stack([clip(g) for g in grads[batch]]).mean(0) for batch in batches) / len(batches)
    return first, second


def right_8_4_numpy(grads, batches, threshold):
    rows = grads.numpy()[batches.numpy()]

    def clip(g):
        return g / np.maximum(1, np.linalg.norm(g, axis=-1, keepdims=True) / threshold)

    return clip(rows.mean(1)).mean(0), clip(rows).mean((0, 1))


def right_8_4_clip_all_examples_once(grads, batches, threshold):
    short = torch.renorm(grads, 2, 0, threshold)
    return torch.renorm(grads[batches].mean(1), 2, 0, threshold).mean(0), short[batches].mean(1).mean(0)


def right_8_4_in_float32(grads, batches, threshold):
    rows = grads.float()[batches]

    def clip(g):
        return g * (threshold / g.norm(dim=-1, keepdim=True)).clamp(max=1).nan_to_num(1)

    return [clip(rows.mean(1)).mean(0), clip(rows).mean(1).mean(0)]


def right_8_4_stacked(grads, batches, threshold):
    rows, parts = grads[batches], []
    for g in (rows.mean(1), rows.flatten(0, 1)):
        length = torch.linalg.vector_norm(g, dim=1)
        factor = torch.where(length > threshold, threshold / length, torch.ones_like(length))
        parts.append((factor @ g) / len(g))
    return torch.stack(parts)


def _rows_8_4(g, threshold):
    return g * (threshold / g.norm(dim=-1, keepdim=True).clamp(min=threshold))


def wrong_8_4_at_the_end(grads, batches, threshold):
    """You clipped the mean over all batches."""
    rows = grads[batches]
    return _rows_8_4(rows.mean((0, 1)), threshold), _rows_8_4(rows, threshold).mean((0, 1))


def wrong_8_4_the_same_twice(grads, batches, threshold):
    """Your second mean is the first one again"""
    first = _rows_8_4(grads[batches].mean(1), threshold).mean(0)
    return first, first


def wrong_8_4_examples_twice(grads, batches, threshold):
    """Your first mean is the second one"""
    second = _rows_8_4(grads[batches], threshold).mean((0, 1))
    return second, second


def wrong_8_4_by_value(grads, batches, threshold):
    """You cut each value."""
    rows = grads[batches]
    return rows.mean(1).clamp(-threshold, threshold).mean(0), rows.clamp(-threshold, threshold).mean((0, 1))


def wrong_8_4_sums(grads, batches, threshold):
    """You summed over the batch."""
    rows = grads[batches]
    return _rows_8_4(rows.sum(1), threshold).mean(0), _rows_8_4(rows, threshold).sum(1).mean(0)


def wrong_8_4_swapped(grads, batches, threshold):
    """the sign is wrong"""
    rows = grads[batches]
    return _rows_8_4(rows, threshold).mean((0, 1)), _rows_8_4(rows.mean(1), threshold).mean(0)


def wrong_8_4_one_of_two(grads, batches, threshold):
    """the shape is ()"""
    return _rows_8_4(grads[batches].mean(1), threshold).mean(0)


def wrong_8_4_normalised(grads, batches, threshold):
    """You made short gradients longer."""
    rows = grads[batches]
    first = torch.nn.functional.normalize(rows.mean(1), dim=-1).mean(0)
    return threshold * first, threshold * torch.nn.functional.normalize(rows, dim=-1).mean((0, 1))


# ---- 8.5 Another minimum


def right_8_5_descent_on_hubers_loss(targets, threshold):
    x = targets.median().clone()
    for _ in range(40000):
        step = (x - targets).clamp(-threshold, threshold).mean()
        x = x - step
        if abs(step) < 1e-13:
            break
    return x


def right_8_5_brentq(targets, threshold):
    a = targets.numpy()
    if len(a) == 1:
        return float(a[0])
    return optimize.brentq(lambda x: np.clip(x - a, -threshold, threshold).sum(), a.min(), a.max(), xtol=1e-13)


def right_8_5_breakpoints(targets, threshold):
    def pull(x):
        return float((x - targets).clamp(-threshold, threshold).sum())

    knots = sorted({*(targets - threshold).tolist(), *(targets + threshold).tolist()})
    low = max(k for k in knots if pull(k) <= 0)
    high = min(k for k in knots if pull(k) >= 0)
    if low == high:
        return low
    return low - pull(low) * (high - low) / (pull(high) - pull(low))


def right_8_5_newton(targets, threshold):
    x = targets.median().item()
    for _ in range(200):
        away = x - targets
        pull, curvature = away.clamp(-threshold, threshold).sum(), (away.abs() < threshold).sum()
        x -= float(pull) / max(int(curvature), 1)
    return np.float64(x)


def right_8_5_bisection_in_python(targets, threshold):
    a = targets.tolist()
    low, high = min(a), max(a)
    while high - low > 1e-12 * (1 + abs(high)):
        x = (low + high) / 2
        if sum(max(-threshold, min(threshold, x - one)) for one in a) > 0:
            high = x
        else:
            low = x
    return torch.tensor([low, high]).double().mean()


def wrong_8_5_mean(targets, threshold):
    """where descent rests without clipping"""
    return targets.mean()


def wrong_8_5_median(targets, threshold):
    """The median is the limit of a small threshold."""
    return np.median(targets.numpy())


def wrong_8_5_targets(targets, threshold):
    """You clipped the targets."""
    return torch.clip(targets, -threshold, threshold).mean()


def wrong_8_5_one_step(targets, threshold):
    """You took one step from the mean."""
    x = targets.mean()
    return x - (x - targets).clamp(-threshold, threshold).mean()


def wrong_8_5_middle(targets, threshold):
    """You returned the middle of the range."""
    return 0.5 * (targets.max() + targets.min())


def wrong_8_5_nought(targets, threshold):
    """values differ"""
    return 0.0


def wrong_8_5_few_steps(targets, threshold):
    """values differ"""
    x = targets.mean()
    for _ in range(3):
        x = x - 0.1 * (x - targets).clamp(-threshold, threshold).mean()
    return x


def wrong_8_5_far_ones_dropped(targets, threshold):
    """You left the far examples out."""
    return targets[(targets - targets.median()).abs() <= threshold].mean()


# ---- 8.6 Beyond: a threshold that looks after itself


def _follow(next_norm, num_steps, rule, first=1.0):
    seen, threshold = [], first
    for _ in range(num_steps):
        seen.append(float(next_norm(threshold)))
        threshold = rule([n for n in seen if math.isfinite(n)] or [first])
    return threshold


def right_8_6_numpy_median(next_norm, num_steps):
    return _follow(next_norm, num_steps, lambda seen: 2 * np.median(seen[-40:]))


def right_8_6_tensor(next_norm, num_steps):
    return _follow(next_norm, num_steps, lambda seen: 3 * torch.tensor(seen[-25:]).median())


def right_8_6_lower_quantile(next_norm, num_steps):
    return _follow(next_norm, num_steps, lambda seen: 2.5 * float(np.quantile(seen[-31:], 0.4)))


def right_8_6_logarithmic_average_of_clipped_norms(next_norm, num_steps):
    logarithm = None
    for _ in range(num_steps):
        norm = float(next_norm(math.exp(logarithm) * 2.2 if logarithm is not None else 1.0))
        if math.isfinite(norm):
            if logarithm is None:
                logarithm = math.log(norm)
            move = math.log(norm) - logarithm
            logarithm += 0.1 * max(-0.7, min(0.7, move))
    return 2.2 * math.exp(logarithm)


def right_8_6_middle_half(next_norm, num_steps):
    def rule(seen):
        window = sorted(seen[-32:])
        middle = window[len(window) // 4 : max(len(window) * 3 // 4, len(window) // 4 + 1)]
        return 2.5 * sum(middle) / len(middle)

    return _follow(next_norm, num_steps, rule)


def wrong_8_6_fixed(next_norm, num_steps):
    """An explosion was let pass"""
    return _follow(next_norm, num_steps, lambda seen: 2.5 * float(np.median(seen[:50])))


def wrong_8_6_all_the_past(next_norm, num_steps):
    """forget what is long ago"""
    return _follow(next_norm, num_steps, lambda seen: 2.5 * float(np.median(seen)))


def wrong_8_6_average(next_norm, num_steps):
    """An explosion was let pass"""
    return _follow(next_norm, num_steps, lambda seen: 2.5 * sum(seen[-30:]) / len(seen[-30:]))


def wrong_8_6_too_low(next_norm, num_steps):
    """of the ordinary steps"""
    return _follow(next_norm, num_steps, lambda seen: 0.5 * float(np.median(seen[-30:])))


def wrong_8_6_next_to_nothing(next_norm, num_steps):
    """of the ordinary steps"""
    return _follow(next_norm, num_steps, lambda seen: 1e-6)


def wrong_8_6_never(next_norm, num_steps):
    """An explosion was let pass"""
    return _follow(next_norm, num_steps, lambda seen: 1e300, first=1e300)


def wrong_8_6_half_way(next_norm, num_steps):
    """The run has to be followed to its end."""
    return _follow(next_norm, num_steps // 2, lambda seen: 2.5 * float(np.median(seen[-30:])))


def wrong_8_6_last_threshold(next_norm, num_steps):
    """Your last threshold"""
    _follow(next_norm, num_steps, lambda seen: 2.5 * float(np.median(seen[-30:])))
    return 0.0
