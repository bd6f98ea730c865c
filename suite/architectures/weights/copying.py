"""The weights of one network in another that computes the same, whatever its layers are called.

Both graphs are walked in one order: depth first from the output, every operation after its inputs, and these in the
order in which it takes them. So the weights of two networks meet in pairs if every merge of several tensors takes them
in the same order.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from suite.core.errors import ArchitectureError

INPUT_SCALING = (keras.layers.Normalization, keras.layers.Rescaling)  # belongs to the pictures, not to the network


def operations(network: keras.Model) -> list[Any]:
    """Return the operations of a functional network, each after its inputs and once, in the order of the graph."""
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
    """Return the layers that have learned something, in the order of the graph; those of a network inside in its place.

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

    Of a normalisation over the batch always scale, shift, mean and variance: None where it has no scale or shift.
    """
    if isinstance(layer, keras.layers.BatchNormalization):
        return [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]
    return [weight for weight in layer.weights if "seed_generator" not in weight.path]


def copied(source: keras.Model, target: keras.Model) -> keras.Model:
    """Return `target` with the weights of `source`. Raises ArchitectureError where the two are not the same network."""
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
            f"nothing is left to go with {_described(unpaired)}"
        )
    return target


def _essential(weight: Any) -> tuple[int, ...]:
    """Return the shape of a weight without its sides of 1: a dense layer is a convolution of a single pixel."""
    return tuple(side for side in weight.shape if side != 1)


def _described(layer: keras.layers.Layer) -> str:
    shapes = ", ".join(f"{weight.name} {tuple(weight.shape)}" for weight in learned(layer) if weight is not None)
    return f"'{layer.name}' ({type(layer).__name__}: {shapes})"
