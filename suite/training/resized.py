"""A network that learns from pictures of another size than it is used on.

A second network, built for that size, lends its operations: it has the same weights, but computes with those of the
first. So there is one set of weights, one optimizer and one checkpoint, whatever the pictures.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import keras

from suite.architectures.layers import deployed
from suite.core.errors import ArchitectureError
from suite.core.phases import Phase
from suite.core.task import Shape, spelled


def shape(image: Shape, phase: Phase) -> Shape:
    """Return the size of the pictures of a phase, (H, W, C), for those at which the network is used."""
    height, width, channels = image
    return max(1, round(height * phase.side)), max(1, round(width * phase.side)), channels


def require_alike(network: keras.Model, other: keras.Model) -> None:
    """Raise ArchitectureError unless two networks for pictures of different sizes have the same weights."""
    for own, lent in zip_longest(network.variables, other.variables):
        if own is None or lent is None or tuple(own.shape) != tuple(lent.shape):
            found = own if own is not None else lent
            raise ArchitectureError(
                f"{network.name} has weights that depend on the size of its pictures, such as '{found.path}' "
                f"{tuple(found.shape)} for {_size(network)}: it cannot learn from {_size(other)} as train_side or "
                "progressive ask. Remove them from [recipe], or choose a network whose last maps are averaged"
            )


def lent(operations: keras.Model, network: keras.Model, pictures: Any) -> tuple[Any, list[Any]]:
    """Return the answers of `operations` in training, with the variables of `network`, and losses that layers add.

    What a pass changes by itself, such as the statistics of batches, is changed in `network`.
    """
    pairs = list(zip(operations.variables, network.variables, strict=True))
    with keras.StatelessScope(state_mapping=pairs, collect_losses=True) as scope:
        answers = operations(pictures, training=True)
    still = {id(variable) for variable in network.non_trainable_variables}
    for own, theirs in pairs:
        if id(theirs) in still:
            theirs.assign(scope.get_current_value(own))
    return answers, list(scope.losses)


def rest_alike(operations: keras.Model, network: keras.Model) -> None:
    """Let those layers of `operations` rest that rest in `network`."""
    for own, theirs in zip(operations._flatten_layers(), network._flatten_layers(), strict=True):
        own.trainable = theirs.trainable


def _size(network: keras.Model) -> str:
    return f"pictures of {spelled(tuple(deployed(network).inputs[0].shape[1:]))}"
