"""What the Inception networks share: chains of convolutions side by side over one input, joined by their channels.

Their papers do not say how the convolutions are initialised: here by He's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import keras
from keras import layers

from suite.architectures.families._blocks import conv_bn
from suite.architectures.layers import LocalResponseNormalization

Window = int | tuple[int, int]
Step = tuple[int, Window]  # channels and window of one convolution
Chain = Sequence[Step | list[Step]]  # convolutions in turn; the last may be a list of two, side by side


class Convolve(Protocol):
    """A convolution with the layers that follow it in a network."""

    def __call__(
        self, x: keras.KerasTensor, width: int, size: Window, *, stride: int = 1, padding: str = "same", name: str
    ) -> keras.KerasTensor:
        """Return (B, H, W, C) convolved to `width` channels."""


def scaled(width: int, multiplier: float) -> int:
    """Return `width` times the multiplier, rounded, at least 1."""
    return max(1, round(width * multiplier))


def normalized(multiplier: float, *, gamma: bool = True) -> Convolve:
    """Return a convolution without biases, its normalisation and its ReLU; `multiplier` scales all channels."""

    def convolve(
        x: keras.KerasTensor, width: int, size: Window, *, stride: int = 1, padding: str = "same", name: str
    ) -> keras.KerasTensor:
        return conv_bn(
            x, scaled(width, multiplier), size, stride=stride, padding=padding, epsilon=1e-3, scale=gamma, name=name
        )

    return convolve


def inception(
    x: keras.KerasTensor, chains: Sequence[Chain], convolve: Convolve, *, pool: str | None = None, projection: int = 0,
    stride: int = 1, padding: str = "same", name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Return the outputs of the chains and of the pooling, joined by their channels.

    `stride` and `padding` are those of the last convolution of each chain and of the pooling, "avg" or "max". A 1x1
    convolution brings the pooled input to `projection` channels; 0 passes it on unchanged.
    """
    outputs = []
    for number, steps in enumerate(chains, start=1):
        outputs += chain(x, steps, convolve, stride=stride, padding=padding, name=f"{name}_branch{number}")
    if pool:
        y = pooled(x, pool, stride=stride, padding=padding, name=f"{name}_pool")
        outputs.append(convolve(y, projection, 1, name=f"{name}_projection") if projection else y)
    return join(outputs, name=name)


def chain(
    x: keras.KerasTensor, steps: Chain, convolve: Convolve, *, stride: int = 1, padding: str = "same", name: str
) -> list[keras.KerasTensor]:
    """Convolve by each step in turn; the last has `stride` and `padding`. Return the outputs of the last."""
    for number, step in enumerate(steps, start=1):
        if isinstance(step, list):
            return [
                convolve(x, *each, name=f"{name}_{number}{letter}") for letter, each in zip("ab", step, strict=True)
            ]
        ends = (stride, padding) if number == len(steps) else (1, "same")
        x = convolve(x, *step, stride=ends[0], padding=ends[1], name=f"{name}_{number}")
    return [x]


def pooled(x: keras.KerasTensor, kind: str, *, stride: int = 2, padding: str = "same", name: str) -> keras.KerasTensor:
    """Pool over windows of 3x3; `kind` is "avg", which leaves out the padding, or "max"."""
    pool = {"avg": layers.AveragePooling2D, "max": layers.MaxPooling2D}[kind]
    return pool(3, strides=stride, padding=padding, name=name)(x)


def join(outputs: list[keras.KerasTensor], *, name: str) -> keras.KerasTensor:
    """Concatenate the channels of tensors of the same height and width."""
    return layers.Concatenate(name=f"{name}_join")(outputs)


def early_stem(
    x: keras.KerasTensor, widths: tuple[int, int, int], convolve: Convolve, *, small: bool, normalization: bool = False
) -> keras.KerasTensor:
    """Return the first layers of GoogLeNet and Inception-v2: 28x28 from 224x224, or the size of the picture, unpooled.

    `normalization` is over neighbouring channels, before and after the last two convolutions.
    """
    first, second, third = widths
    x = convolve(x, first, 3, name="stem_1") if small else convolve(x, first, 7, stride=2, name="stem_1")
    x = x if small else pooled(x, "max", name="stem_pool1")
    x = LocalResponseNormalization(name="stem_norm1")(x) if normalization else x
    x = convolve(x, second, 1, name="stem_2")
    x = convolve(x, third, 3, name="stem_3")
    x = LocalResponseNormalization(name="stem_norm2")(x) if normalization else x
    return x if small else pooled(x, "max", name="stem_pool2")


def entry(x: keras.KerasTensor, convolve: Convolve, *, small: bool) -> keras.KerasTensor:
    """Return the first three convolutions of Inception-v3 and later: 147x147 from 299x299, or the picture's size."""
    stride, padding = (1, "same") if small else (2, "valid")
    x = convolve(x, 32, 3, stride=stride, padding=padding, name="stem_1")
    x = convolve(x, 32, 3, padding=padding, name="stem_2")
    return convolve(x, 64, 3, name="stem_3")


def later_stem(x: keras.KerasTensor, convolve: Convolve, *, small: bool) -> keras.KerasTensor:
    """Return the first layers of Inception-v3: 35x35 from 299x299, or the size of the picture, unpooled."""
    x = entry(x, convolve, small=small)
    x = x if small else pooled(x, "max", padding="valid", name="stem_pool1")
    x = convolve(x, 80, 1, name="stem_4")
    x = convolve(x, 192, 3, padding="same" if small else "valid", name="stem_5")
    return x if small else pooled(x, "max", padding="valid", name="stem_pool2")


def smallest(grid: int, *, small: bool) -> int:
    """Return the smallest side of a picture that the stem of Inception-v3 or -v4 reduces to `grid` pixels."""
    return grid if small else before(before(before(grid) + 2) + 2)


def before(grid: int) -> int:
    """Return the smallest side that an unpadded window of 3 with stride 2 reduces to `grid` pixels."""
    return 2 * grid + 1
