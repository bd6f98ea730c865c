"""OverFeat.

Sermanet, Eigen, Zhang, Mathieu, Fergus and LeCun, OverFeat: Integrated Recognition, Localization and Detection using
Convolutional Networks, ICLR 2014, Tables 1 and 3. https://arxiv.org/abs/1312.6229

Differs from the paper: it classifies whole pictures of one size, without the paper's sliding windows and its averages
over scales and offsets. The small stem is ours: the first convolution is 5x5 with stride 1, and the first two are
padded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import initializers, layers

from suite.architectures.families._blocks import act, conv, he, hidden, logits, picture
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.core.recipe import Recipe
from suite.core.task import Task

FIRST = {"fast": (11, 4), "accurate": (7, 2)}  # window and stride of the first convolution
SECOND = {"fast": 5, "accurate": 7}  # window of the second convolution
POOLS = {"fast": (2, 2, 2), "accurate": (3, 2, 3)}  # window and stride after the first, second and last convolution


@dataclass(frozen=True, kw_only=True)
class Config:
    """One OverFeat. Every field may be searched over."""

    model: Literal["fast", "accurate"]  # windows and strides of Table 1, or those of Table 3
    widths: tuple[int, ...]  # output channels of the convolutions, three or more; from the third on they are 3x3
    dense: tuple[int, ...]  # units of each hidden dense layer
    dropout: float = 0.5  # share of the hidden dense units, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # first convolutions as the model has them, or for small pictures
    initializer: Literal["paper", "he"] = "paper"  # N(0, 0.01), which needs many epochs; or He's

    @property
    def resolution(self) -> int:
        """Side of the square pictures that its stem was made for, pixels."""
        return 32 if self.stem == "small" else {"fast": 231, "accurate": 221}[self.model]

    @property
    def minimum(self) -> int:
        """Smallest side of a picture that leaves one pixel after the last pooling."""
        first, second, last = POOLS[self.model]
        if self.stem == "small":
            return first * second * last
        window, stride = FIRST[self.model]
        return (first * (last * second + SECOND[self.model] - 1) - 1) * stride + window

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(widths=self.widths, dense=self.dense)
        require(len(self.widths) > 2, f"widths = {list(self.widths)}: give 3 or more")
        require_share(dropout=self.dropout)


_TINY = Config(model="fast", widths=(8, 16, 32), dense=(64, 64), dropout=0.2, stem="small", initializer="he")

VARIANTS = {
    "fast": Config(model="fast", widths=(96, 256, 512, 1024, 1024), dense=(3072, 4096)),
    "accurate": Config(model="accurate", widths=(96, 256, 512, 512, 1024, 1024), dense=(4096, 4096)),
    "tiny": _TINY,  # for tests and smoke runs; no paper
}

RECIPE = Recipe(learning_rate=2e-3)  # for few pictures


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("overfeat", task, config.minimum)
    pools = dict(zip((1, 2, len(config.widths)), POOLS[config.model], strict=True))
    x = image = picture(task)
    for number, width in enumerate(config.widths, start=1):
        window, stride, padding = _window(number, config)
        x = conv(
            x, width, window, stride=stride, padding=padding, bias=True, initializer=_kernel(config),
            name=f"conv{number}",
        )  # fmt: skip
        x = act(x, "relu", name=f"conv{number}")
        if number in pools:
            x = layers.MaxPooling2D(pools[number], name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = hidden(x, config.dense, rate=config.dropout, initializer=_kernel(config), name="dense")
    return keras.Model(image, logits(x, task, initializer=_kernel(config)), name="overfeat")


def _window(number: int, config: Config) -> tuple[int, int, str]:
    """Return window, stride and padding of a convolution."""
    padding = "same" if config.stem == "small" else "valid"
    if number == 1:
        return (5, 1, padding) if config.stem == "small" else (*FIRST[config.model], padding)
    return (SECOND[config.model], 1, padding) if number == 2 else (3, 1, "same")


def _kernel(config: Config) -> initializers.Initializer:
    return initializers.RandomNormal(stddev=0.01) if config.initializer == "paper" else he("fan_in")
