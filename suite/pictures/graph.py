"""From a picture to the input of a network, in TensorFlow: training and every exported model do this alone."""

from __future__ import annotations

import tensorflow as tf

from suite.pictures.viewing import WHITE, colour

GREY = (0.299, 0.587, 0.114)  # luma of red, green and blue, ITU-R BT.601
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
    images: tf.Tensor, image: tuple[int, int, int], background: tuple[int, int, int] = BACKGROUND
) -> tf.Tensor:
    """Return `images` (0 to 255, [h, w, c] or [B, h, w, c], c from 1 to 4) as float32 [..., H, W, C] from -1 to 1.

    Transparency is laid on `background`, grey and colour are turned into each other, and the picture is stretched to
    H x W: bilinear, with antialiasing when it shrinks. A picture that has the shape already keeps its exact values.
    """
    height, width, channels = image
    pixels = _channels(tf.cast(images, tf.float32), channels, background)
    if tuple(pixels.shape[-3:-1]) != (height, width):  # known when traced: a needless resize costs time
        pixels = tf.image.resize(pixels, (height, width), antialias=True)
    # Not `/ 127.5 - 1`: graphs turn that division into a product, and would differ from eager calls in the last bit.
    return (pixels - 127.5) * (1 / 127.5)


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
