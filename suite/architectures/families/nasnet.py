"""NASNet-A.

Zoph, Vasudevan, Shlens and Le, Learning Transferable Architectures for Scalable Image Recognition, CVPR 2018: Figure 2
(cells in the network), Figure 4 (NASNet-A's cells), section A.2. https://arxiv.org/abs/1707.07012

As in the authors' code (https://github.com/tensorflow/models, research/slim/nets/nasnet) and keras.applications.
Differs from the paper: there is no auxiliary classifier, and the rate at which paths are dropped does not rise during
training (ScheduledDropPath). The small stem is the paper's for CIFAR-10: no cells before the first stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
from keras import layers

from suite.architectures.families._blocks import act, bn, conv, depthwise, picture, pooled_logits
from suite.architectures.families._checks import require, require_positive, require_share, require_size, require_types
from suite.architectures.layers import StochasticDepth
from suite.core.recipe import Recipe
from suite.core.task import Task

# Each row adds two terms, each an operation and its input: h is the output of the previous cell, p of the cell before
# that, 1 the sum of the first row. A cell outputs, side by side, the sums that no operation but identity takes, and p
# if it is a normal cell. The authors' code, too, outputs p and the second sum of the reduction, although they are used.
Cell = tuple[tuple[str, str], ...]

NORMAL: Cell = (  # Figure 4 left, from left to right
    ("separable-5x5 h", "separable-3x3 p"),
    ("separable-5x5 p", "separable-3x3 p"),
    ("average-3x3 h", "identity p"),
    ("average-3x3 p", "average-3x3 p"),
    ("separable-3x3 h", "identity h"),
)
REDUCTION: Cell = (  # Figure 4 right; operations on h and p halve the picture
    ("separable-5x5 h", "separable-7x7 p"),
    ("max-3x3 h", "separable-7x7 p"),
    ("average-3x3 h", "separable-5x5 p"),
    ("identity 2", "average-3x3 1"),
    ("separable-3x3 1", "max-3x3 h"),
)
OPERATIONS = ("identity", *(f"{kind}-{k}x{k}" for kind in ("separable", "average", "max") for k in (3, 5, 7)))

RECIPE = Recipe(learning_rate=5e-3)  # for few pictures


@dataclass(frozen=True, kw_only=True)
class Config:
    """One NASNet, "NASNet-A (cells @ penultimate)" in the paper. Every field may be searched over."""

    cells: int  # normal cells in each of three stages: N in the paper
    penultimate: int  # channels of the last cell, 24 times those of an operation in the first stage
    stem_width: int  # channels of the first convolution
    skip: bool = False  # p of a stage's first cell is two cells before the reduction, rather than one
    normal: Cell = NORMAL  # rows of two terms "OPERATION INPUT"
    reduction: Cell = REDUCTION  # the same, of the cells that halve the picture
    stochastic_depth: float = 0.0  # rate at which the last cell drops each of its paths, rising by cell; 0 to 1
    dropout: float = 0.5  # share of the pooled features, 0 to 1
    stem: Literal["imagenet", "small"] = "imagenet"  # stride 2 and two cells that halve the picture, or stride 1
    resolution: int = 331  # side of the pictures in its paper's results, pixels; no layer depends on it

    @property
    def stride(self) -> int:
        """Pixels of the picture per pixel of the last stage."""
        return 32 if self.stem == "imagenet" else 4

    @property
    def plan(self) -> list[tuple[str, int, bool]]:
        """Return each cell's name, the channels of its operations, and whether it halves the picture; Figure 2."""
        width = self.penultimate // 24
        plan = [("stem1", width // 4, True), ("stem2", width // 2, True)] if self.stem == "imagenet" else []
        for stage in (1, 2, 3):
            plan += [(f"reduction{stage - 1}", width, True)] if stage > 1 else []
            plan += [(f"stage{stage}_cell{number}", width, False) for number in range(1, self.cells + 1)]
            width *= 2
        return plan

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(
            cells=self.cells, penultimate=self.penultimate, stem_width=self.stem_width, resolution=self.resolution
        )
        multiple = 96 if self.stem == "imagenet" else 24
        require(
            self.penultimate % multiple == 0,
            f"penultimate = {self.penultimate}: give a multiple of {multiple} with stem = '{self.stem}'",
        )
        _require_cell("normal", self.normal)
        _require_cell("reduction", self.reduction)
        require_share(stochastic_depth=self.stochastic_depth, dropout=self.dropout)


def _require_cell(field: str, cell: Cell) -> None:
    require(len(cell) > 0, f"{field}: give one row or more")
    for number, row in enumerate(cell, start=1):
        inputs = ("h", "p", *(str(earlier) for earlier in range(1, number)))
        for term in row:
            operation, _, of = term.partition(" ")
            require(
                operation in OPERATIONS and of in inputs,
                f"'{term}' in row {number} of {field}: write OPERATION INPUT, "
                f"one of {', '.join(OPERATIONS)} and one of {', '.join(inputs)}",
            )


VARIANTS = {
    "mobile": Config(cells=4, penultimate=1056, stem_width=32, resolution=224),
    "large": Config(cells=6, penultimate=4032, stem_width=96, skip=True, stochastic_depth=0.3),
    "tiny": Config(  # for tests and smoke runs, with three rows of each cell; no paper
        cells=1, penultimate=192, stem_width=16, normal=NORMAL[::2], reduction=(*REDUCTION[:2], REDUCTION[3]),
        dropout=0.0, stem="small", resolution=32,
    ),
}  # fmt: skip


def build(config: Config, task: Task) -> keras.Model:
    """Return the network, (B, H, W, C) to logits (B, classes). Raises ArchitectureError for pictures too small."""
    require_size("nasnet", task, config.stride)
    image = picture(task)
    x = _stem(image, config)
    before = x
    for number, (name, width, halves) in enumerate(config.plan, start=1):
        rate = config.stochastic_depth * number / len(config.plan)
        rows, stride = (config.reduction, 2) if halves else (config.normal, 1)
        previous, x = x, _cell(x, before, width, rows, stride, rate, name=name)
        if not (config.skip and name.startswith("reduction")):
            before = previous
    return keras.Model(image, pooled_logits(act(x, "relu", name="last"), task, dropout=config.dropout), name="nasnet")


def _stem(x: keras.KerasTensor, config: Config) -> keras.KerasTensor:
    stride, padding = (2, "valid") if config.stem == "imagenet" else (1, "same")
    return bn(conv(x, config.stem_width, 3, stride=stride, padding=padding, name="stem_conv"), name="stem_bn")


def _cell(
    x: keras.KerasTensor, before: keras.KerasTensor, width: int, rows: Cell, stride: int, rate: float, *, name: str
) -> keras.KerasTensor:
    """Return the sums of a cell side by side, without those that its other operations take; Figure 4."""
    states = {"p": _fitted(before, x, width, stride, name=f"{name}_p"), "h": _projected(x, width, name=f"{name}_h")}
    for number, row in enumerate(rows, start=1):
        terms = [
            _term(term, states, width, stride, rate, name=f"{name}_{number}_{side}")
            for term, side in zip(row, ("left", "right"), strict=True)
        ]
        states[str(number)] = layers.Add(name=f"{name}_{number}")(terms)
    changed = {term.partition(" ")[2] for row in rows for term in row if not term.startswith("identity")}
    kept = [states["p"]] if stride == 1 else []
    kept += [states[str(number)] for number in range(1, len(rows) + 1) if str(number) not in changed]
    return layers.Concatenate(name=f"{name}_concat")(kept) if len(kept) > 1 else kept[0]


def _term(
    term: str, states: dict[str, keras.KerasTensor], width: int, stride: int, rate: float, *, name: str
) -> keras.KerasTensor:
    """Return an operation's output, of `width` channels; training drops a picture's with probability `rate`."""
    operation, _, of = term.partition(" ")
    kind, _, size = operation.partition("-")
    x, stride = states[of], stride if of in ("h", "p") else 1
    if kind == "identity":
        return x if stride == 1 and x.shape[-1] == width else _projected(x, width, stride=stride, name=name)
    if kind == "separable":
        x = _separable(x, width, int(size[0]), stride=stride, name=f"{name}1")
        x = _separable(x, width, int(size[0]), name=f"{name}2")
    else:
        x = x if x.shape[-1] == width else _projected(x, width, name=f"{name}_wide")
        x = _pooled(x, kind, int(size[0]), stride, name=name)
    return StochasticDepth(rate, name=f"{name}_drop")(x) if rate else x


def _separable(x: keras.KerasTensor, width: int, size: int, *, stride: int = 1, name: str) -> keras.KerasTensor:
    """ReLU, a convolution of each channel, 1x1 over the channels, normalisation."""
    x = depthwise(act(x, "relu", name=name), size, stride=stride, name=f"{name}_depthwise")
    return bn(conv(x, width, 1, name=f"{name}_pointwise"), name=f"{name}_bn")


def _pooled(x: keras.KerasTensor, kind: str, size: int, stride: int, *, name: str) -> keras.KerasTensor:
    """Pool; the padding counts as 0 if the picture is halved, else it is ignored, as in Keras."""
    pool = layers.MaxPooling2D if kind == "max" else layers.AveragePooling2D
    if stride == 1:
        return pool(size, strides=1, padding="same", name=f"{name}_pool")(x)
    padding = tuple((size // 2 - 1 + side % 2, size // 2) for side in x.shape[1:3])
    return pool(size, strides=stride, name=f"{name}_pool")(layers.ZeroPadding2D(padding, name=f"{name}_pad")(x))


def _fitted(
    before: keras.KerasTensor, x: keras.KerasTensor, width: int, stride: int, *, name: str
) -> keras.KerasTensor:
    """Return `before` in the size of `x` with `width` channels; the first cell that halves the picture keeps all."""
    if before.shape[1:3] != x.shape[1:3]:
        return _halved(before, width, name=name)
    if before.shape[-1] == width or (before is x and stride == 2):
        return before
    return _projected(before, width, name=name)


def _halved(x: keras.KerasTensor, width: int, *, name: str) -> keras.KerasTensor:
    """Halve the picture: half of the channels come from its even rows and columns, half from the odd ones."""
    x = act(x, "relu", name=name)
    odd = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_odd_pad")(x)
    odd = layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_odd_crop")(odd)
    halves = [
        conv(half, width // 2, 1, stride=2, padding="valid", name=f"{name}_{place}")
        for half, place in ((x, "even"), (odd, "odd"))
    ]
    return bn(layers.Concatenate(name=f"{name}_concat")(halves), name=f"{name}_bn")


def _projected(x: keras.KerasTensor, width: int, *, stride: int = 1, name: str) -> keras.KerasTensor:
    """ReLU, 1x1, normalisation."""
    x = conv(act(x, "relu", name=name), width, 1, stride=stride, name=f"{name}_conv")
    return bn(x, name=f"{name}_bn")
