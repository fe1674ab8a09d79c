"""The exercises of chapter 05, one a module."""

from labs.exercises.ill_conditioning import (
    condition_number,
    hessian_vector_product,
    learning_rates,
    minimise,
    predicted_change,
    sharpness,
)

TITLE = "Ill-conditioning"

EXERCISES = (
    condition_number.EXERCISE,
    learning_rates.EXERCISE,
    predicted_change.EXERCISE,
    hessian_vector_product.EXERCISE,
    sharpness.EXERCISE,
    minimise.EXERCISE,
)
