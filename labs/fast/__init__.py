"""Rules that beat automatic differentiation for the course's own networks: an ``MLP`` with a named loss.

`labs.curvature`, `labs.landscape` and `labs.gradients` take them by themselves wherever ``covers(risk, theta)``.
One module a rule:

| module | computes | idea |
|---|---|---|
| `passes` | one forward and backward pass, all parts kept | weight and bias in one product, examples in rows |
| `heads` | the loss at the outputs and its derivative | outputs class by class |
| `products` | Hessian-vector products | differentiate both passes along v |
| `traces` | the exact trace | push each example's pre-activation Hessian backwards |
| `dense` | the whole Hessian | Khatri–Rao products of its factors |
| `planes` | the risk on a plane | the first layer is linear in the coordinates |
| `norms` | per-example gradients and their lengths | the norm of an outer product is a product of norms |
"""

from labs.fast.passes import covers

__all__ = ["covers"]
