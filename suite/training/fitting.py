"""A network made ready for a training. One that was traced for another training is taken again if only numbers differ.

To trace a small network takes as long as some epochs of it. What TensorFlow has traced reads the numbers of a recipe
(its rate, and those of `numbers`) and the rates of dropout from variables, so that it serves other numbers too. The
network begins with the weights, the random states and an optimizer like one that was built anew: its curve is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from suite.core.preprocessing import Preprocessing
from suite.core.recipe import SCRATCH, Augmentation, LeftOut, Recipe
from suite.training import numbers
from suite.training.compiling import compile_
from suite.training.schedules import schedule
from suite.training.stepping import Step

KEPT = 8  # traced networks
LARGEST = 2_000_000  # weights of a network that is kept: it holds memory
# Of a recipe, what a traced step reads from variables, and what is none of its business.
FREE = {
    *("learning_rate", "warmup", "batch_size", "patience", "preset"),
    *numbers.FIELDS,
    *(each.name for part in (Augmentation, LeftOut) for each in fields(part)),
}


class Fitting:
    """A network with its optimizer, its loss and its step."""

    def __init__(self, network: keras.Model, recipe: Recipe, preprocessing: Preprocessing) -> None:
        """Compile the network for recipes like this one, and for pictures before scaling."""
        self.network, self.rate = network, schedule(recipe, 1)
        self._numbers = numbers.of(recipe)
        self._dropout = {layer: tf.Variable(layer.rate, dtype=tf.float32) for layer in _dropouts(network)}
        compile_(network, recipe, self.rate, self._numbers)
        self.step = Step(network, recipe, self._numbers, preprocessing)
        self._first = [ops.convert_to_numpy(variable) for variable in network.optimizer.variables]

    def begin(self, like: keras.Model, recipe: Recipe, steps: int) -> None:
        """Begin a training of so many steps with the weights, random states and dropout of a network."""
        if like is not self.network:
            for own, new in zip(self.network.variables, like.variables, strict=True):
                own.assign(new)
            for own, first in zip(self.network.optimizer.variables, self._first, strict=True):
                own.assign(first)
        self.step.begin()
        self.rate.plan(recipe.learning_rate, steps, recipe.warmup)
        for name, number in self._numbers.items():
            number.assign(getattr(recipe, name))
        for rate, layer in zip(self._dropout.values(), _dropouts(like), strict=True):
            rate.assign(layer.rate)

    @contextmanager
    def varied(self) -> Iterator[None]:
        """Let what is traced in the block read the rates of dropout from variables."""
        for layer, rate in self._dropout.items():
            layer.call = partial(_dropped, layer, rate)
        try:
            yield
        finally:
            for layer in self._dropout:
                del layer.call


class Traced:
    """The networks that were trained last, ready for another training."""

    def __init__(self) -> None:
        self._fittings: dict[str, Fitting] = {}

    def fitting(self, network: keras.Model, recipe: Recipe, preprocessing: Preprocessing, steps: int) -> Fitting:
        """Return `network` ready for a training of so many steps, or one that is like it and was traced before."""
        name = _name(network, recipe, preprocessing)
        fitting = self._fittings.pop(name, None) or Fitting(network, recipe, preprocessing)
        fitting.begin(network, recipe, steps)
        if name:
            self._fittings[name] = fitting
        for oldest in list(self._fittings)[:-KEPT]:
            del self._fittings[oldest]
        return fitting

    def forget(self) -> None:
        """Free the memory of all."""
        self._fittings.clear()


def _name(network: keras.Model, recipe: Recipe, preprocessing: Preprocessing) -> str:
    """Return a text that is the same for trainings that differ in numbers only; empty if a network is not kept.

    Only what Keras can write down is known to be the same: not what the code of a model of one's own does.
    """
    is_written = type(network).__name__ in ("Functional", "Sequential")
    if recipe.mode != SCRATCH or not is_written or network.count_params() > LARGEST:
        return ""
    deciding = {key: value for key, value in asdict(recipe).items() if key not in FREE}
    used = {name: bool(getattr(recipe, name)) for name in (*numbers.IF_USED, "label_smoothing")}
    with _alike(network):
        return json.dumps([deciding, used, recipe.mixes, str(preprocessing), _written(network)])


def _written(network: keras.Model) -> str:
    """Return a network as Keras writes it down, with numbers for names: Keras' own names count what was built.

    How it was compiled is left out: a network that is trained for a second time has the optimizer of the first.
    """
    names = {layer.name: f"#{place}" for place, layer in enumerate(network._flatten_layers())}
    written = json.dumps(keras.saving.serialize_keras_object(network.get_config()))
    return re.sub(r'"([^"]*)"', lambda found: f'"{names.get(found[1], found[1])}"', written)


def _dropouts(network: keras.Model) -> list[keras.layers.Dropout]:
    """Return the layers that drop something, those within other layers too."""
    return [one for one in network._flatten_layers() if isinstance(one, keras.layers.Dropout) and one.rate > 0]


@contextmanager
def _alike(network: keras.Model) -> Iterator[None]:
    """Let all that drops something drop the same share while the block lasts."""
    before = {layer: layer.rate for layer in _dropouts(network)}
    try:
        for layer in before:
            layer.rate = 0.5
        yield
    finally:
        for layer, rate in before.items():
            layer.rate = rate


def _dropped(layer: keras.layers.Dropout, rate: tf.Variable, inputs: Any, training: bool = False) -> Any:
    """Return what a layer of dropout returns, at a rate that is read now. Keras' own takes only a plain number."""
    if not training:
        return inputs
    sizes = tf.shape(inputs)
    told = enumerate(layer.noise_shape or [None] * len(inputs.shape))
    noise = [sizes[axis] if side is None else side for axis, side in told]
    seed = tf.cast(layer.seed_generator.next(), tf.int32)
    return tf.nn.experimental.stateless_dropout(inputs, tf.cast(rate, inputs.dtype), seed, noise_shape=noise)
