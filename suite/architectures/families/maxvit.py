"""MaxViT.

Tu, Talebi, Zhang, Yang, Milanfar, Bovik and Li, MaxViT: Multi-Axis Vision Transformer, ECCV 2022, section 3, Figures
2 and 3, Table 1. https://arxiv.org/abs/2204.01697

Differs from the paper: nothing; where it is silent we follow the authors' networks as timm has them (GELU by its tanh
approximation, padding at the bottom right, biases in the stem, stride in the depthwise convolution). The window is 1/32
of the side of the pictures: 7 pixels of a map at 224, 16 at 512. The small stem is ours: its first convolution has
stride 1. XL was never trained on ImageNet alone, so the paper gives no stochastic depth for that; ours is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import keras

from suite.architectures.families._blocks import picture, rising
from suite.architectures.families._checks import (
    require,
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.architectures.families._hybrid import Style, classified, mbconv, stem
from suite.architectures.families._transformer import encoder_block
from suite.architectures.layers import FromWindows, Windows
from suite.core.recipe import Recipe
from suite.core.task import Task

EPSILON = 1e-5  # of the normalisation of tokens


@dataclass(frozen=True, kw_only=True)
class Config:
    """One MaxViT. Every field may be searched over."""

    depths: tuple[int, ...] = (2, 2, 5, 2)  # blocks in each stage
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage
    stem_width: int = 64  # channels of the two convolutions before the first stage
    window: int = 7  # side of the squares of pixels that attend to each other; divides every map
    head: int = 32  # channels of a head of attention; divides every width
    expansion: int = 4  # hidden channels of a block per output channel
    squeeze: float = 0.25  # units of an MBConv's gate per output channel
    stochastic_depth: float = 0.0  # probability that the last block's branches are dropped; rises from 0 at the first
    stem: Literal["imagenet", "small"] = "imagenet"  # its first convolution has stride 2, or 1
    resolution: int = 224  # side of the pictures in its paper's results, pixels

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (2 if self.stem == "imagenet" else 1) * 2 ** len(self.depths)

    @property
    def style(self) -> Style:
        """How its convolutions are made."""
        return Style(
            expansion=self.expansion, squeeze=self.squeeze, stride_in="depthwise", pooling="average",
            padding="same", epsilon=1e-3, activation="gelu_tanh",
        )  # fmt: skip

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(
            stem_width=self.stem_width, window=self.window, head=self.head, expansion=self.expansion,
            squeeze=self.squeeze, resolution=self.resolution,
        )  # fmt: skip
        require(
            all(width % self.head == 0 for width in self.widths),
            f"widths = {list(self.widths)}: give multiples of head = {self.head}",
        )
        require_share(stochastic_depth=self.stochastic_depth)


_DEEP = (2, 6, 14, 2)
_S, _L, _XL = (96, 192, 384, 768), (128, 256, 512, 1024), (192, 384, 768, 1536)

VARIANTS = {
    "t": Config(stochastic_depth=0.2),
    "s": Config(widths=_S, stochastic_depth=0.3),
    "b": Config(depths=_DEEP, widths=_S, stochastic_depth=0.4),
    "l": Config(depths=_DEEP, widths=_L, stem_width=128, stochastic_depth=0.6),
    "xl": Config(depths=_DEEP, widths=_XL, stem_width=192, window=16, resolution=512),
    "tiny": Config(  # for tests and smoke runs; no paper
        depths=(1, 1), widths=(16, 32), stem_width=16, window=4, head=8, expansion=2, stem="small", resolution=32
    ),
}

RECIPE = Recipe(learning_rate=3e-3, weight_decay=0.05, batch_size=32)


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes).

    Raises ArchitectureError for pictures too small, and for those whose maps do not divide into windows.
    """
    _require_windows(config, task)
    image = picture(task)
    x = stem(image, config.stem_width, 2 if config.stem == "imagenet" else 1, config.style, bias=True)
    rates = iter(rising(config.stochastic_depth, sum(config.depths)))
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            x = _block(x, width, 1 if number > 1 else 2, next(rates), config, name=f"stage{stage}_block{number}")
    return keras.Model(image, classified(x, task, hidden=True, epsilon=EPSILON), name="maxvit")


def _require_windows(config: Config, task: Task) -> None:
    """Raise ArchitectureError unless the maps of all stages, whose sides are rounded up, divide into windows."""
    unit = config.stride * config.window
    require_size("maxvit", task, unit, way_out=_way_out(config))
    for stage in reversed(range(len(config.depths))):
        pixels = config.stride // 2**stage
        sides = [math.ceil(side / pixels) for side in (task.height, task.width)]
        require(
            all(side % config.window == 0 for side in sides),
            f"pictures of {task.height}x{task.width} give a map of {sides[0]}x{sides[1]}, which does not divide into "
            f"windows of {config.window}x{config.window}: give sides that are multiples of {unit}, or another window",
        )


def _way_out(config: Config) -> str:
    """Return which fields help when pictures are too small."""
    window = [f"a window below {config.window}"] if config.window > 1 else []
    stem = ["stem = 'small'"] if config.stem == "imagenet" else []
    return f"choose {', or '.join([*window, *stem, 'fewer stages'])}"


def _block(
    x: keras.KerasTensor, width: int, stride: int, rate: float, config: Config, *, name: str
) -> keras.KerasTensor:
    """MBConv, attention among neighbours, attention among pixels spread over the map; Figure 2."""
    x = mbconv(x, width, stride, config.style, rate=rate, name=f"{name}_mbconv")
    x = _attention(x, rate, config, spread=False, name=f"{name}_window")
    return _attention(x, rate, config, spread=True, name=f"{name}_grid")


def _attention(x: keras.KerasTensor, rate: float, config: Config, *, spread: bool, name: str) -> keras.KerasTensor:
    """Attention within windows, with learned relative positions, and an MLP."""
    _, height, width, channels = x.shape
    x = Windows(config.window, spread=spread, name=f"{name}_cut")(x)
    x = encoder_block(
        x, channels // config.head, channels * config.expansion, epsilon=EPSILON, rate=rate,
        grid=(config.window, config.window), lookup="product", activation="gelu_tanh", name=name,
    )  # fmt: skip
    return FromWindows((height, width), spread=spread, name=f"{name}_joined")(x)
