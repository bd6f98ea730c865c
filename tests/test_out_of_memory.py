"""Is a batch that does not fit into the memory trained in two parts, and is it said when half of it does not either?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite import datasets
from suite.core.recipe import Recipe
from suite.search.tuner import _line
from suite.training import loop
from tests.networks import classifier

BATCH = 128
RECIPE = Recipe(batch_size=BATCH, learning_rate=3e-3, shift=0.1)
BEYOND = 2**46  # numbers that no machine can hold


class Hungry(keras.layers.Layer):
    """Asks for more memory than there is when it sees more than so many pictures in training."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def call(self, pictures: Any, training: bool = False) -> Any:
        if not training:
            return pictures
        wanted = tf.where(tf.shape(pictures)[0] > self._most, tf.constant(BEYOND, tf.int64), 1)
        return pictures + tf.reduce_sum(tf.zeros(wanted[None]))


def hungry(data: datasets.Dataset, most: int) -> keras.Model:
    """The network of `classifier` behind a layer that needs memory for each picture."""
    plain = classifier(data)
    pixels = keras.Input(data.task.image)
    return keras.Model(pixels, plain(Hungry(most)(pixels)))


@pytest.mark.slow
def test_a_batch_that_is_too_large_is_trained_in_two_parts_as_if_it_were_whole(tmp_path: Path) -> None:
    data = datasets.load("digits")
    wanted = loop.train(classifier(data), RECIPE, data, epochs=2, seed=0)
    told: list[dict[str, float]] = []
    pieces = [
        loop.train(
            hungry(data, BATCH // 2), RECIPE, data, epochs=2, seed=0, until=until, checkpoint=tmp_path / "piece",
            on_epoch=told.append,
        )
        for until in (1, 2)
    ]  # fmt: skip
    assert (wanted.parts, *(piece.parts for piece in pieces)) == (1, 2, 2)
    assert list(pieces[1].curve) == told
    for ours, theirs in zip(told, wanted.curve, strict=True):
        assert {**ours, "time": 0} == pytest.approx({**theirs, "time": 0}, rel=1e-4)


@pytest.mark.slow
def test_a_batch_of_which_half_is_too_large_is_said_in_a_line() -> None:
    data = datasets.load("digits")
    with pytest.raises(loop.TooLargeError) as error:
        loop.train(hungry(data, 8), RECIPE, data, epochs=1, seed=0)
    assert _line(error.value) == (
        "half a batch of 128 pictures does not fit into the memory: a smaller batch_size, image or network may"
    )


@pytest.mark.slow
def test_the_layer_of_these_tests_takes_no_memory_for_few_pictures() -> None:
    assert np.array_equal(Hungry(4)(np.ones((4, 2), "float32"), training=True), np.ones((4, 2)))
    with pytest.raises(tf.errors.ResourceExhaustedError):
        Hungry(4)(np.ones((5, 2), "float32"), training=True)
