"""What a network costs on any device: its weights, its multiply-adds and its activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import keras
from keras import ops
from keras.src.backend.common import global_state
from keras.src.backend.common.symbolic_scope import in_symbolic_scope

from suite.core.errors import SuiteError, did_you_mean
from suite.core.measures import COUNTED
from suite.counting import memory, rules
from suite.counting.graph import Call, graph


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """Counts of one network; work is for one picture."""

    parameters: int  # trainable weights
    total_parameters: int  # with weights that are not trained, such as the statistics of normalisation
    macs: int  # multiply-adds of convolutions, dense layers and attention products
    activations: int  # output elements of the same


@dataclass(frozen=True, kw_only=True)
class Part:
    """The cost of one call of one layer or operation. A layer's weights count at its first call only."""

    layer: str  # after the names of the nested models that it is in: "encoder/conv1"
    kind: str  # name of its class
    output: tuple[int, ...]  # shape of its first output for one picture
    parameters: int
    total_parameters: int
    macs: int
    activations: int


@dataclass(frozen=True, kw_only=True)
class Kind:
    """All calls of one kind of layer or operation."""

    kind: str
    calls: int
    parameters: int
    total_parameters: int
    macs: int
    activations: int


def complexity(model: keras.Model) -> Complexity:
    """Return the counts of a functional or sequential model, whatever its batch size.

    The graph is walked call by call: a shared layer counts its weights once and its work at each call.
    Raises UnknownOperationError for an operation that no rule covers, or for pictures without a fixed size.
    """
    calls = graph(model).calls
    return Complexity(
        parameters=_elements(model.trainable_weights),
        total_parameters=_elements(model.weights),
        macs=sum(call.macs for call in calls),
        activations=sum(call.made for call in calls),
    )


def counts(model: keras.Model) -> dict[str, float]:
    """Return the counts that are measures, by name."""
    known = complexity(model)
    return {name: float(getattr(known, name)) for name in COUNTED}


def parts(model: keras.Model) -> tuple[Part, ...]:
    """Return the cost of each call of a model, in the order of the graph; the sums are those of `complexity`.

    Weights that the model itself added, outside of any call, are a last part with the model's name. Raises as
    `complexity` does.
    """
    trainable, counted = {id(weight) for weight in model.trainable_weights}, set[int]()

    def part(layer: str, kind: str, output: tuple[int, ...], weights: Sequence[Any], macs: int, made: int) -> Part:
        new = [weight for weight in weights if id(weight) not in counted]
        counted.update(map(id, new))
        return Part(
            layer=layer,
            kind=kind,
            output=output,
            parameters=_elements(weight for weight in new if id(weight) in trainable),
            total_parameters=_elements(new),
            macs=macs,
            activations=made,
        )

    rows = [
        part("/".join(call.path), type(call.operation).__name__, _shown(call), _weights(call), call.macs, call.made)
        for call in graph(model).calls
    ]
    own = part(model.name, type(model).__name__, (), model.weights, 0, 0)
    return (*rows, own) if own.total_parameters else tuple(rows)


def by_kind(rows: Sequence[Part]) -> tuple[Kind, ...]:
    """Return the sums of the parts of each kind, by multiply-adds and then by weights, the most first."""
    kinds: dict[str, list[Part]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    sums = [
        Kind(
            kind=kind,
            calls=len(alike),
            parameters=sum(row.parameters for row in alike),
            total_parameters=sum(row.total_parameters for row in alike),
            macs=sum(row.macs for row in alike),
            activations=sum(row.activations for row in alike),
        )
        for kind, alike in kinds.items()
    ]
    return tuple(sorted(sums, key=lambda row: (-row.macs, -row.total_parameters)))


def table(model: keras.Model, by: str) -> list[dict[str, Any]]:
    """Return the rows of `parts` (`by` is "layer") or of `by_kind` ("kind"), with their shares in percent.

    Raises SuiteError for another `by`.
    """
    if by not in _TABLES:
        raise SuiteError(f"no table by '{by}'.{did_you_mean(by, _TABLES)}")
    rows: Sequence[Any] = _TABLES[by](model)
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("parameters", "macs")}
    return [_with_shares(asdict(row), sums) for row in rows]


_TABLES: dict[str, Callable[[keras.Model], Sequence[Any]]] = {
    "layer": parts,
    "kind": lambda model: by_kind(parts(model)),
}


def _with_shares(row: dict[str, Any], sums: Mapping[str, int]) -> dict[str, Any]:
    """Return the row as a table shows it, with a column after each of `sums` for its share in percent."""
    shared: dict[str, Any] = {}
    for name, value in row.items():
        shared[name] = " x ".join(map(str, value)) if isinstance(value, tuple) else value
        if name in sums:
            shared[f"{name}_percent"] = 100 * value / (sums[name] or 1)
    return shared


def model_bytes(model: keras.Model) -> int:
    """Return the bytes of all weights of a model, each once and at the dtype that it is stored in."""
    return memory.stored(model.weights)


def peak_activation_bytes(model: keras.Model, batch: int) -> int:
    """Return the most bytes of activations that are alive at once in a forward pass of `batch` pictures.

    The calls run in the order of the graph. A tensor lives from the call that makes it to the last call that takes it;
    the pictures live from the start, the answers to the end. Each has its own dtype. Inputs and outputs of a call are
    alive together, for nothing is fused or done in place. Reshapes and layers that act in training only share the
    memory of their input. All that a layer makes inside, such as the scores of attention, is alive while it runs.
    Weights and the work space of kernels are not counted. Raises as `complexity` does.
    """
    return memory.peak(graph(model, batch))


def touched_bytes(model: keras.Model, batch: int) -> int:
    """Return the bytes of a forward pass of `batch` pictures: all weights, and the activations at their peak.

    Raises as `complexity` does.
    """
    return model_bytes(model) + peak_activation_bytes(model, batch)


def weightless(build: Callable[[], keras.Model]) -> keras.Model:
    """Return the model that `build` returns, without memory for its weights: it can be counted, not used.

    Calling, compiling, training or saving it raises SuiteError. So does using its weights through another model of its
    layers, such as the one without auxiliary classifiers; that model can be counted too.
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
            # Else Keras would draw a new value at each read, and fail with its own message when a value is assigned.
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
    """Return a stand-in for the value of a weight, to find the shapes of a layer; refuse any other use."""
    return ops.zeros(shape, dtype) if in_symbolic_scope() else _refuse()


def _shown(call: Call) -> tuple[int, ...]:
    """Return the shape of what a call returns, without a batch that is one picture."""
    shape = tuple(call.outputs[0].shape)
    return shape[1:] if shape[:1] == (1,) else shape


def _weights(call: Call) -> Sequence[Any]:
    return getattr(call.operation, "weights", ())


def _elements(weights: Iterable[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
