"""Learned factors on a residual branch, small at first, so that a deep network begins near the identity."""

from __future__ import annotations

from typing import Any

import keras

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class LearnedScale(keras.layers.Layer):
    """The input (B, ..., C) times learned factors that begin at `start`: one for each channel, or one for all.

    One for each is LayerScale: Touvron et al., Going deeper with Image Transformers, ICCV 2021, equation 4,
    https://arxiv.org/abs/2103.17239. One for all is SkipInit: De and Smith, Batch Normalization Biases Residual Blocks
    Towards the Identity Function in Deep Networks, NeurIPS 2020, section 4, https://arxiv.org/abs/2002.10444.
    """

    def __init__(self, start: float, *, per_channel: bool = True, **layer: Any) -> None:
        super().__init__(**layer)
        self.start, self.per_channel = start, per_channel

    def build(self, input_shape: Shape) -> None:
        """Make the factors, (C) or ()."""
        shape = (input_shape[-1],) if self.per_channel else ()
        self.gain = self.add_weight(name="gain", shape=shape, initializer=keras.initializers.Constant(self.start))

    def call(self, inputs: Any) -> Any:
        """Return the scaled input."""
        return inputs * self.gain

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations: elementwise arithmetic is not counted."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "start": self.start, "per_channel": self.per_channel}
