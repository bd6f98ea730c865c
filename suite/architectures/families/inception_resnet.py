"""Inception-ResNet-v2.

Szegedy, Ioffe, Vanhoucke and Alemi, Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning,
AAAI 2017, Figures 7 and 15 to 19. https://arxiv.org/abs/1602.07261

Differs from the paper: it is the network that the authors released, as in timm and keras.applications. Its stem is
Inception-v3's, with one Inception block after it. It has 10, 20 and 10 residual blocks instead of 5, 10 and 5, with
320, 1088 and 2080 channels. They add 0.17, 0.1 and 0.2 of their branches; the last block adds all of its branches and
has no ReLU. A 1x1 convolution to 1536 channels ends the network. keras.applications' normalisations have no scale
(gamma = false). The small stem is ours: stride 1, padded, and not pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, conv, picture, pooled_logits, residual
from suite.architectures.families._checks import require_positive, require_share, require_size, require_types
from suite.architectures.families._inception import Chain, Convolve, before, inception, later_stem, normalized, smallest
from suite.core.recipe import Recipe
from suite.core.task import Task

# Branches of the residual blocks on 35x35, 17x17 and 8x8 pixels: Figures 16, 17 and 19.
BRANCHES: tuple[list[Chain], ...] = (
    [[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]],
    [[(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))]],
    [[(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))]],
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One Inception-ResNet-v2. Every field may be searched over."""

    depths: tuple[int, int, int] = (10, 20, 10)  # residual blocks on 35x35, 17x17 and 8x8 pixels
    scales: tuple[float, float, float] = (0.17, 0.1, 0.2)  # share of the branches that is added, above 0: section 3.3
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
        require_positive(depths=self.depths, scales=self.scales, width=self.width)
        require_share(dropout=self.dropout)


VARIANTS = {
    "v2": Config(),
    "tiny": Config(depths=(1, 1, 2), width=1 / 16, stem="small"),  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=3e-3, batch_size=32)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes): Figure 15. Raises ArchitectureError if too small."""
    require_size("inception_resnet", task, config.minimum)
    convolve = normalized(config.width, gamma=config.gamma)
    image = picture(task)
    x = later_stem(image, convolve, small=config.stem == "small")
    for stage, widen in enumerate((_first, _halving_a, _halving_b), start=1):
        x = widen(x, convolve, name=f"stage{stage}_block0")
        for number in range(1, config.depths[stage - 1] + 1):
            x = _block(x, stage, number, config, convolve)
    x = convolve(x, 1536, 1, name="last")
    return keras.Model(image, pooled_logits(x, task, dropout=config.dropout), name="inception_resnet")


def _first(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """An Inception block as in Inception-v3, to 320 channels."""
    chains: list[Chain] = [[(96, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)]]
    return inception(x, chains, convolve, pool="avg", projection=64, name=name)


def _halving_a(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 7 with k, l, m, n of Table 1, to 17x17."""
    chains: list[Chain] = [[(384, 3)], [(256, 1), (256, 3), (384, 3)]]
    return inception(x, chains, convolve, pool="max", stride=2, padding="valid", name=name)


def _halving_b(x: keras.KerasTensor, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 18, to 8x8."""
    chains: list[Chain] = [[(256, 1), (384, 3)], [(256, 1), (288, 3)], [(256, 1), (288, 3), (320, 3)]]
    return inception(x, chains, convolve, pool="max", stride=2, padding="valid", name=name)


def _block(x: keras.KerasTensor, stage: int, number: int, config: Config, convolve: Convolve) -> keras.KerasTensor:
    """Add a share of the branches, brought to the channels of `x`: Figures 16, 17 and 19. The last adds all."""
    name = f"stage{stage}_block{number}"
    last = (stage, number) == (3, config.depths[2])
    y = inception(x, BRANCHES[stage - 1], convolve, name=name)
    y = conv(y, x.shape[-1], 1, bias=True, name=f"{name}_up")
    if not last:
        y = layers.Rescaling(config.scales[stage - 1], name=f"{name}_scale")(y)
    return act(residual(x, y, name=name), None if last else "relu", name=name)
