"""Fits what a network learned of places in a picture to pictures of another size."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from scipy.interpolate import RegularGridInterpolator

from suite.architectures.layers import LearnedPositions

BIAS = "relative_bias"  # (heads, 2H - 1, 2W - 1), offset 0 in the middle
SLOWEST, FASTEST = 1.01, 1.5  # growth of the distance between offsets


def resampled(array: np.ndarray, layer: keras.layers.Layer, weight: Any, picture: tuple[int, int]) -> np.ndarray | None:
    """Return the value of `weight` from that at another size; None if it does not belong to places.

    `picture` is height and width of the new pictures; the old ones are square.
    """
    if weight.name == BIAS and array.ndim == 3 and array.shape[0] == weight.shape[0]:
        return biases(array, tuple(weight.shape[1:]))
    vectors = array.reshape(array.shape[-2:]) if array.ndim == 3 and array.shape[0] == 1 else array
    if isinstance(layer, LearnedPositions) and layer.count is None and vectors.shape[1:] == tuple(weight.shape[1:]):
        return positions(vectors, weight.shape[0], picture)
    return None


def positions(vectors: np.ndarray, count: int, picture: tuple[int, int]) -> np.ndarray | None:
    """Return (count, D) from the vectors (T, D) of the pixels of a map, row by row, after those of class tokens.

    Cubic interpolation as in Pillow, as timm does it. None if neither number is that of a map.
    """
    old = math.isqrt(len(vectors))
    tokens = len(vectors) - old * old
    new = _map(count - tokens, picture)
    if tokens > 1 or new is None:
        return None
    seen = vectors[tokens:].reshape(1, old, old, -1).astype("float32")
    resized = keras.ops.image.resize(
        seen, new, interpolation="bicubic", antialias=True, data_format="channels_last"
    )  # fmt: skip
    return np.concatenate([vectors[:tokens], np.asarray(resized).reshape(new[0] * new[1], -1)])


def _map(count: int, picture: tuple[int, int]) -> tuple[int, int] | None:
    """Return height and width of a map of `count` pixels over a picture; None if its pixels cannot be square."""
    height, width = picture
    rows = round(math.sqrt(count * height / width)) if count > 0 else 0
    return (rows, count // rows) if rows and count % rows == 0 else None


def biases(table: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return (heads, 2H - 1, 2W - 1) from the biases of a smaller or larger window.

    What is near keeps its meaning: the old offsets are placed at distances that grow by a constant factor, so that the
    last comes to the edge, and values between them are linear. As BEiT and timm do it: https://arxiv.org/abs/2106.08254
    """
    old = [_placed(before, after) for before, after in zip(table.shape[1:], shape, strict=True)]
    new = [np.clip(np.arange(side) - side // 2, *known[[0, -1]]) for side, known in zip(shape, old, strict=True)]
    places = np.stack(np.meshgrid(*new, indexing="ij"), axis=-1)
    return np.stack([RegularGridInterpolator(old, head)(places) for head in table]).astype(table.dtype)


def _placed(before: int, after: int) -> np.ndarray:
    """Return where the offsets of a table of side `before` come to stand in one of side `after`, 0 in the middle."""
    steps = np.arange(before // 2)
    slow, fast = SLOWEST, FASTEST
    while fast - slow > 1e-6:
        growth = (slow + fast) / 2
        slow, fast = (slow, growth) if np.sum(growth**steps) > after // 2 else (growth, fast)
    distances = np.cumsum(slow**steps)
    return np.concatenate([-distances[::-1], [0], distances])
