"""ResNet v2: residual networks with the activation first.

He, Zhang, Ren and Sun, Identity Mappings in Deep Residual Networks, ECCV 2016, Figures 1(b) and 4(e).
https://arxiv.org/abs/1603.05027

Differs from the paper: a bottleneck halves the picture in its 3x3, as in timm's resnetv2; the authors' code does so in
the first 1x1 (https://github.com/KaimingHe/resnet-1k-layers). No normalisation follows the first convolution.
ResNet-18, -34, -50 and -101 are those of the first paper (Table 1) in the new form. The form of keras.applications has
stride_in_last, zero_padding and biases, and the epsilon 1.001e-5. The small stem is the paper's own for CIFAR: one 3x3
convolution, no pooling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, bn, conv, max_pool, picture, pooled_logits, residual
from suite.architectures.families._checks import (
    require,
    require_per_stage,
    require_positive,
    require_size,
    require_types,
)
from suite.core.recipe import Recipe
from suite.core.task import Task

EXPANSION = 4  # output channels of a bottleneck: this many times the width of its stage

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One ResNet v2. Every field may be searched over."""

    depths: tuple[int, ...]  # blocks in each stage
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage; the stem has the first
    bottleneck: bool = True  # blocks of 1x1, 3x3, 1x1 to 4 times the width, rather than 3x3, 3x3
    stride_in_last: bool = False  # a stage halves the picture in its last block, rather than in its first
    stem: Literal["imagenet", "small"] = "imagenet"  # 7x7 stride 2 and max pooling, or 3x3 stride 1
    zero_padding: bool = False  # the stem's pooling counts the padding as 0, rather than ignore it
    biases: bool = False  # the stem, projections and the last convolution of each block have biases
    epsilon: float = 1e-5  # of the normalisation, above 0

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (4 if self.stem == "imagenet" else 1) * 2 ** (len(self.depths) - 1)

    def halves(self, stage: int, block: int) -> bool:
        """Return whether a block, both counted from 1, halves the picture."""
        if self.stride_in_last:
            return stage < len(self.depths) and block == self.depths[stage - 1]
        return stage > 1 and block == 1

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require(
            self.stem == "imagenet" or not self.zero_padding,
            "zero_padding is for the stem's pooling: leave it out, or set stem = 'imagenet'",
        )
        require_positive(epsilon=self.epsilon)


VARIANTS = {
    "18": Config(depths=(2, 2, 2, 2), bottleneck=False),
    "34": Config(depths=(3, 4, 6, 3), bottleneck=False),
    "50": Config(depths=(3, 4, 6, 3)),
    "101": Config(depths=(3, 4, 23, 3)),
    "152": Config(depths=(3, 8, 36, 3)),
    "tiny": Config(depths=(1, 2), widths=(16, 32)),  # for tests and smoke runs; no paper
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("resnet_v2", task, config.stride)
    block = _bottleneck if config.bottleneck else _basic
    image = picture(task)
    x = _stem(image, config)
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            stride = 2 if config.halves(stage, number) else 1
            x = block(x, width, stride, config, name=f"stage{stage}_block{number}")
    return keras.Model(image, pooled_logits(_activated(x, config, name="last"), task), name="resnet_v2")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return features before their activation: the first block begins with it."""
    size, stride = (7, 2) if config.stem == "imagenet" else (3, 1)
    x = conv(x, config.widths[0], size, stride=stride, padding="symmetric", bias=config.biases, name="stem_conv")
    if config.stem == "small":
        return x
    if config.zero_padding:
        return max_pool(x, name="stem_pool")
    x = layers.MaxPooling2D(3, strides=1, padding="same", name="stem_pool")(x)
    return _thinned(x, 2, name="stem_thinned")


def _bottleneck(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """1x1, 3x3, 1x1, each after a normalisation and a ReLU; Figure 4(e) with Figure 5 right of the first paper."""
    first = _activated(x, config, name=f"{name}_1")
    y = conv(first, width, 1, name=f"{name}_1_conv")
    y = _activated(y, config, name=f"{name}_2")
    y = conv(y, width, 3, stride=stride, padding="symmetric", name=f"{name}_2_conv")
    y = _activated(y, config, name=f"{name}_3")
    y = conv(y, width * EXPANSION, 1, bias=config.biases, name=f"{name}_3_conv")
    return residual(_shortcut(x, first, width * EXPANSION, stride, config, name=f"{name}_0"), y, name=name)


def _basic(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """3x3, 3x3, each after a normalisation and a ReLU; Figure 4(e)."""
    first = _activated(x, config, name=f"{name}_1")
    y = conv(first, width, 3, stride=stride, padding="symmetric", name=f"{name}_1_conv")
    y = _activated(y, config, name=f"{name}_2")
    y = conv(y, width, 3, bias=config.biases, name=f"{name}_2_conv")
    return residual(_shortcut(x, first, width, stride, config, name=f"{name}_0"), y, name=name)


def _shortcut(
    x: keras.KerasTensor, first: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str
) -> keras.KerasTensor:
    """Return `x`, the block's input, if shapes agree; else a projection of `first`, the activated input."""
    if x.shape[-1] == width and (stride == 1 or config.stride_in_last):
        return _thinned(x, stride, name=f"{name}_thinned")
    return conv(first, width, 1, stride=stride, padding="symmetric", bias=config.biases, name=f"{name}_conv")


def _thinned(x: keras.KerasTensor, stride: int, *, name: str) -> keras.KerasTensor:
    """Return every `stride`-th pixel of each row and column, the first included."""
    return layers.MaxPooling2D(1, strides=stride, name=name)(x) if stride > 1 else x


def _activated(x: keras.KerasTensor, config: Config, *, name: str) -> keras.KerasTensor:
    return act(bn(x, epsilon=config.epsilon, name=f"{name}_bn"), "relu", name=name)
