"""Chapter 11: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import cmath
import math

import numpy as np
import torch
from scipy import optimize, stats

from labs import objectives

# ---- 11.1 How far off can downhill be?


def right_11_1_by_the_sine(condition_number):
    return math.degrees(math.asin((condition_number - 1) / (condition_number + 1)))


def right_11_1_numpy(condition_number):
    return np.rad2deg(np.arccos(2 * np.sqrt(condition_number) / (condition_number + 1)))


def right_11_1_torch(condition_number):
    kappa = torch.tensor(condition_number, dtype=torch.float64)
    return (2 * kappa.sqrt() / (kappa + 1)).acos().rad2deg()


def right_11_1_in_the_worst_place(condition_number):
    x = np.array([math.sqrt(condition_number), 1.0])
    g = np.array([1.0, condition_number]) * x
    cross = abs(x[0] * g[1] - x[1] * g[0])
    return math.degrees(math.atan2(cross, x @ g))


def right_11_1_half_angles(condition_number):
    return 2 * math.degrees(math.atan(math.sqrt(condition_number))) - 90


def right_11_1_phase(condition_number):
    return math.degrees(cmath.phase(complex(2 * math.sqrt(condition_number), condition_number - 1)))


def wrong_11_1_radians(condition_number):
    """in radians"""
    return math.acos(2 * math.sqrt(condition_number) / (condition_number + 1))


def wrong_11_1_the_cosine(condition_number):
    """cosine of the angle"""
    return 2 * math.sqrt(condition_number) / (condition_number + 1)


def wrong_11_1_arcsine(condition_number):
    """You took the arcsine"""
    return math.degrees(math.asin(2 * math.sqrt(condition_number) / (condition_number + 1)))


def wrong_11_1_always_a_right_angle(condition_number):
    """The values differ"""
    return 90.0


def wrong_11_1_without_the_two(condition_number):
    """The values differ"""
    return math.degrees(math.acos(math.sqrt(condition_number) / (condition_number + 1)))


def wrong_11_1_no_root(condition_number):
    """math domain error"""
    return math.degrees(math.acos(2 * condition_number / (condition_number + 1)))


def wrong_11_1_rate_as_cosine(condition_number):
    """You took the arcsine"""
    return math.degrees(math.acos((condition_number - 1) / (condition_number + 1)))


def wrong_11_1_forgot_return(condition_number):
    """returned None"""
    math.degrees(math.acos(2 * math.sqrt(condition_number) / (condition_number + 1)))


def wrong_11_1_rounded(condition_number):
    """differ"""
    return float(round(math.degrees(math.asin((condition_number - 1) / (condition_number + 1)))) + 1)


# ---- 11.2 What share was detour?


def right_11_2_loop(points):
    rows = points.tolist()
    walked = sum(math.dist(rows[k], rows[k + 1]) for k in range(len(rows) - 1))
    return (walked - math.dist(rows[0], rows[-1])) / walked if walked else 0


def right_11_2_numpy(points):
    points = points.numpy()
    walked = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    return 0.0 if walked == 0 else 1 - np.linalg.norm(points[-1] - points[0]) / walked


def right_11_2_diff(points):
    steps = points.diff(dim=0)
    walked = torch.linalg.vector_norm(steps, dim=1).sum()
    return torch.where(walked > 0, 1 - steps.sum(0).norm() / walked.clamp(min=1e-300), torch.zeros_like(walked))


def right_11_2_cdist(points):
    between = torch.cdist(points[None], points[None], compute_mode="donot_use_mm_for_euclid_dist")[0]
    walked = between.diagonal(1).sum()
    return float(1 - between[0, -1] / walked) if float(walked) else 0.0


class _Detour:
    def __call__(self, points):
        walked = sum(float(step.norm()) for step in points[1:] - points[:-1])
        saved = walked - float((points[-1] - points[0]).norm())
        return torch.tensor([saved])[0] / walked if walked else torch.zeros(())


right_11_2_callable_object_in_float32 = _Detour()


def wrong_11_2_the_other_share(points):
    """the share that is not saved"""
    return (points[-1] - points[0]).norm() / points.diff(dim=0).norm(dim=1).sum()


def wrong_11_2_of_the_distance(points):
    """compared the detour with the distance"""
    return points.diff(dim=0).norm(dim=1).sum() / (points[-1] - points[0]).norm() - 1


def wrong_11_2_squares(points):
    """squared lengths"""
    return 1 - (points[-1] - points[0]).square().sum() / points.diff(dim=0).square().sum()


def wrong_11_2_standstill(points):
    """NaN"""
    return 1 - (points[-1] - points[0]).norm() / points.diff(dim=0).norm(dim=1).sum()


def wrong_11_2_saved_length(points):
    """not its share"""
    return points.diff(dim=0).norm(dim=1).sum() - (points[-1] - points[0]).norm()


def wrong_11_2_norm_of_all(points):
    """You added up squared lengths"""
    return 1 - (points[-1] - points[0]).norm() / points.diff(dim=0).norm()


def wrong_11_2_each_step(points):
    """One number is expected"""
    return 1 - points.diff(dim=0).norm(dim=1)


def wrong_11_2_from_the_origin(points):
    """begins at the first point"""
    return 1 - points[-1].norm() / points.diff(dim=0).norm(dim=1).sum()


def wrong_11_2_percent(points):
    """differ"""
    walked = points.diff(dim=0).norm(dim=1).sum()
    return 100 * (1 - (points[-1] - points[0]).norm() / walked) if walked > 0 else 0.0


# ---- 11.3 A floor under the variance


def right_11_3_scipy(residuals, floor):
    scale = math.sqrt(max(float(residuals.square().mean()), floor))
    return -stats.norm.logpdf(residuals.numpy(), scale=scale).mean()


def right_11_3_torch_distribution(residuals, floor):
    variance = residuals.square().mean().clamp(min=floor)
    return -torch.distributions.Normal(0.0, variance.sqrt()).log_prob(residuals).mean()


def right_11_3_gaussian_nll_loss(residuals, floor):
    variance = torch.full_like(residuals, max(float(residuals.square().mean()), floor))
    return torch.nn.functional.gaussian_nll_loss(residuals, torch.zeros_like(residuals), variance, full=True, eps=1e-12)


def right_11_3_numeric_minimum(residuals, floor):
    mse = float((residuals**2).mean())
    loss = lambda v: 0.5 * math.log(2 * math.pi * v) + mse / (2 * v)  # noqa: E731
    found = optimize.minimize_scalar(lambda s: loss(math.exp(s)), bounds=(math.log(floor), math.log(floor) + 40))
    return min(found.fun, loss(floor))


def right_11_3_two_cases_in_float32(residuals, floor):
    mse = residuals.float().pow(2).mean()
    if mse >= floor:
        return 0.5 * torch.log(2 * torch.pi * torch.e * mse)
    return 0.5 * (math.log(2 * math.pi * floor) + mse / floor)


def right_11_3_precision(residuals, floor):
    mse = sum(r * r for r in residuals.tolist()) / len(residuals)
    beta = min(1 / mse if mse else math.inf, 1 / floor)
    return (beta * mse - math.log(beta) + math.log(2 * math.pi)) / 2


def wrong_11_3_no_floor(residuals, floor):
    """at least the floor"""
    mse = max(float(residuals.square().mean()), 1e-300)
    return 0.5 * math.log(2 * math.pi * mse) + float(residuals.square().mean()) / (2 * mse)


def wrong_11_3_always_the_floor(residuals, floor):
    """where the mean square is larger"""
    return 0.5 * math.log(2 * math.pi * floor) + residuals.square().mean() / (2 * floor)


def wrong_11_3_half_at_the_floor(residuals, floor):
    """at the floor it is less"""
    return 0.5 * torch.log(2 * torch.pi * torch.e * residuals.square().mean().clamp(min=floor))


def wrong_11_3_about_the_mean(residuals, floor):
    """take the mean square"""
    variance = max(float(residuals.var(correction=0)), floor)
    return 0.5 * math.log(2 * math.pi * variance) + float(residuals.var(correction=0)) / (2 * variance)


def wrong_11_3_floor_squared(residuals, floor):
    """You squared the floor"""
    variance = max(float(residuals.square().mean()), floor**2)
    return 0.5 * math.log(2 * math.pi * variance) + float(residuals.square().mean()) / (2 * variance)


def wrong_11_3_sum(residuals, floor):
    """the mean is asked for"""
    variance = residuals.square().mean().clamp(min=floor)
    return -torch.distributions.Normal(0.0, variance.sqrt()).log_prob(residuals).sum()


def wrong_11_3_no_constant(residuals, floor):
    """½ log 2π is missing"""
    variance = residuals.square().mean().clamp(min=floor)
    return 0.5 * variance.log() + residuals.square().mean() / (2 * variance)


def wrong_11_3_each_residual(residuals, floor):
    """One number is expected"""
    variance = residuals.square().clamp(min=floor)
    return 0.5 * torch.log(2 * torch.pi * variance) + residuals.square() / (2 * variance)


def wrong_11_3_likelihood(residuals, floor):
    """The sign is wrong"""
    variance = residuals.square().mean().clamp(min=floor)
    return torch.distributions.Normal(0.0, variance.sqrt()).log_prob(residuals).mean()


# ---- 11.4 How high does the line rise?


def right_11_4_pairs(losses):
    losses = torch.where(losses.isfinite(), losses, math.inf)
    rises = [torch.zeros_like(losses[0])]
    for later in range(1, len(losses)):
        for earlier in range(later):
            rise = losses[later] - losses[earlier]
            rises.append(torch.where(losses[earlier].isfinite(), rise, torch.inf))
    return torch.stack(rises).amax(0)


def right_11_4_running(losses):
    answer = []
    for line in losses.T.tolist():
        lowest, rise = line[0], 0.0
        for value in line:
            if not math.isfinite(value):
                rise = math.inf
                break
            rise, lowest = max(rise, value - lowest), min(lowest, value)
        answer.append(rise)
    return answer


def right_11_4_numpy(losses):
    losses = np.where(np.isfinite(losses.numpy()), losses.numpy(), np.inf)
    return (losses - np.minimum.accumulate(losses)).max(axis=0)


def right_11_4_from_behind(losses):
    losses = torch.where(losses.isfinite(), losses, torch.inf)
    highest_to_come = losses.flip(0).cummax(0).values.flip(0)
    rise = highest_to_come - losses
    return torch.where(losses.isfinite().all(0), rise.nan_to_num(nan=0.0).amax(0), torch.inf)


def right_11_4_float32(losses):
    bad = ~losses.isfinite().all(0)
    rise = (losses - losses.cummin(0).values).amax(0).float()
    rise[bad] = torch.inf
    return rise


def wrong_11_4_neighbours(losses):
    """You compared neighbours only"""
    return torch.where(losses.isfinite(), losses, torch.inf).diff(dim=0).amax(0).clamp(min=0)


def wrong_11_4_from_the_start(losses):
    """You measured from the first loss"""
    return (torch.where(losses.isfinite(), losses, torch.inf) - losses[0]).amax(0).clamp(min=0)


def wrong_11_4_to_the_end(losses):
    """up to the last point"""
    losses = torch.where(losses.isfinite(), losses, torch.inf)
    return losses[-1] - losses.amin(0)


def wrong_11_4_range(losses):
    """the higher one must come later"""
    losses = torch.where(losses.isfinite(), losses, torch.inf)
    return losses.amax(0) - losses.amin(0)


def wrong_11_4_added_up(losses):
    """You added up all rises"""
    return torch.where(losses.isfinite(), losses, torch.inf).diff(dim=0).clamp(min=0).sum(0)


def wrong_11_4_nan_kept(losses):
    """NaN"""
    return (losses - losses.cummin(0).values).amax(0)


def wrong_11_4_one_number(losses):
    """should be"""
    losses = torch.where(losses.isfinite(), losses, torch.inf)
    return (losses - losses.cummin(0).values).max()


def wrong_11_4_negative(losses):
    """differ"""
    losses = torch.where(losses.isfinite(), losses, torch.inf)
    return (losses[1:] - losses.cummin(0).values[:-1]).amax(0)


def wrong_11_4_truth_values(losses):
    """truth values"""
    return (losses.diff(dim=0) > 0).any(0)


# ---- 11.5 The slope of a bend


def right_11_5_stacked(grad, theta_a, bend, theta_b, ts):
    t = ts[:, None]
    curve = (1 - t) ** 2 * theta_a + 2 * t * (1 - t) * bend + t**2 * theta_b
    return (2 * t * (1 - t) * torch.stack([grad(theta) for theta in curve])).mean(0)


def right_11_5_de_casteljau(grad, theta_a, bend, theta_b, ts):
    parts = []
    for t in ts:
        theta = torch.lerp(torch.lerp(theta_a, bend, t), torch.lerp(bend, theta_b, t), t)
        parts.append(2 * (t - t * t) * grad(theta))
    return sum(parts) / len(parts)


def right_11_5_numpy(grad, theta_a, bend, theta_b, ts):
    a, phi, b = theta_a.numpy(), bend.numpy(), theta_b.numpy()
    total = np.zeros_like(a)
    for t in ts.numpy():
        total += 2 * t * (1 - t) * grad((1 - t) ** 2 * a + 2 * t * (1 - t) * phi + t * t * b).numpy()
    return total / len(ts)


def right_11_5_matrix_product(grad, theta_a, bend, theta_b, ts):
    weights = torch.stack([(1 - ts) ** 2, 2 * ts * (1 - ts), ts**2], 1)
    curve = weights @ torch.stack([theta_a, bend, theta_b])
    return weights[:, 1] @ torch.stack([grad(theta) for theta in curve.unbind()]) / len(ts)


def right_11_5_list(grad, theta_a, bend, theta_b, ts):
    total = [0.0] * len(bend)
    for t in map(float, ts):
        theta = [(1 - t) ** 2 * x + 2 * t * (1 - t) * y + t**2 * z for x, y, z in zip(theta_a, bend, theta_b)]  # noqa: B905
        slope = grad(torch.stack(theta)).tolist()
        total = [s + 2 * t * (1 - t) * g / len(ts) for s, g in zip(total, slope)]  # noqa: B905
    return total


def _curve(a, bend, b, t):
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b


def wrong_11_5_no_factor(grad, theta_a, bend, theta_b, ts):
    """by which φ enters the curve, is missing"""
    return torch.stack([grad(_curve(theta_a, bend, theta_b, t)) for t in ts]).mean(0)


def wrong_11_5_without_the_two(grad, theta_a, bend, theta_b, ts):
    """not t(1 − t)"""
    return torch.stack([t * (1 - t) * grad(_curve(theta_a, bend, theta_b, t)) for t in ts]).mean(0)


def wrong_11_5_straight(grad, theta_a, bend, theta_b, ts):
    """take them on the curve"""
    return torch.stack([2 * t * (1 - t) * grad(torch.lerp(theta_a, theta_b, t)) for t in ts]).mean(0)


def wrong_11_5_at_the_bend(grad, theta_a, bend, theta_b, ts):
    """does not lie on the curve"""
    return (2 * ts * (1 - ts)).mean() * grad(bend)


def wrong_11_5_sum(grad, theta_a, bend, theta_b, ts):
    """You summed"""
    return torch.stack([2 * t * (1 - t) * grad(_curve(theta_a, bend, theta_b, t)) for t in ts]).sum(0)


def wrong_11_5_each_position(grad, theta_a, bend, theta_b, ts):
    """The shape is"""
    return torch.stack([2 * t * (1 - t) * grad(_curve(theta_a, bend, theta_b, t)) for t in ts])


def wrong_11_5_all_at_once(grad, theta_a, bend, theta_b, ts):
    """theta must have shape"""
    t = ts[:, None]
    return (2 * t * (1 - t) * grad(_curve(theta_a, bend, theta_b, t))).mean(0)


def wrong_11_5_cubic(grad, theta_a, bend, theta_b, ts):
    """0.5 times the expected one"""
    return torch.stack([2 * t * (1 - t) ** 2 * grad(_curve(theta_a, bend, theta_b, t)) for t in ts]).mean(0)


# ---- 11.6 Beyond: the right side of the mountain


def _grid(loss, side):
    ticks = torch.linspace(-3, 3, side, dtype=torch.float64)
    points = torch.cartesian_prod(ticks, ticks)
    return points[torch.tensor([float(loss(theta)[0]) for theta in points]).argmin()]


def _down(loss, theta, num_steps, rate=0.05):
    for _ in range(num_steps):
        theta = theta - rate * loss(theta)[1]
    return theta


def right_11_6_coarse_grid(loss, num_calls):
    return _down(loss, _grid(loss, 13), 500)


def right_11_6_numpy_random_search(loss, num_calls):
    points = np.random.default_rng(0).uniform(-3, 3, (500, 2))
    best = points[np.argmin([float(loss(theta)[0]) for theta in points])]
    for _ in range(450):
        best = best - 0.05 * loss(best)[1].numpy()
    return best.tolist()


def right_11_6_scipy(loss, num_calls):
    start = _grid(loss, 15).numpy()
    found = optimize.minimize(lambda theta: tuple(part.numpy() for part in loss(theta)), start, jac=True, tol=1e-9)
    return tuple(found.x)


def right_11_6_momentum(loss, num_calls):
    theta, velocity = _grid(loss, 17), torch.zeros(2, dtype=torch.float64)
    for _ in range(300):
        velocity = 0.8 * velocity - 0.02 * loss(theta)[1]
        theta = theta + velocity
    return theta


def right_11_6_shrinking_grid_in_float32(loss, num_calls):
    middle, half = torch.zeros(2, dtype=torch.float64), 3.0
    for _ in range(5):
        ticks = torch.linspace(-half, half, 13, dtype=torch.float64)
        points = middle + torch.cartesian_prod(ticks, ticks)
        middle, half = points[torch.stack([loss(theta)[0] for theta in points]).argmin()], half / 4
    return middle.float()


def right_11_6_below_the_ridge(loss, num_calls):
    generator = torch.Generator().manual_seed(5)
    for _ in range(400):
        theta = 6 * torch.rand(2, generator=generator, dtype=torch.float64) - 3
        if loss(theta)[0] < 0.5:
            return _down(loss, theta, 500)
    return theta


def wrong_11_6_one_descent(loss, num_calls):
    """on the wrong side of the ridge"""
    return _down(loss, torch.zeros(2, dtype=torch.float64), num_calls)


def wrong_11_6_small_steps(loss, num_calls):
    """Your loss is"""
    return _down(loss, torch.zeros(2, dtype=torch.float64), num_calls, 0.01)


def wrong_11_6_looking_alone(loss, num_calls):
    """keep a part of the calls for a descent"""
    return _grid(loss, 31)


def wrong_11_6_over_the_budget(loss, num_calls):
    """the budget is 1000"""
    return _down(loss, _grid(loss, 25), 700)


def wrong_11_6_a_few_steps(loss, num_calls):
    """Ten steps are not enough"""
    return _down(loss, _grid(loss, 13), 10)


def wrong_11_6_the_loss(loss, num_calls):
    """not one number"""
    return loss(_down(loss, _grid(loss, 13), 500))[0]


def wrong_11_6_the_origin(loss, num_calls):
    """Your loss is"""
    return torch.zeros(2)


def wrong_11_6_both(loss, num_calls):
    """the point where you have arrived"""
    theta = _down(loss, _grid(loss, 13), 500)
    return torch.cat([theta, loss(theta)[0][None]])


def wrong_11_6_as_if_not_turned(loss, num_calls):
    """Your loss is"""
    return objectives.hill().minima[0]
