"""Your own architecture: a Python file with the three names of a family, loaded by its path.

The file may instead have HyperModel classes of Keras Tuner: each class is a variant.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from suite.core import errors, recipe, task
from suite.core.errors import ArchitectureError, SuiteError, did_you_mean
from suite.core.recipe import Recipe
from suite.core.task import Task

_NAMES = ("Config", "VARIANTS", "build")
_MOVED = {"suite.errors": errors, "suite.study": recipe, "suite.task": task}  # where files of earlier versions look


def load(path: str) -> ModuleType:
    """Return the module in the file `path`; each process runs it once. Raises ArchitectureError if it is no family.

    The module has the same name in every process, so that a saved network finds the layers that the file defines.
    `DIGEST` is the SHA-256 of the file as it was run. `build` raises TypeError instead of returning anything but a
    network from pictures to logits.
    """
    file = _resolved(path)
    name = f"suite_own_{re.sub('[^0-9a-zA-Z]', '_', file.stem)}_{_sha256(str(file).encode())[:8]}"
    if name not in sys.modules:
        module = ModuleType(name)
        sys.modules[name] = module  # a dataclass looks up its module while it is defined
        try:
            _run(module, file)
            if models := _hypermodels(module):
                with blamed(path):
                    importlib.import_module("suite.architectures.hypermodel").complete(module, models)
            _check(module, file)
            module.build = _held(module.build)  # type: ignore[attr-defined]
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


@contextmanager
def blamed(path: str) -> Iterator[None]:
    """Turn any exception inside into an ArchitectureError that names the line of the file `path`."""
    file = _resolved(path)
    try:
        yield
    except Exception as error:
        raise ArchitectureError(f"{file}{_line(error, file)}: {_said(error)}") from error


def _resolved(path: str) -> Path:
    """Return the whole path; unlike `Path.expanduser` that of a user who does not exist, too."""
    try:
        return Path(os.path.expanduser(path)).resolve()
    except (ValueError, OSError) as error:
        raise ArchitectureError(f"{path}: cannot be read: {error}") from None


def _run(module: ModuleType, file: Path) -> None:
    try:
        source = file.read_bytes()
    except OSError as error:
        raise ArchitectureError(f"{file}: cannot be read: {error.strerror}.{_nearest(file)}") from None
    for name, moved in _MOVED.items():
        sys.modules.setdefault(name, moved)
    module.__file__, module.DIGEST = str(file), _sha256(source)  # type: ignore[attr-defined]
    with blamed(str(file)):
        exec(compile(source, str(file), "exec", dont_inherit=True), module.__dict__)


def _nearest(file: Path) -> str:
    with suppress(OSError):  # the folder itself may be none
        if near := [str(path) for path in file.parent.glob("*.py")]:
            return did_you_mean(str(file), near)
    return ""


def _hypermodels(module: ModuleType) -> list[type]:
    """Return the HyperModel classes of a file; none if it defines VARIANTS."""
    tuner = sys.modules.get("keras_tuner")  # a file with such a class has imported it
    if tuner is None or hasattr(module, "VARIANTS"):
        return []
    mine = (kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__)
    return [kind for kind in mine if issubclass(kind, tuner.HyperModel)]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _said(error: Exception) -> str:
    if isinstance(error, SuiteError):
        return str(error)
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"


def _line(error: Exception, file: Path) -> str:
    """Return `, line 12`, the last line of `file` in the traceback; empty without one."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f", line {error.lineno}"
    passed = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f", line {passed[-1]}" if passed else ""


def _check(module: ModuleType, file: Path) -> None:
    """Raise ArchitectureError unless Config, VARIANTS, build and the optional RECIPE are those of a family."""
    missing = [name for name in _NAMES if not hasattr(module, name)]
    if missing:
        _refuse(
            file,
            f"no {' and no '.join(missing)}: an architecture has {', '.join(_NAMES)}, or is a keras_tuner.HyperModel",
        )
    kinds = module.Config if isinstance(module.Config, tuple) else (module.Config,)
    if not all(map(_is_frozen_dataclass, kinds)):
        _refuse(file, "Config is not a frozen dataclass: write @dataclass(frozen=True, kw_only=True) above it")
    if not isinstance(module.VARIANTS, Mapping) or not module.VARIANTS:
        _refuse(file, 'VARIANTS names no network: write VARIANTS = {"small": Config(...)}')
    for variant, config in module.VARIANTS.items():
        if not isinstance(config, kinds):
            _refuse(file, f"VARIANTS['{variant}'] is not a Config, but of class {type(config).__name__}")
    if not callable(module.build):
        _refuse(file, "build is not a function: write def build(config: Config, task: Task) -> keras.Model")
    if not isinstance(getattr(module, "RECIPE", Recipe()), Recipe):
        _refuse(file, "RECIPE is not a Recipe: write RECIPE = Recipe(...), with `from suite import Recipe`")


def _held(build: Callable[[Any, Task], Any]) -> Callable[[Any, Task], Any]:
    """Return `build` with a check of the network that it returns."""

    @wraps(build)
    def held(config: Any, task: Task) -> Any:
        network = build(config, task)
        fault = _fault(network, task)
        if fault:
            raise TypeError(f"build returns {fault}")  # the file is at fault: no other candidate would work
        return network

    return held


def _fault(network: Any, task: Task) -> str:
    """Return in words why a network does not lead from pictures to logits; empty if it does."""
    import keras  # here, because the catalogue does not need it

    if not (isinstance(network, keras.Model) and getattr(network, "inputs", None)):
        return f"{type(network).__name__}: end it with `return keras.Model(image, logits)`"
    taken = [tuple(tensor.shape) for tensor in network.inputs]
    if taken != [(None, *task.image)]:
        return f"a network that takes {_shapes(taken)}, not {(None, *task.image)}: begin with keras.Input(task.image)"
    answers = getattr(network, "deployed", network).outputs  # without auxiliary classifiers
    given = [tuple(tensor.shape) for tensor in answers]
    if given != [(None, task.classes)]:
        return f"a network that answers {_shapes(given)}, not {(None, task.classes)}: end with a Dense(task.classes)"
    if answers[0].dtype != "float32":
        return f'a network that answers in {answers[0].dtype}: write dtype="float32" in its last layer'
    last = answers[0]._keras_history.operation
    function = getattr(last, "activation", None)
    if isinstance(last, keras.layers.Softmax) or function in (keras.activations.softmax, keras.activations.sigmoid):
        return f"probabilities: leave out the activation of '{last.name}', the loss applies it"
    return ""


def _shapes(shapes: list[tuple[int | None, ...]]) -> str:
    return " and ".join(map(str, shapes))


def _is_frozen_dataclass(kind: object) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def _refuse(file: Path, message: str) -> None:
    raise ArchitectureError(f"{file}: {message}")
