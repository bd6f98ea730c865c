"""Epochs of pictures that are kept. Until all are, they are decoded, kept and handed out, one batch after the other."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from suite.datasets.memory import Batch, Kept

AUTO = tf.data.AUTOTUNE

Epoch = Callable[[tf.Tensor], tf.data.Dataset]  # of one element that stands for an epoch
See = Callable[[tf.Tensor, tf.Tensor], Batch]  # from an encoded picture and its label


def batches(
    kept: Kept, each: tf.data.Dataset, numbers: Epoch, records: Epoch, see: See, batch_size: int
) -> tf.data.Dataset:
    """Return the batches of epochs, one for each element of `each`, in one order wherever the pictures come from.

    `numbers` of an epoch are those of its batches, int64 [B]. Its `records` are (number, (encoded picture, label)), in
    the same order; they are asked for only if not all is kept, and read only if so when the epoch begins.
    """
    if kept.is_whole:
        return each.flat_map(numbers).map(kept.gathered, AUTO)

    def one(epoch: tf.Tensor) -> tf.data.Dataset:
        seen = records(epoch).map(lambda number, record: (number, see(*record)), AUTO)
        fresh = seen.batch(batch_size).map(lambda numbers, batch: _stored(kept, numbers, batch))
        old = numbers(epoch).map(kept.gathered, AUTO)
        none, everything = tf.constant(0, tf.int64), tf.constant(-1, tf.int64)
        whole = tf.identity(kept.whole)
        return fresh.take(tf.where(whole, none, everything)).concatenate(old.take(tf.where(whole, everything, none)))

    return each.flat_map(one)


def _stored(kept: Kept, numbers: tf.Tensor, batch: Batch) -> Batch:
    assert kept.store
    kept.store(numbers, *batch)
    return batch
