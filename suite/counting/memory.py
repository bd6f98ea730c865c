"""Bytes of weights, and of the activations that are alive at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from suite.counting.graph import Call, Graph

# Layers that in inference return their input, or its memory in another shape.
_VIEWS = frozenset(
    (
        "Identity", "Reshape", "Flatten", "Ravel", "Squeeze", "ExpandDims", "StopGradient", "ActivityRegularization",
        "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout",
        "GaussianNoise", "StochasticDepth",
    )
)  # fmt: skip


def stored(tensors: Iterable[Any]) -> int:
    """Return the bytes of weights or tensors, each at its own dtype."""
    return sum(math.prod(tensor.shape) * _size(tensor.dtype) for tensor in tensors)


def peak(graph: Graph) -> int:
    """Return the most bytes that are alive at once while the calls of `graph` run in their order."""
    owners = _owners(graph)
    ends = _ends(graph, owners)
    live = {id(tensor): stored([tensor]) for tensor in graph.inputs}
    highest = held = sum(live.values())
    for number, call in enumerate(graph.calls):
        for tensor in call.outputs:
            if owners[id(tensor)] == id(tensor) and id(tensor) not in live:
                live[id(tensor)] = stored([tensor])
                held += live[id(tensor)]
        highest = max(highest, held + _within(call))
        for ended in ends.get(number, ()):
            held -= live[ended]
    return highest


def _owners(graph: Graph) -> dict[int, int]:
    """Return the tensor whose memory each tensor uses: itself, or the tensor that it is a view of."""
    owners = {id(tensor): id(tensor) for tensor in graph.inputs}
    for call in graph.calls:
        shown = owners[id(call.inputs[0])] if _is_view(call) else None
        for tensor in call.outputs:
            owners.setdefault(id(tensor), shown or id(tensor))
    return owners


def _ends(graph: Graph, owners: dict[int, int]) -> dict[int, list[int]]:
    """Return the tensors that nobody needs after a call, by its number."""
    last = {owners[id(tensor)]: number for number, call in enumerate(graph.calls) for tensor in _touched(call)}
    for tensor in graph.outputs:
        last.pop(owners[id(tensor)], None)
    ends: dict[int, list[int]] = {}
    for tensor, number in last.items():
        ends.setdefault(number, []).append(tensor)
    return ends


def _touched(call: Call) -> list[keras.KerasTensor]:
    return [*call.inputs, *call.outputs]


def _is_view(call: Call) -> bool:
    names = {parent.__name__ for parent in type(call.operation).__mro__}
    sizes = {(math.prod(tensor.shape), tensor.dtype) for tensor in _touched(call)}
    return bool(names & _VIEWS) and len(call.inputs) == 1 and len(sizes) == 1


def _within(call: Call) -> int:
    """Return the bytes that a call takes and frees again, such as the scores of attention."""
    kept = sum(math.prod(tensor.shape) for tensor in call.outputs)
    dtype = getattr(call.operation, "compute_dtype", None) or call.outputs[0].dtype
    return max(0, call.made - kept) * _size(dtype)


def _size(dtype: Any) -> int:
    return int(tf.as_dtype(keras.backend.standardize_dtype(dtype)).size)
