"""VGG.

Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015, Table 1, columns
A, B, D and E. https://arxiv.org/abs/1409.1556

Differs from the paper: the weights are initialised by Glorot and Bengio's method. After submission the paper
(section 3.1) found that its pre-training of shallow networks is then needless. The "-bn" variants, which normalise
after every convolution and keep its bias, are torchvision's. Column C, with its 1x1 convolutions, and local response
normalisation are left out. The small stem is ours: the first stage is not pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import initializers, layers

from suite.architectures.families._blocks import act, bn, conv, he, hidden, logits, picture
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


@dataclass(frozen=True, kw_only=True)
class Config:
    """One VGG. Every field may be searched over."""

    depths: tuple[int, ...]  # 3x3 convolutions in each stage; max pooling, which halves the picture, ends a stage
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)  # channels of each stage
    dense: tuple[int, ...] = (4096, 4096)  # units of each hidden dense layer
    normalization: bool = False  # normalisation over the batch after every convolution
    epsilon: float = 1e-5  # of that normalisation, above 0
    dropout: float = 0.5  # share of the hidden dense units, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # every stage is pooled, or every one but the first
    initializer: Literal["paper", "he"] = "paper"  # Glorot's, or He's, which also trains the deepest ones from scratch

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the input of the dense layers."""
        return 2 ** (len(self.depths) - (self.stem == "small"))

    def __post_init__(self) -> None:
        require_types(self)
        require_per_stage(depths=self.depths, widths=self.widths)
        require_positive(dense=self.dense, epsilon=self.epsilon)
        require(
            self.normalization or self.epsilon == 1e-5,
            "epsilon is for a normalisation: leave it out, or set normalization = true",
        )
        require_share(dropout=self.dropout)


_A, _B, _D, _E = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
_TINY = Config(
    depths=(1, 1, 2, 1), widths=(8, 16, 32, 32), dense=(64, 64), normalization=True, dropout=0.2, stem="small",
    initializer="he",
)  # fmt: skip

VARIANTS = {
    "11": Config(depths=_A),
    "13": Config(depths=_B),
    "16": Config(depths=_D),
    "19": Config(depths=_E),
    "11-bn": Config(depths=_A, normalization=True),
    "13-bn": Config(depths=_B, normalization=True),
    "16-bn": Config(depths=_D, normalization=True),
    "19-bn": Config(depths=_E, normalization=True),
    "tiny": _TINY,  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=2e-3)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("vgg", task, config.stride)
    x = image = picture(task)
    for stage, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True), start=1):
        for number in range(1, depth + 1):
            x = _convolution(x, width, config, name=f"stage{stage}_{number}")
        if stage > 1 or config.stem == "imagenet":
            x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = hidden(x, config.dense, rate=config.dropout, initializer=_kernel(config), name="dense")
    return keras.Model(image, logits(x, task, initializer=_kernel(config)), name="vgg")


def _convolution(x: keras.KerasTensor, width: int, config: Config, *, name: str) -> keras.KerasTensor:
    x = conv(x, width, 3, bias=True, initializer=_kernel(config), name=f"{name}_conv")
    if config.normalization:
        x = bn(x, epsilon=config.epsilon, name=f"{name}_bn")
    return act(x, "relu", name=name)


def _kernel(config: Config) -> initializers.Initializer:
    return initializers.GlorotUniform() if config.initializer == "paper" else he("fan_in")
