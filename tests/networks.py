"""What tests of counting share: networks of a few steps, and the dtype policy given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest


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
