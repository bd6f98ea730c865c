"""ResNet and ResNeXt.

He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, CVPR 2016, Table 1.
https://arxiv.org/abs/1512.03385
Xie, Girshick, Dollar, Tu and He, Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017, Table 1.
https://arxiv.org/abs/1611.05431

Differs from the paper: ResNet-18 and -34 project their shortcuts where the shape changes, as the deeper ones do
(option B; its Table 2 has option A). The "v1.5" variants move the stride of a bottleneck from its first 1x1 to its
3x3, as ResNeXt and torchvision do. The small stem is ours: one 3x3 convolution, no pooling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

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
    """One ResNet. Every field may be searched over."""

    depths: tuple[int, ...]  # blocks in each stage
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage; the stem has the first
    bottleneck: bool = True  # blocks of 1x1, 3x3, 1x1 to 4 times the width, rather than 3x3, 3x3
    groups: int = 1  # cardinality of a bottleneck's 3x3: 1 is ResNet, more is ResNeXt
    base_width: int = 64  # channels of one group of the 3x3 where the stage is 64 wide: 4 in ResNeXt 32x4d
    stride_in_3x3: bool = False  # a bottleneck halves the picture in its 3x3 (v1.5) or in its first 1x1 (the paper)
    stem: Literal["imagenet", "small"] = "imagenet"  # 7x7 stride 2 and max pooling, or 3x3 stride 1
    biases: bool = False  # convolutions have biases though a normalisation follows, as in keras.applications
    epsilon: float = 1e-5  # of the normalisation, above 0; 1.001e-5 in keras.applications
    zero_init: bool = False  # blocks begin as the identity: scale 0 in the last normalisation of each

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (4 if self.stem == "imagenet" else 1) * 2 ** (len(self.depths) - 1)

    def inner(self, width: int) -> int:
        """Return the channels of the 3x3 of a bottleneck in a stage of `width`."""
        return width * self.base_width // 64 * self.groups

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(groups=self.groups, base_width=self.base_width, epsilon=self.epsilon)
        for width in self.widths:
            require(
                self.inner(width) > 0,
                f"base_width = {self.base_width} leaves no channel at width {width}: give at least {-(-64 // width)}",
            )
        require(
            self.bottleneck or (self.groups, self.base_width, self.stride_in_3x3) == (1, 64, False),
            "groups, base_width and stride_in_3x3 are for bottlenecks: leave them out, or set bottleneck = true",
        )


_50, _101, _152 = (3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3)

VARIANTS = {
    "18": Config(depths=(2, 2, 2, 2), bottleneck=False),
    "34": Config(depths=(3, 4, 6, 3), bottleneck=False),
    "50": Config(depths=_50),
    "101": Config(depths=_101),
    "152": Config(depths=_152),
    "50-v1.5": Config(depths=_50, stride_in_3x3=True),
    "101-v1.5": Config(depths=_101, stride_in_3x3=True),
    "152-v1.5": Config(depths=_152, stride_in_3x3=True),
    "50-32x4d": Config(depths=_50, groups=32, base_width=4, stride_in_3x3=True),
    "101-32x4d": Config(depths=_101, groups=32, base_width=4, stride_in_3x3=True),
    "101-64x4d": Config(depths=_101, groups=64, base_width=4, stride_in_3x3=True),
    "101-32x8d": Config(depths=_101, groups=32, base_width=8, stride_in_3x3=True),
    "tiny": Config(depths=(1, 1), widths=(16, 32), bottleneck=False),  # for tests and smoke runs; no paper
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("resnet", task, config.stride)
    block = _bottleneck if config.bottleneck else _basic
    image = picture(task)
    x = _stem(image, config)
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            x = block(x, width, stride, config, name=f"stage{stage}_block{number}")
    return keras.Model(image, pooled_logits(x, task), name="resnet")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    if config.stem == "small":
        return _convolution(x, config.widths[0], 3, config, name="stem")
    x = _convolution(x, config.widths[0], 7, config, stride=2, name="stem")
    return max_pool(x, name="stem_pool")


def _bottleneck(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """1x1, 3x3 in groups, 1x1; Figure 5 right, and Figure 3c of the ResNeXt paper."""
    inner, outer = config.inner(width), width * EXPANSION
    first, second = (1, stride) if config.stride_in_3x3 else (stride, 1)
    y = _convolution(x, inner, 1, config, stride=first, name=f"{name}_1")
    y = _convolution(y, inner, 3, config, stride=second, groups=config.groups, name=f"{name}_2")
    y = _convolution(y, outer, 1, config, last=True, name=f"{name}_3")
    return _joined(_shortcut(x, outer, stride, config, name=f"{name}_0"), y, name=name)


def _basic(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """3x3, 3x3; Figure 5 left."""
    y = _convolution(x, width, 3, config, stride=stride, name=f"{name}_1")
    y = _convolution(y, width, 3, config, last=True, name=f"{name}_2")
    return _joined(_shortcut(x, width, stride, config, name=f"{name}_0"), y, name=name)


def _shortcut(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    """Return `x`, projected where the shape changes (option B)."""
    same = stride == 1 and x.shape[-1] == width
    return x if same else _convolution(x, width, 1, config, stride=stride, activation=None, name=name)


def _joined(x: keras.KerasTensor, y: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return act(residual(x, y, name=name), "relu", name=f"{name}_out")


def _convolution(
    x: keras.KerasTensor,
    width: int,
    size: int,
    config: Config,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: str | None = "relu",
    last: bool = False,
    name: str,
) -> keras.KerasTensor:
    """Convolve, normalise, and activate unless it is the `last` of its block. Padding is symmetric, as in the paper."""
    x = conv(x, width, size, stride=stride, groups=groups, padding="symmetric", bias=config.biases, name=f"{name}_conv")
    gamma = "zeros" if last and config.zero_init else "ones"
    x = bn(x, epsilon=config.epsilon, gamma=gamma, name=f"{name}_bn")
    return act(x, None if last else activation, name=name)
