"""The calls in the graph of a model, in the order in which Keras runs them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import tree

from suite.core.errors import UnknownOperationError
from suite.counting import rules


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of one operation."""

    operation: Any
    path: tuple[str, ...]  # names of the nested models that it is in, then its own
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]
    macs: int
    made: int  # output elements of convolutions, dense layers and products, those inside a layer too


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All calls of a model, including those of nested models."""

    inputs: list[keras.KerasTensor]
    calls: list[Call]
    outputs: list[keras.KerasTensor]


def graph(model: keras.Model, batch: int = 1) -> Graph:
    """Return the calls of a functional or sequential model for `batch` pictures.

    Raises UnknownOperationError for an operation that no rule covers, or for pictures without a fixed size.
    """
    inputs = [_sized(tensor, batch) for tensor in _function(model).inputs]
    calls: list[Call] = []
    outputs = _walk(model, inputs, (), calls)
    return Graph(inputs=inputs, calls=calls, outputs=outputs)


def _function(model: Any) -> keras.Function:
    """Return the graph of a model, whether functional or sequential."""
    if not getattr(model, "outputs", None):
        raise UnknownOperationError(
            f"cannot count '{model.name}', of class {type(model).__name__}: "
            "it has no graph (build a functional model, or give a sequential one its Input)"
        )
    return keras.Function(model.inputs, model.outputs)


def _sized(tensor: keras.KerasTensor, batch: int) -> keras.KerasTensor:
    size = tensor.shape[1:]
    if None in size:
        raise UnknownOperationError(f"cannot count with '{tensor.name}' of size {size}: build for one size of picture")
    return keras.KerasTensor((batch, *size), dtype=tensor.dtype)


def _walk(
    model: Any, inputs: list[keras.KerasTensor], around: tuple[str, ...], calls: list[Call]
) -> list[keras.KerasTensor]:
    """Append every call in the graph of `model`, and of the models in it; return its outputs."""

    def followed(operation: Any) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            path = (*around, operation.name)
            if isinstance(operation, (keras.Model, keras.Function)):
                return _walk(operation, _tensors((arguments, named)), path, calls)
            outputs = _outputs(operation, arguments, named)
            ordered = list(inspect.signature(operation.call).bind(*arguments, **named).arguments.values())
            macs, made = _work(operation, ordered, outputs)
            calls.append(
                Call(
                    operation=operation,
                    path=path,
                    inputs=_tensors(ordered),
                    outputs=_tensors(outputs),
                    macs=macs,
                    made=made,
                )
            )
            return outputs

        return call

    # Keras has no public way to follow its graph; this is what its own models run on.
    return tree.flatten(_function(model)._run_through_graph(inputs, operation_fn=followed))


def _work(operation: Any, inputs: list[Any], outputs: Any) -> tuple[int, int]:
    """Return multiply-adds and outputs of a call: by its rule, or step by step if it runs a model at each step."""
    model = operation.layer if isinstance(operation, keras.layers.TimeDistributed) else None
    if not isinstance(model, keras.Model):
        return rules.work(operation, _shapes(inputs), _shapes(outputs))
    batch, steps, *size = inputs[0].shape
    inside: list[Call] = []
    _walk(model, [keras.KerasTensor((batch, *size), dtype=inputs[0].dtype)], (), inside)
    return steps * sum(call.macs for call in inside), steps * sum(call.made for call in inside)


def _outputs(operation: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    outputs = operation.compute_output_spec(*arguments, **named)
    if any(None in shape for shape in _shapes(outputs)):
        # The layer knows less than its inputs say, as an EinsumDense does: only its call knows the size.
        outputs = keras.Operation.compute_output_spec(operation, *arguments, **named)
    return outputs


def _tensors(structure: Any) -> list[keras.KerasTensor]:
    return [leaf for leaf in tree.flatten(structure) if isinstance(leaf, keras.KerasTensor)]


def _shapes(structure: Any) -> list[rules.Shape]:
    return [tuple(leaf.shape) for leaf in tree.flatten(structure) if hasattr(leaf, "shape")]
