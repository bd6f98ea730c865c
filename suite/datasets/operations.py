"""Changes of one picture, float32 [H, W, C] from 0 to 255, by an amount: the table from which policies draw.

Cubuk et al., RandAugment, CVPR Workshops 2020, https://arxiv.org/abs/1909.13719: fourteen operations, each with a
strength from 0 to 10; those of Pillow (`ImageOps`, `ImageEnhance`) as in AutoAugment, Cubuk et al., CVPR 2019, Table 6,
https://arxiv.org/abs/1805.09501. What a move uncovers is grey.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

GREY = 128.0  # of what was outside the picture
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, ITU-R BT.601
LEVELS = 256
STRONGEST = 10.0  # the largest strength
TURN, SHEAR, MOVE = 30 * math.pi / 180, 0.3, 0.45  # at the largest strength: radians, a share, a share of the side

Matrix = Sequence[Sequence[tf.Tensor | float]]  # 2 rows of 3
Operation = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]  # picture, strength from 0 to 1, sign -1 or 1


def blend(base: tf.Tensor, picture: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Return `base` at the factor 0, `picture` at 1, and beyond it at more, within 0 to 255."""
    return tf.clip_by_value(base + factor * (picture - base), 0.0, 255.0)


def grey(picture: tf.Tensor) -> tf.Tensor:
    """Return the brightness of each pixel, [..., H, W, 1]."""
    if picture.shape[-1] == 1:
        return picture
    return tf.reduce_sum(picture * LUMA, axis=-1, keepdims=True)


def brightness(picture: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Return black at the factor 0."""
    return blend(tf.zeros_like(picture), picture, factor)


def contrast(picture: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Return the mean grey of the picture at the factor 0."""
    return blend(tf.reduce_mean(grey(picture), axis=(-3, -2, -1), keepdims=True), picture, factor)


def saturation(picture: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Return the grey picture at the factor 0."""
    return blend(grey(picture), picture, factor)


def sharpness(picture: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Return a smooth picture at the factor 0; its border stays."""
    channels = picture.shape[-1]
    window = tf.constant([[1, 1, 1], [1, 5, 1], [1, 1, 1]], tf.float32)[:, :, None, None] / 13
    smooth = tf.nn.depthwise_conv2d(picture[None], tf.tile(window, (1, 1, channels, 1)), (1, 1, 1, 1), "VALID")[0]
    inner = tf.pad(tf.ones_like(smooth), ((1, 1), (1, 1), (0, 0)))
    return blend(tf.where(inner > 0, tf.pad(smooth, ((1, 1), (1, 1), (0, 0))), picture), picture, factor)


def stretched(picture: tf.Tensor) -> tf.Tensor:
    """Return each channel from its darkest value at 0 to its brightest at 255."""
    low, high = (each(picture, axis=(0, 1)) for each in (tf.reduce_min, tf.reduce_max))
    return tf.where(high > low, (picture - low) * 255 / tf.maximum(high - low, 1.0), picture)


def equalized(picture: tf.Tensor) -> tf.Tensor:
    """Return each channel with its values spread evenly over 0 to 255, as Pillow does it."""
    return tf.stack([_equalized(channel) for channel in tf.unstack(picture, axis=-1)], axis=-1)


def _equalized(channel: tf.Tensor) -> tf.Tensor:
    values = tf.clip_by_value(tf.cast(channel, tf.int32), 0, LEVELS - 1)
    counts = tf.math.bincount(tf.reshape(values, [-1]), minlength=LEVELS, maxlength=LEVELS)
    last = tf.gather(counts, tf.reduce_max(values))
    step = (tf.reduce_sum(counts) - last) // (LEVELS - 1)
    table = (tf.cumsum(counts, exclusive=True) + step // 2) // tf.maximum(step, 1)
    return tf.where(step > 0, tf.cast(tf.gather(tf.minimum(table, LEVELS - 1), values), tf.float32), channel)


def solarized(picture: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Return the picture with its values from `threshold` up turned to their negatives."""
    return tf.where(picture < threshold, picture, 255 - picture)


def posterized(picture: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Return the picture with so many bits of each value."""
    step = 2 ** (8 - bits)
    return tf.floor(picture / step) * step


def moved(picture: tf.Tensor, matrix: Matrix) -> tf.Tensor:
    """Return the picture whose pixel (x, y), from its centre, is that at `matrix` times (x, y, 1) of the other.

    Between pixels it is bilinear.
    """
    height, width = picture.shape[0], picture.shape[1]
    (a, b, c), (d, e, f) = matrix
    x, y = (width - 1) / 2, (height - 1) / 2
    flat = tf.stack([a, b, c + x - a * x - b * y, d, e, f + y - d * x - e * y, 0.0, 0.0])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=picture[None], transforms=flat[None], output_shape=(height, width), fill_value=GREY,
        interpolation="BILINEAR", fill_mode="CONSTANT",
    )[0]  # fmt: skip


def _turned(picture: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    sine, cosine = tf.sin(angle), tf.cos(angle)
    return moved(picture, [[cosine, sine, 0.0], [-sine, cosine, 0.0]])


def _sheared(picture: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return moved(picture, [[1.0, x, 0.0], [y, 1.0, 0.0]])


def _shifted(picture: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return moved(picture, [[1.0, 0.0, x * picture.shape[1]], [0.0, 1.0, y * picture.shape[0]]])


def _enhanced(change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Operation:
    return lambda picture, strength, sign: change(picture, 1 + 0.9 * strength * sign)


SHAPES: dict[str, Operation] = {  # what AugMix uses too
    "identity": lambda picture, strength, sign: picture,
    "autocontrast": lambda picture, strength, sign: stretched(picture),
    "equalize": lambda picture, strength, sign: equalized(picture),
    "rotate": lambda picture, strength, sign: _turned(picture, sign * strength * TURN),
    "solarize": lambda picture, strength, sign: solarized(picture, 256 * (1 - strength)),
    "posterize": lambda picture, strength, sign: posterized(picture, 8 - tf.round(4 * strength)),
    "shear_x": lambda picture, strength, sign: _sheared(picture, sign * strength * SHEAR, 0.0),
    "shear_y": lambda picture, strength, sign: _sheared(picture, 0.0, sign * strength * SHEAR),
    "translate_x": lambda picture, strength, sign: _shifted(picture, sign * strength * MOVE, 0.0),
    "translate_y": lambda picture, strength, sign: _shifted(picture, 0.0, sign * strength * MOVE),
}
OPERATIONS: dict[str, Operation] = {
    **SHAPES,
    "saturation": _enhanced(saturation),
    "contrast": _enhanced(contrast),
    "brightness": _enhanced(brightness),
    "sharpness": _enhanced(sharpness),
}
