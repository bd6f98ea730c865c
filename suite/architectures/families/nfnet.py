"""NFNet: residual networks without normalisation of activations.

Brock, De, Smith and Simonyan, High-Performance Large-Scale Image Recognition Without Normalization, ICML 2021,
sections 3 and 5, Table 1, Figure 3, and the details in its appendix. https://arxiv.org/abs/2102.06171

Differs from the paper: nothing that it states. F4+ has the 527 million weights and 367 billion multiply-adds that it
prints, with a stem of 128 channels and a first stage whose 192 inner channels are one group. In the authors' released
code (google-deepmind/deepmind-research, nfnets/nfnet.py) it has 525 million and 333 billion, with a stem of 192 and
inner channels rounded down to 128: here stem_widths = (16, 32, 64, 192) and whole_groups = true. That code also
approximates GELU by tanh, and does not scale up the branches that stochastic depth keeps. Here GELU is exact, as in
timm, and these branches are scaled up, as everywhere in this project. The small stem is ours: the same four
convolutions, stride 1.

The learned factor on a residual branch begins at 0 in the named variants, as in the paper, so no gradient passes it at
first: the weights of the branches, which are most weights, begin to move with the second step of training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import keras
from keras import initializers, layers

from suite.architectures.families._blocks import act, logits, picture, residual, resized, rising, squeeze_excite
from suite.architectures.families._checks import (
    require,
    require_per_stage,
    require_positive,
    require_share,
    require_size,
    require_types,
)
from suite.architectures.layers import LearnedScale, StandardizedConv2D
from suite.core.recipe import Recipe
from suite.core.task import Task

NAMED = 4  # values of group_width that a message offers
GAMMAS = {  # 1 / standard deviation of the activated standard normal distribution
    "gelu": 1.7015043497085571,
    "silu": 1.7881293296813965,
    "relu": 1.7139588594436646,
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """One NFNet. Every field may be searched over."""

    depths: tuple[int, ...] = (1, 2, 6, 3)  # blocks in each stage
    widths: tuple[int, ...] = (256, 512, 1536, 1536)  # output channels of each stage
    expansion: float = 0.5  # inner channels of a block per output channel
    group_width: int = 128  # least number of inner channels in one group of the 3x3 convolutions
    whole_groups: bool = False  # inner channels are rounded down to whole groups, as in the released code
    stem_widths: tuple[int, ...] = (16, 32, 64, 128)  # channels of the stem's four 3x3 convolutions
    head: float = 2.0  # channels of the last 1x1 convolution per channel of the last stage
    squeeze: float = 0.5  # units of a block's gate per output channel
    alpha: float = 0.2  # factor on every residual branch
    skip: float = 0.0  # initial learned factor on every residual branch: at 0 a block begins as the identity
    activation: Literal["gelu", "silu", "relu"] = "gelu"
    epsilon: float = 1e-4  # of the weight standardisation, above 0
    dropout: float = 0.2  # share of the pooled features, 0 to 1
    stochastic_depth: float = 0.25  # probability that the last block's branch is dropped; rises from 0 at the first
    stem: Literal["imagenet", "small"] = "imagenet"  # stride 2 in its first and last convolution, or none
    resize: int | None = None  # pictures are resized to this side inside the network, pixels; None: they are not
    resolution: int = 256  # side of the pictures in its paper's results, pixels; no layer depends on it

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return (4 if self.stem == "imagenet" else 1) * 2 ** (len(self.depths) - 1)

    def inner(self, width: int) -> int:
        """Return the channels of the 3x3 convolutions of a block with `width` output channels."""
        channels = int(width * self.expansion)
        return channels - channels % self.group_width if self.whole_groups else channels

    def groups(self, width: int) -> int:
        """Return the number of groups of those convolutions."""
        return self.inner(width) // self.group_width

    def _widest(self) -> list[int]:
        """Return the inner channels of each stage, before they are rounded down."""
        return [int(width * self.expansion) for width in self.widths]

    def _fits(self, group: int) -> bool:
        """Whether each stage has whole groups of one size, with at least `group` channels each."""
        return all(
            channels >= group and (self.whole_groups or channels % (channels // group) == 0)
            for channels in self._widest()
        )

    def _nearest(self) -> str:
        """Return the values of group_width that fit and are nearest to the one that does not."""
        fitting = filter(self._fits, range(1, min(self._widest()) + 1))
        nearest = sorted(fitting, key=lambda group: abs(group - self.group_width))[:NAMED]
        return " or ".join(map(str, sorted(nearest)))

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(
            stem_widths=self.stem_widths, group_width=self.group_width, resolution=self.resolution, head=self.head,
            squeeze=self.squeeze, alpha=self.alpha, epsilon=self.epsilon, expansion=self.expansion,
        )  # fmt: skip
        require(len(self.stem_widths) == 4, f"stem_widths = {list(self.stem_widths)}: an NFNet's stem has 4: give 4")
        require(min(self._widest()) > 0, f"expansion = {self.expansion} leaves no inner channel: give a larger one")
        require(
            self._fits(self.group_width),
            f"group_width = {self.group_width} does not divide the inner channels of each stage, {self._widest()}, "
            f"into groups of one size: give {self._nearest()}",
        )
        require_share(dropout=self.dropout, stochastic_depth=self.stochastic_depth)


def _f(number: int, dropout: float, resolution: int) -> Config:
    """Return NFNet-F`number`: F0 with every stage `number` + 1 times as deep."""
    depths = tuple(depth * (number + 1) for depth in (1, 2, 6, 3))
    return Config(depths=depths, dropout=dropout, resolution=resolution)


VARIANTS = {  # Table 1; resolution is for testing, the comment gives the one for training
    "f0": _f(0, 0.2, 256),  # 192
    "f1": _f(1, 0.3, 320),  # 224
    "f2": _f(2, 0.4, 352),  # 256
    "f3": _f(3, 0.4, 416),  # 320
    "f4": _f(4, 0.5, 512),  # 384
    "f5": _f(5, 0.5, 544),  # 416
    "f6": _f(6, 0.5, 576),  # 448
    "f7": _f(7, 0.5, 608),  # 480
    "f4+": Config(depths=(5, 10, 30, 15), widths=(384, 768, 2048, 2048), dropout=0.5, resolution=512),  # JFT-300M
    "tiny": Config(  # for tests and smoke runs; no paper
        depths=(1, 2), widths=(24, 48), group_width=5, stem_widths=(8, 8, 16, 16), skip=1.0, dropout=0.1,
        stochastic_depth=0.1, resolution=32,
    ),
}  # fmt: skip

# As in the paper but for the batch: 4096 pictures there, with a rate of 1.6 and a limit of 0.01.
RECIPE = Recipe(optimizer="sgd", learning_rate=0.2, weight_decay=2e-5, adaptive_clipping=0.05)


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("nfnet", task, config.stride, resize=config.resize)
    image = picture(task)
    x = _stem(resized(image, config.resize), config)
    rates, variances = iter(rising(config.stochastic_depth, sum(config.depths))), _variances(config)
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            beta = next(variances) ** -0.5
            x = _block(x, width, stride, beta, next(rates), config, name=f"stage{stage}_block{number}")
    x = _convolution(x, int(config.head * config.widths[-1]), 1, config, name="head_conv")
    x = layers.GlobalAveragePooling2D(name="pool")(_activated(x, config, name="head"))
    x = layers.Dropout(config.dropout, name="dropout")(x)
    return keras.Model(image, logits(x, task, initializer=initializers.RandomNormal(stddev=0.01)), name="nfnet")


def _variances(config: Config) -> Iterator[float]:
    """Yield the variance that the input of each block has before the first step, by section 3.

    A branch adds alpha ** 2; the first block of a stage begins anew at 1, since its shortcut is normalised too.
    """
    variance = 1.0
    for depth in config.depths:
        for number in range(depth):
            yield variance
            variance = (1.0 if number == 0 else variance) + config.alpha**2


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    strides = (2, 1, 1, 2) if config.stem == "imagenet" else (1, 1, 1, 1)
    for number, (width, stride) in enumerate(zip(config.stem_widths, strides, strict=True), start=1):
        x = _activated(x, config, name=f"stem{number - 1}") if number > 1 else x
        x = _convolution(x, width, 3, config, stride=stride, name=f"stem{number}_conv")
    return x


def _block(
    x: keras.KerasTensor, width: int, stride: int, beta: float, rate: float, config: Config, *, name: str
) -> keras.KerasTensor:
    """1x1, 3x3 and 3x3 in groups, 1x1, gate; a shortcut that changes the shape starts after the activation."""
    inner, groups = config.inner(width), config.groups(width)
    y = _activated(x, config, scale=beta, name=name)
    if stride > 1 or x.shape[-1] != width:
        x = _shortcut(y, width, stride, config, name=f"{name}_0")
    y = _convolution(y, inner, 1, config, name=f"{name}_1_conv")
    y = _activated(y, config, name=f"{name}_1")
    y = _convolution(y, inner, 3, config, stride=stride, groups=groups, name=f"{name}_2_conv")
    y = _activated(y, config, name=f"{name}_2")
    y = _convolution(y, inner, 3, config, groups=groups, name=f"{name}_3_conv")
    y = _activated(y, config, name=f"{name}_3")
    y = _convolution(y, width, 1, config, name=f"{name}_4_conv")
    y = squeeze_excite(y, max(1, int(width * config.squeeze)), initializer="lecun_normal", name=f"{name}_se")
    y = layers.Rescaling(2 * config.alpha, name=f"{name}_alpha")(y)  # 2: the gate's mean is a half at first
    y = LearnedScale(config.skip, per_channel=False, name=f"{name}_skip")(y)
    return residual(x, y, rate=rate, name=name)


def _shortcut(x: keras.KerasTensor, width: int, stride: int, config: Config, *, name: str) -> keras.KerasTensor:
    if stride > 1:
        x = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
    return _convolution(x, width, 1, config, name=f"{name}_conv")


def _activated(x: keras.KerasTensor, config: Config, *, scale: float = 1.0, name: str) -> keras.KerasTensor:
    """Activate, scale so that a standard normal input leaves with variance 1, then multiply by `scale`."""
    x = act(x, config.activation, name=name)
    return layers.Rescaling(scale * GAMMAS[config.activation], name=f"{name}_gamma")(x)


def _convolution(
    x: keras.KerasTensor, width: int, size: int, config: Config, *, stride: int = 1, groups: int = 1, name: str
) -> keras.KerasTensor:
    convolution = StandardizedConv2D(
        width, size, strides=stride, groups=groups, padding="same", epsilon=config.epsilon,
        kernel_initializer=initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal"), name=name,
    )  # fmt: skip
    return convolution(x)
