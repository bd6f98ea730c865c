"""One step of a training, where Keras' own does not do what the recipe asks.

Sharpness-aware minimisation takes the gradient where the loss near the weights is largest: Foret et al.,
Sharpness-Aware Minimization for Efficiently Improving Generalization, ICLR 2021, Algorithm 1, https://arxiv.org/abs/2010.01412.

A batch in parts takes the memory of a part: the gradients of its parts are added up, so that the step is that of the
whole batch. Batch normalisation sees each part alone, and a loss that compares the pictures of a batch does too.

A network may learn by the operations of another that was built for pictures of another size, see `resized`.

Pictures may come as they are before scaling: the step scales them, where the network is. So bytes travel to a GPU, a
quarter of what the network takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from suite.core.preprocessing import Preprocessing
from suite.core.recipe import Recipe
from suite.pictures.graph import scaled
from suite.training import resized
from suite.training.averaging import Average
from suite.training.numbers import Numbers

NO_LENGTH = 1e-12  # of a gradient: keeps the climb finite


class Step:
    """Trains a compiled network by one batch at a time; `install` puts it in the place of Keras' own step."""

    def __init__(
        self,
        network: keras.Model,
        recipe: Recipe,
        numbers: Numbers | None = None,
        preprocessing: Preprocessing | None = None,
    ) -> None:
        """Train `network` by a recipe; `numbers` take the place of the recipe's own.

        With a `preprocessing`, the network learns from pictures, and is judged by pictures, before scaling.
        """
        self._preprocessing = preprocessing
        read = numbers or {}
        self._network, self._sharpness, self._parts = network, read.get("sharpness", recipe.sharpness), 1
        self.average = Average(network, read.get("average", recipe.average)) if recipe.average else None
        self._lender: keras.Model | None = None  # whose operations it learns by; None: its own

    @property
    def variables(self) -> Sequence[keras.Variable]:
        """All variables that it changes: unlike a model's weights, they include its random states."""
        averages = self.average.variables if self.average else []
        return [*self._network.variables, *self._network.optimizer.variables, *averages]

    @property
    def callbacks(self) -> list[keras.callbacks.Callback]:
        """What `fit` must call."""
        return [self.average] if self.average else []

    def begin(self) -> None:
        """Begin a training from the network's weights."""
        if self.average:
            self.average.begin()

    def install(self, parts: int = 1) -> None:
        """Let the network's `fit` train by this step, each batch in so many parts, if it differs from Keras' own."""
        self._parts = parts
        if parts > 1 or self._sharpness or self.average:
            self._network.train_step = self.take
        elif self._preprocessing:
            self._network.train_step = self._after_scaling(type(self._network).train_step)
        if self._preprocessing:
            self._network.test_step = self._after_scaling(type(self._network).test_step)

    def learn_by(self, lender: keras.Model | None) -> None:
        """Learn from now on by the operations of another network with the same weights; None: by its own."""
        self._lender = lender
        self._network.train_step = self.take
        self._network.train_function = None  # of the operations before

    def take(self, data: Any) -> dict[str, Any]:
        """Train by a batch: pictures [B, H, W, C], labels, and weights or None. Return the metrics so far."""
        network = self._network
        network.optimizer.apply(self._in_parts(self._scaled(data)), network.trainable_variables)
        if self.average:
            self.average.update(network.optimizer.iterations)
        return network.get_metrics_result()

    def _after_scaling(self, step: Callable[[keras.Model, Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
        return lambda data: step(self._network, self._scaled(data))

    def _scaled(self, data: Any) -> Any:
        """Return a batch with its pictures as the network takes them."""
        if self._preprocessing is None:
            return data
        pictures, *others = data
        return scaled(tf.cast(pictures, tf.float32), self._preprocessing), *others

    def _in_parts(self, data: Any) -> Sequence[Any]:
        """Return the gradients of a batch, a part of it after the other."""
        if self._parts == 1:
            return self._gradients(data)
        whole = tf.shape(data[0])[0]
        size = -(-whole // self._parts)

        def add(start: Any, *sums: Any) -> tuple[Any, ...]:
            part = tf.nest.map_structure(lambda values: values[start : start + size], data)
            share = tf.cast(tf.minimum(size, whole - start), "float32") / tf.cast(whole, "float32")
            gradients = self._gradients(part)
            added = [total + _dense(one) * share for total, one in zip(sums, gradients, strict=True)]
            return start + size, *added

        zeros = [tf.zeros(variable.shape) for variable in self._network.trainable_variables]
        return tf.while_loop(lambda start, *_: start < whole, add, (0, *zeros), parallel_iterations=1)[1:]

    def _gradients(self, data: Any) -> Sequence[Any]:
        """Return the gradients of one part, and measure its answers."""
        before = self._state()
        gradients, loss, answers = self._backward(data)
        pictures, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        for metric in self._network.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=tf.shape(pictures)[0])
        self._network.compute_metrics(pictures, labels, answers, weights)
        return self._sharp(data, gradients, before) if self._sharpness else gradients

    def _sharp(self, data: Any, gradients: Sequence[Any], before: Sequence[Any]) -> Sequence[Any]:
        """Return the gradients where the loss is largest within the radius, to first order: equation 2.

        Both passes drop the same units, and the second one leaves no trace in the statistics of batches.
        """
        weights, after = self._network.trainable_variables, self._state()
        here = [tf.identity(weight) for weight in weights]
        climb = tf.convert_to_tensor(self._sharpness) / (tf.linalg.global_norm(gradients) + NO_LENGTH)
        for weight, gradient in zip(weights, gradients, strict=True):
            if gradient is not None:
                weight.assign_add(climb * _dense(gradient))
        self._put(before)
        sharp, *_ = self._backward(data)
        self._put(after)
        for weight, value in zip(weights, here, strict=True):
            weight.assign(value)
        return sharp

    def _backward(self, data: Any) -> tuple[Sequence[Any], Any, Any]:
        """Return the gradients, scaled as mixed precision needs it, the loss and the answers."""
        network = self._network
        pictures, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            answers, added = self._answers(pictures)
            loss = network.compute_loss(pictures, labels, answers, weights, training=True) + sum(added)
            scaled = network.optimizer.scale_loss(loss)
        return tape.gradient(scaled, network.trainable_variables), loss, answers

    def _answers(self, pictures: Any) -> tuple[Any, Sequence[Any]]:
        """Return the answers in training, and losses of layers that the network does not know of."""
        if self._lender is None:
            return self._network(pictures, training=True), ()
        return resized.lent(self._lender, self._network, pictures)

    def _state(self) -> Sequence[Any]:
        """Return the values that a pass changes by itself: statistics of batches, and random states."""
        return [tf.identity(variable) for variable in self._network.non_trainable_variables]

    def _put(self, state: Sequence[Any]) -> None:
        for variable, value in zip(self._network.non_trainable_variables, state, strict=True):
            variable.assign(value)


def _dense(gradient: Any) -> Any:
    """Return a gradient as a tensor: that of a table comes as a few of its rows."""
    return tf.convert_to_tensor(gradient)
