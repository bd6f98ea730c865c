"""Inception-v2, also known as BN-Inception.

Ioffe and Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, ICML
2015, Figure 5. https://arxiv.org/abs/1502.03167

Differs from the paper: it prints 128 channels for the pool projections of 4c and 4d. These blocks would sum to 608
channels, but it prints 576. Here the projections have 96, which give 576, as in the authors' released network
(TF-slim). That network also has a separable first convolution. The paper says 13.6 million parameters; its own table
gives 11.2 million, as here. An odd pixel of padding goes to the bottom right. The small stem is ours: its first
convolution is 3x3 with stride 1, and it is not pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

from suite.architectures.families._blocks import picture, pooled_logits
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.architectures.families._inception import Chain, Convolve, early_stem, inception, normalized
from suite.core.recipe import Recipe
from suite.core.task import Task

Block = tuple[int, int, int, int, int, Literal["avg", "max"], int]

TABLE: tuple[Block, ...] = (  # 1x1 | 3x3 reduce, 3x3 | double 3x3 reduce, both 3x3 | pooling, projection
    (64, 64, 64, 64, 96, "avg", 32),  # 3a
    (64, 64, 96, 64, 96, "avg", 64),  # 3b
    (0, 128, 160, 64, 96, "max", 0),  # 3c: halves the picture; the pooled input passes through
    (224, 64, 96, 96, 128, "avg", 128),  # 4a
    (192, 96, 128, 96, 128, "avg", 128),  # 4b
    (160, 128, 160, 128, 160, "avg", 96),  # 4c
    (96, 128, 192, 160, 192, "avg", 96),  # 4d
    (0, 128, 192, 192, 256, "max", 0),  # 4e: as 3c
    (352, 192, 320, 160, 224, "avg", 128),  # 5a
    (352, 192, 320, 192, 224, "max", 128),  # 5b
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One Inception-v2. Every field may be searched over."""

    blocks: tuple[Block, ...] = TABLE  # channels and pooling of each; 0 for 1x1 and projection: stride 2
    stem_widths: tuple[int, int, int] = (64, 64, 192)  # channels of the first three convolutions
    width: float = 1.0  # multiplies every number of channels, above 0
    dropout: float = 0.0  # share of the pooled features, 0 to 1; the paper finds none needed
    stem: Literal["imagenet", "small"] = "imagenet"  # first layers with stride 8, or 1

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last block."""
        return (8 if self.stem == "imagenet" else 1) * 2 ** sum(block[0] == 0 for block in self.blocks)

    def __post_init__(self) -> None:
        require_types(self)
        require(bool(self.blocks), "blocks = []: give one or more")
        for block in self.blocks:
            one, *widths, _, projection = block
            require_positive(blocks=tuple(widths) if one == projection == 0 else (one, *widths, projection))
        require_positive(stem_widths=self.stem_widths, width=self.width)
        require_share(dropout=self.dropout)


_TINY = Config(
    blocks=((8, 8, 8, 8, 8, "avg", 8), (0, 8, 24, 8, 24, "max", 0), (24, 16, 32, 16, 16, "max", 16)),
    stem_widths=(8, 8, 16), stem="small",
)  # fmt: skip

VARIANTS = {
    "2015": Config(),
    "tiny": _TINY,  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=3e-3, batch_size=32)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("inception_v2", task, config.stride)
    convolve = normalized(config.width)
    image = picture(task)
    x = early_stem(image, config.stem_widths, convolve, small=config.stem == "small")
    for number, block in enumerate(config.blocks, start=1):
        x = _block(x, block, convolve, name=f"block{number}")
    return keras.Model(image, pooled_logits(x, task, dropout=config.dropout), name="inception_v2")


def _block(x: keras.KerasTensor, block: Block, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """1x1 | 3x3 | 3x3, 3x3 | pooling; the last 3x3 of each has the stride."""
    one, reduce, three, reduce_double, double, pool, projection = block
    chains: list[Chain] = [[(reduce, 1), (three, 3)], [(reduce_double, 1), (double, 3), (double, 3)]]
    if one:
        chains = [[(one, 1)], *chains]
    return inception(x, chains, convolve, pool=pool, projection=projection, stride=1 if one else 2, name=name)
