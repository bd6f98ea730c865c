"""Does every family learn? Its tiny network, by its own recipe, on the handwritten digits."""

from __future__ import annotations

import keras
import pytest

from suite import architectures, datasets
from suite.training import loop

EPOCHS = 12
LEAST = 95.0  # % of the validation pictures


@pytest.mark.slow
def test_its_tiny_network_learns_the_digits(family: str) -> None:
    data = datasets.load("digits", (32, 32, 1))
    keras.utils.set_random_seed(0)
    network = architectures.family(family).build(architectures.config(f"{family}/tiny"), data.task)
    trained = loop.train(network, architectures.recipe(family), data, epochs=EPOCHS, seed=0)
    assert trained.measures["accuracy"] >= LEAST
