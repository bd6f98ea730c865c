"""Layers of networks that read texts: a mask of words, and the losses of pictures with their texts."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

Shape = tuple[int | None, ...]

PADDING = 0  # the token that fills a text up to its length


@keras.saving.register_keras_serializable("suite")
class WordMask(keras.layers.Layer):
    """True where tokens (B, T) are words, false where they are padding, and true for `more` tokens after them."""

    def __init__(self, more: int = 0, **layer: Any) -> None:
        super().__init__(**layer)
        self.more = more

    def call(self, inputs: Any) -> Any:
        """Return (B, T + more)."""
        return ops.pad(ops.not_equal(inputs, PADDING), ((0, 0), (0, self.more)), constant_values=True)

    def compute_output_spec(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return truth values of the shape that `call` returns."""
        return keras.KerasTensor((inputs.shape[0], inputs.shape[1] + self.more), dtype="bool")

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "more": self.more}


@keras.saving.register_keras_serializable("suite")
class ContrastiveLoss(keras.layers.Layer):
    """Adds the contrastive loss of unit vectors (B, D) of pictures and of their texts; returns the vectors unchanged.

    Its one weight is the logarithm of the temperature, so that the temperature stays above 0.
    """

    def __init__(self, temperature: float = 1.0, *, smoothing: float = 0.0, **layer: Any) -> None:
        super().__init__(**layer)
        self.temperature, self.smoothing = temperature, smoothing

    def build(self, *shapes: Shape, **named: Shape) -> None:
        """Make the temperature."""
        start = keras.initializers.Constant(math.log(self.temperature))
        self.log_temperature = self.add_weight(shape=(), initializer=start, name="log_temperature")

    def call(self, pictures: Any, texts: Any) -> Any:
        """Return `pictures` and `texts`."""
        self.add_loss(contrastive_loss(pictures, texts, ops.exp(self.log_temperature), smoothing=self.smoothing))
        return pictures, texts

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations: a loss is not part of inference."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "temperature": self.temperature, "smoothing": self.smoothing}


@keras.saving.register_keras_serializable("suite")
class CaptionLoss(keras.layers.Layer):
    """Adds `weight` times the caption loss of logits (B, T, V) for tokens (B, T); returns the logits unchanged."""

    def __init__(self, weight: float = 1.0, **layer: Any) -> None:
        super().__init__(**layer)
        self.weight = weight

    def call(self, logits: Any, tokens: Any) -> Any:
        """Return `logits`."""
        self.add_loss(self.weight * caption_loss(logits, tokens))
        return logits

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations: a loss is not part of inference."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "weight": self.weight}


def contrastive_loss(pictures: Any, texts: Any, temperature: Any, *, smoothing: float = 0.0) -> Any:
    """Return how badly each picture finds its text in the batch, plus how badly each text finds its picture.

    Both are mean cross-entropies over the batch. The softmax is of the products of unit vectors (B, D), divided by
    `temperature`; labels are smoothed by the share `smoothing`: equations 1 and 2 of ALIGN,
    https://arxiv.org/abs/2102.05918.
    """
    products = ops.matmul(pictures, ops.transpose(texts)) / temperature
    ways = [ops.log_softmax(products, axis=axis) for axis in (1, 0)]
    return -sum((1 - smoothing) * ops.mean(ops.diagonal(way)) + smoothing * ops.mean(way) for way in ways)


def caption_loss(logits: Any, tokens: Any) -> Any:
    """Return the mean cross-entropy of the words of `tokens` (B, T) but the first, by the logits (B, T, V) before each.

    Equation 3 of CoCa, https://arxiv.org/abs/2205.01917, for one word; padding does not count.
    """
    following = tokens[:, 1:]
    words = ops.cast(ops.not_equal(following, PADDING), logits.dtype)
    losses = ops.sparse_categorical_crossentropy(following, logits[:, :-1], from_logits=True)
    return ops.sum(losses * words) / ops.maximum(ops.sum(words), 1)
