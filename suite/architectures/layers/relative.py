"""Attention that knows how far apart two pixels are."""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("suite")
class RelativePositions(keras.layers.Layer):
    """Adds to the scores of attention (B, N, T, T) a learned number for each head and offset of the query from the key.

    T = H * W tokens are the pixels of a map of `grid` (H, W), row by row; there are (2H - 1)(2W - 1) offsets. Dai et
    al., CoAtNet, 2021, equation 3, https://arxiv.org/abs/2106.04803. `lookup` says how the numbers of all pairs are
    read from the table: "gather", or "product" with matrices of zeros and ones, as in the authors' MaxViT. The product
    counts as work and is meant for small windows. Rows and columns are looked up one after the other: this needs
    H * H and W * W indices instead of T * T.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        *,
        lookup: Literal["gather", "product"] = "gather",
        **layer: Any,  # name and dtype, for Keras
    ) -> None:
        super().__init__(**layer)
        self.grid = (int(grid[0]), int(grid[1]))  # a saved model has a list
        self.lookup = lookup

    def build(self, input_shape: Shape) -> None:
        """Make the table (N, 2H - 1, 2W - 1); offset 0 is in its middle."""
        height, width = self.grid
        self.table = self.add_weight(
            shape=(input_shape[1], 2 * height - 1, 2 * width - 1),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="relative_bias",  # a bias: no weight decay
        )

    def call(self, inputs: Any) -> Any:
        """Return the scores with the number of each pair added."""
        rows, columns = (_offsets(side) for side in self.grid)
        if self.lookup == "gather":
            bias = ops.take(ops.take(self.table, rows, axis=1), columns, axis=3)  # (N, H, H, W, W)
        else:
            bias = ops.einsum("nhw,ijh->nijw", self.table, _one_hot(rows, self.compute_dtype))
            bias = ops.einsum("nijw,klw->nijkl", bias, _one_hot(columns, self.compute_dtype))
        tokens = self.grid[0] * self.grid[1]
        return inputs + ops.reshape(ops.transpose(bias, (0, 1, 3, 2, 4)), (-1, tokens, tokens))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape

    def work(self, inputs: list[tuple[int, ...]], outputs: list[tuple[int, ...]]) -> tuple[int, int]:
        """Return the work of the two products of the lookup, if it has any: sums are not counted."""
        if self.lookup == "gather":
            return 0, 0
        (height, width), heads = self.grid, inputs[0][1]
        first, second = heads * height**2 * (2 * width - 1), heads * height**2 * width**2
        return first * (2 * height - 1) + second * (2 * width - 1), first + second

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        return {**super().get_config(), "grid": self.grid, "lookup": self.lookup}


def _offsets(side: int) -> np.ndarray:
    """Return the index into the table for each query and key in a row of `side` pixels, by the offset between them."""
    place = np.arange(side)
    return place[:, None] - place[None, :] + side - 1


def _one_hot(places: np.ndarray, dtype: str) -> Any:
    """Return (H, H, 2H - 1) with a one at each place."""
    return ops.one_hot(places, places.max() + 1, dtype=dtype)
