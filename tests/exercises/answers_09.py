"""Chapter 09: right answers of many styles, and wrong ones with what their authors should read (see test_answers)."""

import cmath
import math

import numpy as np
import torch
from scipy import optimize, special, stats

# ---- 9.1 How long does it last?


def right_9_1_loop(eigenvalue, share):
    size, left, steps = abs(eigenvalue), 1.0, 0
    while left > share:
        left, steps = left * size, steps + 1
    return steps


def right_9_1_numpy(eigenvalue, share):
    return np.maximum(1, np.ceil(np.log(share) / np.log(np.abs(eigenvalue))))


def right_9_1_powers(eigenvalue, share):
    sizes = np.abs(np.power(complex(eigenvalue), np.arange(1, 2000)))
    return int(np.argmax(sizes <= share)) + 1


def right_9_1_tensor(eigenvalue, share):
    ratio = torch.tensor(share).double().log() / torch.tensor(eigenvalue).abs().double().log()
    return ratio.ceil().clamp(min=1).to(torch.int64)


def right_9_1_complex_logarithm(eigenvalue, share):
    return max(1, math.ceil(math.log(share) / cmath.log(eigenvalue).real))


def wrong_9_1_real_part(eigenvalue, share):
    """You took the real part."""
    size = abs(eigenvalue.real)
    return max(1, math.ceil(math.log(share) / math.log(size)))


def wrong_9_1_rounded_down(eigenvalue, share):
    """round up"""
    return math.floor(math.log(share) / math.log(abs(eigenvalue)))


def wrong_9_1_squared(eigenvalue, share):
    """You used |λ|²"""
    size = eigenvalue.real**2 + eigenvalue.imag**2
    return max(1, math.ceil(math.log(share) / math.log(size)))


def wrong_9_1_continuous(eigenvalue, share):
    """You used 1 − |λ|"""
    return math.ceil(math.log(1 / share) / (1 - abs(eigenvalue)))


def wrong_9_1_one_more(eigenvalue, share):
    """The values differ"""
    return right_9_1_loop(eigenvalue, share) + 1


def wrong_9_1_positive_only(eigenvalue, share):
    """math domain error"""
    return max(1, math.ceil(math.log(share) / math.log(eigenvalue.real)))


def wrong_9_1_the_exact_number(eigenvalue, share):
    """A whole number is expected"""
    return math.log(share) / math.log(abs(eigenvalue))


def wrong_9_1_upside_down(eigenvalue, share):
    """The quotient is upside down"""
    return math.ceil(math.log(abs(eigenvalue)) / math.log(share))


# ---- 9.2 Which bias for which memory?


def right_9_2_logit(num_steps, share):
    return special.logit(share ** (1 / num_steps))


def right_9_2_torch(num_steps, share):
    return torch.logit(torch.tensor(share, dtype=torch.float64) ** (1 / num_steps))


def right_9_2_bisection(num_steps, share):
    return optimize.brentq(lambda b: num_steps * math.log1p(math.exp(-b)) + math.log(share), -40, 40, xtol=1e-12)


def right_9_2_by_expm1(num_steps, share):
    return -math.log(math.expm1(-math.log(share) / num_steps))


def right_9_2_numpy(num_steps, share):
    gate = np.exp(np.log(share) / num_steps)
    return [np.log(gate) - np.log1p(-gate)][0]


def wrong_9_2_gate(num_steps, share):
    """That is the gate"""
    return math.exp(math.log(share) / num_steps)


def wrong_9_2_one_step(num_steps, share):
    """applied at every step"""
    return math.log(share / (1 - share))


def wrong_9_2_half(num_steps, share):
    """You took one half"""
    gate = 0.5 ** (1 / num_steps)
    return math.log(gate / (1 - gate))


def wrong_9_2_sign(num_steps, share):
    """The sign is turned"""
    return special.logit(1 - share ** (1 / num_steps))


def wrong_9_2_log_steps(num_steps, share):
    """The values differ"""
    return math.log(num_steps / math.log(1 / share)) + 0.01


def wrong_9_2_divided(num_steps, share):
    """take the root"""
    return special.logit(1 - (1 - share) / num_steps)


def wrong_9_2_natural_logarithm(num_steps, share):
    """The values differ"""
    return math.log(share ** (1 / num_steps))


def wrong_9_2_root_of_the_complement(num_steps, share):
    """The sign is wrong."""
    gate = 1 - (1 - share) ** (1 / num_steps)
    return math.log(gate / (1 - gate)) if 0 < gate < 1 else 0.0


# ---- 9.3 Up before down


def right_9_3_singular_values(W, num_steps):
    best, power = 1.0, torch.eye(len(W), dtype=W.dtype)
    for _ in range(num_steps):
        power = power @ W
        best = max(best, torch.linalg.svdvals(power)[0].item())
    return best


def right_9_3_numpy(W, num_steps):
    W = W.numpy()
    return max(np.linalg.norm(np.linalg.matrix_power(W, t), 2) for t in range(num_steps + 1))


def right_9_3_gram(W, num_steps):
    norms = []
    for t in range(num_steps + 1):
        power = torch.linalg.matrix_power(W, t)
        norms.append(torch.linalg.eigvalsh(power.T @ power)[-1].sqrt())
    return torch.stack(norms).max()


def right_9_3_recursive(W, num_steps):
    def highest(power, left):
        here = float(torch.linalg.matrix_norm(power, 2))
        return here if left == 0 else max(here, highest(W @ power, left - 1))

    return highest(torch.eye(len(W)).to(W), num_steps)


class _Callable:
    def __call__(self, W, num_steps):
        powers = torch.stack([torch.linalg.matrix_power(W, t) for t in range(num_steps + 1)])
        return torch.linalg.svdvals(powers).max()


right_9_3_object = _Callable()


def wrong_9_3_eigenvalues(W, num_steps):
    """You took |λ|ᵗ"""
    radius = np.abs(np.linalg.eigvals(W.numpy())).max()
    return max(1.0, radius**num_steps)


def wrong_9_3_bound(W, num_steps):
    """not the power of the norm"""
    return max(1.0, float(torch.linalg.svdvals(W)[0]) ** num_steps)


def wrong_9_3_frobenius(W, num_steps):
    """That is the Frobenius norm"""
    return max(float(torch.linalg.matrix_power(W, t).norm()) for t in range(num_steps + 1))


def wrong_9_3_last(W, num_steps):
    """The highest may be on the way"""
    return float(torch.linalg.matrix_norm(torch.linalg.matrix_power(W, num_steps), 2))


def wrong_9_3_entries(W, num_steps):
    """torch.linalg.matrix_power(W, t)"""
    start = torch.linalg.matrix_norm(torch.eye(len(W), dtype=W.dtype), 2)
    return max(start, *(torch.linalg.matrix_norm(W**t, 2) for t in range(1, num_steps + 1)), start)


def wrong_9_3_no_identity(W, num_steps):
    """You left out W⁰"""
    norms = [torch.linalg.matrix_norm(torch.linalg.matrix_power(W, t), 2) for t in range(1, num_steps + 1)]
    return max(norms, default=0.0)


def wrong_9_3_one_too_few(W, num_steps):
    """The values differ"""
    return max([1.0, *(float(torch.linalg.svdvals(torch.linalg.matrix_power(W, t))[0]) for t in range(num_steps))])


def wrong_9_3_one_norm(W, num_steps):
    """The values differ"""
    return max(float(torch.linalg.matrix_norm(torch.linalg.matrix_power(W, t), 1)) for t in range(num_steps + 1))


# ---- 9.4 Neither up nor down


def right_9_4_scipy(n, keep):
    return np.sqrt(n) * np.exp(-0.5 * (np.log(2) + special.digamma(n / 2))) / keep


def right_9_4_harmonic(n, keep):
    if n % 2:
        psi = -0.5772156649015329 - 2 * math.log(2) + sum(2 / (2 * k - 1) for k in range(1, (n + 1) // 2))
    else:
        psi = -0.5772156649015329 + sum(1 / k for k in range(1, n // 2))
    return math.sqrt(n / 2) * math.exp(-psi / 2) / keep


def right_9_4_difference_of_log_gamma(n, keep):
    psi = (special.loggamma(n / 2 + 1e-5) - special.loggamma(n / 2 - 1e-5)) / 2e-5
    return float(np.sqrt(n / 2) * np.exp(-psi / 2) / keep)


def right_9_4_torch(n, keep):
    half = torch.tensor(n, dtype=torch.float64) / 2
    return half.sqrt() * torch.exp(-torch.digamma(half) / 2) / keep


def right_9_4_root(n, keep):
    def drift(g):
        return 0.5 * (math.log(2) + special.psi(n / 2)) + math.log(g * keep / math.sqrt(n))

    return optimize.brentq(drift, 1e-3, 1e3, xtol=1e-13)


def wrong_9_4_one(n, keep):
    """This keeps the mean of ‖v‖²"""
    return 1 / keep


def wrong_9_4_series(n, keep):
    """Six digits need the digamma function"""
    return (1 + 0.5 / n) / keep


def wrong_9_4_mean_length(n, keep):
    """This keeps the mean of ‖v‖."""
    return np.sqrt(n / 2) * np.exp(special.gammaln(n / 2) - special.gammaln((n + 1) / 2)) / keep


def wrong_9_4_keep_forgotten(n, keep):
    """divide by keep"""
    return math.sqrt(n / 2) * math.exp(-special.digamma(n / 2) / 2)


def wrong_9_4_reciprocal(n, keep):
    """This is the reciprocal"""
    return keep * math.exp(special.digamma(n / 2) / 2) / math.sqrt(n / 2)


def wrong_9_4_multiplied(n, keep):
    """0.25 times the expected one"""
    return math.sqrt(n / 2) * math.exp(-special.digamma(n / 2) / 2) * keep


def wrong_9_4_psi_of_n(n, keep):
    """The values differ"""
    return math.sqrt(n / 2) * math.exp(-special.digamma(n) / 2) / keep


def wrong_9_4_no_root_of_n(n, keep):
    """The values differ"""
    return math.exp(-0.5 * (math.log(2) + special.digamma(n / 2))) / keep


# ---- 9.5 Back through time


def right_9_5_autograd(W, states, last):
    z = torch.atanh(states)
    drive = z - torch.cat([torch.zeros_like(z[:1]), states[:-1] @ W.T])
    h, run = torch.zeros(len(W), dtype=W.dtype), []
    for step in drive:
        h = torch.tanh(W @ h + step).requires_grad_()
        run.append(h)
    return torch.stack([g.norm() for g in torch.autograd.grad(h @ last, run)])


def right_9_5_jacobians(W, states, last):
    lengths, product = [last.norm()], torch.eye(len(W), dtype=W.dtype)
    for h in reversed(states[1:]):
        product = product @ (torch.diag(1 - h * h) @ W)
        lengths.insert(0, (product.T @ last).norm())
    return lengths


def right_9_5_numpy(W, states, last):
    W, states, g = W.numpy(), states.numpy(), last.numpy()
    out = np.zeros(len(states))
    out[-1] = np.linalg.norm(g)
    for t in range(len(states) - 2, -1, -1):
        g = W.T @ ((1 - states[t + 1] ** 2) * g)
        out[t] = np.linalg.norm(g)
    return out


def right_9_5_row_vectors(W, states, last):
    grads = [last]
    for t in range(len(states) - 1):
        grads.append((grads[-1] * (1 - states[-1 - t].square())) @ W)
    return torch.stack(grads[::-1]).norm(dim=1)


def right_9_5_float32(W, states, last):
    return right_9_5_row_vectors(W, states, last).float()


def wrong_9_5_no_transpose(W, states, last):
    """W.T, not W"""
    grads = [last]
    for h in reversed(states[1:]):
        grads.append(W @ ((1 - h**2) * grads[-1]))
    return torch.stack(grads[::-1]).norm(dim=1)


def wrong_9_5_no_slope(W, states, last):
    """You left out the slope of tanh"""
    grads = [last]
    for _ in states[1:]:
        grads.append(W.T @ grads[-1])
    return torch.stack(grads[::-1]).norm(dim=1)


def wrong_9_5_earlier(W, states, last):
    """It belongs to the later one"""
    grads = [last]
    for h in reversed(states[:-1]):
        grads.append(W.T @ ((1 - h**2) * grads[-1]))
    return torch.stack(grads[::-1]).norm(dim=1)


def wrong_9_5_order(W, states, last):
    """The order is turned around"""
    return right_9_5_row_vectors(W, states, last).flip(0)


def wrong_9_5_slope_after(W, states, last):
    """the slope comes first"""
    grads = [last]
    for h in reversed(states[1:]):
        grads.append((1 - h**2) * (W.T @ grads[-1]))
    return torch.stack(grads[::-1]).norm(dim=1)


def wrong_9_5_one_short(W, states, last):
    """shape"""
    return right_9_5_row_vectors(W, states, last)[:-1]


def wrong_9_5_tanh_again(W, states, last):
    """The states are already tanh(z)"""
    grads = [last]
    for h in reversed(states[1:]):
        grads.append(W.T @ ((1 - torch.tanh(h) ** 2) * grads[-1]))
    return torch.stack(grads[::-1]).norm(dim=1)


def wrong_9_5_squared_lengths(W, states, last):
    """The values differ"""
    return right_9_5_row_vectors(W, states, last) ** 2


# ---- 9.6 Beyond: a start that lasts


def _growth(W, U, x):
    h, states = torch.zeros(len(x), len(U), dtype=U.dtype), []
    for inputs in x.unbind(1):
        h = torch.tanh(h @ W.T + inputs @ U.T)
        states.append(h)
    grad = torch.randn(h.shape, dtype=U.dtype)
    total = torch.zeros(len(x), dtype=U.dtype)
    for h in reversed(states[1:]):
        grad = (grad * (1 - h * h)) @ W
        length = grad.norm(dim=1, keepdim=True)
        total, grad = total + length.log().squeeze(1), grad / length
    return total.mean().item()


def _levelled(W, U, x):
    low, high = 0.1, 6.0
    for _ in range(12):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _growth(middle * W, U, x) < 0 else (low, middle)
    return (low * high) ** 0.5 * W


def right_9_6_orthogonal_levelled(U, x):
    return _levelled(torch.linalg.qr(torch.randn(len(U), len(U), dtype=U.dtype)).Q, U, x)


def right_9_6_polar_factor(U, x):
    left, _, right = np.linalg.svd(torch.randn(len(U), len(U), dtype=U.dtype).numpy())
    return _levelled(torch.from_numpy(left @ right), U, x).numpy()


def right_9_6_rotation_of_planes(U, x):
    A = torch.randn(len(U), len(U), dtype=U.dtype)
    return _levelled(torch.linalg.matrix_exp(A - A.T), U, x)


def right_9_6_lists(U, x):
    return _levelled(torch.from_numpy(stats.ortho_group.rvs(len(U))), U, x).tolist()


def right_9_6_grid(U, x):
    Q = torch.linalg.qr(torch.randn(len(U), len(U), dtype=U.dtype)).Q
    gains = np.linspace(1.0, 2.2, 25)
    sizes = [abs(_growth(g * Q, U, x)) for g in gains]
    return (gains[int(np.argmin(sizes))] * Q).float()


def wrong_9_6_orthogonal(U, x):
    """it vanishes"""
    return torch.linalg.qr(torch.randn(len(U), len(U), dtype=U.dtype)).Q


def wrong_9_6_less_than_the_identity(U, x):
    """it vanishes"""
    return 0.8 * torch.eye(len(U), dtype=U.dtype)


def wrong_9_6_gaussian(U, x):
    """it vanishes"""
    return torch.randn(len(U), len(U), dtype=U.dtype) / len(U) ** 0.5


def wrong_9_6_torch(U, x):
    """it vanishes"""
    return torch.nn.RNN(1, len(U)).weight_hh_l0.detach().double()


def wrong_9_6_large(U, x):
    """it explodes"""
    return 4 * torch.randn(len(U), len(U), dtype=U.dtype) / len(U) ** 0.5


def wrong_9_6_a_gain(U, x):
    """Return the weights W"""
    return 1.5


def wrong_9_6_nothing(U, x):
    """it vanishes"""
    return torch.zeros(len(U), len(U), dtype=U.dtype)


def wrong_9_6_uniform_everywhere(U, x):
    """Return the weights W"""
    return torch.full((len(U), 1), 0.5, dtype=U.dtype)
