"""GoogLeNet.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke and Rabinovich, Going Deeper with Convolutions, CVPR 2015,
Table 1 and section 5. https://arxiv.org/abs/1409.4842

Differs from the paper: it gives no numbers for local response normalisation: ours are AlexNet's. The loss applies the
softmax. An odd pixel of padding goes to the bottom right. The small stem is ours: its first convolution is 3x3 with
stride 1, and it is not pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, conv, logits, picture, pooled_logits
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.architectures.families._inception import Chain, Convolve, Window, early_stem, inception, pooled, scaled
from suite.architectures.layers import AuxiliaryHeads
from suite.core.recipe import Recipe
from suite.core.task import Task

Block = tuple[int, int, int, int, int, int]

TABLE: tuple[tuple[Block, ...], ...] = (  # 1x1 | 3x3 reduce, 3x3 | 5x5 reduce, 5x5 | pool projection
    (
        (64, 96, 128, 16, 32, 32),  # 3a
        (128, 128, 192, 32, 96, 64),  # 3b
    ),
    (
        (192, 96, 208, 16, 48, 64),  # 4a
        (160, 112, 224, 24, 64, 64),  # 4b
        (128, 128, 256, 24, 64, 64),  # 4c
        (112, 144, 288, 32, 64, 64),  # 4d
        (256, 160, 320, 32, 128, 128),  # 4e
    ),
    (
        (256, 160, 320, 32, 128, 128),  # 5a
        (384, 192, 384, 48, 128, 128),  # 5b
    ),
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One GoogLeNet. Every field may be searched over."""

    stages: tuple[tuple[Block, ...], ...] = TABLE  # channels of the blocks of each stage; all but the first are pooled
    stem_widths: tuple[int, int, int] = (64, 64, 192)  # channels of the first three convolutions
    width: float = 1.0  # multiplies every number of channels, above 0
    normalization: bool = True  # local response normalisation before and after the stem's last two convolutions
    dropout: float = 0.4  # share of the pooled features, 0 to 1
    auxiliary: bool = False  # two more classifiers, in the stage before the last, while it is trained
    stem: Literal["imagenet", "small"] = "imagenet"  # first layers with stride 8, or 1

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 224 if self.stem == "imagenet" else 32

    @property
    def minimum(self) -> int:
        """Smallest side of a picture, pixels; auxiliary classifiers pool a map of 5x5."""
        stride = (8 if self.stem == "imagenet" else 1) * 2 ** (len(self.stages) - 1)
        return 4 * (stride // 2) + 1 if self.auxiliary else stride

    @property
    def heads(self) -> set[tuple[int, int]]:
        """Stage and number of the blocks that an auxiliary classifier follows: 4a and 4d in the paper."""
        stage = len(self.stages) - 1
        return {(stage, 1), (stage, max(1, len(self.stages[stage - 1]) - 1))} if self.auxiliary else set()

    def __post_init__(self) -> None:
        require_types(self)
        require(bool(self.stages) and all(self.stages), "stages = []: give one or more, each of one or more blocks")
        for block in (block for blocks in self.stages for block in blocks):
            require_positive(stages=block)
        require_positive(stem_widths=self.stem_widths, width=self.width)
        require_share(dropout=self.dropout)
        require(
            not self.auxiliary or len(self.stages) > 1,
            "auxiliary = true: give two stages or more, or auxiliary = false",
        )


_TINY = Config(
    stages=(((8, 8, 16, 4, 8, 8),), ((16, 8, 24, 4, 8, 8), (16, 8, 24, 4, 8, 8)), ((24, 16, 32, 8, 16, 16),)),
    stem_widths=(8, 8, 16), dropout=0.1, stem="small",
)  # fmt: skip

VARIANTS = {
    "2014": Config(),  # for inference
    "2014-auxiliary": Config(auxiliary=True),  # for training
    "tiny": _TINY,  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=4e-3, batch_size=32)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("googlenet", task, config.minimum)
    convolve = _convolution(config)
    heads: list[keras.KerasTensor] = []
    image = picture(task)
    x = early_stem(
        image, config.stem_widths, convolve, small=config.stem == "small", normalization=config.normalization
    )
    for stage, blocks in enumerate(config.stages, start=1):
        x = pooled(x, "max", name=f"stage{stage}_pool") if stage > 1 else x
        for number, block in enumerate(blocks, start=1):
            x = _block(x, block, convolve, name=f"stage{stage}_block{number}")
            if (stage, number) in config.heads:
                heads.append(_auxiliary(x, convolve, config, task, name=f"auxiliary{len(heads) + 1}"))
    answer = pooled_logits(x, task, dropout=config.dropout)
    if heads:
        return AuxiliaryHeads(image, [answer, *heads], name="googlenet")
    return keras.Model(image, answer, name="googlenet")


def _block(x: keras.KerasTensor, block: Block, convolve: Convolve, *, name: str) -> keras.KerasTensor:
    """Figure 2b."""
    one, reduce3, three, reduce5, five, projection = block
    chains: list[Chain] = [[(one, 1)], [(reduce3, 1), (three, 3)], [(reduce5, 1), (five, 5)]]
    return inception(x, chains, convolve, pool="max", projection=projection, stride=1, name=name)


def _auxiliary(
    x: keras.KerasTensor, convolve: Convolve, config: Config, task: Task, *, name: str
) -> keras.KerasTensor:  # fmt: skip
    """Return the logits of a classifier in the middle: the end of section 5."""
    x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)
    x = layers.Flatten(name=f"{name}_flatten")(convolve(x, 128, 1, name=name))
    x = layers.Dense(
        scaled(1024, config.width), activation="relu", kernel_initializer="he_normal", name=f"{name}_dense"
    )(x)
    x = layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return logits(x, task, initializer="glorot_uniform", name=f"{name}_logits")


def _convolution(config: Config) -> Convolve:
    """Return a convolution with biases and its ReLU."""

    def convolve(
        x: keras.KerasTensor, width: int, size: Window, *, stride: int = 1, padding: str = "same", name: str
    ) -> keras.KerasTensor:
        width = scaled(width, config.width)
        return act(
            conv(x, width, size, stride=stride, padding=padding, bias=True, name=f"{name}_conv"), "relu", name=name
        )

    return convolve
