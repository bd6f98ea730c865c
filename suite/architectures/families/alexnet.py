"""AlexNet.

Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012,
sections 3 and 5. https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks
Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014, which has the one-tower network.
https://arxiv.org/abs/1404.5997

Differs from the papers: pictures are 227x227, as the 55x55 output of its first layer needs (it says 224); the halves on
its two GPUs are two groups of one layer; the loss applies the softmax. The network of 2014 is torchvision's: pictures
are 224x224 with a border of 2. The small stem is ours, after the author's own networks for CIFAR-10 (cuda-convnet):
a 5x5 convolution with stride 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import initializers, layers

from suite.architectures.families._blocks import hidden, logits, picture
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.architectures.layers import GroupedConv2D, LocalResponseNormalization
from suite.core.recipe import Recipe
from suite.core.task import Task

MINIMUM = {"imagenet": 67, "padded": 63, "small": 15}  # pixels, for the 3x3 window of the last of three poolings


@dataclass(frozen=True, kw_only=True)
class Config:
    """One AlexNet. Every field may be searched over."""

    widths: tuple[int, ...] = (96, 256, 384, 384, 256)  # output channels of the five convolutions
    dense: tuple[int, ...] = (4096, 4096)  # units of each hidden dense layer
    groups: int = 2  # of the second, fourth and fifth convolution; divides every width
    normalization: bool = True  # local response normalisation after the first two convolutions
    dropout: float = 0.5  # share of the hidden dense units, 0 to 1
    stem: Literal["imagenet", "padded", "small"] = "imagenet"  # first: 11x11 stride 4; same, padded by 2; 5x5 stride 1
    initializer: Literal["paper", "he"] = "paper"  # N(0, 0.01) with biases of 1, which needs many epochs; or He's

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return {"imagenet": 227, "padded": 224, "small": 32}[self.stem]

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(widths=self.widths, dense=self.dense, groups=self.groups)
        require(len(self.widths) == 5, f"widths = {list(self.widths)}: an AlexNet has 5 convolutions: give 5")
        require(
            all(width % self.groups == 0 for width in self.widths),
            f"widths = {list(self.widths)}: give multiples of groups = {self.groups}",
        )
        require_share(dropout=self.dropout)


_TINY = Config(widths=(8, 16, 32, 32, 32), dense=(64, 64), dropout=0.2, stem="small", initializer="he")

VARIANTS = {
    "2012": Config(),
    "ungrouped": Config(groups=1),  # one tower: what lectures describe as 6 % of weights, 95 % of multiply-adds
    "one-weird-trick": Config(widths=(64, 192, 384, 256, 256), groups=1, normalization=False, stem="padded"),
    "tiny": _TINY,  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=2e-3)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("alexnet", task, MINIMUM[config.stem])
    image = picture(task)
    x = _stem(image, config)
    x = _pool(_normalize(x, config, name="norm1"), name="pool1")
    x = _convolution(x, 2, config, size=5, groups=config.groups, bias=1)
    x = _pool(_normalize(x, config, name="norm2"), name="pool2")
    x = _convolution(x, 3, config, size=3, bias=0)
    x = _convolution(x, 4, config, size=3, groups=config.groups, bias=1)
    x = _convolution(x, 5, config, size=3, groups=config.groups, bias=1)
    x = layers.Flatten(name="flatten")(_pool(x, name="pool5"))
    x = hidden(x, config.dense, rate=config.dropout, initializer=_kernel(config), bias=_bias(config, 1), name="dense")
    return keras.Model(image, logits(x, task, initializer=_kernel(config)), name="alexnet")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return 55x55 from 227x227 (imagenet) or from 224x224 (padded), or pictures of the same size (small)."""
    if config.stem == "small":
        return _convolution(x, 1, config, size=5, bias=0)
    if config.stem == "padded":
        x = layers.ZeroPadding2D(2, name="conv1_pad")(x)
    return _convolution(x, 1, config, size=11, stride=4, padding="valid", bias=0)


def _convolution(
    x: keras.KerasTensor,
    number: int,
    config: Config,
    *,
    size: int,
    bias: float,
    stride: int = 1,
    padding: str = "same",
    groups: int = 1,
) -> keras.KerasTensor:
    convolution = GroupedConv2D(
        config.widths[number - 1], size, strides=stride, padding=padding, groups=groups, activation="relu",
        kernel_initializer=_kernel(config), bias_initializer=_bias(config, bias), name=f"conv{number}",
    )  # fmt: skip
    return convolution(x)


def _normalize(x: keras.KerasTensor, config: Config, *, name: str) -> keras.KerasTensor:
    return LocalResponseNormalization(k=2, n=5, alpha=1e-4, beta=0.75, name=name)(x) if config.normalization else x


def _pool(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Overlapping pooling: windows of 3 with stride 2."""
    return layers.MaxPooling2D(3, strides=2, padding="valid", name=name)(x)


def _kernel(config: Config) -> initializers.Initializer:
    return initializers.RandomNormal(stddev=0.01) if config.initializer == "paper" else initializers.HeNormal()


def _bias(config: Config, value: float) -> initializers.Initializer:
    return initializers.Constant(value if config.initializer == "paper" else 0)
