"""What is kept in memory of the pictures of a data set that is seen in several ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import tensorflow as tf

from suite.core.preprocessing import Geometry

Frame = tuple[tuple[int, int, int], Geometry]  # (H, W, C), and what of a picture is seen
Shape = tuple[int, int, int, int]  # [N, H, W, C]
Batch = tuple[tf.Tensor, tf.Tensor]  # pictures, uint8 [B, H, W, C], and labels, int64 [B]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The pictures of a split in one shape. They may be kept one batch after the other, while they are handed out."""

    images: tf.Tensor | tf.Variable | None = None  # uint8 [N, H, W, C]; None: they are `read`
    labels: tf.Tensor | tf.Variable  # int64 [N]
    whole: tf.Variable | None = None  # whether all are there; None: they are
    store: Callable[..., object] | None = None  # keeps a batch, in a graph: numbers in the split, pictures, labels
    read: Callable[[tf.Tensor], tf.Tensor] | None = None  # pictures by their numbers, in a graph

    @property
    def is_whole(self) -> bool:
        """Whether all pictures are there now."""
        return self.whole is None or bool(self.whole.numpy())

    def gathered(self, numbers: tf.Tensor) -> Batch:
        """Return the pictures and labels with some numbers in the split."""
        images = self.read(numbers) if self.read else tf.gather(self.images, numbers)
        return images, tf.gather(self.labels, numbers)


@dataclass(kw_only=True)
class Memory:
    """The splits that were read, by frame. When there is no room for another, the frame used longest ago goes first."""

    room: float  # bytes, for the pictures of all frames together
    kept: dict[Frame, dict[str, Kept]] = field(default_factory=dict, repr=False)  # the frame used last is last
    mapped: dict[tuple[Frame, str], Kept] = field(default_factory=dict, repr=False)  # to files: they take no room here
    nowhere: set[Frame] = field(default_factory=set)  # frames that have no room on disk either

    def of(self, frame: Frame) -> dict[str, Kept]:
        """Return the splits that are kept of a frame, by their names."""
        self.kept[frame] = self.kept.pop(frame, {})
        return self.kept[frame]

    def make_room(self, needed: int) -> None:
        """Let frames go, until there are `needed` bytes more for the one used last, or nothing is left but that."""
        for frame in list(self.kept)[:-1]:
            if self._used() + needed <= self.room:
                return
            del self.kept[frame]

    def _used(self) -> int:
        pictures = [one.images for splits in self.kept.values() for one in splits.values() if one.images is not None]
        return sum(images.shape.num_elements() * images.dtype.size for images in pictures)


def empty(shape: Shape) -> Kept:
    """Return room in memory for the pictures of a split."""
    images, labels = (  # not filled with zeros, which takes as long as a third of the decoding
        tf.Variable(tf.raw_ops.Empty(shape=sides, dtype=kind), trainable=False)
        for sides, kind in ((shape, tf.uint8), (shape[:1], tf.int64))
    )
    there, whole = tf.Variable(tf.zeros(shape[:1], tf.bool), trainable=False), tf.Variable(False, trainable=False)

    def store(numbers: tf.Tensor, pictures: tf.Tensor, named: tf.Tensor) -> None:
        for variable, values in ((images, pictures), (labels, named), (there, tf.ones_like(numbers, tf.bool))):
            variable.scatter_update(tf.IndexedSlices(values, numbers))
        whole.assign(tf.reduce_all(there))

    return Kept(images=images, labels=labels, whole=whole, store=store)
