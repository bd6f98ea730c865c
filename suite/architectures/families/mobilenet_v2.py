"""MobileNetV2.

Sandler, Howard, Zhu, Zhmoginov and Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, Table 2.
https://arxiv.org/abs/1801.04381

Differs from the paper: numbers of channels are rounded to multiples of 8, and layers with a stride pad one pixel more
at the bottom right, as in the authors' released networks and in keras.applications; the dropout is that of the authors'
code, since the paper names none. The small stem is ours: the first convolution has stride 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import keras

from suite.architectures.families._blocks import conv_bn, picture, resized
from suite.architectures.families._checks import (
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.architectures.families._mobile import classified, eighths, inverted_residual, plan
from suite.core.recipe import Recipe
from suite.core.task import Task

ACTIVATION = "relu6"  # section 3.4: robust where numbers have few bits

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One MobileNetV2. Every field may be searched over."""

    width: float = 1.0  # multiplies every number of channels, the head's only if above 1; above 0
    expansions: tuple[int, ...] = (1, 6, 6, 6, 6, 6, 6)  # t: channels within a block over those of its input
    widths: tuple[int, ...] = (16, 24, 32, 64, 96, 160, 320)  # c: output channels of each stage
    depths: tuple[int, ...] = (1, 2, 3, 4, 3, 3, 1)  # n: blocks in each stage
    strides: tuple[int, ...] = (1, 2, 2, 2, 1, 2, 1)  # s: of each stage's first block
    stem_width: int = 32  # channels of the first convolution
    head_width: int = 1280  # channels of the last 1x1
    dropout: float = 0.2  # share of the pooled features, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (2 if self.stem == "imagenet" else 1) * math.prod(self.strides)

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(expansions=self.expansions, widths=self.widths, depths=self.depths, strides=self.strides)
        require_positive(width=self.width, stem_width=self.stem_width, head_width=self.head_width)
        require_share(dropout=self.dropout)


VARIANTS = {
    "1.0": Config(),
    "1.4": Config(width=1.4),
    "1.3": Config(width=1.3),
    "0.75": Config(width=0.75),
    "0.5": Config(width=0.5),
    "0.35": Config(width=0.35),
    "tiny": Config(  # for tests and smoke runs; no paper
        expansions=(1, 4, 4), widths=(16, 24, 48), depths=(1, 2, 2), strides=(1, 2, 2), stem_width=16, head_width=128,
        stem="small",
    ),
}  # fmt: skip


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("mobilenet_v2", task, config.stride, resize=config.resize)
    image = picture(task)
    x = _stages(_stem(resized(image, config.resize), config), config)
    head_width = eighths(config.head_width * max(config.width, 1.0))
    x = conv_bn(x, head_width, 1, activation=ACTIVATION, name="head")
    return keras.Model(image, classified(x, task, config.dropout), name="mobilenet_v2")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    stride = 2 if config.stem == "imagenet" else 1
    return conv_bn(x, eighths(config.stem_width * config.width), 3, stride=stride, activation=ACTIVATION, name="stem")


def _stages(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Inverted residuals, row after row of Table 2."""
    for name, stage, stride, _ in plan(config.depths, config.strides, 0.0):
        x = inverted_residual(
            x, eighths(config.widths[stage] * config.width), hidden=x.shape[-1] * config.expansions[stage],
            stride=stride, activation=ACTIVATION, name=name,
        )  # fmt: skip
    return x
