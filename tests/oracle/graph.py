"""The graphs of two frameworks in one form, so that the weights of both are found in the same order.

Keras' graph is its functional model; torch's is what backpropagation would walk after one forward pass, which every
module has, whatever control flow it is written with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import torch

from suite.architectures.weights.copying import INPUT_SCALING, learned

COMMUTATIVE = {"Add", "Multiply", "Maximum", "AddBackward0", "MulBackward0", "MaximumBackward0"}


@dataclass(eq=False)
class Node:
    """One operation."""

    kind: str
    weights: list[Any]  # what it learned: layers of Keras, or (module, parameter names) of torch
    inputs: list[Node] = field(default_factory=list)
    depth: int = 0  # operations with weights on the longest way from the pictures to here

    def ordered(self) -> list[Node]:
        """Return the inputs; those of a sum or product by depth, for sides are written now one way, now the other."""
        return sorted(self.inputs, key=lambda node: -node.depth) if self.kind in COMMUTATIVE else self.inputs


def in_order(output: Node) -> list[Any]:
    """Return the weights of the graph, depth first from the output, each once and after those of the inputs."""
    nodes = _after_inputs(output, Node.ordered)
    return list(dict.fromkeys(weight for node in nodes for weight in node.weights))


def _after_inputs(output: Any, inputs: Any) -> list[Any]:
    """Return the nodes of a graph, each once and after its `inputs(node)`, which are visited in order."""
    done: dict[Any, None] = {}
    entered = set()
    stack = [(output, False)]
    while stack:
        node, left = stack.pop()
        if left:
            done[node] = None
        elif node not in entered:
            entered.add(node)
            stack.append((node, True))
            stack.extend((other, False) for other in reversed(inputs(node)))
    return list(done)


def of_keras(network: keras.Model) -> Node:
    """Return the graph of a functional network, its nested networks taken as if written in their place."""
    return _of_keras(network, [Node("pictures", [])])


def _of_keras(network: keras.Model, inputs: list[Node]) -> Node:
    (output,) = network.outputs
    nodes = {id(tensor): node for tensor, node in zip(network.inputs, inputs, strict=True)}

    def producer(tensor: Any) -> tuple[Any, int]:
        return tensor._keras_history[:2]

    def needs(call: tuple[Any, int]) -> list[tuple[Any, int]]:
        return [producer(tensor) for tensor in call[0]._inbound_nodes[call[1]].input_tensors]

    made: dict[tuple[Any, int], Node] = {producer(tensor): nodes[id(tensor)] for tensor in network.inputs}
    for operation, call in _after_inputs(producer(output), needs):
        if (operation, call) in made:
            continue
        before = [made[other] for other in needs((operation, call))]
        if isinstance(operation, keras.Model):
            made[operation, call] = _of_keras(operation, before)
        else:
            made[operation, call] = _node(type(operation).__name__, _learned(operation), before)
    return made[producer(output)]


def _learned(operation: Any) -> list[Any]:
    is_layer = isinstance(operation, keras.layers.Layer) and not isinstance(operation, INPUT_SCALING)
    return [operation] if is_layer and learned(operation) else []


def _node(kind: str, weights: list[Any], inputs: list[Node]) -> Node:
    return Node(kind, weights, inputs, bool(weights) + max((node.depth for node in inputs), default=0))


def of_torch(module: torch.nn.Module, pictures: torch.Tensor, output: torch.Tensor) -> Node:
    """Return the graph that led from `pictures`, whose gradient is required, to `output`.

    What leads to an operation from weights alone, such as their standardisation, is part of that operation.
    """
    owners = _owners(module)
    made: dict[Any, Node] = {}
    apart: dict[Any, list[Any]] = {}  # weights that lead to an operation without pictures
    for function in _after_inputs(output.grad_fn, _functions):
        variable = getattr(function, "variable", None)
        if variable is pictures:
            made[function] = Node("pictures", [])
            continue
        before = [made[other] for other in _functions(function) if other in made]
        weights = [owners[id(variable)]] if variable is not None else []
        weights += [owner for other in _functions(function) for owner in apart.get(other, [])]
        if before:
            made[function] = _node(type(function).__name__, _by_module(weights), before)
        else:
            apart[function] = weights
    return made[output.grad_fn]


def _functions(function: Any) -> list[Any]:
    return [other for other, _ in function.next_functions if other is not None]


def _by_module(weights: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the weights that an operation takes, those of one module together."""
    names: dict[str, dict[str, None]] = {}
    for path, own in weights:
        names.setdefault(path, {}).update(dict.fromkeys(own))
    return [(path, tuple(own)) for path, own in names.items()]


def _owners(module: torch.nn.Module) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Return, by the identity of each parameter, the path of its module and all that belongs to it there.

    A module whose parts have none, such as a normalisation, is taken whole; elsewhere each parameter stands alone.
    """
    owners = {}
    for path, part in module.named_modules():
        own = [name for name, _ in part.named_parameters(recurse=False)]
        whole = not any(list(child.parameters()) for child in part.children())
        buffers = [name for name, _ in part.named_buffers(recurse=False) if name.startswith("running_")]
        for name, parameter in part.named_parameters(recurse=False):
            owners[id(parameter)] = (path, tuple(own + buffers) if whole else (name,))
    return owners
