"""The stages of a network, and which of its weights rest or learn slowly when it is tuned.

A stage ends where the maps shrink to a half for good: the first convolutions and blocks at one size are the first
stage, and so on. Where they never shrink after the first layer, as in a transformer, a stage is one block: two residual
additions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import keras

from suite.architectures.layers import deployed
from suite.architectures.weights.copying import operations
from suite.core.errors import ArchitectureError
from suite.core.recipe import Recipe
from suite.training.features import classifier

ADDITIONS = 2  # of a block: after attention, and after its dense layers
FEW = 2  # stages: with no more, the maps do not shrink


def stages(network: keras.Model) -> list[list[keras.layers.Layer]]:
    """Return the layers with weights of each stage, first to last, without the classifier."""
    head = classifier(network)
    steps = [step for step in operations(deployed(network)) if step is not head]
    by_size = _split(steps, _by_size(steps))
    by_block = _split(steps, _by_block(steps))
    return by_block if len(by_size) <= FEW < len(by_block) else by_size


def rest(network: keras.Model, recipe: Recipe) -> None:
    """Let the layers rest that the recipe keeps as they are.

    Batch normalisation that rests also keeps its means and deviations. Raises ArchitectureError when the network has
    no stage left to tune.
    """
    parts = stages(network)
    if recipe.frozen_stages > len(parts):
        raise ArchitectureError(
            f"frozen_stages = {recipe.frozen_stages}: {network.name} has {len(parts)} stages before its classifier"
        )
    still = [layer for part in parts[: recipe.frozen_stages] for layer in part]
    if recipe.batch_norm == "inference":
        still += [one for part in parts for one in part if isinstance(one, keras.layers.BatchNormalization)]
    for layer in still:
        layer.trainable = False


def shares(network: keras.Model, recipe: Recipe) -> list[float] | None:
    """Return the share of the learning rate of each trainable variable; None if all have the whole rate."""
    if recipe.mode == "scratch":
        return None
    parts = stages(network)
    known = {
        id(variable): recipe.body_rate * recipe.layer_decay ** (len(parts) - 1 - place)
        for place, part in enumerate(parts)
        for layer in part
        for variable in layer.trainable_variables
    }
    return [known.get(id(variable), 1.0) for variable in network.trainable_variables]


def _split(steps: Sequence[Any], begins: Callable[[int], bool] | Sequence[bool]) -> list[list[keras.layers.Layer]]:
    """Return the layers with weights, cut before each step that begins a stage."""
    parts: list[list[keras.layers.Layer]] = [[]]
    for step, begin in zip(steps, begins, strict=True):  # type: ignore[arg-type]
        if begin and parts[-1]:
            parts.append([])
        if isinstance(step, keras.layers.Layer) and step.weights:
            parts[-1].append(step)
    return [part for part in parts if part]


def _by_size(steps: Sequence[Any]) -> list[bool]:
    """Return for each step whether the maps from here on are at most half as large as where the stage began."""
    sizes = [_size(step) for step in steps]
    to_come = list(accumulate(reversed(sizes), max))[::-1]  # a gate's single value does not end a stage
    begins, before = [], math.inf
    for size in to_come:
        begins.append(size <= before / 2)
        before = size if begins[-1] else before
    return begins


def _by_block(steps: Sequence[Any]) -> list[bool]:
    """Return for each step whether it is the first after a whole number of blocks."""
    done = list(accumulate((isinstance(step, keras.layers.Add) for step in steps), initial=0))[:-1]
    return [
        bool(count) and count % ADDITIONS == 0 and isinstance(before, keras.layers.Add)
        for count, before in zip(done, [None, *steps], strict=False)
    ]


def _size(step: Any) -> int:
    """Return the number of pixels, or of tokens, of what a step returns."""
    shape = keras.tree.flatten(step.output)[0].shape
    return math.prod(side or 1 for side in shape[1:-1])
