"""CoAtNet.

Dai, Liu, Le and Tan, CoAtNet: Marrying Convolution and Attention for All Data Sizes, NeurIPS 2021, section 2, Table 3,
appendix A with equations 4 and 5 and Tables 9 to 12. https://arxiv.org/abs/2106.04803

Differs from the paper: the classifier has a hidden layer as wide as the last stage, with tanh, as in MaxViT. With
it our counts are those that the paper prints (25, 42, 75, 168, 275, 688 and 2,440 million), without it they are up to
10 million lower. By its Table 12, CoAtNet-6 has 1,350 million weights, not the 1,470 that it prints. It gives no
epsilons and no padding: ours are those of timm, which has stride_in = "depthwise" (Table 9) and pooling = "average".
Attention that
begins without shrinking the map (-6, -7) projects its shortcut. The positions of -4 to -7 are learned for pictures of
512x512; the paper interpolates those of 224x224. The small stem is ours: its first convolution has stride 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import picture, residual, rising
from suite.architectures.families._checks import (
    require,
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.architectures.families._hybrid import Style, classified, mbconv, pool, shortcut, stem
from suite.architectures.families._transformer import attention, encoder_block, mlp, norm
from suite.core.recipe import Recipe
from suite.core.task import Task

EPSILON = 1e-6  # of the normalisation of tokens


@dataclass(frozen=True, kw_only=True)
class Config:
    """One CoAtNet. Every field may be searched over."""

    layout: Literal["C-C-C-C", "C-C-C-T", "C-C-T-T", "C-T-T-T", "C-C-CT-T"] = "C-C-T-T"  # MBConv or attention in
    # each stage; each stage shrinks the map, and may have both
    depths: tuple[int, ...]  # blocks for each letter of the layout
    widths: tuple[int, ...]  # channels for each letter
    stem_width: int = 64  # channels of the two convolutions before the first stage
    head: int = 32  # channels of a head of attention; divides the widths of attention
    expansion: int = 4  # hidden channels of a block per output channel
    squeeze: float = 0.25  # units of an MBConv's gate per output channel
    stride_in: Literal["first", "depthwise"] = "first"  # convolution that shrinks the map in a stage's first MBConv
    pooling: Literal["max", "average"] = "max"  # pooling that shrinks shortcuts and the inputs of attention
    hidden_head: bool = True  # the classifier has a hidden layer
    stochastic_depth: float = 0.0  # probability that the last block's branches are dropped; rises from 0 at the first
    stem: Literal["imagenet", "small"] = "imagenet"  # its first convolution has stride 2, or 1
    resolution: int = 224  # side of the pictures in its paper's results, pixels

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Letter and stride of each part of the layout: the first of a stage shrinks the map."""
        return [(kind, 1 if place else 2) for stage in self.layout.split("-") for place, kind in enumerate(stage)]

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (2 if self.stem == "imagenet" else 1) * 2 ** len(self.layout.split("-"))

    @property
    def style(self) -> Style:
        """How its convolutions are made."""
        return Style(
            expansion=self.expansion, squeeze=self.squeeze, stride_in=self.stride_in, pooling=self.pooling,
            padding="symmetric", epsilon=1e-5, activation="gelu",
        )  # fmt: skip

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require(
            len(self.depths) == len(self.stages),
            f"{len(self.depths)} depths for layout = '{self.layout}': give one for each of {len(self.stages)} letters",
        )
        require_positive(
            stem_width=self.stem_width, head=self.head, expansion=self.expansion, squeeze=self.squeeze,
            resolution=self.resolution,
        )  # fmt: skip
        for (kind, _), width in zip(self.stages, self.widths, strict=True):
            require(kind == "C" or width % self.head == 0, f"a width of {width}: give a multiple of head = {self.head}")
        require_share(stochastic_depth=self.stochastic_depth)


_2 = (128, 256, 512, 1024)
_3 = (192, 384, 768, 1536)

VARIANTS = {  # stochastic depth: Table 10, on ImageNet; it omits -6 and -7
    "0": Config(depths=(2, 3, 5, 2), widths=(96, 192, 384, 768), stochastic_depth=0.2),
    "1": Config(depths=(2, 6, 14, 2), widths=(96, 192, 384, 768), stochastic_depth=0.3),
    "2": Config(depths=(2, 6, 14, 2), widths=_2, stem_width=128, stochastic_depth=0.5),
    "3": Config(depths=(2, 6, 14, 2), widths=_3, stem_width=192, stochastic_depth=0.7),
    "4": Config(depths=(2, 12, 28, 2), widths=_3, stem_width=192, stochastic_depth=0.7, resolution=512),
    "5": Config(
        depths=(2, 12, 28, 2), widths=(256, 512, 1280, 2048), stem_width=192, head=64, stochastic_depth=0.2,
        resolution=512,
    ),
    "6": Config(
        layout="C-C-CT-T", depths=(2, 4, 8, 42, 2), widths=(192, 384, 768, 1536, 2048), stem_width=192, head=128,
        resolution=512,
    ),
    "7": Config(
        layout="C-C-CT-T", depths=(2, 4, 8, 42, 2), widths=(256, 512, 1024, 2048, 3072), stem_width=192, head=128,
        resolution=512,
    ),
    "tiny": Config(  # for tests and smoke runs; no paper
        depths=(1, 1, 1, 2), widths=(16, 24, 32, 48), stem_width=16, head=16, expansion=2, stem="small", resolution=32
    ),
}  # fmt: skip

RECIPE = Recipe(learning_rate=3e-3, weight_decay=0.05, batch_size=32)


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("coatnet", task, config.stride)
    image = picture(task)
    x = stem(image, config.stem_width, 2 if config.stem == "imagenet" else 1, config.style, bias=False)
    rates = iter(rising(config.stochastic_depth, sum(config.depths)))
    parts = zip(config.stages, config.depths, config.widths, strict=True)
    for number, ((kind, stride), depth, width) in enumerate(parts, start=1):
        part = _convolutions if kind == "C" else _attentions
        x = part(x, depth, width, stride, rates, config, name=f"stage{number}")
    x = classified(x, task, hidden=config.hidden_head, epsilon=EPSILON)
    return keras.Model(image, x, name="coatnet")


def _convolutions(
    x: keras.KerasTensor, depth: int, width: int, stride: int, rates: Iterator[float], config: Config, *, name: str
) -> keras.KerasTensor:
    for number in range(1, depth + 1):
        x = mbconv(x, width, 1 if number > 1 else stride, config.style, rate=next(rates), name=f"{name}_block{number}")
    return x


def _attentions(
    x: keras.KerasTensor, depth: int, width: int, stride: int, rates: Iterator[float], config: Config, *, name: str
) -> keras.KerasTensor:
    """Blocks of attention among all pixels of the map, with relative positions: equation 3."""
    x = _shrinking(x, width, stride, next(rates), config, name=f"{name}_block1")
    size = x.shape[1:3]
    x = _tokens(x, name=f"{name}_tokens")
    for number in range(2, depth + 1):
        x = encoder_block(
            x, width // config.head, width * config.expansion, epsilon=EPSILON, rate=next(rates), grid=size,
            name=f"{name}_block{number}",
        )  # fmt: skip
    return layers.Reshape((*size, width), name=f"{name}_map")(x)


def _shrinking(
    x: keras.KerasTensor, width: int, stride: int, rate: float, config: Config, *, name: str
) -> keras.KerasTensor:
    """Proj(Pool(x)) + Attention(Pool(Norm(x))), equation 4, and the MLP."""
    y = norm(x, epsilon=EPSILON, name=f"{name}_attention_norm")
    y = pool(y, stride, config.pooling, name=f"{name}_attention_pool")
    size = y.shape[1:3]
    y = _tokens(y, name=f"{name}_tokens")
    y = attention(y, y, width // config.head, width=width, grid=size, name=f"{name}_attention")
    y = layers.Reshape((*size, width), name=f"{name}_map")(y)
    x = residual(shortcut(x, width, stride, config.pooling, name=name), y, rate=rate, name=f"{name}_attention")
    y = mlp(norm(x, epsilon=EPSILON, name=f"{name}_mlp_norm"), width * config.expansion, name=f"{name}_mlp")
    return residual(x, y, rate=rate, name=f"{name}_mlp")


def _tokens(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Return the pixels of a map (B, H, W, C), row by row (B, H * W, C)."""
    return layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), name=name)(x)
