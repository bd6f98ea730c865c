"""Copies the weights of one network into another that computes the same, whatever the names of its layers.

Both graphs are walked alike: depth first from the output, each operation after its inputs, and its inputs as it takes
them. So the weights of the two networks pair up if every merge of several tensors takes them in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple

import keras
import numpy as np

from suite.architectures.weights.resampling import resampled
from suite.core.errors import ArchitectureError

INPUT_SCALING = (keras.layers.Normalization, keras.layers.Rescaling)  # belongs to the pictures, not to the network


class Value(NamedTuple):
    """A weight that was trained, laid out as Keras does."""

    origin: str  # for people: its layer or its name, and its shape
    array: np.ndarray | None  # None: their normalisation has no such scale or shift, or they have no classifier


@dataclass(frozen=True)
class Slot:
    """The place of one weight in a network of ours."""

    layer: keras.layers.Layer
    place: int  # among the weights of its layer
    weight: Any  # its variable; None: our normalisation has no such scale or shift

    def fits(self, array: np.ndarray | None) -> bool:
        """Whether the weight may have this value; without one, only a normalisation is whole."""
        if self.weight is None or array is None:
            return array is None and isinstance(self.layer, keras.layers.BatchNormalization)
        return _essential(array) == _essential(self.weight)

    def neutral(self) -> np.ndarray:
        """Return the scale or shift that changes nothing."""
        return (np.ones if self.place == 0 else np.zeros)(self.weight.shape)


def operations(network: keras.Model) -> list[Any]:
    """Return each operation of a functional network once, after its inputs, in the order of the graph."""
    ordered: list[Any] = []
    entered: set[tuple[int, int]] = set()
    stack = [(*_producer(tensor), False) for tensor in reversed(network.outputs)]
    while stack:
        operation, call, done = stack.pop()
        if done:
            ordered.append(operation)
        elif (id(operation), call) not in entered:
            entered.add((id(operation), call))
            inputs = operation._inbound_nodes[call].input_tensors
            stack.append((operation, call, True))
            stack.extend((*_producer(tensor), False) for tensor in reversed(inputs))
    return list({id(operation): operation for operation in ordered}.values())


def _producer(tensor: keras.KerasTensor) -> tuple[Any, int]:
    operation, call, _ = tensor._keras_history
    return operation, call


def weighted(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers with weights, in the order of the graph; a nested network is replaced by its layers.

    Layers that only scale the pictures are left out.
    """
    layers: list[keras.layers.Layer] = []
    for operation in operations(network):
        if isinstance(operation, keras.Model):
            layers.extend(weighted(operation))
        elif isinstance(operation, keras.layers.Layer) and not isinstance(operation, INPUT_SCALING):
            layers.extend([operation] if learned(operation) else [])
    return layers


def learned(layer: keras.layers.Layer) -> list[Any]:
    """Return the weights of a layer, without the state of random numbers.

    A batch normalisation always gives scale, shift, mean and variance: None for a scale or shift that it lacks.
    """
    if isinstance(layer, keras.layers.BatchNormalization):
        return [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]
    return [weight for weight in layer.weights if "seed_generator" not in weight.path]


def values(network: keras.Model) -> list[Value]:
    """Return the weights of a network in the order of the graph."""
    return [
        Value(_described(layer), None if weight is None else np.asarray(weight))
        for layer in weighted(network)
        for weight in learned(layer)
    ]


def filled(network: keras.Model, given: Sequence[Value], source: str) -> keras.Model:
    """Return `network` with the weights `given`: one for each of its own, in the order of the graph.

    What was learned of places in a picture is fitted to its size. What decides between classes stays new where it does
    not fit: the last dense layers, from the first that takes another number of pixels or gives another number of
    classes; a classifier on the way. Raises ArchitectureError, which calls the weights `source`, where anything else
    differs.
    """
    slots = [Slot(layer, place, weight) for layer in weighted(network) for place, weight in enumerate(learned(layer))]
    given = [_sized(value, slot, network) for value, slot in zip(given, slots, strict=False)] + [*given[len(slots) :]]
    new = _new(given, slots, network)
    if len(given) != len(slots):
        left = [value.origin for value in given[len(slots) :]]
        left += [_described(slot.layer) for slot in slots[len(given) :]]
        raise ArchitectureError(
            f"{source} has {len(given)} weights and {network.name} has {len(slots)}: {left[0]} has no counterpart"
        )
    for value, slot in zip(given, slots, strict=True):
        if slot.weight is not None and slot.layer not in new:
            slot.weight.assign(np.reshape(slot.neutral() if value.array is None else value.array, slot.weight.shape))
    return network


def copied(source: keras.Model, target: keras.Model) -> keras.Model:
    """Return `target` with the weights of `source`. Raises ArchitectureError when the two differ but in classes."""
    return filled(target, values(source), source.name)


def _sized(value: Value, slot: Slot, network: keras.Model) -> Value:
    """Return a value as it is for pictures of the size that the network takes."""
    if value.array is None or slot.weight is None or slot.fits(value.array):
        return value
    _, height, width, _ = network.inputs[0].shape
    array = resampled(value.array, slot.layer, slot.weight, (height, width))
    return value if array is None else Value(value.origin, array)


def _new(given: Sequence[Value], slots: Sequence[Slot], network: keras.Model) -> set[keras.layers.Layer]:
    """Return the layers that stay new. Raises ArchitectureError at the first weight that does not fit its place."""
    new: set[keras.layers.Layer] = set()
    for value, slot in zip(given, slots, strict=False):
        if slot.layer in new or slot.fits(value.array):
            continue
        deciding = _deciding(slot.layer, network) if len(given) == len(slots) else set()
        if not deciding:
            raise ArchitectureError(f"the weights of {value.origin} do not fit {_described(slot.layer)}")
        new |= deciding
    return new


def _deciding(layer: keras.layers.Layer, network: keras.Model) -> set[keras.layers.Layer]:
    """Return the layers from this one on that decide between classes; none if it only describes a picture."""
    dense = list(takewhile(lambda other: isinstance(other, keras.layers.Dense), reversed(weighted(network))))
    if layer in dense:
        return set(dense[: dense.index(layer) + 1])
    return {layer} if layer.name.endswith("logits") else set()


def _essential(weight: Any) -> tuple[int, ...]:
    """Return the shape of a weight without dimensions of 1: a dense layer is a convolution of a single pixel."""
    return tuple(side for side in weight.shape if side != 1)


def _described(layer: keras.layers.Layer) -> str:
    shapes = ", ".join(f"{weight.name} {tuple(weight.shape)}" for weight in learned(layer) if weight is not None)
    return f"'{layer.name}' ({type(layer).__name__}: {shapes})"
