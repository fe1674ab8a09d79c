"""Shared machinery of the course: batched numerics, checked claims, exercises, figures and explorables."""
