"""Normalisations that Keras lacks."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class LocalResponseNormalization(keras.layers.Layer):
    """Each channel divided by (k + alpha * sum of squares over n neighbouring channels) ** beta.

    Krizhevsky et al. 2012, section 3.3. Caffe and PyTorch divide alpha by n; the paper and this layer do not.
    """

    def __init__(
        self,
        *,
        k: float = 2.0,
        n: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        **layer: Any,  # name and dtype, for Keras
    ) -> None:
        super().__init__(**layer)
        if n % 2 == 0:
            raise ValueError(f"n = {n}: give an odd number of channels, so that one is in the middle")
        self.k, self.n, self.alpha, self.beta = k, n, alpha, beta

    def call(self, inputs: Any) -> Any:
        """Return (B, H, W, C) normalised, computed in float32: squares of float16 overflow."""
        normal = tf.nn.local_response_normalization(
            tf.cast(inputs, tf.float32), depth_radius=self.n // 2, bias=self.k, alpha=self.alpha, beta=self.beta
        )
        return tf.cast(normal, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations: normalisations are not counted."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        own = {"k": self.k, "n": self.n, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}
