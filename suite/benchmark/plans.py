"""Counts of the catalogue's networks, without running them and without memory for their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from suite import architectures
from suite.benchmark import keras_files
from suite.core.errors import ArchitectureError, SuiteError
from suite.core.inputs import seen, sized
from suite.core.paths import READY
from suite.core.study import is_file
from suite.core.task import Shape, Task
from suite.counting.complexity import counts, table, weightless
from suite.timing.runtimes import inputs_of


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One architecture, counted without being run."""

    name: str
    image: str  # "224x224x3"
    measures: dict[str, float]
    total_parameters: int


def count(names: Sequence[str], image: Shape | None, classes: int, *, trusted: bool = False) -> Sequence[Counted]:
    """Count weights and work of networks of the catalogue, without memory for any, and of Keras models in files.

    `image` is (H, W, C); by default each network gets the size its stem was made for. `trusted` says whether code that
    a file brings along may run. Raises ArchitectureError.
    """
    return [_counted(name, image, classes, trusted=trusted) for name in names]


def _counted(name: str, image: Shape | None, classes: int, *, trusted: bool) -> Counted:
    plan = _plan(name, image, classes, trusted=trusted)
    total = sum(math.prod(weight.shape) for weight in plan.weights)
    return Counted(name=name, image=_seen(plan), measures=counts(plan), total_parameters=total)


def breakdown(
    names: Sequence[str], image: Shape | None, classes: int, by: str, *, trusted: bool = False
) -> list[dict[str, Any]]:
    """Return the weights and the work of networks as rows: by "layer", one for each call, or by "kind" of layer.

    Nothing is run. `image` is (H, W, C), and `trusted` as in `count`. Raises ArchitectureError.
    """
    plans = ((name, _plan(name, image, classes, trusted=trusted)) for name in names)
    return [{"name": name, **row} for name, plan in plans for row in table(plan, by)]


def _seen(plan: keras.Model) -> str:
    takes = inputs_of(plan)
    return seen(takes, sized(takes, {}))


def _plan(name: str, image: Shape | None, classes: int, *, trusted: bool) -> keras.Model:
    """Return a named network without memory for its weights, or the model in a file."""
    if is_file(name):
        return _in_file(Path(name), image, trusted=trusted)
    side = architectures.resolution(name)
    height, width, channels = image or (side, side, 3)
    task = Task(height=height, width=width, channels=channels, classes=classes)
    return weightless(lambda: architectures.build(name, task))


def _in_file(file: Path, image: Shape | None, *, trusted: bool) -> keras.Model:
    """Return the model in a file, whose layers can be counted. Raises ArchitectureError, which names the file."""
    if file.is_dir() or file.suffix.lower() in READY:
        raise ArchitectureError(f"{file}: its layers are unknown, so they cannot be counted: give a .keras or .h5 file")
    try:
        with TemporaryDirectory(prefix="suite-") as folder:
            model = keras_files.opened(file, Path(folder), trusted=trusted)
        if not keras_files.is_of_keras_3(model):
            raise ArchitectureError("only Keras 2 opens it, whose layers cannot be counted: time it instead")
        return keras_files.fitted(model, {"": image} if image else {})
    except SuiteError as error:
        raise type(error)(f"{file}: {error}") from error
