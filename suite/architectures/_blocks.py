"""What every family shares: refusing what cannot be built, and the classifier."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from suite.errors import ArchitectureError
from suite.task import Task

STEMS = ("imagenet", "small")


def require(condition: bool, message: str) -> None:
    """Raise ArchitectureError with `message` unless `condition` holds."""
    if not condition:
        raise ArchitectureError(message)


def require_positive(**fields: tuple[int, ...]) -> None:
    """Raise ArchitectureError unless every field is a tuple of one or more whole numbers above 0."""
    for name, values in fields.items():
        sound = all(isinstance(value, int) and value > 0 for value in values)
        require(bool(values) and sound, f"{name} = {list(values)}: give one or more whole numbers above 0")


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ArchitectureError unless `value` is one of `choices`."""
    require(value in choices, f"{name} = '{value}': choose one of {', '.join(choices)}")


def require_share(name: str, value: float) -> None:
    """Raise ArchitectureError unless 0 <= `value` < 1."""
    require(0 <= value < 1, f"{name} = {value}: give a share from 0 up to, not including, 1")


def require_size(family: str, task: Task, minimum: int) -> None:
    """Raise ArchitectureError when a side of the pictures is below `minimum` pixels."""
    require(
        min(task.height, task.width) >= minimum,
        f"pictures of {task.height}x{task.width} are too small for this {family}: it needs {minimum}x{minimum} "
        "(enlarge the pictures, choose stem = 'small', or fewer stages)",
    )


def logits(x: keras.KerasTensor, task: Task, *, initializer: Any) -> keras.KerasTensor:
    """Return the unscaled outputs (B, classes), in float32 even where the network computes in float16."""
    dense = layers.Dense(
        task.classes, kernel_initializer=initializer, bias_initializer="zeros", dtype="float32", name="logits"
    )
    return dense(x)
