"""Chapter 07: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import itertools
import math

import numpy as np
import torch
from scipy import linalg, optimize

# ---- 7.1 How many ways down?


def right_7_1_numpy(hessian):
    values = np.linalg.eigvalsh(hessian.numpy())
    return np.sum(values < -1e-8 * np.abs(values).max())


def right_7_1_loop(hessian):
    values = torch.linalg.eigvalsh(hessian).tolist()
    largest = max(abs(value) for value in values)
    count = 0
    for value in values:
        if value < 0 and abs(value) > 1e-8 * largest:
            count += 1
    return count


def right_7_1_scaled_first(hessian):
    size = torch.linalg.matrix_norm(hessian, 2)
    if size == 0:
        return 0
    return (torch.linalg.eigvalsh(hessian / size) < -1e-8).sum()


def right_7_1_scipy(hessian):
    values = linalg.eigh(hessian.numpy(), eigvals_only=True)
    return float(len(values[values < -1e-8 * abs(values).max()]))


class Counter:
    """An answer that is an object."""

    def __call__(self, hessian):
        values = torch.linalg.eigh(hessian).eigenvalues
        return torch.count_nonzero(values < -1e-8 * max(values.max(), -values.min()))


right_7_1_an_object = Counter()


def wrong_7_1_diagonal(hessian):
    """A way down may lie between the axes"""
    return int((torch.diagonal(hessian) < 0).sum())


def wrong_7_1_bare_signs(hessian):
    """can have either sign"""
    return int((torch.linalg.eigvalsh(hessian) < 0).sum())


def wrong_7_1_absolute(hessian):
    """does not grow and shrink with the matrix"""
    return int((torch.linalg.eigvalsh(hessian) < -1e-8).sum())


def wrong_7_1_ways_up(hessian):
    """the ways up"""
    values = torch.linalg.eigvalsh(hessian)
    return int((values > 1e-8 * values.abs().max()).sum())


def wrong_7_1_yes_or_no(hessian):
    """Count them all"""
    values = torch.linalg.eigvalsh(hessian)
    return int((values < -1e-8 * values.abs().max()).any())


def wrong_7_1_flat_ones_too(hessian):
    """flat directions as ways down"""
    values = torch.linalg.eigvalsh(hessian)
    return len(values) - int((values > 1e-8 * values.abs().max()).sum())


def wrong_7_1_truth(hessian):
    """Return the number itself, not a truth value"""
    return torch.linalg.eigvalsh(hessian)[0] < 0


def wrong_7_1_entries(hessian):
    """A way down may lie between the axes"""
    return int((hessian < 0).sum())


def wrong_7_1_the_eigenvalues(hessian):
    """shape (3,)"""
    return torch.linalg.eigvalsh(hessian)


# ---- 7.2 Newton without the saddles


def right_7_2_matrix_of_sizes(gradient, hessian, damping):
    values, vectors = torch.linalg.eigh(hessian)
    sizes = vectors @ torch.diag(values.abs()) @ vectors.T
    return -torch.linalg.solve(sizes + damping * torch.eye(len(gradient), dtype=hessian.dtype), gradient)


def right_7_2_numpy(gradient, hessian, damping):
    values, vectors = np.linalg.eigh(hessian.numpy())
    return -vectors @ np.diag(1 / (abs(values) + damping)) @ vectors.T @ gradient.numpy()


def right_7_2_root_of_the_square(gradient, hessian, damping):
    sizes = np.real(linalg.sqrtm(hessian.numpy() @ hessian.numpy()))
    return -linalg.solve(sizes + damping * np.eye(len(gradient)), gradient.numpy())


def right_7_2_singular_values(gradient, hessian, damping):
    _, sizes, vectors = torch.linalg.svd(hessian)  # of a symmetric matrix: |λ| and the eigenvectors
    return (-(vectors @ gradient) / (sizes + damping)) @ vectors


def right_7_2_loop_in_lists(gradient, hessian, damping):
    values, vectors = torch.linalg.eigh(hessian)
    step = torch.zeros_like(gradient)
    for value, vector in zip(values, vectors.T, strict=True):
        step -= (vector @ gradient) / (abs(value) + damping) * vector
    return step.tolist()


def right_7_2_float32(gradient, hessian, damping):
    return right_7_2_matrix_of_sizes(gradient, hessian, damping).float()


def wrong_7_2_newton(gradient, hessian, damping):
    """where λ < 0 it climbs"""
    return -torch.linalg.lstsq(hessian + damping * torch.eye(len(gradient)).double(), gradient[:, None]).solution[:, 0]


def wrong_7_2_damping_first(gradient, hessian, damping):
    """Damping must make every curvature larger"""
    values, vectors = torch.linalg.eigh(hessian)
    return -vectors @ ((vectors.T @ gradient) / (values + damping).abs())


def wrong_7_2_no_damping(gradient, hessian, damping):
    """You left out the damping"""
    values, vectors = torch.linalg.eigh(hessian)
    return -vectors @ ((vectors.T @ gradient) / values.abs())


def wrong_7_2_uphill(gradient, hessian, damping):
    """The sign is wrong"""
    return -right_7_2_matrix_of_sizes(gradient, hessian, damping)


def wrong_7_2_rows(gradient, hessian, damping):
    """The eigenvectors are the columns"""
    values, vectors = torch.linalg.eigh(hessian)
    return -vectors.T @ ((vectors @ gradient) / (values.abs() + damping))


def wrong_7_2_entries(gradient, hessian, damping):
    """the matrix of the entries' absolute values"""
    return -torch.linalg.solve(hessian.abs() + damping * torch.eye(len(gradient)).double(), gradient)


def wrong_7_2_descent(gradient, hessian, damping):
    """The values differ"""
    return -gradient / 10


def wrong_7_2_damped_twice(gradient, hessian, damping):
    """The values differ"""
    return right_7_2_matrix_of_sizes(gradient, hessian, damping + 1)


def wrong_7_2_column(gradient, hessian, damping):
    """The shape is (2, 1)"""
    return right_7_2_matrix_of_sizes(gradient, hessian, damping)[:, None]


# ---- 7.3 How long on the saddle?


def right_7_3_loop_in_logarithms(distance, curvature, learning_rate):
    if distance >= 1:
        return 0
    return int(np.ceil(-np.log(distance) / np.log1p(learning_rate * abs(curvature))))


def right_7_3_other_base(distance, curvature, learning_rate):
    growth = math.log1p(abs(curvature) * learning_rate) / math.log(2)
    return max(0, math.ceil(-math.log2(distance) / growth))


def right_7_3_tensors(distance, curvature, learning_rate):
    delta = torch.tensor(distance, dtype=torch.float64)
    growth = torch.log1p(torch.tensor(-curvature * learning_rate, dtype=torch.float64))
    return (-delta.log() / growth).ceil().clamp(min=0)


def right_7_3_bisection(distance, curvature, learning_rate):
    low, high = -1, 2**40  # away after `high` steps, not after `low`
    growth = math.log1p(-curvature * learning_rate)
    while high - low > 1:
        middle = (low + high) // 2
        if math.log(distance) + middle * growth >= 0:
            high = middle
        else:
            low = middle
    return high


def right_7_3_a_float(distance, curvature, learning_rate):
    return float(0 if distance > 1 else np.ceil(np.log(1 / distance) / np.log1p(learning_rate * -curvature)))


def right_7_3_numpy_whole_number(distance, curvature, learning_rate):
    return np.int64(right_7_3_other_base(distance, curvature, learning_rate))


def wrong_7_3_rounded_down(distance, curvature, learning_rate):
    """round up"""
    return max(0, int(-math.log(distance) / math.log1p(-learning_rate * curvature)))


def wrong_7_3_small_steps(distance, curvature, learning_rate):
    """for small steps only"""
    return max(0, math.ceil(-math.log(distance) / (learning_rate * -curvature)))


def wrong_7_3_minimum(distance, curvature, learning_rate):
    """is the factor of a minimum"""
    if distance >= 1:
        return 0
    return math.ceil(math.log(1 / distance) / -math.log(max(1e-9, 1 + learning_rate * curvature)))


def wrong_7_3_negative(distance, curvature, learning_rate):
    """A number of steps is never negative"""
    return math.ceil(-math.log(distance) / math.log1p(-learning_rate * curvature))


def wrong_7_3_loss(distance, curvature, learning_rate):
    """You counted twice"""
    return max(0, math.ceil(-2 * math.log(distance) / math.log1p(-learning_rate * curvature)))


def wrong_7_3_not_rounded(distance, curvature, learning_rate):
    """A whole number is expected"""
    return max(0.0, -math.log(distance) / math.log1p(-learning_rate * curvature))


def wrong_7_3_no_sign(distance, curvature, learning_rate):
    """The values differ"""
    return 1000


def wrong_7_3_sign_of_the_curvature(distance, curvature, learning_rate):
    """ValueError"""
    return math.ceil(math.log(1 / distance) / math.log1p(10 * learning_rate * curvature))


# ---- 7.4 How deep in the list of saddles?


def right_7_4_masks(eigenvalues, chosen, num_units):
    keep = torch.zeros(len(eigenvalues), dtype=torch.bool)
    keep[chosen] = True
    better = eigenvalues[~keep] > eigenvalues[keep][:, None]
    return better.sum() + (num_units - len(chosen)) * (~keep).sum()


def right_7_4_numpy(eigenvalues, chosen, num_units):
    values = eigenvalues.numpy()
    left = np.delete(values, chosen)
    pairs = sum(np.count_nonzero(left > values[i]) for i in chosen)
    return float(pairs + (num_units - len(chosen)) * len(left))


def right_7_4_all_pairs(eigenvalues, chosen, num_units):
    left = set(range(len(eigenvalues))) - set(chosen)
    pairs = [(i, j) for i, j in itertools.product(chosen, left) if eigenvalues[j] > eigenvalues[i]]
    return len(pairs) + len(list(itertools.product(range(num_units - len(chosen)), left)))


def right_7_4_free_units_as_zeros(eigenvalues, chosen, num_units):
    left = [v for j, v in enumerate(eigenvalues.tolist()) if j not in chosen]
    units = [float(eigenvalues[i]) for i in chosen] + [-math.inf] * (num_units - len(chosen))
    return torch.tensor(sum(v > unit for unit in units for v in left))


def right_7_4_the_hessian(eigenvalues, chosen, num_units):
    n = len(eigenvalues)
    start = torch.zeros(n, num_units, dtype=torch.float64)
    start[chosen, torch.arange(len(chosen))] = 1

    def loss(theta):
        a, b = theta[: n * num_units].reshape(n, num_units), theta[n * num_units :].reshape(num_units, n)
        left = torch.eye(n, dtype=torch.float64) - a @ b
        return 0.5 * (left.square() * eigenvalues.double()).sum()

    theta = torch.cat([start.flatten(), start.T.flatten()])
    values = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, theta))
    return int((values < -1e-8).sum())


def wrong_7_4_pairs(eigenvalues, chosen, num_units):
    """You forgot the free units"""
    return right_7_4_all_pairs(eigenvalues, chosen, len(chosen))


def wrong_7_4_free_units(eigenvalues, chosen, num_units):
    """You counted the free units alone"""
    return (num_units - len(chosen)) * (len(eigenvalues) - len(chosen))


def wrong_7_4_smaller_ones(eigenvalues, chosen, num_units):
    """turning there loses"""
    left = set(range(len(eigenvalues))) - set(chosen)
    pairs = sum(bool(eigenvalues[j] < eigenvalues[i]) for i in chosen for j in left)
    return pairs + (num_units - len(chosen)) * len(left)


def wrong_7_4_places(eigenvalues, chosen, num_units):
    """You compared places"""
    left = set(range(len(eigenvalues))) - set(chosen)
    return sum(j < i for i in chosen for j in left) + (num_units - len(chosen)) * len(left)


def wrong_7_4_all_directions(eigenvalues, chosen, num_units):
    """A free unit gains only by a direction that is left out"""
    return right_7_4_all_pairs(eigenvalues, chosen, len(chosen)) + (num_units - len(chosen)) * len(eigenvalues)


def wrong_7_4_wrong_choices(eigenvalues, chosen, num_units):
    """Each may have several better ones"""
    best = eigenvalues.topk(num_units).indices.tolist()
    bad = [i for i in chosen if i not in best]
    return len(bad) + (num_units - len(chosen)) * (len(eigenvalues) - len(chosen))


def wrong_7_4_always_minimum(eigenvalues, chosen, num_units):
    """A chosen direction can also turn towards a better one"""
    return 0


def wrong_7_4_left_out(eigenvalues, chosen, num_units):
    """The values differ"""
    return len(eigenvalues) - len(chosen) + 1


def wrong_7_4_a_list(eigenvalues, chosen, num_units):
    """shape"""
    return [sum(eigenvalues > eigenvalues[i]) for i in range(len(eigenvalues))]


# ---- 7.5 Beyond: find a saddle on purpose


def _newton(derivatives, theta, num_steps=60, longest=0.7):
    for _ in range(num_steps):
        gradient, hessian = derivatives(theta)
        if gradient.norm() < 1e-9:
            break
        step = -torch.linalg.pinv(hessian) @ gradient
        theta = theta + step * min(1.0, longest / float(step.norm()))
    return theta


def _kind(derivatives, theta):
    gradient, hessian = derivatives(theta)
    values = torch.linalg.eigvalsh(hessian)
    return bool(gradient.norm() < 1e-7 and values[0] < 0 < values[-1])


def right_7_5_newton_from_a_grid(derivatives, num_calls):
    for corner in itertools.product((0.0, 1.0), repeat=4):
        theta = _newton(derivatives, torch.tensor(corner, dtype=torch.float64))
        if _kind(derivatives, theta):
            return theta
    return None


def right_7_5_scipy(derivatives, num_calls):
    generator = np.random.default_rng(0)
    while True:
        found = optimize.root(
            lambda theta: derivatives(theta)[0].numpy(),
            generator.uniform(-1, 1, 4),
            jac=lambda theta: derivatives(theta)[1].numpy(),
            tol=1e-12,
        )
        if found.success and _kind(derivatives, found.x):
            return found.x


def right_7_5_climb_one_way(derivatives, num_calls):
    # Eigenvector following: up along the lowest curvature, down along all others.
    theta = torch.tensor([0.1, 0.9, 0.9, 0.9], dtype=torch.float64)
    for _ in range(800):
        gradient, hessian = derivatives(theta)
        values, vectors = torch.linalg.eigh(hessian)
        parts = vectors.T @ gradient
        sizes = values.abs().clamp(min=0.1)
        sizes[0] = -sizes[0]
        step = -vectors @ (parts / sizes)
        theta = theta + 0.3 * step
    return theta


def right_7_5_least_gradient(derivatives, num_calls):
    # Levenberg and Marquardt on half the gradient's squared length, started near the maximum in two directions.
    for start in ([0.1, -0.1, 0.9, 0.9], [0.9, 0.1, -0.9, 0.1], [0.1, 0.9, 0.1, -0.9]):
        found = optimize.least_squares(
            lambda theta: derivatives(theta)[0].numpy(),
            start,
            jac=lambda theta: derivatives(theta)[1].numpy(),
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=200,
        )
        if _kind(derivatives, found.x):
            return found.x.tolist()
    return None


def right_7_5_between_two_minima(derivatives, num_calls):
    # From the middle between two neighbouring minima, where a saddle is near.
    ends = []
    for first in (1.0, -1.0):
        theta = torch.tensor([first, 1.0, 1.0, 1.0], dtype=torch.float64)
        for _ in range(300):
            theta = theta - 0.1 * derivatives(theta)[0]
        ends.append(theta)
    return _newton(derivatives, (ends[0] + ends[1]) / 2, 300)


def wrong_7_5_descent(derivatives, num_calls):
    """Your point is a minimum"""
    theta = torch.tensor([0.2, 0.2, -0.2, 0.1], dtype=torch.float64)
    for _ in range(num_calls):
        theta = theta - 0.1 * derivatives(theta)[0]
    return theta


def wrong_7_5_the_middle(derivatives, num_calls):
    """Your point is a maximum"""
    return torch.zeros(4)


def wrong_7_5_one_step(derivatives, num_calls):
    """it is no critical point"""
    theta = torch.tensor([0.1, 0.9, 0.9, 0.9], dtype=torch.float64)
    return theta - 0.5 * derivatives(theta)[0]


def wrong_7_5_over_the_budget(derivatives, num_calls):
    """the budget is 2000"""
    for _ in range(num_calls):
        derivatives(torch.zeros(4))
    return right_7_5_newton_from_a_grid(derivatives, num_calls)


def wrong_7_5_saddle_free(derivatives, num_calls):
    """Your point is a minimum"""
    theta = torch.tensor([0.3, 0.2, -0.3, 0.1], dtype=torch.float64)
    for _ in range(200):
        gradient, hessian = derivatives(theta)
        values, vectors = torch.linalg.eigh(hessian)
        theta = theta - vectors @ ((vectors.T @ gradient) / values.abs().clamp(min=0.1)) / 2
    return theta


def wrong_7_5_without_the_coupling(derivatives, num_calls):
    """it is no critical point"""
    return [0.0, 1.0, 1.0, 1.0]


def wrong_7_5_all_at_once(derivatives, num_calls):
    """must have shape (4,)"""
    return derivatives(torch.zeros(9, 4))[0][0]


def wrong_7_5_gradient(derivatives, num_calls):
    """it is no critical point"""
    return derivatives(torch.full((4,), 0.5))[0]


def wrong_7_5_nothing(derivatives, num_calls):
    """returned None"""
    _newton(derivatives, torch.full((4,), 0.4, dtype=torch.float64))


def wrong_7_5_the_point_and_its_index(derivatives, num_calls):
    """the saddle"""
    return right_7_5_newton_from_a_grid(derivatives, num_calls), 1
