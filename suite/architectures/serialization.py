"""Whether Keras can make a network again from its file, and if not, what to write in the source of the network.

Keras makes each layer again by the `from_config` of its class, from what its `get_config` said. It looks for a class or
a function that is not its own only among those that are registered.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any

import keras

from suite.core.errors import first_line

Thing = type | FunctionType  # what a layer is made of: its class, those of its parts, and functions

LAMBDA = "<lambda>"
OF_LAYERS = ("self", "name", "trainable", "dtype")  # arguments that every layer has


def faults(network: keras.Model, source: str) -> list[str]:
    """Return a line for each class or function of `network` that Keras could not make again; it names what to write.

    `source` is the file of the architecture.
    """
    lost = (operation for operation in operations(network) if not _returns(operation))
    return list(dict.fromkeys(line for operation in lost for line in _blamed(operation, source)))


def missing(operation: keras.Operation, source: str) -> list[str]:
    """Return a line for each class or function of a layer that is not registered, or does not describe itself."""
    said = [(thing, "; ".join(_remedies(thing, value, source))) for thing, value in _things(operation)]
    return [
        f"{place(thing, source)}: {called(thing)} could not be loaded again with a trained network: {remedies}"
        for thing, remedies in said
        if remedies
    ]


def operations(network: keras.Model) -> Iterator[keras.Operation]:
    """Yield the layers and operations of a network, also those of Keras' own models within it."""
    for one in network.layers if isinstance(network, keras.Sequential) else network.operations:
        if type(one) in (keras.Model, keras.Sequential) or _is_functional(one):
            yield from operations(one)
        else:
            yield one


def is_foreign(thing: Thing) -> bool:
    """Whether a class or a function is neither of Keras nor of Python."""
    return thing.__module__.partition(".")[0] not in ("keras", "builtins")


def place(thing: Thing, source: str) -> str:
    """Return the file and the line in which a class or a function is defined: `mine.py, line 12`."""
    file = Path(getattr(sys.modules.get(thing.__module__), "__file__", None) or source).resolve()
    number = thing.__code__.co_firstlineno if isinstance(thing, FunctionType) else _line(thing.__name__, file)
    return f"{file}, line {number}" if number else str(file)


def called(thing: Thing) -> str:
    """Return a class or a function in words."""
    if thing.__name__ == LAMBDA:
        return "a lambda"
    return f"{'function' if isinstance(thing, FunctionType) else 'class'} {thing.__name__}"


def last_words(error: Exception) -> str:
    """Return why Keras failed, one line: what it quotes comes last, after what it was doing and all that it knew."""
    return first_line(str(error).rpartition("Exception encountered:")[2]) or type(error).__name__


def _is_functional(one: Any) -> bool:
    return isinstance(one, keras.Model) and not is_foreign(type(one)) and bool(one.inputs)


def _returns(operation: keras.Operation) -> bool:
    """Whether Keras makes a layer again from what it says of itself; no weights are made."""
    try:
        said = keras.saving.serialize_keras_object(operation)
        keras.saving.deserialize_keras_object({**said, "build_config": None})
    except Exception:  # of anybody's code
        return False
    return True


def _blamed(operation: keras.Operation, source: str) -> list[str]:
    return missing(operation, source) or [
        f"{source}: layer '{operation.name}' could not be loaded again with a trained network: {_reason(operation)}. "
        f"Write what it is given as a class or a function, and {_decorator(source)} above it"
    ]


def _things(operation: keras.Operation) -> Iterator[tuple[Thing, Any]]:
    """Yield the classes and functions of which a layer is made, those of Keras left out, each with the value."""
    for value in _values(operation).values():
        if thing := _thing(value):
            yield thing, value


def _thing(value: Any) -> Thing | None:
    """Return a function, or the class of what Keras keeps as a class and its configuration, if it is not Keras' own."""
    if isinstance(value, FunctionType):
        return value if is_foreign(value) else None
    return type(value) if hasattr(value, "get_config") and is_foreign(type(value)) else None


def _values(operation: keras.Operation) -> dict[str, Any]:
    """Return a layer and what it keeps; of a layer that is not Keras' only what its constructor takes."""
    kept, kind = vars(operation), type(operation)
    names = _arguments(kind) if is_foreign(kind) else kept
    return {"": operation, **{name: kept[name] for name in names if name in kept}}


def _remedies(thing: Thing, value: Any, source: str) -> Iterator[str]:
    """Yield what to write so that a class or a function can be loaded again."""
    if thing.__name__ == LAMBDA:
        yield f"write it as a function with a name, and {_decorator(source)} above it"
        return
    other = keras.saving.get_registered_object(keras.saving.get_registered_name(thing))
    if other is None:
        yield f"write {_decorator(source)} above it"
    elif other is not thing:
        yield f"{place(other, source)} registers another one by this name: write another package in its decorator"
    if isinstance(thing, type) and not _is_described(value):
        yield _description(value)


def _decorator(source: str) -> str:
    return f'@keras.saving.register_keras_serializable(package="{Path(source).stem}")'


def _is_described(value: Any) -> bool:
    """Whether the class of an object makes another one from what its get_config says."""
    try:
        type(value).from_config(value.get_config())
    except Exception:  # of the user's code
        return False
    return True


def _description(value: Any) -> str:
    """Return the constructor and the get_config that a class needs."""
    names = [name for name in _arguments(type(value)) if name not in OF_LAYERS]
    if not isinstance(value, keras.Operation):
        return f"write def get_config(self): return {{{_pairs(names)}}}"
    arguments = ", ".join(["self", *names, "**options"])
    said = ", ".join(filter(None, ["**super().get_config()", _pairs(names)]))
    return (
        f"write def __init__({arguments}) with super().__init__(**options), and def get_config(self): return {{{said}}}"
    )


def _pairs(names: list[str]) -> str:
    return ", ".join(f'"{name}": self.{name}' for name in names)


def _arguments(kind: Callable[..., Any]) -> list[str]:
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, one in inspect.signature(kind).parameters.items() if one.kind not in free]


def _reason(operation: keras.Operation) -> str:
    try:
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(operation))
    except Exception as error:  # of anybody's code
        return last_words(error).rstrip(".")
    return "Keras cannot make it again"


def _line(name: str, file: Path) -> int | None:
    """Return the line of `class name` in a file; None if it is made in another way."""
    with suppress(OSError, SyntaxError, ValueError):
        tree = ast.walk(ast.parse(file.read_bytes()))
        return next((node.lineno for node in tree if isinstance(node, ast.ClassDef) and node.name == name), None)
    return None
