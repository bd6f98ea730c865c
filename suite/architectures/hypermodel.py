"""A `keras_tuner.HyperModel` as an architecture: its `hp` calls become the fields of a Config and the space of a study.

`own` imports this module only for a file with such classes, because it imports Keras Tuner.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field as dataclass_field
from dataclasses import fields, make_dataclass
from types import ModuleType
from typing import Any

import keras
import keras_tuner
from keras.src.backend.common import global_state
from keras_tuner.engine import hyperparameters as kinds

from suite.core.domains import Choice, Domain, Range, Value
from suite.core.errors import ArchitectureError
from suite.core.task import Task

SIDES = (32, 224)  # pixels: sides of the pictures to build for, to find the hp calls; the first that works
RECIPE = ("learning_rate", "batch_size", "weight_decay", "momentum", "label_smoothing")  # hp names of the recipe


def complete(module: ModuleType, models: Sequence[type[keras_tuner.HyperModel]]) -> None:
    """Add to `module` what a family defines: VARIANTS (one for each class), Config, build and SPACES.

    Raises ArchitectureError for a class that cannot be made or built, or an hp name that cannot name a field.
    """
    known = {model.__name__: (model, _calls(model)) for model in models}
    configs = {name: _config(name, calls) for name, (_, calls) in known.items()}
    by_config = {configs[name]: model for name, (model, _) in known.items()}

    def build(config: Any, task: Task) -> keras.Model:
        values = {each.name: getattr(config, each.name) for each in fields(config)}
        return _logits(_built(by_config[type(config)], values, task))

    module.Config, module.build = tuple(configs.values()), build  # type: ignore[attr-defined]
    module.VARIANTS = {name: config() for name, config in configs.items()}  # type: ignore[attr-defined]
    module.SPACES = {name: _space(calls) for name, (_, calls) in known.items()}  # type: ignore[attr-defined]


def _calls(model: type[keras_tuner.HyperModel]) -> list[Any]:
    """Return the hyperparameters that `model` asks for, including those in its conditional scopes."""
    for side in SIDES:
        try:
            return _heard(model, Task(height=side, width=side, channels=3, classes=10))
        except ValueError as error:  # a picture may be too small
            refusal = error
    raise ArchitectureError(f"{model.__name__}.build fails for pictures of {SIDES} pixels: {refusal}") from refusal


def _heard(model: type[keras_tuner.HyperModel], task: Task) -> list[Any]:
    """Build `model` with default values, with each number at its maximum, and in each conditional scope.

    The maxima find hyperparameters that each layer asks for; the scopes find those inside conditional scopes.
    """
    heard: dict[str, Any] = {}
    opened: list[Any] = []
    values: dict[str, Value] = {}
    while True:
        _, hp = _asked(model, values, task)
        new = {each.name: each for each in hp.space if each.name not in heard}
        heard |= new
        opened += [copy.deepcopy(scope) for scope in hp.active_scopes]
        closed = next((scope for scope in hp.inactive_scopes if scope not in opened), None)
        if closed is None and not new:
            return list(heard.values())
        if closed is not None:
            opened.append(copy.deepcopy(closed))  # one try is enough, even if other values keep it closed
            values |= {condition.name: condition.values[0] for condition in closed}
        values |= {name: each.max_value for name, each in new.items() if isinstance(each, (kinds.Int, kinds.Float))}


def _made(model: type[keras_tuner.HyperModel], task: Task) -> keras_tuner.HyperModel:
    """Return an instance. Its constructor may take `input_shape`, `classes` or `num_classes`, and `task`."""
    told = {"input_shape": task.image, "classes": task.classes, "num_classes": task.classes, "task": task}
    takes = inspect.signature(model).parameters.values()
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    unknown = [p.name for p in takes if p.default is p.empty and p.kind not in free and p.name not in told]
    if unknown:
        raise ArchitectureError(
            f"{model.__name__} needs the argument `{unknown[0]}`. A study passes only {', '.join(told)}: give any "
            "other argument a default."
        )
    return model(**{p.name: told[p.name] for p in takes if p.name in told})


def _asked(
    model: type[keras_tuner.HyperModel], values: Mapping[str, Value], task: Task
) -> tuple[Any, keras_tuner.HyperParameters]:
    """Return the network that `model` builds from `values`, and the hyperparameters that it asked for."""
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    with _real_optimizers():
        return _made(model, task).build(hp), hp


def _built(model: type[keras_tuner.HyperModel], values: Mapping[str, Value], task: Task) -> keras.Model:
    network, hp = _asked(model, values, task)
    unheard = [call.name for call in hp.space if call.name not in values and call.name not in RECIPE]
    if unheard:
        raise ArchitectureError(
            f"{model.__name__} asks for hp '{unheard[0]}' only at certain values of others, so it is not part of the "
            "space. Ask for it always, or inside hp.conditional_scope."
        )
    return network


@contextmanager
def _real_optimizers() -> Iterator[None]:
    """Let a HyperModel compile its network, and so make an optimizer, while networks are counted without memory.

    In a StatelessScope Keras refuses variables that have a value. An optimizer has two: learning rate and step count.
    """
    kind = keras.optimizers.Optimizer
    make = kind.__init__

    def outside(self: keras.optimizers.Optimizer, *arguments: Any, **options: Any) -> None:
        scope = global_state.get_global_attribute("stateless_scope")
        global_state.set_global_attribute("stateless_scope", None)
        try:
            make(self, *arguments, **options)
        finally:
            global_state.set_global_attribute("stateless_scope", scope)

    kind.__init__ = outside
    try:
        yield
    finally:
        kind.__init__ = make


def _logits(model: Any) -> Any:
    """Return a network without its final softmax: the loss and the export apply it."""
    if not isinstance(model, keras.Model) or not model.built or len(model.inputs) != 1 or len(model.outputs) != 1:
        return model
    image, answer = model.inputs[0], model.outputs[0]
    network = keras.Model(image, answer, name=model.name)  # makes a Sequential functional, too
    last = answer._keras_history.operation
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(image, last.input, name=model.name)
    if getattr(last, "activation", None) is keras.activations.softmax:
        last.activation = keras.activations.linear
    return network


def _config(name: str, calls: Sequence[Any]) -> type[Any]:
    """Return a frozen dataclass with a field for each hyperparameter that is not the recipe's."""
    own = [call for call in calls if call.name not in RECIPE]
    wrong = [call.name for call in own if not call.name.isidentifier()]
    if wrong:
        raise ArchitectureError(f"{name}: hp name '{wrong[0]}' cannot be a key of [space]: use letters, digits and _")
    columns = [(call.name, _type(call), dataclass_field(default=call.default)) for call in own]
    return make_dataclass(f"{name}Config", columns, frozen=True, kw_only=True)


def _type(call: Any) -> type:
    types = {type(value) for value in getattr(call, "values", [call.default])}
    return float if types == {int, float} or isinstance(call, kinds.Float) else types.pop()


def _space(calls: Sequence[Any]) -> dict[str, dict[str, Value | Domain]]:
    """Return the domains under `space` and `recipe`, as a study file has them."""
    tables: dict[str, dict[str, Value | Domain]] = {"space": {}, "recipe": {}}
    for call in calls:
        tables["recipe" if call.name in RECIPE else "space"][call.name] = _domain(call)
    return tables


def _domain(call: Any) -> Value | Domain:
    """Return a hyperparameter of Keras Tuner as our own domain."""
    if isinstance(call, kinds.Fixed):
        return call.value
    if isinstance(call, kinds.Boolean):
        return Choice((False, True))
    if isinstance(call, kinds.Choice):
        return Choice(tuple(call.values)) if len(call.values) > 1 else call.values[0]
    low, high = call.min_value, call.max_value
    if low == high:
        return low
    if call.sampling == "linear":
        return Range(low=low, high=high, step=call.step)
    if call.step in (None, 1):
        return Range(low=low, high=high, log=True)
    values = [low]
    while values[-1] * call.step <= high:  # on a log scale a step multiplies
        values.append(values[-1] * call.step)
    return Choice(tuple(values))
