"""An exponential moving average of a network's weights, which is validated and kept in their place.

Batch normalisation's statistics are averaged too, and early weights are forgotten quickly: after t steps an average
keeps min(momentum, (1 + t) / (10 + t)) of itself. Both as in the training of EfficientNet (Tan and Le 2019,
https://arxiv.org/abs/1905.11946; tensorflow/tpu, models/official/efficientnet/main.py).
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from suite.training.numbers import Number


class Average(keras.callbacks.Callback):
    """The average of a network's weights. While it validates, the network has them; `Best` keeps them."""

    def __init__(self, network: keras.Model, momentum: float | Number) -> None:
        super().__init__()
        self._momentum, self._weights = momentum, network.weights
        self._own: list[Any] = []  # the weights that go on training, while the network has the average
        self.variables = [_copy(weight) for weight in self._weights]

    def begin(self) -> None:
        """Take the weights as they are for their average."""
        for average, weight in zip(self.variables, self._weights, strict=True):
            average.assign(ops.cast(weight, "float32"))

    def update(self, steps: Any) -> None:
        """Take in the weights after so many steps."""
        done = ops.cast(steps, "float32")
        kept = ops.minimum(self._momentum, (1 + done) / (10 + done))
        for average, weight in zip(self.variables, self._weights, strict=True):
            average.assign(kept * average + (1 - kept) * ops.cast(weight, "float32"))

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Give the network the average."""
        self._own = [tf.identity(weight) for weight in self._weights]
        _put(self._weights, self.variables)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Give the network back the weights that go on training."""
        _put(self._weights, self._own)


def _copy(weight: keras.Variable) -> keras.Variable:
    return keras.Variable(weight.numpy(), trainable=False, dtype="float32", name=f"average_{weight.name}")


def _put(weights: list[keras.Variable], values: list[Any]) -> None:
    for weight, value in zip(weights, values, strict=True):
        weight.assign(ops.cast(value, weight.dtype))
