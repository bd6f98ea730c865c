"""Random changes of a batch of pictures: each is decided by a seed and the place of the picture alone.

Pixels are from 0 to 255. Crops are those of Szegedy et al. 2015, https://arxiv.org/abs/1409.4842, section 6; what is
erased that of Zhong et al., Random Erasing, AAAI 2020, https://arxiv.org/abs/1708.04896, Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import tensorflow as tf

from suite.core.recipe import Augmentation
from suite.datasets import operations, policies

Step = Callable[[tf.Tensor, Any, tf.Tensor], tf.Tensor]  # pictures [B, H, W, C], an amount, a seed (int64 [2])

RATIO = 4 / 3  # of the longer side of a crop to its shorter one, at most
ERASED = (0.02, 0.4)  # least and largest share of a picture that is erased
ERASED_RATIO = 1 / 0.3


def augmented(images: tf.Tensor, seed: tf.Tensor, augmentation: Augmentation) -> tf.Tensor:
    """Return `images` [B, H, W, C] changed at random. `seed` (int64 [2]) decides everything."""
    amounts = asdict(augmentation)
    for place, (name, step) in enumerate(STEPS.items()):
        if amounts[name]:
            images = step(images, amounts[name], seed + 2 * place)  # a step may use this number and the next
    return images


def _shift(images: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Shift each picture by up to `share` of its side; the uncovered part is filled by reflection at the border."""
    rows, columns = (_moved(images, axis, share, seed + axis - 1) for axis in (1, 2))
    return tf.gather(tf.gather(images, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def _flip(images: tf.Tensor, flip: bool, seed: tf.Tensor) -> tf.Tensor:
    """Mirror each picture, left to right, or not."""
    return tf.where(_drawn(images, seed) < 0.5, images[:, :, ::-1], images)


def _crop(images: tf.Tensor, least: float, seed: tf.Tensor) -> tf.Tensor:
    """Take a part of each picture of at least this share of its area, of nearly its shape, and resize it."""
    height, width = images.shape[1], images.shape[2]
    area, slant, top, left = (_drawn(images, _nth(seed, number))[:, 0, 0, 0] for number in range(4))
    share = tf.sqrt(least + (1 - least) * area)
    ratio = tf.sqrt(RATIO ** (2 * slant - 1))
    high, wide = tf.minimum(share / ratio, 1.0), tf.minimum(share * ratio, 1.0)
    boxes = tf.stack([top * (1 - high), left * (1 - wide), top * (1 - high) + high, left * (1 - wide) + wide], axis=1)
    return tf.image.crop_and_resize(images, boxes, tf.range(tf.shape(images)[0]), (height, width))


def _colour(images: tf.Tensor, amount: float, seed: tf.Tensor) -> tf.Tensor:
    """Change brightness, contrast and saturation of each picture by a factor of up to this much more or less."""
    for number, change in enumerate((operations.brightness, operations.contrast, operations.saturation)):
        images = change(images, 1 + amount * (2 * _drawn(images, _nth(seed, number)) - 1))
    return images


def _erase(images: tf.Tensor, probability: float, seed: tf.Tensor) -> tf.Tensor:
    """Fill a rectangle of each picture with noise, or not."""
    draws = [_drawn(images, _nth(seed, number)) for number in range(5)]
    share = tf.sqrt(ERASED[0] + (ERASED[1] - ERASED[0]) * draws[0])
    ratio = tf.sqrt(ERASED_RATIO ** (2 * draws[1] - 1))
    inside = within(images, tf.minimum(share / ratio, 1.0), tf.minimum(share * ratio, 1.0), draws[2], draws[3])
    noise = tf.random.stateless_uniform(tf.shape(images), _nth(seed, 5), 0.0, 255.0)
    return tf.where(inside & (draws[4] < probability), noise, images)


def _each(policy: Step) -> Step:
    """Return a step that changes one picture after the other."""

    def step(images: tf.Tensor, amount: float, seed: tf.Tensor) -> tf.Tensor:
        def one(numbered: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            return policy(numbered[0], amount, _nth(seed, numbered[1]))

        places = tf.range(tf.shape(images)[0])
        return tf.map_fn(one, (images, places), fn_output_signature=tf.TensorSpec(images.shape[1:], tf.float32))

    return step


STEPS: dict[str, Step] = {  # by field of Augmentation, in their order; labels are mixed after them, in `mixing`
    "shift": _shift,
    "flip": _flip,
    "crop": _crop,
    "colour": _colour,
    "randaugment": _each(policies.randaugment),
    "augmix": _each(policies.augmix),
    "erase": _erase,
}


def within(images: tf.Tensor, high: tf.Tensor, wide: tf.Tensor, top: tf.Tensor, left: tf.Tensor) -> tf.Tensor:
    """Return which pixels [B, H, W, 1] lie in a rectangle of each picture.

    Its sides are shares of the picture's; its place is 0 (top, left) to 1. All are [B, 1, 1, 1].
    """
    height, width = images.shape[1], images.shape[2]
    rows = (tf.range(height, dtype=tf.float32)[None, :, None, None] + 0.5) / height
    columns = (tf.range(width, dtype=tf.float32)[None, None, :, None] + 0.5) / width
    first_row, first_column = top * (1 - high), left * (1 - wide)
    in_rows = (rows >= first_row) & (rows < first_row + high)
    return in_rows & (columns >= first_column) & (columns < first_column + wide)


def _drawn(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return a number from 0 to 1 for each picture, [B, 1, 1, 1]."""
    return tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed)


def _nth(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, number)


def _moved(images: tf.Tensor, axis: int, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Return the rows or columns [B, side] to read of each picture, moved by up to `share` of the side."""
    side = images.shape[axis]
    largest = min(round(share * side), side - 1)
    moves = tf.random.stateless_uniform([tf.shape(images)[0], 1], seed, -largest, largest + 1, tf.int32)
    return reflected(tf.range(side)[None] + moves, side)


def reflected(positions: tf.Tensor, side: int) -> tf.Tensor:
    """Return positions from -(side - 1) to 2 (side - 1) folded back into 0 to side - 1; the border is not repeated."""
    last = side - 1
    return last - tf.abs(last - tf.abs(positions))
