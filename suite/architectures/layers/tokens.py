"""Learned vectors among tokens (B, T, D): positions, class tokens, queries."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class LearnedPositions(keras.layers.Layer):
    """Adds a learned vector to each token (B, T, D) by its position; there are `count` vectors, or one per token."""

    def __init__(self, count: int | None = None, *, initializer: Any = None, **layer: Any) -> None:
        super().__init__(**layer)
        self.count = count
        self.initializer = _initializer(initializer)

    def build(self, input_shape: Shape) -> None:
        """Make one vector for each position."""
        places = input_shape[1] if self.count is None else self.count
        self.positions = self.add_weight(
            shape=(places, input_shape[-1]), initializer=self.initializer, name="positions"
        )

    def call(self, inputs: Any) -> Any:
        """Return (B, T, D)."""
        return inputs + self.positions[: inputs.shape[1]]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations: sums are not counted."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        own = {"count": self.count, "initializer": keras.initializers.serialize(self.initializer)}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("suite")
class LearnedTokens(keras.layers.Layer):
    """`count` learned tokens (B, count, D), as wide as the input (B, T, D) and independent of it."""

    def __init__(self, count: int = 1, *, initializer: Any = None, **layer: Any) -> None:
        super().__init__(**layer)
        self.count = count
        self.initializer = _initializer(initializer)

    def build(self, input_shape: Shape) -> None:
        """Make the tokens."""
        self.tokens = self.add_weight(shape=(self.count, input_shape[-1]), initializer=self.initializer, name="tokens")

    def call(self, inputs: Any) -> Any:
        """Return the tokens once for each item of the batch."""
        tokens = ops.convert_to_tensor(self.tokens)
        return ops.broadcast_to(tokens, (ops.shape(inputs)[0], *tokens.shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (B, count, D)."""
        return input_shape[0], self.count, input_shape[-1]

    def work(self, inputs: list[Shape], outputs: list[Shape]) -> tuple[int, int]:
        """Return no multiply-adds and no activations."""
        return 0, 0

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        own = {"count": self.count, "initializer": keras.initializers.serialize(self.initializer)}
        return {**super().get_config(), **own}


def _initializer(initializer: Any) -> keras.initializers.Initializer:
    """Return the initializer asked for, or the normal distribution of deviation 0.02 that Transformers begin with."""
    return keras.initializers.get(initializer or keras.initializers.RandomNormal(stddev=0.02))
