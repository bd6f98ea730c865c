"""EfficientNetV2.

Tan and Le, EfficientNetV2: Smaller Models and Faster Training, ICML 2021, Table 4 and section 4.
https://arxiv.org/abs/2104.00298

Differs from the paper: its tables lack M, L, XL and B0 to B3; these are as in the authors' code, at
https://github.com/google/automl/tree/master/efficientnetv2. Resolutions are those of the paper's results; it trains
with smaller pictures, and with more dropout as they grow. The small stem is ours: its convolution has stride 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import keras

from suite.architectures.families._blocks import conv_bn, picture, resized
from suite.architectures.families._checks import (
    require,
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.architectures.families._mobile import classified, deepened, eighths, inverted_residual, plan, shortcut
from suite.core.recipe import Recipe
from suite.core.task import Task

ACTIVATION = "silu"

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One EfficientNetV2. Every field may be searched over."""

    width: float = 1.0  # multiplies every number of channels, rounded to multiples of 8; above 0
    depth: float = 1.0  # multiplies the blocks of each stage, rounded up; above 0
    depths: tuple[int, ...]  # blocks in each stage
    widths: tuple[int, ...]  # output channels of each stage
    strides: tuple[int, ...] = (1, 2, 2, 2, 1, 2, 1)  # of each stage's first block
    expansions: tuple[int, ...] = (1, 4, 4, 4, 6, 6, 6)  # channels within a block per input channel
    fused: int = 3  # stages, from the first, whose blocks begin with one 3x3 in place of a 1x1 and a depthwise 3x3
    squeeze: float = 0.25  # units of an unfused block's gate per input channel, 0 to 1
    stem_width: int = 24  # channels of the first convolution
    head_width: int = 1280  # channels of the last 1x1
    dropout: float = 0.2  # share of the pooled features, 0 to 1
    stochastic_depth: float = 0.2  # rate at which the last blocks are dropped, rising by block from 0; 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not
    resolution: int = 224  # side of the pictures in its paper's results, pixels; no layer depends on it

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (2 if self.stem == "imagenet" else 1) * math.prod(self.strides)

    def channels(self, width: int) -> int:
        """Return `width` times the multiplier, to the nearest multiple of 8."""
        return eighths(width * self.width, least=0.0)

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths, strides=self.strides, expansions=self.expansions)
        stages = len(self.depths)
        require(0 <= self.fused <= stages, f"fused = {self.fused}: give a number of stages from 0 to {stages}")
        require(0 <= self.squeeze <= 1, f"squeeze = {self.squeeze}: give a share from 0 to 1")
        require_positive(
            width=self.width, depth=self.depth, stem_width=self.stem_width, head_width=self.head_width,
            resolution=self.resolution,
        )  # fmt: skip
        require_share(dropout=self.dropout, stochastic_depth=self.stochastic_depth)


def _base(width: float, depth: float, resolution: int, dropout: float) -> Config:
    """Return one of B0 to B3, scaled as the first EfficientNet."""
    return Config(
        depths=(1, 2, 2, 3, 5, 8), widths=(16, 32, 48, 96, 112, 192), stem_width=32,
        strides=(1, 2, 2, 2, 1, 2), expansions=(1, 4, 4, 4, 6, 6),
        width=width, depth=depth, resolution=resolution, dropout=dropout,
    )  # fmt: skip


VARIANTS = {
    "b0": _base(width=1.0, depth=1.0, resolution=224, dropout=0.2),
    "b1": _base(width=1.0, depth=1.1, resolution=240, dropout=0.2),
    "b2": _base(width=1.1, depth=1.2, resolution=260, dropout=0.3),
    "b3": _base(width=1.2, depth=1.4, resolution=300, dropout=0.3),
    "s": Config(
        depths=(2, 4, 4, 6, 9, 15), widths=(24, 48, 64, 128, 160, 256), stem_width=24, resolution=384, dropout=0.2,
        strides=(1, 2, 2, 2, 1, 2), expansions=(1, 4, 4, 4, 6, 6),
    ),
    "m": Config(
        depths=(3, 5, 5, 7, 14, 18, 5), widths=(24, 48, 80, 160, 176, 304, 512), stem_width=24, resolution=480,
        dropout=0.3,
    ),
    "l": Config(
        depths=(4, 7, 7, 10, 19, 25, 7), widths=(32, 64, 96, 192, 224, 384, 640), stem_width=32, resolution=480,
        dropout=0.4,
    ),
    "xl": Config(
        depths=(4, 8, 8, 16, 24, 32, 8), widths=(32, 64, 96, 192, 256, 512, 640), stem_width=32, resolution=512,
        dropout=0.4,
    ),
    "tiny": Config(  # for tests and smoke runs; no paper
        depths=(2, 2, 3), widths=(16, 32, 64), strides=(1, 2, 2), expansions=(1, 2, 4), fused=2, width=0.75, depth=0.6,
        stem_width=24, head_width=160, stem="small", resolution=32,
    ),
}  # fmt: skip


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("efficientnet_v2", task, config.stride, resize=config.resize)
    image = picture(task)
    x = _stages(_stem(resized(image, config.resize), config), config)
    x = conv_bn(x, config.channels(config.head_width), 1, activation=ACTIVATION, name="head")
    return keras.Model(image, classified(x, task, config.dropout), name="efficientnet_v2")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    stride = 2 if config.stem == "imagenet" else 1
    return conv_bn(x, config.channels(config.stem_width), 3, stride=stride, activation=ACTIVATION, name="stem")


def _stages(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Fused blocks, then inverted residuals with gates; Table 4."""
    for name, stage, stride, rate in plan(
        deepened(config.depths, config.depth), config.strides, config.stochastic_depth
    ):
        width, hidden = config.channels(config.widths[stage]), x.shape[-1] * config.expansions[stage]
        if stage < config.fused:
            x = _fused(x, width, hidden=hidden, stride=stride, rate=rate, name=name)
            continue
        squeezed = max(1, int(x.shape[-1] * config.squeeze)) if config.squeeze else 0
        x = inverted_residual(
            x, width, hidden=hidden, stride=stride, squeezed=squeezed, activation=ACTIVATION,
            squeeze_activation=ACTIVATION, rate=rate, name=name,
        )  # fmt: skip
    return x


def _fused(x: keras.KerasTensor, width: int, *, hidden: int, stride: int, rate: float, name: str) -> keras.KerasTensor:
    """3x3 to `hidden` channels, 1x1 to `width` without activation; or a single 3x3 if nothing expands. Figure 2."""
    if hidden == x.shape[-1]:
        y = conv_bn(x, width, 3, stride=stride, activation=ACTIVATION, name=f"{name}_project")
    else:
        y = conv_bn(x, hidden, 3, stride=stride, activation=ACTIVATION, name=f"{name}_expand")
        y = conv_bn(y, width, 1, activation=None, name=f"{name}_project")
    return shortcut(x, y, rate=rate, name=name)
