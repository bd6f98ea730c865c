"""Random shifts and mirrors of a batch, without a loop over its pictures."""

from __future__ import annotations

import tensorflow as tf


def augmented(images: tf.Tensor, seed: tf.Tensor, shift: float, flip: bool) -> tf.Tensor:
    """Return `images` [B, H, W, C], each shifted by up to `shift` of its side and, if `flip`, mirrored or not.

    What a shift uncovers is filled by reflection at the border. `seed` (int64 [2]) decides everything.
    """
    batch = tf.shape(images)[0]
    height, width = images.shape[1], images.shape[2]
    rows = _shifted(height, batch, shift, seed)
    columns = _shifted(width, batch, shift, seed + 1)
    if flip:
        mirror = tf.random.stateless_uniform([batch, 1], seed + 2) < 0.5
        columns = tf.where(mirror, columns[:, ::-1], columns)
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def _shifted(side: int, batch: tf.Tensor, shift: float, seed: tf.Tensor) -> tf.Tensor:
    """Return [B, side] positions to read from: 0, 1, 2, ... moved by as many pixels as a picture is shifted."""
    largest = min(round(shift * side), side - 1)
    moves = tf.random.stateless_uniform([batch, 1], seed, -largest, largest + 1, tf.int32)
    return reflected(tf.range(side) + moves, side)


def reflected(positions: tf.Tensor, side: int) -> tf.Tensor:
    """Return positions from -(side - 1) to 2 (side - 1) folded back into 0 to side - 1; the border is not repeated."""
    last = side - 1
    return last - tf.abs(last - tf.abs(positions))
