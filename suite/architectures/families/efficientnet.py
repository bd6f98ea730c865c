"""EfficientNet, EfficientNet-L2 and EfficientNet-Lite.

Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019, Table 1.
https://arxiv.org/abs/1905.11946
Xie, Luong, Hovy and Le, Self-training with Noisy Student improves ImageNet classification, CVPR 2020, Table 7: L2.
https://arxiv.org/abs/1911.04252
Foret, Kleiner, Mobahi and Neyshabur, Sharpness-Aware Minimization, ICLR 2021: L2 at 475 pixels.
https://arxiv.org/abs/2010.01412
Touvron, Vedaldi, Douze and Jégou, Fixing the train-test resolution discrepancy: FixEfficientNet, 2020: L2 at 600.
https://arxiv.org/abs/2003.08237
Lite is the authors' release for phones: no gates, ReLU6, and the ends of the network are not scaled.
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite

Differs from the paper: the coefficients of B1 to B7 are the rounded ones of the authors' release, not the powers of
equation 3. Pictures are normalised outside of the network. keras.applications does it inside, and so counts 7 more
untrained numbers. The small stem is ours: its convolution has stride 1.
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
from suite.architectures.families._mobile import classified, deepened, eighths, inverted_residual, plan
from suite.core.recipe import Recipe
from suite.core.task import Task

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One EfficientNet: B0, made wider, deeper and larger. Every field may be searched over."""

    width: float = 1.0  # multiplies every number of channels, rounded to multiples of 8; above 0
    depth: float = 1.0  # multiplies the blocks of each stage, rounded up; above 0
    depths: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)  # blocks in each stage of B0
    widths: tuple[int, ...] = (16, 24, 40, 80, 112, 192, 320)  # output channels of each stage of B0
    sizes: tuple[int, ...] = (3, 3, 5, 3, 5, 5, 3)  # window of each stage's depthwise convolutions, pixels
    strides: tuple[int, ...] = (1, 2, 2, 2, 1, 2, 1)  # of each stage's first block
    expansions: tuple[int, ...] = (1, 6, 6, 6, 6, 6, 6)  # channels within a block per input channel
    squeeze: float = 0.25  # units of a block's gate per input channel, 0 to 1; 0: no gates (Lite)
    activation: Literal["silu", "relu6"] = "silu"  # relu6 in Lite
    stem_width: int = 32  # channels of the first convolution of B0
    head_width: int = 1280  # channels of the last 1x1 of B0
    fixed_ends: bool = False  # stem, head, and depths of the first and last stage are not scaled (Lite)
    dropout: float = 0.2  # share of the pooled features, 0 to 1
    stochastic_depth: float = 0.2  # rate at which the last blocks are dropped, rising by block from 0; 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not
    resolution: int = 224  # side of the pictures in its paper's results, pixels; no layer depends on it

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (2 if self.stem == "imagenet" else 1) * math.prod(self.strides)

    @property
    def scaled_widths(self) -> tuple[int, ...]:
        """Output channels of each stage."""
        return tuple(eighths(width * self.width) for width in self.widths)

    @property
    def scaled_ends(self) -> tuple[int, int]:
        """Channels of the stem and of the head."""
        factor = 1.0 if self.fixed_ends else self.width
        return eighths(self.stem_width * factor), eighths(self.head_width * factor)

    @property
    def scaled_depths(self) -> tuple[int, ...]:
        """Blocks in each stage."""
        depths = deepened(self.depths, self.depth)
        return (self.depths[0], *depths[1:-1], *self.depths[1:][-1:]) if self.fixed_ends else depths

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(
            depths=self.depths, widths=self.widths, sizes=self.sizes, strides=self.strides, expansions=self.expansions
        )
        require(0 <= self.squeeze <= 1, f"squeeze = {self.squeeze}: give a share from 0 to 1")
        require_positive(
            width=self.width, depth=self.depth, stem_width=self.stem_width, head_width=self.head_width,
            resolution=self.resolution,
        )  # fmt: skip
        require_share(dropout=self.dropout, stochastic_depth=self.stochastic_depth)


def _lite(width: float, depth: float, resolution: int, dropout: float) -> Config:
    return Config(
        width=width, depth=depth, resolution=resolution, dropout=dropout, squeeze=0.0, activation="relu6",
        fixed_ends=True,
    )  # fmt: skip


VARIANTS = {
    "b0": Config(width=1.0, depth=1.0, resolution=224, dropout=0.2),
    "b1": Config(width=1.0, depth=1.1, resolution=240, dropout=0.2),
    "b2": Config(width=1.1, depth=1.2, resolution=260, dropout=0.3),
    "b3": Config(width=1.2, depth=1.4, resolution=300, dropout=0.3),
    "b4": Config(width=1.4, depth=1.8, resolution=380, dropout=0.4),
    "b5": Config(width=1.6, depth=2.2, resolution=456, dropout=0.4),
    "b6": Config(width=1.8, depth=2.6, resolution=528, dropout=0.5),
    "b7": Config(width=2.0, depth=3.1, resolution=600, dropout=0.5),
    "l2": Config(width=4.3, depth=5.3, resolution=800, dropout=0.5),
    "l2-475": Config(width=4.3, depth=5.3, resolution=475, dropout=0.5),
    "fix-l2": Config(width=4.3, depth=5.3, resolution=600, dropout=0.5),
    "lite0": _lite(width=1.0, depth=1.0, resolution=224, dropout=0.2),
    "lite1": _lite(width=1.0, depth=1.1, resolution=240, dropout=0.2),
    "lite2": _lite(width=1.1, depth=1.2, resolution=260, dropout=0.3),
    "tiny": Config(  # for tests and smoke runs; no paper
        width=0.5, depth=0.6, depths=(1, 2, 3), widths=(32, 48, 96), sizes=(3, 5, 3), strides=(1, 2, 2),
        expansions=(2, 4, 4), head_width=256, stem="small", resolution=32,
    ),
}  # fmt: skip


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("efficientnet", task, config.stride, resize=config.resize)
    image = picture(task)
    x = head(features(resized(image, config.resize), config), config)
    return keras.Model(image, classified(x, task, config.dropout), name="efficientnet")


def features(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return the output of the last stage for pictures (B, H, W, C): (B, H / stride, W / stride, last width)."""
    stem_width, _ = config.scaled_ends
    stride = 2 if config.stem == "imagenet" else 1
    x = conv_bn(x, stem_width, 3, stride=stride, activation=config.activation, name="stem")
    for name, stage, stride, rate in plan(config.scaled_depths, config.strides, config.stochastic_depth):
        squeezed = max(1, int(x.shape[-1] * config.squeeze)) if config.squeeze else 0
        x = inverted_residual(
            x, config.scaled_widths[stage], hidden=x.shape[-1] * config.expansions[stage], size=config.sizes[stage],
            stride=stride, squeezed=squeezed, activation=config.activation, squeeze_activation=config.activation,
            rate=rate, name=name,
        )  # fmt: skip
    return x


def head(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return the features (B, H, W, C) with the number of channels that the classifier takes, by a 1x1 convolution."""
    _, head_width = config.scaled_ends
    return conv_bn(x, head_width, 1, activation=config.activation, name="head")
