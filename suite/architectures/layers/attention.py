"""Attention without its projections, in any number of heads."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops

from suite.architectures.layers.relative import RelativePositions

Shape = tuple[int | None, ...]
UNSEEN = -1e9  # the score of a hidden key: its exponential is 0 in float32


@keras.saving.register_keras_serializable("suite")
class DotProductAttention(keras.layers.Layer):
    """For every query, the mean of the values (..., S, E), weighted by its products with the keys: (..., T, E).

    Vaswani et al., Attention Is All You Need, 2017, section 3.2.1, https://arxiv.org/abs/1706.03762. Queries are
    (..., T, D), keys (..., S, D); each of `heads` sees a part of D and of E. The weights are computed in float32, in
    mixed precision too. `causal` hides later keys from earlier queries. `seen` (B, S) is true for keys that may be
    seen. With `grid` (H, W) the T = S tokens are the pixels of a map: their product gets a learned number added for
    the offset between them, read by `lookup` (see RelativePositions). Training drops a share `dropout` of the weights.
    """

    def __init__(
        self,
        heads: int,
        *,
        causal: bool = False,
        grid: tuple[int, int] | None = None,
        lookup: Literal["gather", "product"] = "gather",
        dropout: float = 0.0,
        **layer: Any,  # name and dtype, for Keras
    ) -> None:
        super().__init__(**layer)
        self.heads, self.causal, self.grid, self.lookup, self.rate = heads, causal, grid, lookup, dropout
        self.precise = keras.backend.result_type(self.compute_dtype, "float32")  # or float64
        self.relative = RelativePositions(grid, lookup=lookup, dtype=self.precise, name="relative") if grid else None
        self.dropout = keras.layers.Dropout(dropout, dtype=self.precise, name="dropout") if dropout else None

    def build(self, queries_shape: Shape, keys_shape: Shape, values_shape: Shape) -> None:
        """Make the weights of the relative positions, if there are any."""
        if self.relative:
            self.relative.build((None, self.heads, queries_shape[-2], keys_shape[-2]))

    def call(self, queries: Any, keys: Any, values: Any, seen: Any = None, training: bool = False) -> Any:
        """Return (..., T, E)."""
        q, k, v = (self._headed(x) for x in (queries, keys, values))  # (B, T, N, D / N); other axes join the batch
        scores = ops.einsum("btnd,bsnd->bnts", q * (1 / math.sqrt(q.shape[-1])), k)
        weights = self._weights(ops.cast(scores, self.precise), seen)
        if self.dropout:
            weights = self.dropout(weights, training=training)
        means = ops.einsum("bnts,bsnd->btnd", ops.cast(weights, v.dtype), v)
        return ops.reshape(means, (-1, *queries.shape[1:-1], values.shape[-1]))

    def _headed(self, x: Any) -> Any:
        return ops.reshape(x, (-1, x.shape[-2], self.heads, x.shape[-1] // self.heads))

    def _weights(self, scores: Any, seen: Any) -> Any:
        """Return the softmax of the scores (B, N, T, S) over S."""
        if self.relative:
            scores = self.relative(scores)
        if self.causal:
            earlier = ops.tril(ops.ones(scores.shape[-2:], "bool"))
            scores = ops.where(earlier, scores, UNSEEN)
        if seen is not None:
            scores = ops.where(ops.cast(seen, "bool")[:, None, None, :], scores, UNSEEN)
        return ops.softmax(scores, axis=-1)

    def compute_output_shape(self, queries_shape: Shape, keys_shape: Shape, values_shape: Shape) -> Shape:
        """Return (..., T, E)."""
        return (*queries_shape[:-1], values_shape[-1])

    def work(self, inputs: list[tuple[int, ...]], outputs: list[tuple[int, ...]]) -> tuple[int, int]:
        """Return the work of the products of every query with every key, and of the weighted sums of values."""
        (*_, width), (*_, keys, _), (*_, values) = inputs[:3]
        pairs = math.prod(outputs[0][:-1]) * keys
        scores = (1, self.heads, inputs[0][-2], keys)
        macs, made = self.relative.work([scores], [scores]) if self.relative else (0, 0)
        return macs + pairs * (width + values), made + pairs * self.heads + math.prod(outputs[0])

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make this layer again."""
        own = {"heads": self.heads, "causal": self.causal, "grid": self.grid, "lookup": self.lookup}
        return {**super().get_config(), **own, "dropout": self.rate}
