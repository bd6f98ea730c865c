"""What a network costs on any device: its weights, its multiply-adds and its activations."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import keras
from keras import ops, tree
from keras.src.backend.common import global_state
from keras.src.backend.common.symbolic_scope import in_symbolic_scope

from suite.errors import SuiteError, UnknownOperationError
from suite.profile import rules


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """Counts of one network; work is for one picture."""

    parameters: int  # trainable weights
    total_parameters: int  # with weights that are not trained, such as the statistics of normalisation
    macs: int  # multiply-adds of convolutions, dense layers and attention products
    activations: int  # output elements of those


def complexity(model: keras.Model) -> Complexity:
    """Return the counts of a functional or sequential model, whatever its batch size.

    The graph is walked call by call: a layer that is shared has its weights counted once and its work at each call.
    Raises UnknownOperationError for an operation that no rule covers, or for pictures without a fixed size.
    """
    calls: list[rules.Work] = []
    _walk(model, [_one(tensor) for tensor in _graph(model).inputs], calls)
    return Complexity(
        parameters=_elements(model.trainable_weights),
        total_parameters=_elements(model.weights),
        macs=sum(macs for macs, _ in calls),
        activations=sum(made for _, made in calls),
    )


def weightless(build: Callable[[], keras.Model]) -> keras.Model:
    """Return the model that `build` returns, without memory for its weights: it can be counted, not used.

    To call, compile, train or save it raises SuiteError; so does what asks for its weights by another model of its
    layers, such as the one without auxiliary classifiers. That can be counted too.
    """
    pending = list(global_state.get_global_attribute(_PENDING, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = build()
    finally:
        # Else the next symbolic call of any model would allocate these weights too. The public way to forget them,
        # clear_session, forgets the dtype policy and the seeds of the whole program as well.
        global_state.set_global_attribute(_PENDING, pending)
    for method in _USES:
        setattr(model, method, _refuse)
    for weight in model.variables:
        if weight._value is None:
            # Else Keras would draw a value anew each time that it is read, and fail in its own words when it is given.
            weight._initializer, weight._direct_assign = _placeholder, _refuse
    return model


_PENDING = "uninitialized_variables"
_USES = (
    "call", "compile", "fit", "evaluate", "predict", "predict_on_batch", "train_on_batch", "test_on_batch", "save",
    "save_weights", "load_weights", "get_weights", "set_weights", "export", "quantize",
)  # fmt: skip


def _refuse(*arguments: object, **named: object) -> NoReturn:
    raise SuiteError("this model has no weights, it is for counting only: build it again without weightless()")


def _placeholder(shape: rules.Shape, dtype: Any = None) -> Any:
    """Return the value of a weight that has none, to find out the shapes of a layer; refuse it to any other use."""
    return ops.zeros(shape, dtype) if in_symbolic_scope() else _refuse()


def _elements(weights: Iterable[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _graph(model: Any) -> keras.Function:
    """Return the graph of a model, whether functional or sequential."""
    if not getattr(model, "outputs", None):
        raise UnknownOperationError(
            f"cannot count '{model.name}', of class {type(model).__name__}: "
            "it has no graph (build a functional model, or give a sequential one its Input)"
        )
    return keras.Function(model.inputs, model.outputs)


def _one(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """Return the tensor for a batch of one."""
    size = tensor.shape[1:]
    if None in size:
        raise UnknownOperationError(f"cannot count with '{tensor.name}' of size {size}: build for one size of picture")
    return keras.KerasTensor((1, *size), dtype=tensor.dtype)


def _walk(model: Any, inputs: list[keras.KerasTensor], calls: list[rules.Work]) -> list[keras.KerasTensor]:
    """Append the work of every call in the graph of `model`, and of the models in it; return its outputs."""

    def counted(operation: Any) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if isinstance(operation, (keras.Model, keras.Function)):
                return _walk(operation, _tensors((arguments, named)), calls)
            outputs = _outputs(operation, arguments, named)
            ordered = inspect.signature(operation.call).bind(*arguments, **named).arguments
            calls.append(rules.work(operation, _shapes(list(ordered.values())), _shapes(outputs)))
            return outputs

        return call

    # Keras has no public way to follow its graph; this is what its own models run on.
    return tree.flatten(_graph(model)._run_through_graph(inputs, operation_fn=counted))


def _outputs(operation: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    outputs = operation.compute_output_spec(*arguments, **named)
    if any(None in shape for shape in _shapes(outputs)):
        # The layer was told less than its inputs say, as an EinsumDense is: only its call knows the size.
        outputs = keras.Operation.compute_output_spec(operation, *arguments, **named)
    return outputs


def _tensors(structure: Any) -> list[keras.KerasTensor]:
    return [leaf for leaf in tree.flatten(structure) if isinstance(leaf, keras.KerasTensor)]


def _shapes(structure: Any) -> list[rules.Shape]:
    return [tuple(leaf.shape) for leaf in tree.flatten(structure) if hasattr(leaf, "shape")]
