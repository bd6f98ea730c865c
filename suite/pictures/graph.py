"""From a picture to the input of a network, in TensorFlow: training and every exported model do this alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from suite.core.preprocessing import PLAIN, Geometry, Preprocessing
from suite.pictures.viewing import WHITE, colour

VERSION = 2  # of what networks see of the same pictures
GREY = (0.299, 0.587, 0.114)  # luma of red, green and blue, ITU-R BT.601
KERNELS = {"bilinear": "triangle", "bicubic": "keyscubic"}  # their names in TensorFlow's operation
BACKGROUND = colour(WHITE)  # of what is transparent, where nobody names another


def decoded(data: tf.Tensor) -> tf.Tensor:
    """Return the picture in JPEG, PNG, GIF or BMP bytes (a scalar string): uint8 [h, w, c], c as the file has it.

    An animated GIF gives its first frame, 16 bits per channel give the upper eight; CMYK becomes RGB. The turn of a
    camera and colour profiles are not heeded: `viewing` does that. Raises tf.errors.InvalidArgumentError for bytes that
    are damaged or cut short.
    """
    # Left to itself, TensorFlow decodes JPEG in the quick way, which is off by up to ten: no viewer shows that.
    return tf.cond(
        tf.io.is_jpeg(data),
        lambda: tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(data, expand_animations=False),
    )


def prepared(
    images: tf.Tensor,
    image: tuple[int, int, int],
    background: tuple[int, int, int] = BACKGROUND,
    preprocessing: Preprocessing = PLAIN,
) -> tf.Tensor:
    """Return `images` (0 to 255, [h, w, c] or [B, h, w, c], c from 1 to 4) as the input of a network, [..., H, W, C].

    They are `framed`, then `scaled`.
    """
    return scaled(framed(images, image, background, preprocessing), preprocessing)


def framed(
    images: tf.Tensor,
    image: tuple[int, int, int],
    background: tuple[int, int, int] = BACKGROUND,
    geometry: Geometry = PLAIN,
) -> tf.Tensor:
    """Return `images` as `shown`, float32."""
    return tf.cast(shown(images, image, background, geometry), tf.float32)


def shown(
    images: tf.Tensor,
    image: tuple[int, int, int],
    background: tuple[int, int, int] = BACKGROUND,
    geometry: Geometry = PLAIN,
) -> tf.Tensor:
    """Return `images` (0 to 255, [h, w, c] or [B, h, w, c], c from 1 to 4) as uint8 [..., H, W, C].

    Transparency is laid on `background`, grey and colour are turned into each other, and what `geometry` sees of the
    picture is resized to H x W. The pixels are whole numbers, as in any file of a picture. A picture that has the shape
    already keeps its exact values.
    """
    has, channels = images.shape[-1], image[-1]

    def in_size(pixels: tf.Tensor) -> tf.Tensor:
        return _resized(_centre(pixels, geometry, image[0] / image[1]), image[:2], geometry)

    def as_it_is() -> tf.Tensor:
        return in_size(_of_shape(images, [*images.shape[:-1], channels]))

    def mixed() -> tf.Tensor:
        return in_size(_channels(tf.cast(images, tf.float32), channels, background))

    if has is None:  # known only when the graph runs; most pictures need no mixing, which takes longer than the rest
        return tf.cond(tf.equal(tf.shape(images)[-1], channels), as_it_is, mixed)
    return as_it_is() if has == channels else mixed()


def scaled(pixels: tf.Tensor, preprocessing: Preprocessing = PLAIN) -> tf.Tensor:
    """Return `pixels` (float32 [..., H, W, C], 0 to 255) in the range and the order of colours of a network.

    The default gives -1 to 1. One channel needs a preprocessing that treats all colours alike.
    """
    mean, factor = preprocessing.mean, tuple(1 / one for one in preprocessing.deviation)
    # Not `/ deviation`: graphs turn that division into a product, and would differ from eager calls in the last bit.
    if preprocessing.is_grey:
        values = (pixels - mean[0]) * factor[0]
    else:
        pixels = tf.convert_to_tensor(pixels)
        rows = _in_rows(pixels)
        values = _of_rows((rows - _row(mean, rows)) * _row(factor, rows), pixels)
    return (
        tf.reverse(values, [-1]) if preprocessing.reverse else values
    )  # not `[..., ::-1]`, which takes 7 times as long


def _in_rows(pixels: tf.Tensor) -> tf.Tensor:
    """Return [..., H, W, C] as [..., H, W x C], where their size is known: TensorFlow is slow along three."""
    *outer, height, wide, channels = pixels.shape
    return pixels if None in (height, wide) else tf.reshape(pixels, [*_open(outer), height, wide * channels])


def _of_rows(rows: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """Return what `_in_rows` made of `pixels` in their shape."""
    return rows if rows.shape.rank == pixels.shape.rank else tf.reshape(rows, _open(pixels.shape))


def _open(shape: Sequence[int | None]) -> list[int]:
    """Return a shape that tf.reshape takes; one side may be unknown."""
    return [-1 if side is None else side for side in shape]


def _row(colours: Sequence[float], rows: tf.Tensor) -> tf.Tensor:
    """Return a value for each colour as often as a row has pixels."""
    return tf.constant(np.tile(np.array(colours, np.float32), rows.shape[-1] // len(colours)))


def _centre(pixels: tf.Tensor, geometry: Geometry, ratio: float) -> tf.Tensor:
    """Return the central part of `pixels` that is seen; `ratio` is the input's height over its width."""
    if geometry.is_whole:
        return pixels
    size = tf.shape(pixels)[-3:-1]
    high, wide = tf.unstack(tf.cast(size, tf.float32))
    if geometry.square:
        high, wide = tf.minimum(high, wide * ratio), tf.minimum(wide, high / ratio)
    kept = tf.maximum(tf.cast(tf.round(geometry.crop * tf.stack([high, wide])), tf.int32), 1)
    (top, left), (rows, columns) = tf.unstack((size - kept) // 2), tf.unstack(kept)
    return pixels[..., top : top + rows, left : left + columns, :]


def _resized(pixels: tf.Tensor, size: tuple[int, int], geometry: Geometry) -> tf.Tensor:
    """Return `pixels` as uint8 in a size (height, width); those that have it are left, as resizing takes long."""

    def as_they_are() -> tf.Tensor:
        return _of_shape(_whole(pixels), [*pixels.shape[:-3], *size, pixels.shape[-1]])

    def other() -> tf.Tensor:
        if geometry.antialias:
            return _whole(_smoothly_resized(pixels, size, KERNELS[geometry.interpolation]))
        return _whole(tf.image.resize(pixels, size, geometry.interpolation))

    known = tuple(pixels.shape[-3:-1])
    if None in known:
        return tf.cond(tf.reduce_all(tf.equal(tf.shape(pixels)[-3:-1], size)), as_they_are, other)
    return as_they_are() if known == size else other()


def _smoothly_resized(pixels: tf.Tensor, size: tuple[int, int], kernel: str) -> tf.Tensor:
    """Return what tf.image.resize does with antialiasing, to the bit, in about a third of its time.

    The operation is slow where it goes along a row, from one pixel of three values to the next. So it only ever goes
    down a column of rows, over whole rows of values; between the sides the picture is transposed.
    """
    batch = pixels if pixels.shape.rank == 4 else pixels[None]
    count, channels = tf.shape(batch)[0], pixels.shape[-1]
    for wanted in size:
        long, other = tf.shape(batch)[1], tf.shape(batch)[2]
        rows = tf.reshape(batch, (count, long, 1, other * channels))
        scale = tf.stack([wanted / tf.cast(long, tf.float32), 1.0])
        short = tf.raw_ops.ScaleAndTranslate(
            images=rows, size=(wanted, 1), scale=scale, translation=(0.0, 0.0), kernel_type=kernel, antialias=True
        )
        batch = tf.transpose(tf.reshape(short, (count, wanted, other, channels)), (0, 2, 1, 3))
    return _of_shape(batch if pixels.shape.rank == 4 else batch[0], [*pixels.shape[:-3], *size, channels])


def _of_shape(pixels: tf.Tensor, shape: Sequence[int | None]) -> tf.Tensor:
    """Return `pixels`, of which more is known than TensorFlow sees.

    It is not held to be so: tf.ensure_shape fails within tf.cond, also where its branch is not taken.
    """
    known = tf.identity(pixels)
    known.set_shape(shape)
    return known


def _whole(pixels: tf.Tensor) -> tf.Tensor:
    """Return `pixels` as uint8: rounded, and cut where bicubic interpolation goes beyond 0 or 255."""
    return pixels if pixels.dtype == tf.uint8 else tf.saturate_cast(tf.round(pixels), tf.uint8)


def _channels(pixels: tf.Tensor, wanted: int, background: tuple[int, int, int]) -> tf.Tensor:
    """Return `pixels` with `wanted` channels, 1 or 3. How many they have may be known only when the graph runs."""
    has = tf.shape(pixels)[-1] if pixels.shape[-1] is None else pixels.shape[-1]
    if isinstance(has, int) and has == wanted:
        return pixels
    is_clear = tf.equal(has % 2, 0)  # 2 and 4 end in alpha
    colours = has - (has + 1) % 2
    tiling = tf.concat([tf.ones(tf.rank(pixels) - 1, tf.int32), [3 // colours]], 0)
    colour = tf.ensure_shape(tf.tile(pixels[..., :colours], tiling), [*pixels.shape[:-1], 3])
    alpha = tf.where(is_clear, pixels[..., -1:] / 255, 1.0)
    laid = colour * alpha + tf.constant(background, tf.float32) * (1 - alpha)
    return laid if wanted == 3 else _grey(laid, tf.logical_or(is_clear, tf.equal(colours, 3)))


def _grey(colour: tf.Tensor, is_mixed: tf.Tensor) -> tf.Tensor:
    """Return one channel of three. Grey stays exactly as it was: in float32 the luma weights do not sum to 1."""
    return tf.reduce_sum(colour * tf.where(is_mixed, GREY, (1.0, 0.0, 0.0)), axis=-1, keepdims=True)
