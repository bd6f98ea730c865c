"""What families share: convolutions with their normalisation, pooling, gates, shortcuts, the classifier.

Layer names: a block called NAME has NAME_conv, NAME_bn, NAME_relu and so on.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, layers

from suite.architectures.layers import GroupedConv2D, StochasticDepth, StridedConv2D, gelu_tanh
from suite.core.task import Task

MOMENTUM = 0.9  # of a normalisation's moving averages: Keras' 0.99 lags by half a trial of two hundred steps


def picture(task: Task) -> keras.KerasTensor:
    """Return the input of a network, (B, H, W, C)."""
    return keras.Input(task.image, name="image")


def resized(x: keras.KerasTensor, side: int | None) -> keras.KerasTensor:
    """Return pictures (B, H, W, C) brought to `side` x `side` pixels, or as they are if it is None."""
    return layers.Resizing(side, side, name="resize")(x) if side else x


def he(mode: str = "fan_out") -> initializers.Initializer:
    """He et al. 2015, https://arxiv.org/abs/1502.01852.

    By the fan out: the fan in of a depthwise kernel would count the other channels.
    """
    return initializers.VarianceScaling(2.0, mode=mode, distribution="untruncated_normal")


def fresh(initializer: Any) -> initializers.Initializer:
    """Return an initializer that draws anew: two layers that share one would begin with the same weights."""
    return initializers.get(initializer).clone()


def conv(
    x: keras.KerasTensor,
    width: int,
    size: int | tuple[int, int],
    *,
    stride: int = 1,
    groups: int = 1,
    padding: str = "same",
    bias: bool = False,
    initializer: Any = None,
    name: str,
) -> keras.KerasTensor:
    """Convolve (B, H, W, C) to `width` channels; the layer is called `name`. He's initialisation by default.

    `padding` is "valid", "same" (an odd pixel of padding goes to the bottom right, as in TensorFlow), or "symmetric"
    (half of the window on every side, as in Caffe and PyTorch).
    """
    kind = GroupedConv2D if groups > 1 else StridedConv2D if stride > 1 else layers.Conv2D
    x, padding = _padded(x, size, stride, padding, name)
    convolution = kind(
        width, size, strides=stride, padding=padding, use_bias=bias, kernel_initializer=fresh(initializer or he()),
        name=name, **({"groups": groups} if groups > 1 else {}),
    )  # fmt: skip
    return convolution(x)


def depthwise(
    x: keras.KerasTensor, size: int, *, stride: int = 1, padding: str = "same", bias: bool = False,
    initializer: Any = None, name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Convolve each channel of (B, H, W, C) by itself; the layer is called `name`. Padding as for `conv`."""
    x, padding = _padded(x, size, stride, padding, name)
    convolution = layers.DepthwiseConv2D(
        size,
        strides=stride,
        padding=padding,
        use_bias=bias,
        depthwise_initializer=fresh(initializer or he()),
        name=name,
    )
    return convolution(x)


def _padded(
    x: keras.KerasTensor, size: int | tuple[int, int], stride: int, padding: str, name: str
) -> tuple[keras.KerasTensor, str]:
    """Return the input, padded if Keras has no option for that, and the padding option for the convolution."""
    if padding != "symmetric":
        return x, padding
    if stride == 1:
        return x, "same"
    sides = (size, size) if isinstance(size, int) else size
    half = tuple(side // 2 for side in sides)
    return (layers.ZeroPadding2D(half, name=f"{name}_pad")(x) if any(half) else x), "valid"


def bn(
    x: keras.KerasTensor, *, epsilon: float = 1e-3, scale: bool = True, gamma: Any = "ones", name: str
) -> keras.KerasTensor:
    """Normalise (B, H, W, C) over the batch; the layer is called `name`."""
    normalization = layers.BatchNormalization(
        momentum=MOMENTUM, epsilon=epsilon, scale=scale, gamma_initializer=gamma, name=name
    )
    return normalization(x)


def act(x: keras.KerasTensor, kind: str | None, *, name: str) -> keras.KerasTensor:
    """Apply the activation of this Keras name; None leaves `x` as it is. The layer is called NAME_relu and so on.

    "gelu_tanh" is GELU by its tanh approximation, which Keras has no name for.
    """
    function = gelu_tanh if kind == "gelu_tanh" else kind
    return layers.Activation(function, name=f"{name}_{kind}")(x) if kind else x


def conv_bn(
    x: keras.KerasTensor,
    width: int,
    size: int | tuple[int, int],
    *,
    stride: int = 1,
    groups: int = 1,
    padding: str = "same",
    bias: bool = False,
    epsilon: float = 1e-3,
    scale: bool = True,
    activation: str | None = "relu",
    initializer: Any = None,
    name: str,
) -> keras.KerasTensor:
    """Convolve, normalise, activate: NAME_conv, NAME_bn, NAME_relu."""
    x = conv(
        x, width, size, stride=stride, groups=groups, padding=padding, bias=bias, initializer=initializer,
        name=f"{name}_conv",
    )  # fmt: skip
    return act(bn(x, epsilon=epsilon, scale=scale, name=f"{name}_bn"), activation, name=name)


def depthwise_bn(
    x: keras.KerasTensor, size: int, *, stride: int = 1, padding: str = "same", epsilon: float = 1e-3,
    activation: str | None = "relu", initializer: Any = None, name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Convolve each channel by itself, normalise, activate: NAME_conv, NAME_bn, NAME_relu."""
    x = depthwise(x, size, stride=stride, padding=padding, initializer=initializer, name=f"{name}_conv")
    return act(bn(x, epsilon=epsilon, name=f"{name}_bn"), activation, name=name)


def max_pool(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Halve (B, H, W, C) by the largest of 3x3 pixels, with zeros on every side: NAME_pad, NAME.

    If no pixel is below 0, as after a ReLU, this equals the symmetric padding of Caffe and PyTorch.
    """
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)


def squeeze_excite(
    x: keras.KerasTensor, squeezed: int, *, activation: str = "relu", gate: str = "sigmoid", initializer: Any = None,
    name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Scale each channel of (B, H, W, C) by a gate computed from all channels' means through `squeezed` units.

    Hu et al. 2018, Figure 2, https://arxiv.org/abs/1709.01507.
    """
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    y = act(conv(y, squeezed, 1, bias=True, initializer=initializer, name=f"{name}_reduce"), activation, name=name)
    y = conv(y, x.shape[-1], 1, bias=True, initializer=initializer, name=f"{name}_expand")
    y = layers.Activation(gate, name=f"{name}_gate")(y)
    return layers.Multiply(name=f"{name}_scale")([x, y])


def residual(x: keras.KerasTensor, branch: keras.KerasTensor, *, rate: float = 0.0, name: str) -> keras.KerasTensor:
    """Return x + branch; in training the branch of a picture is dropped with probability `rate`."""
    if rate:
        branch = StochasticDepth(rate, name=f"{name}_drop")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def rising(peak: float, count: int) -> list[float]:
    """Return `count` rates that rise evenly from 0 to `peak`: stochastic depth of the first block to the last."""
    return [peak * number / max(count - 1, 1) for number in range(count)]


def hidden(
    x: keras.KerasTensor, units: tuple[int, ...], *, rate: float, initializer: Any, bias: Any = "zeros",
    activation: str = "relu", name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Return (B, D) through activated dense layers, each followed by dropout: NAME1, NAME1_dropout, NAME2 ..."""
    for number, width in enumerate(units, start=1):
        dense = layers.Dense(
            width, activation=activation, kernel_initializer=fresh(initializer), bias_initializer=bias,
            name=f"{name}{number}",
        )  # fmt: skip
        x = layers.Dropout(rate, name=f"{name}{number}_dropout")(dense(x))
    return x


def logits(x: keras.KerasTensor, task: Task, *, initializer: Any, name: str = "logits") -> keras.KerasTensor:
    """Return the unscaled outputs (B, classes), in float32 even where the network computes in float16."""
    dense = layers.Dense(
        task.classes, kernel_initializer=initializer, bias_initializer="zeros", dtype="float32", name=name
    )
    return dense(x)


def pooled_logits(
    x: keras.KerasTensor, task: Task, *, dropout: float | None = None, initializer: Any = "glorot_uniform"
) -> keras.KerasTensor:
    """Return the logits of features (B, H, W, C): average pooling, dropout, and a dense layer."""
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = x if dropout is None else layers.Dropout(dropout, name="dropout")(x)
    return logits(x, task, initializer=initializer)
