"""Policies that change one picture, float32 [H, W, C] from 0 to 255, by operations drawn at random for it.

Cubuk et al., RandAugment, CVPR Workshops 2020, https://arxiv.org/abs/1909.13719. Hendrycks et al., AugMix, ICLR 2020,
https://arxiv.org/abs/1912.02781: its mixing of chains, without its loss that compares two of them.
"""

from __future__ import annotations

from collections.abc import Collection

import tensorflow as tf

from suite.datasets.operations import OPERATIONS, SHAPES, STRONGEST, Operation

OPERATIONS_EACH = 2  # for a picture: N in RandAugment
CHAINS, LONGEST = 3, 3  # of AugMix: its width, and the operations of its longest chain
MIXED = {name: operation for name, operation in SHAPES.items() if name != "identity"}


def randaugment(picture: tf.Tensor, strength: float, seed: tf.Tensor) -> tf.Tensor:
    """Return a picture after two operations of a strength from 0 to 10."""
    for number in range(OPERATIONS_EACH):
        picture = _changed(picture, OPERATIONS.values(), strength / STRONGEST, _nth(seed, number))
    return picture


def augmix(picture: tf.Tensor, strength: float, seed: tf.Tensor) -> tf.Tensor:
    """Return a mixture of a picture and three chains of one to three operations, each of a strength up to this."""
    shares = -tf.math.log(tf.random.stateless_uniform([CHAINS], _nth(seed, 0), 1e-7, 1.0))  # Dirichlet (1, 1, 1)
    shares /= tf.reduce_sum(shares)
    chains = [_chain(picture, strength, _nth(seed, 2 + number)) for number in range(CHAINS)]
    mixture = tf.add_n([share * chain for share, chain in zip(tf.unstack(shares), chains, strict=True)])
    share = tf.random.stateless_uniform([], _nth(seed, 1))  # Beta (1, 1)
    return (1 - share) * picture + share * mixture


def _chain(picture: tf.Tensor, strength: float, seed: tf.Tensor) -> tf.Tensor:
    length = tf.random.stateless_uniform([], _nth(seed, 0), 1, LONGEST + 1, tf.int32)
    for number in range(LONGEST):
        drawn = _nth(seed, 1 + number)
        level = tf.random.stateless_uniform([], _nth(drawn, 0), 0.1, max(strength, 0.1)) / STRONGEST
        picture = _maybe(number < length, picture, MIXED.values(), level, _nth(drawn, 1))
    return picture


def _maybe(
    is_so: tf.Tensor, picture: tf.Tensor, operations: Collection[Operation], strength: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    return tf.cond(is_so, lambda: _changed(picture, operations, strength, seed), lambda: picture)


def _changed(
    picture: tf.Tensor, operations: Collection[Operation], strength: float | tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Return a picture after one of the `operations`, with a strength from 0 to 1."""
    chosen = tf.random.stateless_uniform([], _nth(seed, 0), 0, len(operations), tf.int32)
    sign = tf.where(tf.random.stateless_uniform([], _nth(seed, 1)) < 0.5, -1.0, 1.0)
    strength = tf.cast(strength, tf.float32)
    branches = [lambda each=each: tf.ensure_shape(each(picture, strength, sign), picture.shape) for each in operations]
    return tf.switch_case(chosen, branches)


def _nth(seed: tf.Tensor, number: int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, number)
