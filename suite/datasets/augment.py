"""Random changes of a batch of pictures, without a loop over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import tensorflow as tf

from suite.core.recipe import Augmentation


@dataclass(frozen=True, kw_only=True)
class View:
    """A batch of pictures, and the rows and columns to read from them."""

    images: tf.Tensor  # [B, H, W, C]
    rows: tf.Tensor  # [B, H]
    columns: tf.Tensor  # [B, W]

    @property
    def read(self) -> tf.Tensor:
        """The pictures as they are seen, [B, H, W, C]."""
        images = tf.gather(self.images, self.rows, axis=1, batch_dims=1)
        return tf.gather(images, self.columns, axis=2, batch_dims=1)


def augmented(images: tf.Tensor, seed: tf.Tensor, augmentation: Augmentation) -> tf.Tensor:
    """Return `images` [B, H, W, C] changed at random. `seed` (int64 [2]) decides everything."""
    batch = tf.shape(images)[0]
    rows, columns = (tf.tile(tf.range(images.shape[axis])[None], (batch, 1)) for axis in (1, 2))
    view = View(images=images, rows=rows, columns=columns)
    amounts = asdict(augmentation)
    for place, (name, step) in enumerate(STEPS.items()):
        if amounts[name]:
            view = step(view, amounts[name], seed + 2 * place)  # a step may use this number and the next
    return view.read


def _shift(view: View, share: float, seed: tf.Tensor) -> View:
    """Shift each picture by up to `share` of its side; the uncovered part is filled by reflection at the border."""
    height, width = view.images.shape[1], view.images.shape[2]
    return replace(
        view, rows=_moved(view.rows, height, share, seed), columns=_moved(view.columns, width, share, seed + 1)
    )


def _flip(view: View, flip: bool, seed: tf.Tensor) -> View:
    """Mirror each picture, left to right, or not."""
    mirror = tf.random.stateless_uniform([tf.shape(view.columns)[0], 1], seed) < 0.5
    return replace(view, columns=tf.where(mirror, view.columns[:, ::-1], view.columns))


STEPS: dict[str, Callable[[View, Any, tf.Tensor], View]] = {"shift": _shift, "flip": _flip}  # by field of Augmentation


def _moved(positions: tf.Tensor, side: int, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Return positions [B, side], each row moved by a random number of pixels, up to `share` of `side`."""
    largest = min(round(share * side), side - 1)
    moves = tf.random.stateless_uniform([tf.shape(positions)[0], 1], seed, -largest, largest + 1, tf.int32)
    return reflected(positions + moves, side)


def reflected(positions: tf.Tensor, side: int) -> tf.Tensor:
    """Return positions from -(side - 1) to 2 (side - 1) folded back into 0 to side - 1; the border is not repeated."""
    last = side - 1
    return last - tf.abs(last - tf.abs(positions))
