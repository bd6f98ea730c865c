"""DenseNet.

Huang, Liu, van der Maaten and Weinberger, Densely Connected Convolutional Networks, CVPR 2017, Table 1.
https://arxiv.org/abs/1608.06993

These are DenseNet-BC: bottlenecks of 4 times the growth rate, compression 0.5. DenseNet-264 has the growth rate 32 of
Table 1. The epsilon of the normalisation is that of keras.applications. The small stem is the paper's own for CIFAR
(section 4.2): one 3x3 convolution, no pooling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, bn, conv, max_pool, picture, pooled_logits
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.core.recipe import Recipe
from suite.core.task import Task

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One DenseNet. Every field may be searched over."""

    depths: tuple[int, ...]  # layers in each dense block
    growth: int = 32  # channels that each layer adds: k in the paper
    bottleneck: int = 4  # channels of a layer's 1x1 per channel of growth; 0: no 1x1, the paper's DenseNet without B
    compression: float = 0.5  # share of its channels that a transition keeps, above 0, to 1: theta in the paper
    dropout: float = 0.0  # share of the outputs of each convolution but the first, 0 to 1; 0.2 in the paper for CIFAR
    stem: Literal["imagenet", "small"] = "imagenet"  # 7x7 stride 2 and max pooling, or 3x3 stride 1
    epsilon: float = 1.001e-5  # of the normalisation, above 0; 1e-5 in torchvision

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last dense block."""
        return (4 if self.stem == "imagenet" else 1) * 2 ** (len(self.depths) - 1)

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(depths=self.depths, growth=self.growth, epsilon=self.epsilon)
        require(self.bottleneck >= 0, f"bottleneck = {self.bottleneck}: give 0, for none, or more")
        require(0 < self.compression <= 1, f"compression = {self.compression}: give a share above 0, up to 1")
        require_share(dropout=self.dropout)


VARIANTS = {
    "121": Config(depths=(6, 12, 24, 16)),
    "169": Config(depths=(6, 12, 32, 32)),
    "201": Config(depths=(6, 12, 48, 32)),
    "264": Config(depths=(6, 12, 64, 48)),
    "tiny": Config(depths=(2, 3, 4), growth=8),  # for tests and smoke runs; no paper
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("densenet", task, config.stride)
    image = picture(task)
    x = _stem(image, config)
    for block, depth in enumerate(config.depths, start=1):
        if block > 1:
            x = _transition(x, config, name=f"transition{block - 1}")
        for number in range(1, depth + 1):
            x = _layer(x, config, name=f"block{block}_layer{number}")
    return keras.Model(image, pooled_logits(_activated(x, config, name="last"), task), name="densenet")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return twice as many channels as a layer adds; activated if they are pooled too."""
    if config.stem == "small":
        return conv(x, 2 * config.growth, 3, name="stem_conv")
    x = conv(x, 2 * config.growth, 7, stride=2, padding="symmetric", name="stem_conv")
    return max_pool(_activated(x, config, name="stem"), name="stem_pool")


def _layer(x: keras.KerasTensor, config: Config, *, name: str) -> keras.KerasTensor:
    """Return `x` with the new features that this layer computes from it appended; Figure 2."""
    y = x
    if config.bottleneck:
        y = _convolution(y, config.bottleneck * config.growth, 1, config, name=f"{name}_1")
    y = _convolution(y, config.growth, 3, config, name=f"{name}_2")
    return layers.Concatenate(name=f"{name}_concat")([x, y])


def _transition(x: keras.KerasTensor, config: Config, *, name: str) -> keras.KerasTensor:
    """Compress the channels and halve the picture."""
    x = _convolution(x, max(1, int(x.shape[-1] * config.compression)), 1, config, name=name)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def _convolution(x: keras.KerasTensor, width: int, size: int, config: Config, *, name: str) -> keras.KerasTensor:
    """Normalise, activate, convolve: the composite function of section 3."""
    x = conv(_activated(x, config, name=name), width, size, name=f"{name}_conv")
    return layers.Dropout(config.dropout, name=f"{name}_dropout")(x) if config.dropout else x


def _activated(x: keras.KerasTensor, config: Config, *, name: str) -> keras.KerasTensor:
    return act(bn(x, epsilon=config.epsilon, name=f"{name}_bn"), "relu", name=name)
