"""What is kept on disk of the pictures of a data set: those of a split in one shape, for all studies of this user.

A file holds the pictures, uint8 [N, H, W, C], and behind them their labels, int64 [N]. Pictures are mapped into the
memory, not read into it: the system keeps there what has room.
"""

from __future__ import annotations

import logging
from math import prod
from threading import Lock, Thread

import numpy as np
import tensorflow as tf

from suite.datasets.memory import Kept, Shape
from suite.machine.shelf import Draft, Shelf

LOG = logging.getLogger(__name__)
PICTURES = Shelf(holds="pictures", variable="SUITE_PICTURES", default=10.0)


def kept(name: str, shape: Shape) -> Kept | None:
    """Return the pictures kept as `name`, of a `shape` (N, H, W, C), or room for them on the disk.

    None if neither the budget nor the disk has room for them. Raises BlockingIOError if another process keeps them
    just now.
    """
    size = prod(shape) + 8 * shape[0]
    file = PICTURES.found(name)
    if file and file.stat().st_size == size:
        labels = np.fromfile(file, np.int64, offset=prod(shape))
        # Mapped to the file, it stays when that is deleted.
        images = tf.raw_ops.ImmutableConst(dtype=tf.uint8, shape=shape, memory_region_name=str(file))
        return Kept(images=images, labels=tf.constant(labels))
    if file:  # damaged
        file.unlink(missing_ok=True)
    draft = PICTURES.begun(name, size)
    return _Filling(draft, shape).kept if draft else None


class _Filling:
    """A file that gets its pictures one batch after the other, from any thread."""

    def __init__(self, draft: Draft, shape: Shape) -> None:
        self._draft, self._is_written, self._lock = draft, False, Lock()
        self._picture, self._bytes = shape[1:], prod(shape[1:])
        self._labels, self._there = np.zeros(shape[0], np.int64), np.zeros(shape[0], np.bool_)
        labels = tf.Variable(tf.zeros(shape[:1], tf.int64), trainable=False)
        self._whole = tf.Variable(False, trainable=False)  # only who holds the lock assigns it

        def store(numbers: tf.Tensor, pictures: tf.Tensor, named: tf.Tensor) -> None:
            labels.scatter_update(tf.IndexedSlices(named, numbers))
            tf.numpy_function(self._write, [numbers, pictures, named], [])

        def read(numbers: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(tf.numpy_function(self._read, [numbers], tf.uint8), (None, *shape[1:]))

        self.kept = Kept(labels=labels, whole=self._whole, store=store, read=read)

    def _read(self, numbers: np.ndarray) -> np.ndarray:
        """Return the pictures with some numbers, uint8 [B, H, W, C]."""
        pictures = b"".join(self._draft.read(self._bytes, int(number) * self._bytes) for number in numbers)
        return np.frombuffer(pictures, np.uint8).reshape(len(numbers), *self._picture)

    def _write(self, numbers: np.ndarray, pictures: np.ndarray, labels: np.ndarray) -> None:
        """Write pictures to their places, and tell when all are there."""
        with self._lock:
            try:
                if not self._is_written:
                    for number, picture in zip(numbers, pictures, strict=True):
                        self._draft.write(picture.data.cast("B"), int(number) * self._bytes)
                    self._labels[numbers], self._there[numbers] = labels, True
                    if self._there.all():
                        self._draft.write(self._labels.tobytes(), len(self._labels) * self._bytes)
                        self._is_written = True
                        self._whole.assign(True)
                        Thread(target=self._finish, name="pictures").start()  # it waits for the disk
            except OSError as error:
                self._give_up(error)

    def _finish(self) -> None:
        """Wait until the disk has all, beside the training. What it has lost by then is decoded anew."""
        try:
            self._draft.finish()
        except OSError as error:
            with self._lock:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        LOG.warning("pictures are not kept on disk: %s. Each epoch decodes them anew.", error.strerror or error)
        self._there[:], self._is_written = False, True
        self._whole.assign(False)
        self._draft.drop()
