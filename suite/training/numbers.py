"""Numbers of a recipe that what TensorFlow has traced reads from variables, so that it serves other numbers too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from suite.core.recipe import Recipe

ALWAYS = ("weight_decay", "label_smoothing")
IF_USED = ("momentum", "norm_clipping", "adaptive_clipping", "sharpness", "average")  # at 0, other steps are traced
FIELDS = (*ALWAYS, *IF_USED)  # of a recipe


class Number:
    """Stands in the place of a plain number, and gives the same bits.

    With other numbers it computes in 64 bits, as Python does. It meets tensors in 32.
    """

    def __init__(self, value: float) -> None:
        self._variable = tf.Variable(value, trainable=False, dtype=tf.float64)

    def assign(self, value: float) -> None:
        """Take another value. One above 0 stays above 0."""
        self._variable.assign(value)

    def __tf_tensor__(self, dtype: tf.DType | None = None, name: str | None = None) -> tf.Tensor:
        return tf.cast(self._variable, dtype or tf.float32, name)

    def __gt__(self, other: float) -> bool:
        """Keras asks whether a momentum or a limit is above 0: it is, see IF_USED."""
        assert other == 0
        return True

    def __sub__(self, other: float) -> tf.Tensor:
        return tf.cast(self._variable - other, tf.float32)

    def __rtruediv__(self, other: float) -> tf.Tensor:
        return tf.cast(other / self._variable, tf.float32)

    def __mul__(self, other: Any) -> tf.Tensor:
        return tf.convert_to_tensor(self) * other


Numbers = Mapping[str, Number]  # by the fields of a recipe


def of(recipe: Recipe) -> Numbers:
    """Return the numbers that the steps of a recipe read."""
    used = [name for name in IF_USED if getattr(recipe, name)]
    return {name: Number(getattr(recipe, name)) for name in (*ALWAYS, *used)}
