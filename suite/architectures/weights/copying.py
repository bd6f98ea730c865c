"""Copies the weights of one network into another that computes the same, whatever the names of its layers.

Both graphs are walked alike: depth first from the output, each operation after its inputs, and its inputs as it takes
them. So the weights of the two networks pair up if every merge of several tensors takes them in the same order.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from suite.core.errors import ArchitectureError

INPUT_SCALING = (keras.layers.Normalization, keras.layers.Rescaling)  # belongs to the pictures, not to the network


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


def copied(source: keras.Model, target: keras.Model) -> keras.Model:
    """Return `target` with the weights of `source`. Raises ArchitectureError when the two differ."""
    theirs, ours = (
        [(layer, place, weight) for layer in weighted(network) for place, weight in enumerate(learned(layer))]
        for network in (source, target)
    )
    for (from_layer, place, value), (to_layer, _, weight) in zip(theirs, ours, strict=False):
        if weight is None and value is None:
            continue
        if weight is None or (value is not None and _essential(value) != _essential(weight)):
            raise ArchitectureError(f"the weights of {_described(from_layer)} do not fit {_described(to_layer)}")
        neutral = np.ones if place == 0 else np.zeros  # a normalisation without scale or shift
        weight.assign(neutral(weight.shape) if value is None else np.reshape(value.numpy(), weight.shape))
    if len(theirs) != len(ours):
        longer = max(theirs, ours, key=len)
        unpaired = longer[min(len(theirs), len(ours))][0]
        raise ArchitectureError(
            f"{source.name} has {len(theirs)} weights and {target.name} has {len(ours)}: "
            f"{_described(unpaired)} has no counterpart"
        )
    return target


def _essential(weight: Any) -> tuple[int, ...]:
    """Return the shape of a weight without dimensions of 1: a dense layer is a convolution of a single pixel."""
    return tuple(side for side in weight.shape if side != 1)


def _described(layer: keras.layers.Layer) -> str:
    shapes = ", ".join(f"{weight.name} {tuple(weight.shape)}" for weight in learned(layer) if weight is not None)
    return f"'{layer.name}' ({type(layer).__name__}: {shapes})"
