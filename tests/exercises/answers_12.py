"""Chapter 12: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import itertools
import math
import random

import numpy as np
import torch

# ---- 12.1 What luck alone finds


def right_12_1_numpy(num_values, num_looks):
    return (np.arange(1, num_values) / num_values).__pow__(num_looks).sum()


def right_12_1_tensor_in_float32(num_values, num_looks):
    shares = torch.arange(1, num_values, dtype=torch.float64) / num_values
    return shares.pow(num_looks).sum().float()


def right_12_1_by_the_distribution(num_values, num_looks):
    at_least = [((num_values - v) / num_values) ** num_looks for v in range(num_values + 1)]
    return math.fsum(v * (at_least[v] - at_least[v + 1]) for v in range(num_values))


def right_12_1_whole_numbers(num_values, num_looks):
    return sum(v**num_looks for v in range(num_values)) / num_values**num_looks


class _Luck:
    def __call__(self, num_values, num_looks):
        total = 0.0
        for v in range(1, num_values):
            total += math.exp(num_looks * math.log(v / num_values))
        return [total][0]


right_12_1_an_object = _Luck()


def wrong_12_1_highest(num_values, num_looks):
    """The lowest is asked for"""
    return num_values - 1 - right_12_1_whole_numbers(num_values, num_looks)


def wrong_12_1_mean(num_values, num_looks):
    """mean value of one look"""
    return (num_values - 1) / 2


def wrong_12_1_from_one(num_values, num_looks):
    """they begin with 0"""
    return sum((v / num_values) ** num_looks for v in range(1, num_values + 1))


def wrong_12_1_continuous(num_values, num_looks):
    """limit for many values"""
    return num_values / (num_looks + 1)


def wrong_12_1_all_different(num_values, num_looks):
    """may have a value twice"""
    return max(num_values - num_looks, 0) / (num_looks + 1)


def wrong_12_1_one_more(num_values, num_looks):
    """one look too many"""
    return right_12_1_whole_numbers(num_values, num_looks + 1)


def wrong_12_1_median(num_values, num_looks):
    """the expected one"""
    return float(round(num_values * 0.5 ** (1 / num_looks)))


def wrong_12_1_nothing(num_values, num_looks):
    """returned None"""
    sum((v / num_values) ** num_looks for v in range(1, num_values))


# ---- 12.2 How many ways to split?


def right_12_2_product(triples, num_points):
    lists = triples.tolist()
    return sum(
        all(len({sides[p] for p in triple}) == 2 for triple in lists)
        for sides in itertools.product((0, 1), repeat=num_points)
    )


def right_12_2_backtracking(triples, num_points):
    lists = triples.tolist()

    def count(sides):
        for triple in lists:
            if max(triple) < len(sides) and len({sides[p] for p in triple}) == 1:
                return 0
        return 1 if len(sides) == num_points else count([*sides, 0]) + count([*sides, 1])

    return count([])


def right_12_2_bit_masks(triples, num_points):
    masks = [sum(1 << p for p in triple) for triple in triples.tolist()]
    return sum(all(k & mask not in (0, mask) for mask in masks) for k in range(2**num_points))


def right_12_2_numpy_in_float(triples, num_points):
    sides = np.stack(np.meshgrid(*[[0, 1]] * num_points), -1).reshape(-1, num_points)
    on_one = sides[:, triples.numpy()].sum(-1)
    return float(((on_one % 3) != 0).all(1).sum())


def right_12_2_twice_one_half(triples, num_points):
    sides = torch.cartesian_prod(*[torch.arange(2)] * (num_points - 1))
    sides = torch.nn.functional.pad(sides.reshape(-1, num_points - 1), (1, 0))
    mixed = sides[:, triples].amax(-1) != sides[:, triples].amin(-1)
    return 2 * mixed.all(1).sum()


def wrong_12_2_half(triples, num_points):
    """mirror image count as two"""
    return right_12_2_bit_masks(triples, num_points) // 2


def wrong_12_2_one_side(triples, num_points):
    """one of the sides only"""
    masks = [sum(1 << p for p in triple) for triple in triples.tolist()]
    return sum(all(k & mask != mask for mask in masks) for k in range(2**num_points))


def wrong_12_2_any(triples, num_points):
    """Every triple must be split"""
    masks = [sum(1 << p for p in triple) for triple in triples.tolist()]
    return sum(any(k & mask not in (0, mask) for mask in masks) for k in range(2**num_points))


def wrong_12_2_those_that_fail(triples, num_points):
    """leave a triple on one side"""
    return 2**num_points - right_12_2_bit_masks(triples, num_points)


def wrong_12_2_independent(triples, num_points):
    """They share points"""
    return 2**num_points * 0.75 ** len(triples)


def wrong_12_2_only_named(triples, num_points):
    """have a side too"""
    named, places = triples.unique(return_inverse=True)
    return right_12_2_bit_masks(places, len(named))


def wrong_12_2_whether(triples, num_points):
    """truth value"""
    return right_12_2_bit_masks(triples, num_points) > 0


def wrong_12_2_first_triple(triples, num_points):
    """The values differ"""
    return right_12_2_bit_masks(triples[:1], num_points) if num_points > 3 else 6


# ---- 12.3 From a splitting to weights


def right_12_3_numpy(triples, sides):
    first = np.where(sides.numpy() == 0, -1.0, 2.0)
    return np.stack([first, 1 - first]), np.array([0.5, 0.5])


def right_12_3_whole_numbers(triples, sides):
    rows = [[-2 if s == own else 4 for s in sides.tolist()] for own in (0, 1)]
    return rows, [1, 1]


def right_12_3_units_exchanged_in_float32(triples, sides):
    first = torch.where(sides == 1, -1.0, 2.5).float()
    return torch.stack([first, torch.where(sides == 0, -1.0, 2.5)]), torch.full((2,), 0.25)


def right_12_3_larger(triples, sides):
    own = torch.stack([1 - sides, sides]).double()
    return 300 - 400 * own, torch.tensor([30.0, 50.0]).double()


def right_12_3_perceptron(triples, sides):
    n = len(sides)
    x = torch.cat([torch.eye(n)[triples].sum(1), torch.zeros(1, n), torch.eye(n)])
    weight, bias = torch.zeros(2, n), torch.zeros(2)
    yes = len(triples) + 1
    for _ in range(20_000):
        moved = False
        for unit in (0, 1):
            wanted = torch.ones(len(x))
            wanted[yes:] = torch.where(sides == unit, -1.0, 0.0)
            off = (wanted * (x @ weight[unit] + bias[unit]) < 1) & (wanted != 0)
            if off.any():
                k = int(off.int().argmax())
                weight[unit] += wanted[k] * x[k]
                bias[unit] += wanted[k]
                moved = True
        if not moved:
            break
    return weight, bias


def wrong_12_3_too_light(triples, sides):
    """weigh more than the one outside"""
    own = torch.stack([sides == 0, sides == 1])
    return torch.where(own, -1.0, 1.0), torch.tensor([0.5, 0.5])


def wrong_12_3_no_bias(triples, sides):
    """nearer to 0 than 0.001"""
    own = torch.stack([sides == 0, sides == 1])
    return torch.where(own, -1.0, 2.0), torch.zeros(2)


def wrong_12_3_negative_bias(triples, sides):
    """both biases must be positive"""
    own = torch.stack([sides == 0, sides == 1])
    return torch.where(own, -1.0, 2.0), torch.tensor([-0.5, -0.5])


def wrong_12_3_one_unit(triples, sides):
    """rejected by nobody"""
    first = torch.where(sides == 0, -1.0, 2.0)
    return torch.stack([first, first]), torch.tensor([0.5, 0.5])


def wrong_12_3_large_bias(triples, sides):
    """larger than the weight that should reject"""
    own = torch.stack([sides == 0, sides == 1])
    return torch.where(own, -1.0, 2.0), torch.tensor([1.5, 1.5])


def wrong_12_3_all_rejected(triples, sides):
    """A unit says no to the sum over the triple"""
    return -torch.ones(2, len(sides)), torch.tensor([0.5, 0.5])


def wrong_12_3_transposed(triples, sides):
    """the weights first"""
    own = torch.stack([sides == 0, sides == 1])
    return torch.where(own, -1.0, 2.0).T, torch.tensor([0.5, 0.5])


def wrong_12_3_no_biases(triples, sides):
    """tuple of 2"""
    return (torch.where(torch.stack([sides == 0, sides == 1]), -1.0, 2.0),)


def wrong_12_3_nan(triples, sides):
    """finite numbers"""
    return torch.full((2, len(sides)), torch.nan), torch.ones(2)


# ---- 12.4 How many steps must it take?


def right_12_4_count_up(smoothness, distance, excess):
    k = 0
    while 3 * smoothness * distance**2 / (32 * (k + 1) ** 2) > excess:
        k += 1
    return k


def right_12_4_bisection(smoothness, distance, excess):
    def allowed(k):
        return 3 * smoothness * distance**2 <= excess * 32 * (k + 1) ** 2

    low, high = -1, 1
    while not allowed(high):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if allowed(middle) else (middle, high)
    return high


def right_12_4_numpy_float(smoothness, distance, excess):
    return np.maximum(0.0, np.ceil(np.sqrt(3 * smoothness * distance**2 / (32 * excess)) - 1))


def right_12_4_tensor(smoothness, distance, excess):
    ratio = torch.tensor(3 * smoothness * distance**2 / (32 * excess), dtype=torch.float64)
    return (ratio.sqrt() - 1).ceil().clamp(min=0)


def right_12_4_floor_of_the_negative(smoothness, distance, excess):
    return max(-math.floor(1 - distance * (0.09375 * smoothness / excess) ** 0.5), 0)


def wrong_12_4_one_too_many(smoothness, distance, excess):
    """subtract 1"""
    return math.ceil(distance * math.sqrt(3 * smoothness / (32 * excess)))


def wrong_12_4_floor(smoothness, distance, excess):
    """round up"""
    return max(0, math.floor(distance * math.sqrt(3 * smoothness / (32 * excess)) - 1))


def wrong_12_4_no_root(smoothness, distance, excess):
    """take the root"""
    return max(0, math.ceil(3 * smoothness * distance**2 / (32 * excess) - 1))


def wrong_12_4_distance(smoothness, distance, excess):
    """the square of the distance"""
    return max(0, math.ceil(math.sqrt(3 * smoothness * distance / (32 * excess)) - 1))


def wrong_12_4_ratio(smoothness, distance, excess):
    """not k"""
    return 3 * smoothness * distance**2 / (32 * excess)


def wrong_12_4_infinite(smoothness, distance, excess):
    """infinite where a finite number is expected"""
    return math.inf


def wrong_12_4_nothing(smoothness, distance, excess):
    """returned None"""
    right_12_4_bisection(smoothness, distance, excess)


def wrong_12_4_upside_down(smoothness, distance, excess):
    """The values differ"""
    return max(1, math.ceil(math.sqrt(32 * excess / (3 * smoothness)) / distance))


# ---- 12.5 The best that gradients can do


def right_12_5_span_of_the_gradients(product, b, num_steps):
    basis, x = [], torch.zeros_like(b)
    for _ in range(num_steps):
        residual = b - product(x)
        for q in basis * 2:
            residual = residual - (residual @ q) * q
        if residual.norm() <= 1e-10 * (b.norm() + 1e-300):
            break
        basis.append(residual / residual.norm())
        Q = torch.stack(basis, 1)
        H = Q.T @ torch.stack([product(q) for q in basis], 1)
        x = Q @ torch.linalg.solve(H, Q.T @ b)
    return x


def right_12_5_numpy(product, b, num_steps):
    b = b.numpy()
    x, r = np.zeros_like(b), b.copy()
    p, first = r.copy(), float(r @ r)
    for _ in range(num_steps):
        rr = float(r @ r)
        if rr <= 1e-24 * first:
            break
        Hp = product(p).numpy()
        alpha = rr / (p @ Hp)
        x = x + alpha * p
        r = r - alpha * Hp
        p = r + float(r @ r) / rr * p
    return x


def right_12_5_hestenes_stiefel(product, b, num_steps):
    x, p = torch.zeros_like(b), None
    for _ in range(num_steps):
        r = b - product(x)
        if r.norm() <= 1e-10 * b.norm():
            return x
        p = r if p is None else r - (r @ Hp) / (p @ Hp) * p
        Hp = product(p)
        x = x + (r @ p) / (p @ Hp) * p
    return x


def right_12_5_two_term_recursion(product, b, num_steps):
    x = before = torch.zeros_like(b)
    for _ in range(num_steps):
        g, v = product(x) - b, x - before
        if g.norm() <= 1e-10 * b.norm():
            break
        plane = torch.stack([g, v], 1) if v.norm() > 0 else g[:, None]
        H = plane.T @ torch.stack([product(column) for column in plane.T], 1)
        x, before = x - plane @ torch.linalg.solve(H, plane.T @ g), x
    return x


def right_12_5_list(product, b, num_steps):
    return right_12_5_span_of_the_gradients(product, b, num_steps).tolist()


def wrong_12_5_steepest(product, b, num_steps):
    """steepest descent"""
    x = torch.zeros_like(b)
    for _ in range(num_steps):
        r = b - product(x)
        curvature = r @ product(r)
        x = x + (r @ r) / curvature * r if curvature > 0 else x
    return x


def wrong_12_5_not_stopped(product, b, num_steps):
    """The result is NaN"""
    x, r = torch.zeros_like(b), b.clone()
    p = r
    for _ in range(num_steps):
        Hp = product(p)
        alpha = (r @ r) / (p @ Hp)
        new = r - alpha * Hp
        x, p, r = x + alpha * p, new + (new @ new) / (r @ r) * p, new
    return x if num_steps < 6 and b.any() else torch.full_like(b, torch.nan)


def wrong_12_5_minimum(product, b, num_steps):
    """Only num_steps steps are asked for"""
    return right_12_5_span_of_the_gradients(product, b, len(b))


def wrong_12_5_one_more(product, b, num_steps):
    """one step too many"""
    return right_12_5_span_of_the_gradients(product, b, num_steps + 1)


def wrong_12_5_sign(product, b, num_steps):
    """mirror image"""
    return -right_12_5_numpy(product, b, num_steps)


def wrong_12_5_beta_upside_down(product, b, num_steps):
    """The values differ"""
    x, r = torch.zeros_like(b), b.clone()
    p = r
    for _ in range(num_steps):
        if r @ r <= 1e-24 * (b @ b):
            break
        Hp = product(p)
        alpha = (r @ r) / (p @ Hp)
        new = r - alpha * Hp
        x, p, r = x + alpha * p, new + min(10.0, float((r @ r) / (new @ new + 1e-30))) * p, new
    return x


def wrong_12_5_the_residual(product, b, num_steps):
    """The values differ"""
    return b - product(right_12_5_span_of_the_gradients(product, b, num_steps))


def wrong_12_5_a_column(product, b, num_steps):
    """shape"""
    return right_12_5_numpy(product, b, num_steps)[:, None]


# ---- 12.6 Beyond: split them all


def _broken(lists, sides):
    return [triple for triple in lists if sides[triple[0]] == sides[triple[1]] == sides[triple[2]]]


def right_12_6_random_walk_with_greed(triples, num_points):
    lists = triples.tolist()
    while True:
        sides = [random.random() < 0.5 for _ in range(num_points)]
        for _ in range(4000):
            bad = _broken(lists, sides)
            if not bad:
                return [int(side) for side in sides]
            trial = []
            for p in random.choice(bad):
                sides[p] = not sides[p]
                trial.append((len(_broken(lists, sides)) + 1.2 * random.random(), p))
                sides[p] = not sides[p]
            p = min(trial)[1]
            sides[p] = not sides[p]


def right_12_6_backtracking(triples, num_points):
    lists = triples.tolist()
    at = [[t for t in lists if p in t] for p in range(num_points)]

    def forced(sides, point):
        """Sides that follow, or None at a contradiction."""
        queue = [point]
        while queue:
            for triple in at[queue.pop()]:
                known = [sides[p] for p in triple if p in sides]
                if len(known) == 3 and len(set(known)) == 1:
                    return None
                if len(known) == 2 and known[0] == known[1]:
                    (rest,) = [p for p in triple if p not in sides]
                    sides[rest] = 1 - known[0]
                    queue.append(rest)
        return sides

    def go(sides):
        if len(sides) == num_points:
            return sides
        free = [p for p in range(num_points) if p not in sides]
        point = max(free, key=lambda p: sum(any(q in sides for q in t) for t in at[p]))
        for side in random.sample((0, 1), 2):
            further = forced({**sides, point: side}, point)
            if further is not None and (found := go(further)) is not None:
                return found
        return None

    found = go({})
    return torch.tensor([found[p] for p in range(num_points)])


def right_12_6_descent_on_continuous_sides(triples, num_points):
    while True:
        theta = 0.1 * torch.randn(64, num_points)
        for step in range(400):
            theta.requires_grad_()
            s = torch.sigmoid(theta)[:, triples]
            loss = s.prod(-1).sum() + (1 - s).prod(-1).sum()
            (g,) = torch.autograd.grad(loss, theta)
            with torch.no_grad():
                theta = theta - 1.0 * g + 0.1 * (1 - step / 400) * torch.randn_like(theta)
            on = (theta > 0)[:, triples].sum(-1)
            good = ((on > 0) & (on < 3)).all(-1)
            if good.any():
                return (theta[good][0] > 0).float()


def right_12_6_annealing_in_numpy(triples, num_points):
    lists, rng = triples.tolist(), np.random.default_rng()
    at = [[t for t in lists if p in t] for p in range(num_points)]
    while True:
        sides = rng.integers(0, 2, num_points).tolist()
        for temperature in np.geomspace(1.0, 0.12, 12_000):
            p = int(rng.integers(num_points))
            before = len(_broken(at[p], sides))
            sides[p] = 1 - sides[p]
            rise = len(_broken(at[p], sides)) - before
            if rise > 0 and rng.random() > math.exp(-rise / temperature):
                sides[p] = 1 - sides[p]
        if not _broken(lists, sides):
            return np.array(sides, dtype=np.float32)


class _Exchanged:
    def __call__(self, triples, num_points):
        return 1 - right_12_6_backtracking(triples, num_points).double()


right_12_6_an_object = _Exchanged()


def wrong_12_6_random(triples, num_points):
    """Sides drawn at random leave a quarter"""
    return torch.randint(0, 2, (num_points,))


def wrong_12_6_one_side(triples, num_points):
    """All 90 triples lie on one side"""
    return torch.ones(num_points)


def wrong_12_6_alternating(triples, num_points):
    """triples still lie on one side"""
    return torch.arange(num_points) % 2


def wrong_12_6_signs(triples, num_points):
    """A side is 0 or 1"""
    return torch.ones(num_points) - 2 * (torch.arange(num_points) % 2)


def wrong_12_6_halves(triples, num_points):
    """yours has 0.5 in it"""
    return torch.full((num_points,), 0.5)


def wrong_12_6_sides_of_triples(triples, num_points):
    """a tensor of shape (60,)"""
    return torch.zeros(len(triples))


def wrong_12_6_best_of_thousand(triples, num_points):
    """triples still lie on one side"""
    sides = torch.randint(0, 2, (1000, num_points))
    on = sides[:, triples].sum(-1)
    return sides[((on > 0) & (on < 3)).sum(-1).argmax()]


def wrong_12_6_truth_values(triples, num_points):
    """truth values"""
    return right_12_6_backtracking(triples, num_points) == 1


def wrong_12_6_nothing(triples, num_points):
    """returned None"""
    right_12_6_backtracking(triples, num_points)
