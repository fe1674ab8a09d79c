"""The exercises of chapter 05."""

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake

TITLE = "Ill-conditioning"


def rotated(eigenvalues: list[float], generator: torch.Generator) -> torch.Tensor:
    """A symmetric matrix with these eigenvalues and random eigenvectors."""
    n = len(eigenvalues)
    basis, _ = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
    matrix = basis @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ basis.mT
    return (matrix + matrix.mT) / 2


def vector(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(n, generator=generator, dtype=torch.float64)


# 5.1 ------------------------------------------------------------------------------------------------------------------


def condition_number(hessian: torch.Tensor) -> float:
    """κ = max|λ| / min|λ| over the eigenvalues of a symmetric matrix of shape (n, n); math.inf if it is singular."""
    sizes = torch.linalg.eigvalsh(hessian).abs()
    smallest, largest = sizes.min().item(), sizes.max().item()
    rounding = len(sizes) * torch.finfo(hessian.dtype).eps * largest
    return largest / smallest if smallest > rounding else math.inf


def _condition_cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.diag(torch.tensor([1.0, 10.0], dtype=torch.float64)),))
    yield Case((rotated([1, 3, 5, 37], generator),))
    yield Case((rotated([-8, 1, 0.5], generator),), "the largest |λ| belongs to a negative eigenvalue")
    yield Case((1e-9 * rotated([2, 9], generator),), "every eigenvalue is tiny, and κ does not mind")
    yield Case((rotated([0, 2, 7], generator),), "the matrix is singular")
    yield Case((torch.tensor([[-4.0]], dtype=torch.float64),))


def _signed_ratio(hessian):
    values = torch.linalg.eigvalsh(hessian)
    return (values[-1] / values[0]).item() if condition_number(hessian) < math.inf else math.inf


def _plain_ratio(hessian):
    sizes = torch.linalg.eigvalsh(hessian).abs()
    return (sizes.max() / sizes.min()).item()


def _absolute_threshold(hessian):
    sizes = torch.linalg.eigvalsh(hessian).abs()
    return (sizes.max() / sizes.min()).item() if sizes.min() > 1e-6 else math.inf


CONDITION_NUMBER = Exercise(
    id="5.1",
    title="The condition number of a Hessian",
    solution=condition_number,
    cases=_condition_cases,
    hints=(
        "torch.linalg.eigvalsh gives the eigenvalues of a symmetric matrix in ascending order. The sign of an eigenvalue "
        "does not matter here, its size does.",
        "In floating point the smallest eigenvalue of a singular matrix is not 0 but about 1e-17. How small is "
        "negligible? That depends on the largest eigenvalue, not on a fixed number.",
        "Call smallest zero when it is at most n · eps · largest, with eps = torch.finfo(hessian.dtype).eps; "
        "return math.inf then, largest / smallest otherwise.",
    ),
    analysis="A matrix has no scale of its own: 10⁻⁹ H is as well conditioned as H. So 'zero' has to be measured against "
    "the largest eigenvalue, in units of the rounding error, and not against a number such as 1e-6. A network's Hessian "
    "has eigenvalues of both signs and many near 0, so its κ is huge or infinite; what limits the step is λmax alone.",
    mistakes=(
        Mistake(
            "the ratio keeps its sign",
            _signed_ratio,
            "You divided the largest eigenvalue by the smallest. κ compares sizes: take absolute values first, then the "
            "largest and the smallest of them.",
        ),
        Mistake(
            "upside down",
            lambda hessian: 1 / condition_number(hessian),
            "Your ratio is upside down: κ is the largest size over the smallest, so at least 1.",
        ),
        Mistake(
            "singular matrices are not recognised",
            _plain_ratio,
            "A singular matrix has κ = ∞. In floating point its smallest eigenvalue is not exactly 0 but of the size of "
            "the rounding error, n · eps · largest.",
        ),
        Mistake(
            "an absolute threshold",
            _absolute_threshold,
            "You compared with a fixed small number. Whether an eigenvalue is negligible depends on the largest one: "
            "10⁻⁹ H has the same κ as H.",
        ),
    ),
)


# 5.2 ------------------------------------------------------------------------------------------------------------------


def learning_rates(eigenvalues: torch.Tensor) -> tuple[float, float, float]:
    """For gradient descent on ½ θᵀHθ, given the positive eigenvalues of H in any order, shape (n,).

    Returns (critical, best, rate): the learning rate above which it diverges, the one at which it converges fastest,
    and the factor by which the slowest error then shrinks in each step.
    """
    smallest, largest = eigenvalues.min().item(), eigenvalues.max().item()
    best = 2 / (smallest + largest)
    return 2 / largest, best, 1 - best * smallest


def _rate_cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([1.0, 3.0], dtype=torch.float64),))
    yield Case((torch.tensor([10.0, 0.1, 2.0], dtype=torch.float64),), "the eigenvalues are not sorted")
    yield Case((0.01 + torch.rand(6, generator=generator, dtype=torch.float64),))
    yield Case((torch.full((3,), 4.0, dtype=torch.float64),), "all are equal: one step suffices")
    yield Case((torch.tensor([5.0], dtype=torch.float64),))


def _rates(eigenvalues, critical=2.0, best=None, power=1):
    smallest, largest = eigenvalues.min().item(), eigenvalues.max().item()
    chosen = 2 / (smallest + largest) if best is None else best(smallest, largest)
    return critical / largest, chosen, max(abs(1 - chosen * smallest), abs(1 - chosen * largest)) ** power


def _sorted_rates(eigenvalues):
    first, last = eigenvalues[0].item(), eigenvalues[-1].item()
    return 2 / last, 2 / (first + last), 1 - 2 * first / (first + last)


LEARNING_RATES = Exercise(
    id="5.2",
    title="Critical and best learning rate on a quadratic",
    solution=learning_rates,
    cases=_rate_cases,
    hints=(
        "Along the eigenvector of λ one step multiplies the error by 1 − ηλ. When does repeating that diverge?",
        "Every |1 − ηλ| has to stay below 1, and the largest of them is the rate. Draw |1 − ηλ| against λ: a V. Only the "
        "smallest and the largest eigenvalue can be the worst.",
        "The best η makes both ends equally bad: 1 − ηλmin = ηλmax − 1.",
    ),
    analysis="The best learning rate 2/(λmin + λmax) is close below the critical one, 2/λmax: ill-conditioned descent is "
    "fastest at the edge of divergence. The rate (κ − 1)/(κ + 1) depends on κ alone, and 1 − rate is about 2/κ: ten times "
    "the condition number, ten times the steps.",
    mistakes=(
        Mistake(
            "critical at 1/λmax",
            lambda eigenvalues: _rates(eigenvalues, critical=1.0),
            "At η = 1/λmax the steepest direction arrives in one step. It may overshoot as long as |1 − ηλ| < 1, which "
            "is up to twice that learning rate.",
        ),
        Mistake(
            "best at 1/λmax",
            lambda eigenvalues: _rates(eigenvalues, best=lambda smallest, largest: 1 / largest),
            "With η = 1/λmax the flattest direction shrinks by 1 − 1/κ only. A larger η speeds it up, until the steepest "
            "direction is as slow: balance the two.",
        ),
        Mistake(
            "the rate of the loss",
            lambda eigenvalues: _rates(eigenvalues, power=2),
            "You gave the rate of the loss, which is the square: the question is about the error θ − θ*.",
        ),
        Mistake(
            "first and last instead of least and largest",
            _sorted_rates,
            "The eigenvalues come in any order: take their minimum and maximum, not the first and the last.",
        ),
    ),
)


# 5.3 ------------------------------------------------------------------------------------------------------------------


def predicted_change(gradient: torch.Tensor, hessian: torch.Tensor, learning_rate: float) -> float:
    """The change of J in one step θ ← θ − ηg, to second order in η; g has shape (n,), H has shape (n, n)."""
    first = -learning_rate * (gradient @ gradient)
    second = 0.5 * learning_rate**2 * (gradient @ hessian @ gradient)
    return (first + second).item()


def _taylor_cases(generator: torch.Generator) -> Iterator[Case]:
    identity = torch.eye(2, dtype=torch.float64)
    yield Case((torch.tensor([1.0, 2.0], dtype=torch.float64), torch.diag(torch.tensor([1.0, 10.0]).double()), 0.1))
    yield Case((vector(3, generator), rotated([1, 2, 3], generator), 0.01))
    yield Case((vector(4, generator), rotated([-2, 0, 1, 50], generator), 0.3), "the second term wins: the loss rises")
    yield Case((torch.zeros(2, dtype=torch.float64), identity, 0.1), "the gradient is zero")


def _taylor(gradient, hessian, learning_rate, half=0.5, power=2, sign=-1, norm=2):
    first = sign * learning_rate * (gradient @ gradient) ** (norm / 2)
    return (first + half * learning_rate**power * (gradient @ hessian @ gradient)).item()


def _elementwise(gradient, hessian, learning_rate):
    square = gradient @ gradient
    return (-learning_rate * square + 0.5 * learning_rate**2 * (gradient * hessian * gradient).sum()).item()


PREDICTED_CHANGE = Exercise(
    id="5.3",
    title="What the next step will do to the loss",
    solution=predicted_change,
    cases=_taylor_cases,
    hints=(
        "Write J(θ + d) ≈ J(θ) + gᵀd + ½ dᵀHd and put d = −ηg.",
        "The first term becomes −η gᵀg, the second +½ η² gᵀHg. The minus sign is squared away in the second.",
        "For vectors of shape (n,), gradient @ gradient is gᵀg and gradient @ hessian @ gradient is gᵀHg.",
    ),
    analysis="The two terms are the whole story of the chapter: the first is linear in η and always helps, the second is "
    "quadratic in η and hurts where gᵀHg > 0. They balance at η = 2 gᵀg / gᵀHg, which is never below 2/λmax. With "
    "ill-conditioning, gᵀHg can be as large as λmax gᵀg although most directions are flat.",
    mistakes=(
        Mistake(
            "½ forgotten",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, half=1.0),
            "The second-order term of a Taylor series carries the factor ½.",
        ),
        Mistake(
            "η not squared",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, power=1),
            "The step −ηg enters the second term twice, so η is squared there.",
        ),
        Mistake(
            "uphill",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, sign=1),
            "The step is −ηg, so the first term is negative: descent goes downhill.",
        ),
        Mistake(
            "norm instead of its square",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, norm=1),
            "The first term is −η gᵀg, with the square of the gradient's norm.",
        ),
        Mistake(
            "elementwise products",
            _elementwise,
            "gradient * hessian * gradient multiplies entry by entry and broadcasts: it is Σᵢⱼ Hᵢⱼ gⱼ². The form gᵀHg "
            "needs matrix products: gradient @ hessian @ gradient.",
        ),
    ),
)


# 5.4 ------------------------------------------------------------------------------------------------------------------


def hessian_vector_product(risk, theta: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """H v, where H is the Hessian at ``theta``, shape (P,), of ``risk``: theta -> scalar. H itself is never formed."""
    theta = theta.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(risk(theta), theta, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ v, theta)
    return product


def quartic(theta: torch.Tensor) -> torch.Tensor:
    """¼ Σ θ⁴ + θ₁θ₂, which has a Hessian that depends on θ and is not diagonal."""
    return 0.25 * (theta**4).sum() + theta[0] * theta[1]


def log_sum_exp(theta: torch.Tensor) -> torch.Tensor:
    """log Σ exp θ, with the Hessian diag(p) − ppᵀ of the softmax p."""
    return theta.logsumexp(-1)


def _product_cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((quartic, torch.tensor([1.0, 2.0]).double(), torch.tensor([1.0, 0.0]).double()))
    yield Case((quartic, vector(4, generator), vector(4, generator)))
    yield Case((log_sum_exp, vector(6, generator), vector(6, generator)))
    yield Case((log_sum_exp, vector(300, generator), vector(300, generator)), "H would have 90 000 entries")


def _difference_quotient(risk, theta, v):
    gradient = torch.func.grad(risk)
    return (gradient(theta + 1e-4 * v) - gradient(theta)) / 1e-4


def _without_graph(risk, theta, v):
    theta = theta.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(risk(theta), theta)
    return torch.autograd.grad(gradient @ v, theta)[0]


def _row_sums(risk, theta, v):
    return torch.func.hessian(risk)(theta).sum(-1) * v


HESSIAN_VECTOR_PRODUCT = Exercise(
    id="5.4",
    title="A Hessian-vector product for the price of two gradients",
    solution=hessian_vector_product,
    cases=_product_cases,
    hints=(
        "gᵀv is a number that depends on θ through g. What is its gradient with respect to θ, if v is constant?",
        "∇(gᵀv) = Hv. So take a gradient, multiply it by v, and take a gradient again.",
        "theta needs requires_grad_(), and the first torch.autograd.grad needs create_graph=True; without it the gradient "
        "is a constant to the second one.",
    ),
    analysis="H has P² entries, 10¹² for a small network of a million weights, yet Hv costs about two gradients and as much "
    "memory (Pearlmutter 1994). All curvature in this course, the largest eigenvalue, the spectrum and the trace, "
    "is computed from such products.",
    mistakes=(
        Mistake(
            "no graph for the second derivative",
            _without_graph,
            "The first gradient forgot how it was computed: pass create_graph=True to the first torch.autograd.grad.",
        ),
        Mistake(
            "difference quotient",
            _difference_quotient,
            "That is a difference quotient of gradients: it is right to a few digits only, and the best step size depends "
            "on θ. Differentiate gᵀv exactly instead.",
        ),
        Mistake(
            "row sums times v",
            _row_sums,
            "You differentiated the sum of the gradient and multiplied by v afterwards: these are row sums of H times v. "
            "Multiply the gradient by v first, then differentiate.",
        ),
        Mistake(
            "vᵀHv",
            lambda risk, theta, v: v @ hessian_vector_product(risk, theta, v),
            "You returned the number vᵀHv. The product Hv is a vector, of the shape of θ.",
        ),
    ),
)


# 5.5 ------------------------------------------------------------------------------------------------------------------


def sharpness(product, dimension: int) -> float:
    """The largest eigenvalue λmax of a symmetric H, to one part in a thousand, from products alone.

    ``product(v)`` returns H v for v of shape (dimension,), in float64. H may have negative eigenvalues.
    """

    def dominant(multiply) -> float:
        v = torch.randn(dimension, dtype=torch.float64)
        for _ in range(500):
            v = multiply(v / v.norm())
        v = v / v.norm()
        return (v @ multiply(v)).item()

    largest_size = dominant(product)
    if largest_size >= 0:
        return largest_size
    return dominant(lambda v: product(v) - largest_size * v) + largest_size


class Products:
    """v ↦ H v for a matrix that is not shown, with a name for the reader."""

    def __init__(self, matrix: torch.Tensor, said: str) -> None:
        self.matrix, self.said = matrix, said

    def __call__(self, v: torch.Tensor) -> torch.Tensor:
        return self.matrix @ v

    def __str__(self) -> str:
        return f"products with {self.said}"


def _sharpness_cases(generator: torch.Generator) -> Iterator[Case]:
    for eigenvalues, note in (
        ([1.0, 3.0], ""),
        ([0.1, 0.2, 1.0, 5.0, 20.0], ""),
        ([1e-6, 2e-6, 5e-6], "every eigenvalue is tiny"),
        ([2e60, 1e60, 0.0], "a power of H overflows unless v is normalised"),
        ([-9.0, -1.0, 2.0, 4.0], "the eigenvalue of largest size is negative, and it is not the one asked for"),
        ([-6.0, -3.0, -1.0], "every eigenvalue is negative"),
    ):
        said = "eigenvalues " + ", ".join(f"{value:g}" for value in eigenvalues)
        yield Case((Products(rotated(eigenvalues, generator), said), len(eigenvalues)), note)


def _power_iteration(product, dimension, num_steps=500, normalise=True, quotient=True):
    v = torch.randn(dimension, dtype=torch.float64)
    for _ in range(num_steps):
        v = product(v / v.norm() if normalise else v)
    v = v / v.norm()
    return (v @ product(v)).item() if quotient else product(v).norm().item()


SHARPNESS = Exercise(
    id="5.5",
    title="Sharpness by power iteration",
    solution=sharpness,
    cases=_sharpness_cases,
    hints=(
        "Multiply a random vector by H again and again: the component along the eigenvalue of largest size outgrows the "
        "others. Normalise v every time. At the end vᵀHv / vᵀv is the eigenvalue.",
        "That finds the eigenvalue of largest |λ|. If it is positive it is λmax. If it is negative, λmax is still to find.",
        "With μ < 0 the eigenvalue of largest size, H − μI has only eigenvalues ≥ 0, and its largest is λmax − μ.",
    ),
    analysis="Power iteration converges like |λ₂/λ₁|ᵗ, so it is slow where two eigenvalues are close; Lanczos, which keeps "
    "all the products instead of the last, needs about the square root of the steps and finds both ends at once. "
    "labs.curvature.eigenpairs does that. On a network a few dozen products give λmax to a percent, enough to see whether "
    "η is past 2/λmax.",
    mistakes=(
        Mistake(
            "v is never normalised",
            lambda product, dimension: _power_iteration(product, dimension, normalise=False),
            "Normalise v in every step: Hᵗv grows like λᵗ and overflows, or underflows to 0.",
        ),
        Mistake(
            "the eigenvalue of largest size",
            _power_iteration,
            "You found the eigenvalue of largest size, which is negative here. Shift: power iteration on H − μI, with μ "
            "that eigenvalue, finds λmax − μ.",
        ),
        Mistake(
            "‖Hv‖ instead of vᵀHv",
            lambda product, dimension: _power_iteration(product, dimension, quotient=False),
            "‖Hv‖ is the size of an eigenvalue and has lost its sign: use vᵀHv / vᵀv.",
        ),
        Mistake(
            "a single step",
            lambda product, dimension: _power_iteration(product, dimension, num_steps=1),
            "One multiplication does not separate the eigenvalues: repeat it until vᵀHv no longer changes.",
        ),
    ),
    tolerance=1e-3,
)


# 5.6 ------------------------------------------------------------------------------------------------------------------


def minimise(gradient, theta: torch.Tensor, num_calls: int) -> torch.Tensor:
    """A point near the minimum of a quadratic, reached from ``theta``, shape (n,), with ``num_calls`` gradients at most.

    ``gradient(theta)`` returns the gradient. Nothing is known of H except that κ is about 1000.
    """
    g = gradient(theta)
    direction, squared = -g, g @ g
    for _ in range(num_calls - 1):
        curved = gradient(theta + direction) - g
        step = squared / (direction @ curved)
        theta, g = theta + step * direction, g + step * curved
        squared, before = g @ g, squared
        if squared < 1e-28:
            break
        direction = -g + squared / before * direction
    return theta


class Gradient:
    """The gradient of ½ (θ − θ*)ᵀH(θ − θ*), which counts its calls."""

    def __init__(self, matrix: torch.Tensor, minimum: torch.Tensor) -> None:
        self.matrix, self.minimum, self.calls = matrix, minimum, 0

    def __call__(self, theta: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.matrix @ (theta - self.minimum)

    def loss(self, theta: torch.Tensor) -> float:
        away = theta.detach() - self.minimum
        return 0.5 * (away @ self.matrix @ away).item()

    def __str__(self) -> str:
        return f"gradient of a quadratic in {len(self.minimum)} dimensions"


def _minimise_cases(generator: torch.Generator) -> Iterator[Case]:
    for scale, note in ((1.0, "λmax = 1"), (50.0, "λmax = 50")):
        eigenvalues = (scale * torch.logspace(-3, 0, 40)).tolist()
        yield Case((Gradient(rotated(eigenvalues, generator), vector(40, generator)), vector(40, generator), 250), note)


def _judge_minimise(result, arguments) -> str:
    gradient, start, num_calls = arguments
    if not isinstance(result, torch.Tensor) or result.shape != start.shape:
        return f"Return the final θ, a tensor of shape {tuple(start.shape)}."
    if gradient.calls > num_calls:
        return f"You asked for {gradient.calls} gradients; the budget is {num_calls}."
    share = gradient.loss(result) / gradient.loss(start)
    if not math.isfinite(share) or share > 1:
        return "The loss is larger than at the start: the learning rate is past 2/λmax. How could you measure λmax?"
    if share > 1e-4:
        return (
            f"The loss fell to {share:.1e} of its first value; 1e-4 is asked for. Plain gradient descent at its best "
            "learning rate needs over a thousand steps for that: it takes memory of earlier steps to be faster."
        )
    return ""


def _descent(gradient, theta, num_calls):
    v = torch.randn(theta.shape, dtype=theta.dtype)
    origin = gradient(torch.zeros_like(theta))
    for _ in range(20):
        v = gradient(v / v.norm()) - origin
    largest = v.norm().item()
    for _ in range(num_calls - 21):
        theta = theta - 1.9 / largest * gradient(theta)
    return theta


def _fixed_rate(gradient, theta, num_calls):
    for _ in range(num_calls):
        theta = theta - 0.1 * gradient(theta)
    return theta


MINIMISE = Exercise(
    id="5.6",
    title="Beyond: faster than gradient descent",
    solution=minimise,
    cases=_minimise_cases,
    hints=(
        "There is no single right answer: momentum, a learning rate that adapts, or directions that do not undo each other "
        "all pass. First find out how large the learning rate may be: how do you get H v out of gradient?",
        "H v is gradient(θ + v) − gradient(θ). With it you can estimate λmax by power iteration, and then use momentum "
        "√κ-wise: β = ((√κ − 1)/(√κ + 1))².",
        "Or without any estimate: the Barzilai–Borwein learning rate sᵀs / sᵀy with s the last step and y the change of "
        "the gradient, or conjugate gradients, where H times the direction is a difference of two gradients.",
    ),
    analysis="Gradient descent needs about κ steps per digit, every method with memory about √κ: 32 instead of 1000 here. "
    "This solution is the method of conjugate gradients with H d read off as the difference of two gradients; in exact arithmetic it arrives after n steps, "
    "and no method that only combines the gradients it has seen gets a smaller loss. Momentum gets the √κ too, if λmin and λmax are known.",
    mistakes=(
        Mistake("gradient descent at nearly the best rate", _descent, "it takes memory of earlier steps to be faster"),
        Mistake("a learning rate that fits one scale", _fixed_rate, "it takes memory of earlier steps to be faster"),
        Mistake(
            "over the budget",
            lambda gradient, theta, num_calls: _descent(gradient, theta, 20 * num_calls),
            "You asked for 5000 gradients; the budget is 250.",
        ),
        Mistake(
            "divergence",
            lambda gradient, theta, num_calls: _fixed_rate(lambda t: 40 * gradient(t), theta, num_calls),
            "The loss is larger than at the start",
        ),
        Mistake("the loss instead of θ", lambda gradient, theta, num_calls: 0.0, "Return the final θ"),
    ),
    judge=_judge_minimise,
)

EXERCISES = (CONDITION_NUMBER, LEARNING_RATES, PREDICTED_CHANGE, HESSIAN_VECTOR_PRODUCT, SHARPNESS, MINIMISE)
