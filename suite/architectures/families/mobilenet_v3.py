"""MobileNetV3.

Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le and Adam, Searching for MobileNetV3, ICCV 2019,
Tables 1 and 2. https://arxiv.org/abs/1905.02244

Differs from the paper: the "exp size" of its tables is given here per input channel and rounded to a multiple of 8, as
in the authors' code, so it follows the width multiplier. The multiplier changes neither the stem nor, below 1, the last
hidden layer. Layers with a stride pad one pixel more at the bottom right. The small stem is ours: the first
convolution has stride 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import conv_bn, hidden, logits, picture, resized
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.architectures.families._mobile import eighths, inverted_residual
from suite.core.recipe import Recipe
from suite.core.task import Task

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One MobileNetV3: a row of its table is a block here. Every field may be searched over."""

    width: float = 1.0  # multiplies every number of channels, with the exceptions above; above 0
    sizes: tuple[int, ...]  # window of each block's depthwise convolution, pixels
    expansions: tuple[float, ...]  # exp size: channels within each block per input channel
    widths: tuple[int, ...]  # #out: output channels of each block
    squeeze: tuple[float, ...]  # SE: units of each block's gate per channel within it, 0 to 1; 0: no gate
    strides: tuple[int, ...]  # s: of each block
    relus: int  # NL: blocks, from the first, whose activation is ReLU rather than `activation`
    activation: Literal["hard_swish", "silu"] = "hard_swish"  # of the other blocks, stem and head; silu is "swish"
    stem_width: int = 16  # channels of the first convolution
    head_width: int = 960  # channels of the last convolution before pooling
    last_width: int = 1280  # units of the hidden layer after pooling
    dropout: float = 0.2  # share of those units, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last block."""
        return (2 if self.stem == "imagenet" else 1) * math.prod(self.strides)

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(
            width=self.width, sizes=self.sizes, expansions=self.expansions, widths=self.widths, strides=self.strides,
            stem_width=self.stem_width, head_width=self.head_width, last_width=self.last_width,
        )  # fmt: skip
        blocks = len(self.widths)
        columns = (self.sizes, self.expansions, self.squeeze, self.strides)
        require(
            all(len(column) == blocks for column in columns),
            f"{blocks} widths: give as many sizes, expansions, squeeze and strides, one of each per block",
        )
        require(all(0 <= share <= 1 for share in self.squeeze), f"squeeze = {list(self.squeeze)}: give shares, 0 to 1")
        require(0 <= self.relus <= blocks, f"relus = {self.relus}: give a number of blocks from 0 to {blocks}")
        require_share(dropout=self.dropout)


def _large(width: float) -> Config:
    """Return Table 1, its columns as rows."""
    return Config(
        width=width, relus=6, head_width=960, last_width=1280,
        sizes=(3, 3, 3, 5, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5),
        expansions=(1, 4, 3, 3, 3, 3, 6, 2.5, 2.3, 2.3, 6, 6, 6, 6, 6),
        widths=(16, 24, 24, 40, 40, 40, 80, 80, 80, 80, 112, 112, 160, 160, 160),
        squeeze=(0, 0, 0, 0.25, 0.25, 0.25, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0.25),
        strides=(1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1),
    )  # fmt: skip


def _small(width: float) -> Config:
    """Return Table 2, its columns as rows."""
    return Config(
        width=width, relus=3, head_width=576, last_width=1024,
        sizes=(3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5),
        expansions=(1, 72 / 16, 88 / 24, 4, 6, 6, 3, 3, 6, 6, 6),
        widths=(16, 24, 24, 40, 40, 40, 48, 48, 96, 96, 96),
        squeeze=(0.25, 0, 0, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25),
        strides=(2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1),
    )  # fmt: skip


VARIANTS = {
    "large": _large(1.0),
    "small": _small(1.0),
    "large-0.75": _large(0.75),
    "small-0.75": _small(0.75),
    "tiny": Config(  # for tests and smoke runs; no paper
        sizes=(3, 3, 5, 5), expansions=(1, 3, 4, 4), widths=(16, 24, 40, 40), squeeze=(0.5, 0, 0.25, 0.25),
        strides=(1, 2, 2, 1), relus=2, head_width=128, last_width=128, stem="small",
    ),
}  # fmt: skip


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("mobilenet_v3", task, config.stride, resize=config.resize)
    image = picture(task)
    x = _blocks(_stem(resized(image, config.resize), config), config)
    x = conv_bn(x, eighths(config.head_width * config.width), 1, activation=config.activation, name="head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    last_width = eighths(config.last_width * max(config.width, 1.0))
    x = hidden(
        x, (last_width,), rate=config.dropout, initializer="glorot_uniform", activation=config.activation, name="last"
    )
    return keras.Model(image, logits(x, task, initializer="glorot_uniform"), name="mobilenet_v3")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    stride = 2 if config.stem == "imagenet" else 1
    return conv_bn(x, config.stem_width, 3, stride=stride, activation=config.activation, name="stem")


def _blocks(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Inverted residuals, row after row of the tables; Figure 4."""
    rows = zip(config.sizes, config.expansions, config.widths, config.squeeze, config.strides, strict=True)
    for number, (size, expansion, width, squeeze, stride) in enumerate(rows):
        wide = eighths(x.shape[-1] * expansion)
        x = inverted_residual(
            x, eighths(width * config.width), hidden=wide, size=size, stride=stride,
            squeezed=eighths(wide * squeeze) if squeeze else 0, gate="hard_sigmoid",
            activation="relu" if number < config.relus else config.activation, name=f"block{number + 1}",
        )  # fmt: skip
    return x
