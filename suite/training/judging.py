"""How a network's answers are judged: the loss, the metrics, and what each class weighs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


def balanced(counts: Sequence[int]) -> list[float]:
    """Return a weight for each class, by its number of pictures: each class weighs the same, and the mean picture 1."""
    there = [count for count in counts if count]
    return [sum(there) / (len(there) * count) if count else 0.0 for count in counts]


def among_five_largest(labels: Any, logits: Any) -> Any:
    """Return 1 for each image whose label is among its five largest outputs, else 0; shapes [B], [B, K] -> [B].

    Among equal outputs the lower index counts as larger, as in an argsort. Keras' own top-k metric counts every tied
    class as among the five: a network that answers the same for all classes would always be right.
    """
    _, largest = ops.top_k(logits, k=min(5, logits.shape[-1]))
    labels = ops.reshape(labels, (-1, 1))
    return ops.any(ops.equal(largest, ops.cast(labels, largest.dtype)), axis=-1)


class BalancedAccuracy(keras.metrics.Metric):
    """The share of right images in each of K classes, averaged over the classes that have images."""

    def __init__(self, classes: int) -> None:
        super().__init__(name="balanced_accuracy")
        self._right = self.add_variable((classes,), "zeros", name="right")
        self._all = self.add_variable((classes,), "zeros", name="all")

    def update_state(self, labels: Any, logits: Any, sample_weight: Any = None) -> None:
        """Count labels [B] and the classes of the largest logits [B, K]; weights of images do not count."""
        labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
        right = ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), labels), "float32")
        among = ops.one_hot(labels, self._all.shape[0])
        self._all.assign_add(ops.sum(among, axis=0))
        self._right.assign_add(ops.matmul(right, among))

    def result(self) -> Any:
        """Return the mean over the classes, 0 to 1."""
        there = ops.cast(self._all > 0, "float32")
        shares = self._right / ops.maximum(self._all, 1.0)
        return ops.sum(shares * there) / ops.maximum(ops.sum(there), 1.0)


def cross_entropy(smoothing: float) -> keras.losses.Loss | Callable[[Any, Any], Any]:
    """Return the loss of logits [B, K] for labels [B], of which a share `smoothing` goes to all classes alike."""
    if not smoothing:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def smoothed(labels: Any, logits: Any) -> Any:
        wanted = ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), logits.shape[-1])
        return keras.losses.categorical_crossentropy(wanted, logits, from_logits=True, label_smoothing=smoothing)

    return smoothed
