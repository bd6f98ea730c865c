"""Counts of the catalogue's networks, without running them and without memory for their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from suite import architectures
from suite.core.task import Task, spelled
from suite.counting.complexity import counts, table, weightless


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One architecture, counted without being run."""

    name: str
    image: str  # "224x224x3"
    measures: dict[str, float]
    total_parameters: int


def count(names: Sequence[str], image: tuple[int, int, int] | None, classes: int) -> Sequence[Counted]:
    """Count weights and work of networks of the catalogue, without memory for any.

    `image` is (H, W, C); by default each network gets the size its stem was made for. Raises ArchitectureError.
    """
    return [_counted(name, image, classes) for name in names]


def _counted(name: str, image: tuple[int, int, int] | None, classes: int) -> Counted:
    plan = _plan(name, image, classes)
    total = sum(math.prod(weight.shape) for weight in plan.weights)
    return Counted(name=name, image=spelled(plan.input_shape[1:]), measures=counts(plan), total_parameters=total)


def breakdown(names: Sequence[str], image: tuple[int, int, int] | None, classes: int, by: str) -> list[dict[str, Any]]:
    """Return the weights and the work of networks as rows: by "layer", one for each call, or by "kind" of layer.

    Nothing is run. `image` is (H, W, C), as in `measure`. Raises ArchitectureError.
    """
    return [{"name": name, **row} for name in names for row in table(_plan(name, image, classes), by)]


def _plan(name: str, image: tuple[int, int, int] | None, classes: int) -> keras.Model:
    """Return a named network without memory for its weights."""
    side = architectures.resolution(name)
    height, width, channels = image or (side, side, 3)
    task = Task(height=height, width=width, channels=channels, classes=classes)
    return weightless(lambda: architectures.build(name, task))
