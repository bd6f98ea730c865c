"""Xception.

Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017, Figure 5.
https://arxiv.org/abs/1610.02357

As in keras.applications, which the author wrote. Dropout before the classifier is that of section 4.2.2.
The small stem is ours: its two convolutions have stride 1 and keep the size of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, bn, conv, conv_bn, depthwise, picture, pooled_logits
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.core.recipe import Recipe
from suite.core.task import Task

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One Xception. Every field may be searched over."""

    stem_widths: tuple[int, int] = (32, 64)  # channels of the two first convolutions
    entry: tuple[int, ...] = (128, 256, 728)  # channels of each block of the entry flow; each halves the picture
    middle: int = 8  # blocks of the middle flow, as wide as the last of the entry flow; 0 or more
    exit: tuple[int, ...] = (1024, 1536, 2048)  # channels of the exit flow's halving block and later convolutions
    between: Literal["none", "relu", "elu"] = "none"  # activation within a separable convolution: Figure 10
    residual: bool = True  # blocks have shortcuts: Figure 9
    dropout: float = 0.5  # share of the pooled features, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolution with stride 2, or 1

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 299 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the exit flow."""
        return (2 if self.stem == "imagenet" else 1) * 2 ** (len(self.entry) + 1)

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(stem_widths=self.stem_widths, entry=self.entry, exit=self.exit)
        require(self.middle >= 0, f"middle = {self.middle}: give 0 or more")
        require_share(dropout=self.dropout)


VARIANTS = {
    "2016": Config(),
    "tiny": Config(stem_widths=(8, 16), entry=(32, 64), middle=1, exit=(96, 128)),  # for tests and smoke runs; no paper
}


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("xception", task, config.stride)
    image = picture(task)
    x = _stem(image, config)
    for number, width in enumerate(config.entry, start=1):
        x = _halving(x, (width, width), config, bare=number == 1, name=f"entry{number}")
    for number in range(1, config.middle + 1):
        x = _middle(x, config, name=f"middle{number}")
    x = _halving(x, (x.shape[-1], config.exit[0]), config, name="exit1")
    for number, width in enumerate(config.exit[1:], start=2):
        x = act(_separable(x, width, config, name=f"exit{number}"), "relu", name=f"exit{number}")
    return keras.Model(image, pooled_logits(x, task, dropout=config.dropout), name="xception")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    stride, padding = (2, "valid") if config.stem == "imagenet" else (1, "same")
    x = conv_bn(x, config.stem_widths[0], 3, stride=stride, padding=padding, name="stem1")
    return conv_bn(x, config.stem_widths[1], 3, padding=padding, name="stem2")


def _halving(
    x: keras.KerasTensor, widths: tuple[int, int], config: Config, *, bare: bool = False, name: str
) -> keras.KerasTensor:
    """Two separable convolutions and pooling, with a 1x1 shortcut; a `bare` block does not begin with a ReLU."""
    y = x if bare else act(x, "relu", name=f"{name}_1")
    y = _separable(y, widths[0], config, name=f"{name}_1")
    y = _separable(act(y, "relu", name=f"{name}_2"), widths[1], config, name=f"{name}_2")
    y = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(y)
    if not config.residual:
        return y
    return layers.Add(name=f"{name}_add")([y, conv_bn(x, widths[1], 1, stride=2, activation=None, name=f"{name}_0")])


def _middle(x: keras.KerasTensor, config: Config, *, name: str) -> keras.KerasTensor:
    """Three separable convolutions, each after a ReLU, with a shortcut."""
    y = x
    for number in (1, 2, 3):
        y = _separable(act(y, "relu", name=f"{name}_{number}"), x.shape[-1], config, name=f"{name}_{number}")
    return layers.Add(name=f"{name}_add")([y, x]) if config.residual else y


def _separable(x: keras.KerasTensor, width: int, config: Config, *, name: str) -> keras.KerasTensor:
    """3x3 on each channel, 1x1 over the channels, normalisation."""
    x = depthwise(x, 3, name=f"{name}_depthwise")
    x = act(x, None if config.between == "none" else config.between, name=f"{name}_between")
    return bn(conv(x, width, 1, name=f"{name}_pointwise"), name=f"{name}_bn")
