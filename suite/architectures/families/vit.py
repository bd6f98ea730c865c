"""Vision Transformer (ViT).

Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai, Unterthiner, Dehghani, Minderer, Heigold, Gelly, Uszkoreit and
Houlsby, An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021, section 3.1, Figure 1,
Table 1. https://arxiv.org/abs/2010.11929
Zhai, Kolesnikov, Houlsby and Beyer, Scaling Vision Transformers, CVPR 2022, Table 2. https://arxiv.org/abs/2106.04560
Ti is of Touvron et al., Training data-efficient image transformers, 2021, Table 1. https://arxiv.org/abs/2012.12877

Differs from the paper: GELU is exact, as in timm and torchvision; the authors' code has its tanh approximation. The
classifier is the one for fine-tuning, a single dense layer. g and G have a class token like the others, as in timm's
counts; Zhai et al. pool by attention instead. Pixels beyond the last whole patch are left out.

The classifier of the named variants begins at 0, so no gradient passes it at first: all other weights begin to move
with the second step of training.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from suite.architectures.families._blocks import conv, logits, picture, rising
from suite.architectures.families._checks import require, require_positive, require_share, require_types
from suite.architectures.families._transformer import encoder_block, norm, one
from suite.architectures.layers import LearnedPositions, LearnedTokens
from suite.core.recipe import Recipe
from suite.core.task import Task


@dataclass(frozen=True, kw_only=True)
class Config:
    """One Vision Transformer. Every field may be searched over."""

    patch: int = 16  # side of the square that becomes one token, pixels
    depth: int  # blocks
    width: int  # numbers in a token
    hidden: int  # units of the MLP in each block
    heads: int  # of attention; divides the width
    class_token: bool = True  # classified by a learned token, rather than by the mean of all
    dropout: float = 0.0  # share of the output of each dense layer and of the embedded patches, 0 to 1
    stochastic_depth: float = 0.0  # probability that the last block's branches are dropped; rises from 0 at the first
    epsilon: float = 1e-6  # of the normalisation, above 0
    zero_head: bool = True  # the classifier begins at 0, as in the authors' code, rather than at random
    resolution: int = 224  # side of the pictures in its paper's results, pixels

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(
            patch=self.patch, depth=self.depth, width=self.width, hidden=self.hidden, heads=self.heads,
            epsilon=self.epsilon, resolution=self.resolution,
        )  # fmt: skip
        require(
            self.width % self.heads == 0, f"width = {self.width}: give a multiple of the number of heads, {self.heads}"
        )
        require_share(dropout=self.dropout, stochastic_depth=self.stochastic_depth)


VARIANTS = {
    "ti-16": Config(depth=12, width=192, hidden=768, heads=3),
    "s-16": Config(depth=12, width=384, hidden=1536, heads=6),
    "b-16": Config(depth=12, width=768, hidden=3072, heads=12, dropout=0.1),  # dropout: Table 3
    "l-16": Config(depth=24, width=1024, hidden=4096, heads=16, dropout=0.1),
    "h-14": Config(patch=14, depth=32, width=1280, hidden=5120, heads=16, dropout=0.1),
    "g-14": Config(patch=14, depth=40, width=1408, hidden=6144, heads=16),
    "G-14": Config(patch=14, depth=48, width=1664, hidden=8192, heads=16),
    "tiny": Config(  # for tests and smoke runs; no paper
        patch=4, depth=3, width=48, hidden=96, heads=4, zero_head=False, resolution=32
    ),
}

RECIPE = Recipe(learning_rate=6e-3, weight_decay=0.05, batch_size=16, shift=0.05)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    image = picture(task)
    x = encoder(image, config)
    x = one(x, 0, name="pool") if config.class_token else layers.GlobalAveragePooling1D(name="pool")(x)
    start = "zeros" if config.zero_head else "glorot_uniform"
    return keras.Model(image, logits(x, task, initializer=start), name="vit")


def encoder(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return the tokens (B, T, D) of pictures (B, H, W, C): one for each patch, row by row, after the class token.

    Raises ArchitectureError for pictures smaller than a patch.
    """
    x = _embedded(x, config)
    for number, rate in enumerate(rising(config.stochastic_depth, config.depth), start=1):
        x = encoder_block(
            x, config.heads, config.hidden, epsilon=config.epsilon, dropout=config.dropout, rate=rate,
            name=f"block{number}",
        )  # fmt: skip
    return norm(x, epsilon=config.epsilon, name="norm")


def _embedded(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    """Return every patch as a token with its learned position: equation 1."""
    side, (height, width) = config.patch, x.shape[1:3]
    require(
        min(height, width) >= side,
        f"pictures of {height}x{width} are smaller than a patch of this vit: it needs {side}x{side} "
        "(enlarge the pictures, or choose a smaller patch)",
    )
    x = conv(x, config.width, side, stride=side, padding="valid", bias=True, initializer="lecun_normal", name="patches")
    x = layers.Reshape((x.shape[1] * x.shape[2], config.width), name="tokens")(x)
    if config.class_token:
        token = LearnedTokens(1, initializer="zeros", name="class_token")(x)
        x = layers.Concatenate(axis=1, name="with_class_token")([token, x])
    x = LearnedPositions(name="positions")(x)
    return layers.Dropout(config.dropout, name="dropout")(x) if config.dropout else x
