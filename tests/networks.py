"""What tests share: networks of a few steps, and the dtype policy given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest

from suite import architectures
from suite.datasets import Dataset

# One family of plain, dense, searched, gated, windowed and two-sided networks each.
FEW = ("alexnet", "densenet", "nasnet", "mobilenet_v3", "maxvit", "coca")


def families() -> list[Any]:
    """Return every family as a parameter; all but FEW are slow."""
    return [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in architectures.FAMILIES]


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


def chain(shape: tuple[int, ...], *steps: Callable[[Any], Any]) -> keras.Model:
    image = x = keras.Input(shape)
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


def classifier(data: Dataset) -> keras.Model:
    """Return a network that learns the digits in a moment: pictures of `data` in, logits of its classes out."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input(data.task.image)
    x = keras.layers.AveragePooling2D(4)(pixels)
    x = keras.layers.Dense(32, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(pixels, keras.layers.Dense(data.task.classes)(x))
