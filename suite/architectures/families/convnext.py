"""ConvNeXt.

Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, A ConvNet for the 2020s, CVPR 2022, section 3, Figure 4, Tables 5 and 9.
https://arxiv.org/abs/2201.03545

Differs from the paper: nothing. The small stem is ours: patches of 2x2 rather than 4x4. XL was only trained on
ImageNet-22K, so its stochastic depth is the one that Table 5 gives for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import initializers, layers

from suite.architectures.families._blocks import conv, depthwise, logits, picture, residual, rising
from suite.architectures.families._checks import (
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.architectures.families._transformer import mlp, norm
from suite.architectures.layers import LearnedScale
from suite.core.recipe import Recipe
from suite.core.task import Task

PATCH = {"imagenet": 4, "small": 2}  # side of the stem's patches, pixels


@dataclass(frozen=True, kw_only=True)
class Config:
    """One ConvNeXt. Every field may be searched over."""

    depths: tuple[int, ...] = (3, 3, 9, 3)  # blocks in each stage
    widths: tuple[int, ...] = (96, 192, 384, 768)  # channels of each stage
    window: int = 7  # side of the depthwise convolutions
    expansion: int = 4  # hidden channels of a block per output channel
    layer_scale: float = 1e-6  # initial learned factor on each channel of a residual branch, above 0
    stochastic_depth: float = 0.1  # probability that the last block's branch is dropped; rises from 0 at the first
    epsilon: float = 1e-6  # of the normalisation, above 0
    stem: Literal["imagenet", "small"] = "imagenet"  # patches of 4x4 pixels, or of 2x2

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return PATCH[self.stem] * 2 ** (len(self.depths) - 1)

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(
            window=self.window, expansion=self.expansion, layer_scale=self.layer_scale, epsilon=self.epsilon
        )
        require_share(stochastic_depth=self.stochastic_depth)


_DEEP = (3, 3, 27, 3)

VARIANTS = {
    "t": Config(),
    "s": Config(depths=_DEEP, stochastic_depth=0.4),
    "b": Config(depths=_DEEP, widths=(128, 256, 512, 1024), stochastic_depth=0.5),
    "l": Config(depths=_DEEP, widths=(192, 384, 768, 1536), stochastic_depth=0.5),
    "xl": Config(depths=_DEEP, widths=(256, 512, 1024, 2048), stochastic_depth=0.2),
    "tiny": Config(  # for tests and smoke runs; no paper
        depths=(1, 2), widths=(16, 32), layer_scale=1.0, stem="small"
    ),
}

RECIPE = Recipe(learning_rate=4e-3, weight_decay=0.05, batch_size=32)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("convnext", task, config.stride)
    image = picture(task)
    x = _patches(image, config.widths[0], PATCH[config.stem], name="stem")
    x = norm(x, epsilon=config.epsilon, name="stem_norm")
    rates = iter(rising(config.stochastic_depth, sum(config.depths)))
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        if stage > 1:
            x = norm(x, epsilon=config.epsilon, name=f"stage{stage}_norm")
            x = _patches(x, width, 2, name=f"stage{stage}")
        for number in range(1, depth + 1):
            x = _block(x, next(rates), config, name=f"stage{stage}_block{number}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = norm(x, epsilon=config.epsilon, name="norm")
    return keras.Model(image, logits(x, task, initializer=_initializer()), name="convnext")


def _block(x: keras.KerasTensor, rate: float, config: Config, *, name: str) -> keras.KerasTensor:
    """7x7 on each channel, normalisation, 1x1, GELU, 1x1; Figure 4 right."""
    y = depthwise(x, config.window, bias=True, initializer=_initializer(), name=f"{name}_depthwise")
    y = norm(y, epsilon=config.epsilon, name=f"{name}_norm")
    y = mlp(y, config.expansion * x.shape[-1], initializer=_initializer(), name=name)
    y = LearnedScale(config.layer_scale, name=f"{name}_scale")(y)
    return residual(x, y, rate=rate, name=name)


def _patches(x: keras.KerasTensor, width: int, side: int, *, name: str) -> keras.KerasTensor:
    """Return one pixel of `width` channels for each patch; pixels beyond the last whole patch are left out."""
    return conv(
        x, width, side, stride=side, padding="valid", bias=True, initializer=_initializer(), name=f"{name}_conv"
    )


def _initializer() -> initializers.Initializer:
    return initializers.TruncatedNormal(stddev=0.02)
