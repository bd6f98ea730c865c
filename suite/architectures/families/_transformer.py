"""The Transformer block of the attention families: (B, T, D) tokens to (B, T, D).

Vaswani et al., Attention Is All You Need, 2017, https://arxiv.org/abs/1706.03762, with the normalisation first
("pre-LN"), as in Dosovitskiy et al. 2021, Figure 1, https://arxiv.org/abs/2010.11929.
"""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, fresh, residual
from suite.architectures.layers import DotProductAttention

Lookup = Literal["gather", "product"]  # how relative positions are read, see layers.RelativePositions


def encoder_block(
    x: keras.KerasTensor, heads: int, hidden: int, *, epsilon: float = 1e-6, dropout: float = 0.0, rate: float = 0.0,
    causal: bool = False, mask: keras.KerasTensor | None = None, context: keras.KerasTensor | None = None,
    grid: tuple[int, int] | None = None, lookup: Lookup = "gather", activation: str = "gelu",
    initializer: Any = "glorot_uniform", name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Self-attention, attention to `context` (B, S, D) if there is one, and an MLP of `hidden` units, each residual.

    `dropout` acts on the outputs of each branch, `rate` is the probability that a picture's branch is dropped; both in
    training only. `causal` hides later tokens from earlier ones; `mask` (B, T) is true for tokens that may be seen.
    With `grid`, (H, W) of the map whose pixels are the tokens, relative positions are learned, and read by `lookup`;
    windows of a map take one more axis, (B, windows, T, D).
    """
    y = norm(x, epsilon=epsilon, name=f"{name}_attention_norm")
    y = attention(
        y, y, heads, causal=causal, mask=mask, grid=grid, lookup=lookup, initializer=initializer,
        name=f"{name}_attention",
    )  # fmt: skip
    x = residual(x, _dropped(y, dropout, name=f"{name}_attention_dropout"), rate=rate, name=f"{name}_attention")
    if context is not None:
        y = norm(x, epsilon=epsilon, name=f"{name}_cross_norm")
        y = attention(y, context, heads, initializer=initializer, name=f"{name}_cross")
        x = residual(x, _dropped(y, dropout, name=f"{name}_cross_dropout"), rate=rate, name=f"{name}_cross")
    y = norm(x, epsilon=epsilon, name=f"{name}_mlp_norm")
    y = mlp(y, hidden, activation=activation, dropout=dropout, initializer=initializer, name=f"{name}_mlp")
    return residual(x, y, rate=rate, name=f"{name}_mlp")


def attention(
    queries: keras.KerasTensor, context: keras.KerasTensor, heads: int, *, causal: bool = False,
    mask: keras.KerasTensor | None = None, width: int | None = None, grid: tuple[int, int] | None = None,
    lookup: Lookup = "gather", dropout: float = 0.0, initializer: Any = "glorot_uniform", name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Multi-head attention of queries (B, T, D) to context (B, S, E), returned as (B, T, `width`), or as wide as D.

    Three projections, NAME_query, NAME_key and NAME_value, their attention NAME, and the last projection NAME_project.
    `mask` (B, S) is true for the context that may be seen; `dropout` acts on the weights of attention.
    """
    width = width or queries.shape[-1]
    query, key, value = (
        layers.Dense(width, kernel_initializer=fresh(initializer), name=f"{name}_{role}")(x)
        for role, x in (("query", queries), ("key", context), ("value", context))
    )
    attend = DotProductAttention(heads, causal=causal, grid=grid, lookup=lookup, dropout=dropout, name=name)
    y = attend(query, key, value, seen=mask)
    return layers.Dense(width, kernel_initializer=fresh(initializer), name=f"{name}_project")(y)


def mlp(
    x: keras.KerasTensor, hidden: int, *, activation: str = "gelu", dropout: float = 0.0,
    initializer: Any = "glorot_uniform", name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Two dense layers over the last axis, `hidden` units between them."""
    width = x.shape[-1]
    x = layers.Dense(hidden, kernel_initializer=fresh(initializer), name=f"{name}_expand")(x)
    x = _dropped(act(x, activation, name=name), dropout, name=f"{name}_dropout1")
    x = layers.Dense(width, kernel_initializer=fresh(initializer), name=f"{name}_project")(x)
    return _dropped(x, dropout, name=f"{name}_dropout2")


def norm(x: keras.KerasTensor, *, epsilon: float = 1e-6, name: str) -> keras.KerasTensor:
    """Normalise each token; the layer is called `name`."""
    return layers.LayerNormalization(epsilon=epsilon, name=name)(x)


def one(x: keras.KerasTensor, place: int, *, name: str) -> keras.KerasTensor:
    """Return one of the tokens (B, T, D) as (B, D)."""
    x = layers.Cropping1D((place, x.shape[1] - 1 - place), name=f"{name}_cut")(x)
    return layers.Reshape((x.shape[-1],), name=name)(x)


def _dropped(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    return layers.Dropout(rate, name=name)(x) if rate else x
