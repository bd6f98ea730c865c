"""The inverted residual, and what the families built of it share: MobileNetV2 and V3, EfficientNet and EfficientNetV2.

Sandler, Howard, Zhu, Zhmoginov and Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, Table 1.
https://arxiv.org/abs/1801.04381
Padding and rounding are those of the authors' TensorFlow code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras
from keras import initializers

from suite.architectures.families._blocks import conv_bn, depthwise_bn, pooled_logits, residual, rising, squeeze_excite
from suite.core.task import Task


def eighths(channels: float, *, least: float = 0.9) -> int:
    """Return the multiple of 8 nearest to `channels`, at least 8; the next one if that is below `least` of it."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= least * channels else nearest + 8


def deepened(depths: tuple[int, ...], factor: float) -> tuple[int, ...]:
    """Return the numbers of blocks times `factor`, rounded up."""
    return tuple(math.ceil(depth * factor) for depth in depths)


def plan(depths: tuple[int, ...], strides: tuple[int, ...], peak: float) -> Iterator[tuple[str, int, int, float]]:
    """Yield for every block its name, the index of its stage, its stride, and the rate at which its branch is dropped.

    Only the first block of a stage has a stride. The rate rises by block from 0; it would reach `peak` one block
    after the last, as in the authors' code.
    """
    rates = iter(rising(peak, sum(depths) + 1))
    for stage, (depth, stride) in enumerate(zip(depths, strides, strict=True)):
        for number in range(depth):
            yield f"stage{stage + 1}_block{number + 1}", stage, 1 if number else stride, next(rates)


def inverted_residual(
    x: keras.KerasTensor,
    width: int,
    *,
    hidden: int,
    size: int = 3,
    stride: int = 1,
    squeezed: int = 0,
    activation: str,
    squeeze_activation: str = "relu",
    gate: str = "sigmoid",
    rate: float = 0.0,
    name: str,
) -> keras.KerasTensor:
    """1x1 to `hidden` channels, depthwise, a gate through `squeezed` units if any, 1x1 to `width` without activation.

    The first 1x1 is left out if the input already has `hidden` channels. A shortcut is added if the shape stays.
    """
    y = x if x.shape[-1] == hidden else conv_bn(x, hidden, 1, activation=activation, name=f"{name}_expand")
    y = depthwise_bn(y, size, stride=stride, activation=activation, name=f"{name}_depthwise")
    if squeezed:
        y = squeeze_excite(y, squeezed, activation=squeeze_activation, gate=gate, name=f"{name}_se")
    y = conv_bn(y, width, 1, activation=None, name=f"{name}_project")
    return shortcut(x, y, rate=rate, name=name)


def shortcut(x: keras.KerasTensor, y: keras.KerasTensor, *, rate: float, name: str) -> keras.KerasTensor:
    """Return `y`, with `x` added where both have the same shape."""
    return residual(x, y, rate=rate, name=name) if x.shape == y.shape else y


def classified(x: keras.KerasTensor, task: Task, dropout: float) -> keras.KerasTensor:
    """Return the logits of features (B, H, W, C), as `pooled_logits` does, initialised as in the authors' code."""
    start = initializers.VarianceScaling(1 / 3, mode="fan_out", distribution="uniform")
    return pooled_logits(x, task, dropout=dropout, initializer=start)
