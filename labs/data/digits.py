"""Handwritten digits: scikit-learn's embedded 8 × 8 images, and MNIST for who wants it."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from sklearn import datasets

from labs.data.samples import Dataset
from labs.device import device_for
from labs.inputs import chosen

__all__ = ["SCALINGS", "digits", "mnist"]

SCALINGS = {
    "pixel": lambda x: x / x.max(),
    "global": lambda x: (x - x.mean()) / x.std(),
    "feature": lambda x: (x - x.mean(0)) / (x.std(0) + 1e-3),
    "raw": lambda x: x,
}
"""Scalings of images with pixels in [0, max], each computed on the whole data set."""


def digits(
    scaling: str = "pixel",
    classes: Sequence[int] | None = None,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Dataset:
    """The 1 797 images of 8 × 8 pixels in 10 classes that come with scikit-learn; nothing is downloaded.

    The scaling decides how well conditioned the problem is (chapter 05):
    ``"pixel"`` x/16, in [0, 1] and uncentred; ``"global"`` (x − mean)/sd with one mean and one sd for all pixels;
    ``"feature"`` (x − mean)/(sd + 1e-3) per pixel, so that constant pixels stay 0; ``"raw"`` 0 to 16 as stored.

    Args:
        scaling: One of ``SCALINGS``.
        classes: The digits to keep, renumbered from 0 in the order given; ``None`` keeps all ten.
        dtype: Of x.
        device: Where it lives; ``None`` takes the course's device.

    Returns:
        x of shape ``(N, 64)``, y of shape ``(N,)``, int64.

    Raises:
        ValueError: for an unknown scaling, a dtype that is not floating-point, or classes that are not distinct digits.

    References:
        Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.

    Example:
        >>> x, y = digits("raw", classes=(3, 8))
        >>> x.shape, x.max().item(), y.unique().tolist()
        (torch.Size([357, 64]), 16.0, [0, 1])
    """
    return _prepared(_embedded_digits(), scaling, classes, dtype, device)


def mnist(
    scaling: str = "pixel",
    classes: Sequence[int] | None = None,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Dataset:
    """The 70 000 images of MNIST, 28 × 28 pixels, fetched from OpenML at the first call; the course never needs them.

    Arguments, result and errors as for ``digits``; x has shape ``(N, 784)``.

    References:
        LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition.
    """
    return _prepared(_openml_mnist(), scaling, classes, dtype, device)


@functools.cache
def _embedded_digits() -> tuple[np.ndarray, np.ndarray]:
    return datasets.load_digits(return_X_y=True)


@functools.cache
def _openml_mnist() -> tuple[np.ndarray, np.ndarray]:
    x, y = datasets.fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False, parser="liac-arff")
    return x, y.astype(np.int64)


def _prepared(
    images: tuple[np.ndarray, np.ndarray],
    scaling: str,
    classes: Sequence[int] | None,
    dtype: torch.dtype,
    device: torch.device | str | None,
) -> Dataset:
    if not dtype.is_floating_point:
        raise ValueError(f"dtype must be floating-point such as torch.float32, got {dtype}")
    x = SCALINGS[chosen("scaling", scaling, SCALINGS)](images[0])
    y = images[1]
    if classes is not None:
        x, y = _only(x, y, classes)
    place = device_for(dtype) if device is None else device
    return Dataset(torch.tensor(x, dtype=dtype).to(place), torch.tensor(y, dtype=torch.int64).to(place))


def _only(x: np.ndarray, y: np.ndarray, classes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    numbers = list(classes)
    if not numbers or len(set(numbers)) < len(numbers) or not set(numbers) <= set(range(10)):
        raise ValueError(f"classes must be distinct digits from 0 to 9 such as (3, 8), got {classes!r}")
    keep = np.isin(y, numbers)
    renumbered = np.full(10, -1)
    renumbered[numbers] = np.arange(len(numbers))
    return x[keep], renumbered[y[keep]]
