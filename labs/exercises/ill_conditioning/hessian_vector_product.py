"""Exercise 5.4: H v by differentiating twice."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import vector
from labs.exercises.exercise import Case, Exercise, Mistake


def hessian_vector_product(risk, theta: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """H v, with H the Hessian at ``theta`` of ``risk``: theta -> scalar.

    ``theta`` and ``v`` have shape (P,). H itself is never formed.
    """
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
    large = vector(200_000, generator), vector(200_000, generator)
    yield Case((quartic, *large), "H would have 4e10 entries, 320 GB of them")


def _difference_quotient(risk, theta, v):
    gradient = torch.func.grad(risk)
    return (gradient(theta + 1e-4 * v) - gradient(theta)) / 1e-4


def _without_graph(risk, theta, v):
    theta = theta.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(risk(theta), theta)
    return torch.autograd.grad(gradient @ v, theta)[0]


def _row_sums(risk, theta, v):
    theta = theta.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(risk(theta), theta, create_graph=True)
    return torch.autograd.grad(gradient.sum(), theta)[0] * v


def _whole_matrix(risk, theta, v):
    return torch.func.hessian(risk)(theta) @ v


def _gradient_times_v(risk, theta, v):
    return torch.func.grad(risk)(theta) * v


EXERCISE = Exercise(
    id="5.4",
    title="A Hessian-vector product for the price of two gradients",
    solution=hessian_vector_product,
    cases=_product_cases,
    hints=(
        "gᵀv is a number that depends on θ through g. What is its gradient with respect to θ, if v is constant?",
        "∇(gᵀv) = Hv. So take a gradient, multiply it by v, and take a gradient again.",
        "theta needs requires_grad_(), and the first torch.autograd.grad needs create_graph=True; without it the "
        "gradient is a constant to the second one.",
    ),
    analysis="H has P² entries, 10¹² for a small network of a million weights, yet Hv costs about two gradients and "
    "as much memory (Pearlmutter 1994). All curvature in this course, the largest eigenvalue, the spectrum "
    "and the trace, is computed from such products.",
    mistakes=(
        Mistake(
            "no graph for the second derivative",
            _without_graph,
            "The first gradient forgot how it was computed: pass create_graph=True to the first torch.autograd.grad.",
        ),
        Mistake(
            "difference quotient",
            _difference_quotient,
            "That is a difference quotient of gradients: it is right to a few digits only, and the best step size "
            "depends on θ. Differentiate gᵀv exactly instead.",
        ),
        Mistake(
            "row sums times v",
            _row_sums,
            "You differentiated the sum of the gradient and multiplied by v afterwards: these are row sums of H "
            "times v. Multiply the gradient by v first, then differentiate.",
        ),
        Mistake(
            "H itself",
            _whole_matrix,
            "You formed H, whose P² entries no memory holds for a large P. Differentiate gᵀv instead.",
        ),
        Mistake(
            "the gradient times v",
            _gradient_times_v,
            "That is the gradient, entry by entry times v. A second derivative is missing.",
        ),
        Mistake(
            "the gradient",
            lambda risk, theta, v: torch.func.grad(risk)(theta),
            "That is the gradient. Multiply it by v and differentiate once more.",
        ),
        Mistake(
            "minus Hv",
            lambda risk, theta, v: -hessian_vector_product(risk, theta, v),
            "The sign is wrong.",
        ),
        Mistake(
            "vᵀHv",
            lambda risk, theta, v: v @ hessian_vector_product(risk, theta, v),
            "You returned the number vᵀHv. The product Hv is a vector, of the shape of θ.",
        ),
    ),
)
