"""A map cut into windows for attention, and put together again."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class Windows(keras.layers.Layer):
    """The pixels of a map (B, H, W, C) as tokens of windows, (B, H * W / P / P, P * P, C), each row by row.

    A window is a square of P x P neighbours, or, if `spread`, of P x P pixels spread evenly over the map: the
    "block" and the "grid" of Tu et al., MaxViT, ECCV 2022, section 3.2, https://arxiv.org/abs/2204.01697. H and W are
    multiples of P.
    """

    def __init__(self, side: int, *, spread: bool = False, **layer: Any) -> None:
        super().__init__(**layer)
        self.side, self.spread = side, spread

    def call(self, inputs: Any) -> Any:
        """Return (B, H * W / P / P, P * P, C)."""
        _, height, width, channels = inputs.shape
        side = self.side
        if self.spread:
            x = ops.reshape(inputs, (-1, side, height // side, side, width // side, channels))
            x = ops.transpose(x, (0, 2, 4, 1, 3, 5))
        else:
            x = ops.reshape(inputs, (-1, height // side, side, width // side, side, channels))
            x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, *self.compute_output_shape(inputs.shape)[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (B, H * W / P / P, P * P, C)."""
        batch, height, width, channels = input_shape
        assert height
        assert width
        assert height % self.side == width % self.side == 0
        return batch, height * width // self.side**2, self.side**2, channels

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "side": self.side, "spread": self.spread}


@keras.saving.register_keras_serializable("suite")
class FromWindows(keras.layers.Layer):
    """Puts `Windows`, `spread` or not, together again: the map (B, H, W, C) of `size` (H, W)."""

    def __init__(self, size: tuple[int, int], *, spread: bool = False, **layer: Any) -> None:
        super().__init__(**layer)
        self.size, self.spread = (int(size[0]), int(size[1])), spread  # a saved model has a list

    def call(self, inputs: Any) -> Any:
        """Return (B, H, W, C)."""
        (height, width), channels = self.size, inputs.shape[-1]
        side = round(inputs.shape[-2] ** 0.5)
        x = ops.reshape(inputs, (-1, height // side, width // side, side, side, channels))
        x = ops.transpose(x, (0, 3, 1, 4, 2, 5) if self.spread else (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height, width, channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (B, H, W, C)."""
        return input_shape[0], *self.size, input_shape[-1]

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "size": self.size, "spread": self.spread}
