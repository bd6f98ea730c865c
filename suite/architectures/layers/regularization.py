"""Layers that act in training only."""

from __future__ import annotations

from typing import Any

import keras

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class StochasticDepth(keras.layers.Dropout):
    """Drops the whole residual branch of a picture with probability `rate`, in training only; the others are scaled up.

    Huang et al., Deep Networks with Stochastic Depth, ECCV 2016, https://arxiv.org/abs/1603.09382, scaled in training
    rather than in inference, as in TensorFlow's EfficientNet and in timm.
    """

    def __init__(self, rate: float, *, seed: int | None = None, **layer: Any) -> None:
        super().__init__(rate, seed=seed, **layer)

    def build(self, input_shape: Shape) -> None:
        """Draw one number per picture, whatever the rank of the branch (B, ...)."""
        self.noise_shape = (None, *(1 for _ in input_shape[1:]))
        super().build(input_shape)

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        config: dict[str, Any] = super().get_config()
        del config["noise_shape"]
        return config
