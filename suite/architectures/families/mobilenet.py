"""MobileNet (the first).

Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto and Adam, MobileNets: Efficient Convolutional Neural Networks
for Mobile Vision Applications, 2017, Table 1. https://arxiv.org/abs/1704.04861

Differs from the paper: activations stop at 6 and strided layers pad at the bottom and right only, as in the authors'
released networks and in keras.applications. Table 1 prints stride 2 for the last depthwise convolution; here it is
1, as the output sizes in that table say. The small stem is ours: the first convolution has stride 1. The paper's
resolution multiplier is the field `resize`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import conv_bn, depthwise_bn, picture, pooled_logits, resized
from suite.architectures.families._checks import (
    require,
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.core.recipe import Recipe
from suite.core.task import Task

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One MobileNet. Every field may be searched over."""

    width: float = 1.0  # multiplies every number of channels, rounded down; above 0
    stem_width: int = 32  # channels of the first convolution
    depths: tuple[int, ...] = (1, 2, 2, 6, 2)  # depthwise separable blocks in each stage
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)  # output channels of each stage's blocks
    dropout: float = 0.001  # share of the pooled features, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (2 if self.stem == "imagenet" else 1) * 2 ** (len(self.depths) - 1)

    def channels(self, width: int) -> int:
        """Return `width` times the multiplier, rounded down."""
        return int(width * self.width)

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(stem_width=self.stem_width)
        narrowest = min(self.stem_width, *self.widths)
        least = math.ceil(1e4 / narrowest) / 1e4
        require(
            self.channels(narrowest) > 0,
            f"width = {self.width} leaves no channel of {narrowest}: give at least {least:g}",
        )
        require_share(dropout=self.dropout)


VARIANTS = {
    "1.0": Config(),
    "0.75": Config(width=0.75),
    "0.5": Config(width=0.5),
    "0.25": Config(width=0.25),
    "tiny": Config(  # for tests and smoke runs; no paper
        stem_width=16, depths=(1, 1, 1, 1), widths=(32, 64, 128, 128), stem="small"
    ),
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("mobilenet", task, config.stride, resize=config.resize)
    image = picture(task)
    x = _stem(resized(image, config.resize), config)
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            x = _separable(x, config.channels(width), stride, name=f"stage{stage}_block{number}")
    return keras.Model(image, pooled_logits(x, task, dropout=config.dropout), name="mobilenet")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    stride = 2 if config.stem == "imagenet" else 1
    return conv_bn(x, config.channels(config.stem_width), 3, stride=stride, activation="relu6", name="stem")


def _separable(x: keras.KerasTensor, width: int, stride: int, *, name: str) -> keras.KerasTensor:
    """3x3 on each channel, then 1x1 over the channels; Figure 3 right."""
    if stride > 1:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = depthwise_bn(x, 3, stride=stride, padding=padding, activation="relu6", name=f"{name}_depthwise")
    return conv_bn(x, width, 1, activation="relu6", name=f"{name}_pointwise")
