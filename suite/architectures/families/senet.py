"""SENet: ResNet and ResNeXt with a gate on each channel.

Hu, Shen, Albanie, Sun and Wu, Squeeze-and-Excitation Networks, CVPR 2018 and TPAMI 2019, Table 1; SENet-154 in the
appendix of both. https://arxiv.org/abs/1709.01507

As the authors' networks (https://github.com/hujie-frank/SENet) and timm's legacy_senet: SE-ResNet halves the picture in
the first 1x1 of a block, the others in the 3x3; the stem's pooling has no padding, except for a row and a column at the
bottom right if its last window would hang over. The small stem is ours: one 3x3 convolution, no pooling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, conv_bn, picture, pooled_logits, residual, squeeze_excite
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

EXPANSION = 4  # output channels of a block: this many times the width of its stage
EPSILON = 1e-5  # of the normalisation
RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One SENet. Every field may be searched over."""

    depths: tuple[int, ...]  # blocks in each stage
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage, before their expansion
    groups: int = 1  # cardinality of the 3x3: 1 is SE-ResNet, more is SE-ResNeXt
    base_width: int = 64  # channels of one group of the 3x3 where the stage is 64 wide: 4 in 32x4d
    reduction: int = 16  # channels per unit that their gates are computed from; 0: no gates
    stride_in_3x3: bool = False  # a block halves the picture in its 3x3 (SE-ResNeXt) or in its first 1x1 (SE-ResNet)
    halved: bool = False  # the first 1x1 of a block has half of the channels of its 3x3 (SENet-154)
    projection_3x3: bool = False  # shortcuts that halve the picture are 3x3 (SENet-154) rather than 1x1
    stem: Literal["imagenet", "deep", "small"] = "imagenet"  # 7x7 stride 2, or three 3x3, and pooling; or 3x3 stride 1
    dropout: float = 0.0  # share of the pooled features, 0 to 1

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 32 if self.stem == "small" else 224

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (1 if self.stem == "small" else 4) * 2 ** (len(self.depths) - 1)

    def inner(self, width: int) -> int:
        """Return the channels of the 3x3 of a block in a stage of `width`."""
        return width * self.base_width // 64 * self.groups

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(groups=self.groups, base_width=self.base_width)
        for width in self.widths:
            require(
                self.inner(width) > self.halved,
                f"base_width = {self.base_width} leaves no channel at width {width}: give at least {64 / width:g}, or "
                "twice that where the first 1x1 is halved",
            )
            require(
                0 <= self.reduction <= width * EXPANSION,
                f"reduction = {self.reduction}: give 0, for no gates, up to {EXPANSION} times the narrowest width",
            )
        require_share(dropout=self.dropout)


VARIANTS = {
    "resnet-50": Config(depths=(3, 4, 6, 3)),
    "resnet-101": Config(depths=(3, 4, 23, 3)),
    "resnet-152": Config(depths=(3, 8, 36, 3)),
    "resnext-50-32x4d": Config(depths=(3, 4, 6, 3), groups=32, base_width=4, stride_in_3x3=True),
    "resnext-101-32x4d": Config(depths=(3, 4, 23, 3), groups=32, base_width=4, stride_in_3x3=True),
    "154": Config(
        depths=(3, 8, 36, 3), groups=64, base_width=4, stride_in_3x3=True, halved=True, projection_3x3=True,
        stem="deep", dropout=0.2,
    ),
    "tiny": Config(  # for tests and smoke runs; no paper
        depths=(1, 2), widths=(16, 32), groups=4, base_width=16, reduction=4, stride_in_3x3=True, projection_3x3=True,
    ),
}  # fmt: skip


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("senet", task, config.stride)
    image = picture(task)
    x = _stem(image, config)
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            x = _block(x, width, stride, config, name=f"stage{stage}_block{number}")
    return keras.Model(image, pooled_logits(x, task, dropout=config.dropout), name="senet")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    width = config.widths[0]
    if config.stem == "small":
        return _convolution(x, width, 3, name="stem")
    if config.stem == "imagenet":
        return _pool(_convolution(x, width, 7, stride=2, name="stem"))
    x = _convolution(x, width, 3, stride=2, name="stem1")
    x = _convolution(x, width, 3, name="stem2")
    return _pool(_convolution(x, 2 * width, 3, name="stem3"))


def _pool(x: keras.KerasTensor) -> keras.KerasTensor:
    """Take the largest of 3x3 pixels with stride 2; the last window may hang over the edge, as in Caffe."""
    over = tuple((0, (side - 3) % 2) for side in x.shape[1:3])
    if over != ((0, 0), (0, 0)):
        x = layers.ZeroPadding2D(over, name="stem_pool_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)


def _block(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """1x1, 3x3 in groups, 1x1, and a gate on each channel; Figure 3."""
    inner, outer = config.inner(width), width * EXPANSION
    first, second = (1, stride) if config.stride_in_3x3 else (stride, 1)
    y = _convolution(x, inner // 2 if config.halved else inner, 1, stride=first, name=f"{name}_1")
    y = _convolution(y, inner, 3, stride=second, groups=config.groups, name=f"{name}_2")
    y = _convolution(y, outer, 1, activation=None, name=f"{name}_3")
    if config.reduction:
        y = squeeze_excite(y, outer // config.reduction, name=f"{name}_se")
    x = _shortcut(x, outer, stride, config, name=f"{name}_0")
    return act(residual(x, y, name=name), "relu", name=f"{name}_out")


def _shortcut(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """Return `x`, projected where the shape changes."""
    if stride == 1 and x.shape[-1] == width:
        return x
    size = 3 if config.projection_3x3 and stride > 1 else 1
    return _convolution(x, width, size, stride=stride, activation=None, name=name)


def _convolution(
    x: keras.KerasTensor, width: int, size: int, *, stride: int = 1, groups: int = 1, activation: str | None = "relu",
    name: str,
) -> keras.KerasTensor:  # fmt: skip
    """Convolve, normalise, activate. Padding is symmetric, as in Caffe."""
    return conv_bn(
        x, width, size, stride=stride, groups=groups, padding="symmetric", epsilon=EPSILON, activation=activation,
        name=name,
    )  # fmt: skip
