"""Inception-v3.

Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception Architecture for Computer Vision, CVPR 2016,
Table 1, Figures 5 to 7 and 10. https://arxiv.org/abs/1512.00567

Differs from the paper: it is the network that the authors released, as in torchvision, timm and keras.applications. The
paper's Table 1 does not say how wide the blocks are. Its stem ends in three 3x3 convolutions; the released stem ends in
a 1x1 to 80 channels, a 3x3 to 192 and a pooling. Average poolings ignore the padding, as in TensorFlow; torchvision
and timm count it. keras.applications' normalisations have no scale (gamma = false). If the auxiliary classifier
has fewer than 5x5 pixels, its window is smaller, as in TF-slim. The small stem is ours: stride 1, padded, not pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import logits, picture, pooled_logits
from suite.architectures.families._checks import require_positive, require_share, require_size, require_types
from suite.architectures.families._inception import (
    Chain,
    Convolve,
    Step,
    before,
    inception,
    later_stem,
    normalized,
    smallest,
)
from suite.architectures.layers import AuxiliaryHeads
from suite.core.recipe import Recipe
from suite.core.task import Task


@dataclass(frozen=True, kw_only=True)
class Config:
    """One Inception-v3. Every field may be searched over."""

    depths: tuple[int, int, int] = (3, 4, 2)  # blocks on 35x35, 17x17 and 8x8 pixels
    window: int = 7  # n of the nx1 and 1xn convolutions on 17x17 pixels: section 3.2
    width: float = 1.0  # multiplies every number of channels, above 0
    gamma: bool = True  # normalisations have a scale
    dropout: float = 0.2  # share of the pooled features, 0 to 1; as in TF-slim
    auxiliary: bool = False  # one more classifier, on 17x17 pixels, while it is trained: section 4
    stem: Literal["imagenet", "small"] = "imagenet"  # first layers with stride 8, or 1

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 299 if self.stem == "imagenet" else 32

    @property
    def minimum(self) -> int:
        """Smallest side of a picture, pixels; the auxiliary classifier pools a map of 5x5."""
        return smallest(before(5 if self.auxiliary else before(1)), small=self.stem == "small")

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(depths=self.depths, window=self.window, width=self.width)
        require_share(dropout=self.dropout)


VARIANTS = {
    "2015": Config(),  # for inference
    "2015-auxiliary": Config(auxiliary=True),  # for training
    "tiny": Config(depths=(1, 1, 1), width=1 / 16, stem="small"),  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=3e-3, batch_size=32)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("inception_v3", task, config.minimum)
    convolve = normalized(config.width, gamma=config.gamma)
    first, second, third = config.depths
    image = picture(task)
    x = later_stem(image, convolve, small=config.stem == "small")
    for number in range(1, first + 1):
        x = _block_a(x, 32 if number == 1 else 64, convolve, name=f"stage1_block{number}")
    x = _halving_a(x, convolve, name="stage2_block0")
    for number in range(1, second + 1):
        width = 192 if number == second else 128 if number == 1 else 160
        x = _block_b(x, width, config.window, convolve, name=f"stage2_block{number}")
    heads = [_auxiliary(x, convolve, task)] if config.auxiliary else []
    x = _halving_b(x, config.window, convolve, name="stage3_block0")
    for number in range(1, third + 1):
        x = _block_c(x, convolve, name=f"stage3_block{number}")
    answer = pooled_logits(x, task, dropout=config.dropout)
    if heads:
        return AuxiliaryHeads(image, [answer, *heads], name="inception_v3")
    return keras.Model(image, answer, name="inception_v3")


def _block_a(x: keras.KerasTensor, projection: int, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 5, but for one 5x5 as in GoogLeNet."""
    chains: list[Chain] = [[(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)]]
    return inception(x, chains, convolve, pool="avg", projection=projection, name=name)


def _halving_a(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 10, to 17x17."""
    chains: list[Chain] = [[(384, 3)], [(64, 1), (96, 3), (96, 3)]]
    return inception(x, chains, convolve, pool="max", stride=2, padding="valid", name=name)


def _block_b(x: keras.KerasTensor, width: int, n: int, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 6: nxn as 1xn, nx1."""
    row, column = (1, n), (n, 1)
    chains: list[Chain] = [
        [(192, 1)],
        [(width, 1), (width, row), (192, column)],
        [(width, 1), (width, column), (width, row), (width, column), (192, row)],
    ]
    return inception(x, chains, convolve, pool="avg", projection=192, name=name)


def _halving_b(x: keras.KerasTensor, n: int, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 10, to 8x8."""
    chains: list[Chain] = [[(192, 1), (320, 3)], [(192, 1), (192, (1, n)), (192, (n, 1)), (192, 3)]]
    return inception(x, chains, convolve, pool="max", stride=2, padding="valid", name=name)


def _block_c(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 7: 1x3 and 3x1 side by side."""
    fork: list[Step] = [(384, (1, 3)), (384, (3, 1))]
    chains: list[Chain] = [[(320, 1)], [(384, 1), fork], [(448, 1), (384, 3), fork]]
    return inception(x, chains, convolve, pool="avg", projection=192, name=name)


def _auxiliary(x: keras.KerasTensor, convolve: Convolve, task: Task) -> keras.KerasTensor:
    """Return the logits of a classifier in the middle: Figure 8."""
    x = layers.AveragePooling2D(5, strides=3, name="auxiliary_pool")(x)
    x = convolve(x, 128, 1, name="auxiliary_1")
    window = (min(5, x.shape[1]), min(5, x.shape[2]))
    x = convolve(x, 768, window, padding="valid", name="auxiliary_2")
    x = layers.GlobalAveragePooling2D(name="auxiliary_average")(x)
    return logits(x, task, initializer="glorot_uniform", name="auxiliary_logits")
