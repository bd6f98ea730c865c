"""What CoAtNet and MaxViT share: stem, pre-activation MBConv, the shortcut of shrinking blocks, the head.

Dai, Liu, Le and Tan, CoAtNet, 2021, section 2 and appendix A.1. https://arxiv.org/abs/2106.04803
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import initializers, layers

from suite.architectures.families._blocks import act, bn, conv, conv_bn, depthwise_bn, logits, residual, squeeze_excite
from suite.architectures.families._transformer import norm
from suite.core.task import Task


@dataclass(frozen=True, kw_only=True)
class Style:
    """How the convolutions of the two families differ."""

    expansion: int  # hidden channels of a block per output channel
    squeeze: float  # units of a block's gate per output channel
    stride_in: Literal["first", "depthwise"]  # convolution that shrinks the map
    pooling: Literal["max", "average"]  # of 2x2 pixels, in the shortcut of a block that shrinks the map
    padding: str  # as for `conv`
    epsilon: float  # of the normalisation over the batch
    activation: str


def stem(x: keras.KerasTensor, width: int, stride: int, style: Style, *, bias: bool) -> keras.KerasTensor:
    """Two 3x3 convolutions with a normalisation between them."""
    x = conv_bn(
        x, width, 3, stride=stride, padding=style.padding, bias=bias, epsilon=style.epsilon,
        activation=style.activation, name="stem1",
    )  # fmt: skip
    return conv(x, width, 3, bias=bias, name="stem2_conv")


def mbconv(x: keras.KerasTensor, width: int, stride: int, style: Style, *, rate: float, name: str) -> keras.KerasTensor:
    """Normalise, 1x1, 3x3 on each channel, gate, 1x1; equation 5."""
    hidden = width * style.expansion
    first, second = (stride, 1) if style.stride_in == "first" else (1, stride)
    y = bn(x, epsilon=style.epsilon, name=f"{name}_norm")
    y = conv_bn(y, hidden, 1, stride=first, epsilon=style.epsilon, activation=style.activation, name=f"{name}_expand")
    y = depthwise_bn(
        y, 3, stride=second, padding=style.padding, epsilon=style.epsilon, activation=style.activation,
        name=f"{name}_depthwise",
    )  # fmt: skip
    y = squeeze_excite(y, max(1, int(width * style.squeeze)), activation="silu", name=f"{name}_se")
    y = conv(y, width, 1, bias=True, name=f"{name}_project")
    return residual(shortcut(x, width, stride, style.pooling, name=name), y, rate=rate, name=name)


def shortcut(x: keras.KerasTensor, width: int, stride: int, pooling: str, *, name: str) -> keras.KerasTensor:
    """Return the map with the pixels and channels of the block's output: Proj(Pool(x))."""
    x = pool(x, stride, pooling, name=f"{name}_shortcut_pool")
    return x if x.shape[-1] == width else conv(x, width, 1, bias=True, name=f"{name}_shortcut")


def pool(x: keras.KerasTensor, stride: int, pooling: str, *, name: str) -> keras.KerasTensor:
    """Return the map, pooled where `stride` is 2; the last pixel of an odd side is pooled alone."""
    kind = layers.MaxPooling2D if pooling == "max" else layers.AveragePooling2D
    return kind(2, padding="same", name=name)(x) if stride == 2 else x


def classified(x: keras.KerasTensor, task: Task, *, hidden: bool, epsilon: float) -> keras.KerasTensor:
    """Return the logits of features (B, H, W, C): mean, normalisation, a hidden layer with tanh, a dense layer."""
    x = norm(layers.GlobalAveragePooling2D(name="pool")(x), epsilon=epsilon, name="norm")
    if hidden:
        x = act(layers.Dense(x.shape[-1], name="head")(x), "tanh", name="head")
    return logits(x, task, initializer=initializers.TruncatedNormal(stddev=0.02))
