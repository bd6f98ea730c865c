"""Inception-v4.

Szegedy, Ioffe, Vanhoucke and Alemi, Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning,
AAAI 2017, Figures 3 to 9 and Table 1. https://arxiv.org/abs/1602.07261

Differs from the paper: the order of 1x7 and 7x1, and of 1x3 and 3x1, is as in the authors' released network and in
timm. The small stem is ours: every stride in it is 1, and it is padded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

from suite.architectures.families._blocks import picture, pooled_logits
from suite.architectures.families._checks import require_positive, require_share, require_size, require_types
from suite.architectures.families._inception import (
    Chain,
    Convolve,
    Step,
    before,
    entry,
    inception,
    join,
    normalized,
    pooled,
    smallest,
)
from suite.core.recipe import Recipe
from suite.core.task import Task


@dataclass(frozen=True, kw_only=True)
class Config:
    """One Inception-v4. Every field may be searched over."""

    depths: tuple[int, int, int] = (4, 7, 3)  # blocks on 35x35, 17x17 and 8x8 pixels
    window: int = 7  # n of the nx1 and 1xn convolutions in the stem and on 17x17 pixels
    width: float = 1.0  # multiplies every number of channels, above 0
    gamma: bool = True  # normalisations have a scale
    dropout: float = 0.2  # share of the pooled features, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first layers with stride 8, or 1

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 299 if self.stem == "imagenet" else 32

    @property
    def minimum(self) -> int:
        """Smallest side of a picture, pixels."""
        return smallest(before(before(1)), small=self.stem == "small")

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(depths=self.depths, window=self.window, width=self.width)
        require_share(dropout=self.dropout)


VARIANTS = {
    "2016": Config(),
    "tiny": Config(depths=(1, 1, 1), width=1 / 16, stem="small"),  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=3e-3, batch_size=32)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes): Figure 9. Raises ArchitectureError if too small."""
    require_size("inception_v4", task, config.minimum)
    convolve = normalized(config.width, gamma=config.gamma)
    first, second, third = config.depths
    image = picture(task)
    x = _stem(image, config.window, convolve, small=config.stem == "small")
    for number in range(1, first + 1):
        x = _block_a(x, convolve, name=f"stage1_block{number}")
    x = _halving_a(x, convolve, name="stage2_block0")
    for number in range(1, second + 1):
        x = _block_b(x, config.window, convolve, name=f"stage2_block{number}")
    x = _halving_b(x, config.window, convolve, name="stage3_block0")
    for number in range(1, third + 1):
        x = _block_c(x, convolve, name=f"stage3_block{number}")
    return keras.Model(image, pooled_logits(x, task, dropout=config.dropout), name="inception_v4")


def _stem(x: keras.KerasTensor, n: int, convolve: Convolve, *, small: bool) -> keras.KerasTensor:
    """Figure 3: 35x35 from 299x299, or the size of the picture."""
    stride, padding = (1, "same") if small else (2, "valid")
    x = entry(x, convolve, small=small)
    y = pooled(x, "max", stride=stride, padding=padding, name="stem_4_pool")
    x = join([y, convolve(x, 96, 3, stride=stride, padding=padding, name="stem_4")], name="stem_4")
    chains: list[Chain] = [[(64, 1), (96, 3)], [(64, 1), (64, (1, n)), (64, (n, 1)), (96, 3)]]
    x = inception(x, chains, convolve, padding=padding, name="stem_5")
    return inception(x, [[(192, 3)]], convolve, pool="max", stride=stride, padding=padding, name="stem_6")


def _block_a(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 4."""
    chains: list[Chain] = [[(96, 1)], [(64, 1), (96, 3)], [(64, 1), (96, 3), (96, 3)]]
    return inception(x, chains, convolve, pool="avg", projection=96, name=name)


def _halving_a(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 7 with k, l, m, n of Table 1, to 17x17."""
    chains: list[Chain] = [[(384, 3)], [(192, 1), (224, 3), (256, 3)]]
    return inception(x, chains, convolve, pool="max", stride=2, padding="valid", name=name)


def _block_b(x: keras.KerasTensor, n: int, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 5."""
    row, column = (1, n), (n, 1)
    chains: list[Chain] = [
        [(384, 1)],
        [(192, 1), (224, row), (256, column)],
        [(192, 1), (192, column), (224, row), (224, column), (256, row)],
    ]
    return inception(x, chains, convolve, pool="avg", projection=128, name=name)


def _halving_b(x: keras.KerasTensor, n: int, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 8, to 8x8."""
    chains: list[Chain] = [[(192, 1), (192, 3)], [(256, 1), (256, (1, n)), (320, (n, 1)), (320, 3)]]
    return inception(x, chains, convolve, pool="max", stride=2, padding="valid", name=name)


def _block_c(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 6: 1x3 and 3x1 side by side."""
    fork: list[Step] = [(256, (1, 3)), (256, (3, 1))]
    chains: list[Chain] = [[(256, 1)], [(384, 1), fork], [(384, 1), (448, (3, 1)), (512, (1, 3)), fork]]
    return inception(x, chains, convolve, pool="avg", projection=256, name=name)
