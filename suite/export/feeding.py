"""What networks are fed while they are timed: one example for each input, repeated to a batch."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from suite.core.inputs import STRING, Input, Sizes

GREY = 128  # value of every pixel: latency does not depend on it
TEXT = b"a text of five words"


def fed(inputs: Sequence[Input], sizes: Mapping[str, Sizes], batch: int) -> dict[str, np.ndarray]:
    """Return an array for each input, by its name: `batch` examples of the given sizes, or else of its own.

    An input without any axis gets one value. Raises ValueError for sizes that are free and not given.
    """
    return {one.name: _array(one, sizes.get(one.name), batch) for one in inputs}


def _array(one: Input, sizes: Sizes | None, batch: int) -> np.ndarray:
    """Return the array of one input. An axis that is fixed stays: it need not be the batch in every input."""
    if one.dtype == STRING:
        own = tuple(size or 1 for size in one.sizes or ())
        return np.full((_first(one, batch), *own), _file(sizes) if sizes and not own else TEXT, object)
    if one.shape == ():  # a switch, or the share of what a dropout keeps
        return np.asarray("float" in one.dtype, one.dtype)
    axes = one.sizes if sizes is None else sizes
    if axes is None or None in axes:
        raise ValueError(f"input {one.name} of {one.form} needs sizes")
    # Zero is the first row of any table that is looked up.
    array = np.zeros((_first(one, batch), *(size or 0 for size in axes)), one.dtype)
    return array + np.asarray(GREY, one.dtype) if is_picture(array) else array


def _first(one: Input, batch: int) -> int:
    return (one.shape[0] if one.shape else None) or batch


def is_picture(array: np.ndarray) -> bool:
    """Whether an input takes pictures, by its axes and its numbers."""
    return array.ndim >= 4 and ("float" in array.dtype.name or array.dtype == np.uint8)


def _file(sizes: Sizes) -> bytes:
    """Return a grey picture of (H, W, C) as a JPEG file."""
    height, width, channels = sizes
    file, grey = io.BytesIO(), Image.new("L", (width, height), GREY)
    grey.convert("L" if channels == 1 else "RGB").save(file, "JPEG")
    return file.getvalue()
