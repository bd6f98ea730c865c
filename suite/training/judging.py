"""How a network's answers are judged: the loss, the metrics, and what each class weighs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from suite.core.recipe import Recipe


def balanced(counts: Sequence[int]) -> list[float]:
    """Return a weight for each class, by its number of pictures: each class weighs the same, and the mean picture 1."""
    there = [count for count in counts if count]
    return [sum(there) / (len(there) * count) if count else 0.0 for count in counts]


def weighed(labels: Any, weights: Any) -> Any:
    """Return the weight of each picture [B] by those of the classes [K]; `labels` as in `named`."""
    return ops.matmul(labels, weights) if _are_shares(labels) else ops.take(weights, labels)


def named(labels: Any) -> Any:
    """Return the class of each picture, int32 [B]: of labels [B] or [B, 1], or the largest of shares [B, K]."""
    if _are_shares(labels):
        return ops.cast(ops.argmax(labels, axis=-1), "int32")
    return ops.reshape(ops.cast(labels, "int32"), (-1,))


def _are_shares(labels: Any) -> bool:
    return len(labels.shape) == 2 and labels.shape[-1] != 1


def right(labels: Any, logits: Any) -> Any:
    """Return 1 for each picture whose class has the largest output, else 0; [B] or [B, K], [B, K] -> [B]."""
    return ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), named(labels)), "float32")


def among_five_largest(labels: Any, logits: Any) -> Any:
    """Return 1 for each picture whose class is among its five largest outputs, else 0; [B] or [B, K], [B, K] -> [B].

    Among equal outputs the lower index counts as larger, as in an argsort. Keras' own top-k metric counts every tied
    class as among the five: a network that answers the same for all classes would always be right.
    """
    _, largest = ops.top_k(logits, k=min(5, logits.shape[-1]))
    return ops.any(ops.equal(largest, ops.cast(named(labels)[:, None], largest.dtype)), axis=-1)


class BalancedAccuracy(keras.metrics.Metric):
    """The share of right images in each of K classes, averaged over the classes that have images."""

    def __init__(self, classes: int) -> None:
        super().__init__(name="balanced_accuracy")
        self._right = self.add_variable((classes,), "zeros", name="right")
        self._all = self.add_variable((classes,), "zeros", name="all")

    def update_state(self, labels: Any, logits: Any, sample_weight: Any = None) -> None:
        """Count labels as in `named` and the classes of the largest logits [B, K]; weights of images do not count."""
        among = ops.one_hot(named(labels), self._all.shape[0])
        self._all.assign_add(ops.sum(among, axis=0))
        self._right.assign_add(ops.matmul(right(labels, logits), among))

    def result(self) -> Any:
        """Return the mean over the classes, 0 to 1."""
        there = ops.cast(self._all > 0, "float32")
        shares = self._right / ops.maximum(self._all, 1.0)
        return ops.sum(shares * there) / ops.maximum(ops.sum(there), 1.0)


def loss(recipe: Recipe, smoothing: Any = None) -> keras.losses.Loss | Callable[[Any, Any], Any]:
    """Return the loss of logits [B, K] for labels as in `named`; their `smoothing` may be a variable."""
    if recipe.cross_entropy == "softmax" and not recipe.label_smoothing and not recipe.mixes:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    entropy = {"softmax": keras.losses.categorical_crossentropy, "sigmoid": keras.losses.binary_crossentropy}

    def shared(labels: Any, logits: Any) -> Any:
        classes = logits.shape[-1]
        wanted = labels if _are_shares(labels) else ops.one_hot(named(labels), classes)
        share = recipe.label_smoothing if smoothing is None else ops.cast(smoothing, logits.dtype)
        wanted = (1 - share) * ops.cast(wanted, logits.dtype) + share / classes
        return entropy[recipe.cross_entropy](wanted, logits, from_logits=True)

    return shared
