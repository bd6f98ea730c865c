"""A helper that builds one network and writes it for each path. It reads its order from stdin.

It answers with a line of JSON: the counts of the network, and for each path its file or why there is none. The process
is separate so that a network too large for the memory takes nothing else down.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from suite import architectures
from suite.architectures.layers import deployed
from suite.benchmark.order import BuildOrder
from suite.core.errors import ArchitectureError, SuiteError
from suite.core.task import Task
from suite.counting.complexity import complexity, peak_activation_bytes
from suite.export import converters, saved_model
from suite.timing import runtimes


def main() -> None:
    """Write what stdin asks for."""
    order = BuildOrder(**{key: _tupled(value) for key, value in json.load(sys.stdin).items()})
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # converters print freely
    try:
        answer = _written(order)
    except Exception as error:  # the user's own model may raise anything
        reason = str(error) if isinstance(error, SuiteError) else runtimes.said(error)
        answer = {"no_memory" if runtimes.is_out_of_memory(error) else "failed": reason}
    print(json.dumps(answer), file=answers, flush=True)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _written(order: BuildOrder) -> dict[str, Any]:
    folder, file = Path(order.folder), Path(order.model)
    if file.is_dir():
        return {
            "image": None,
            "counts": {},
            "artefacts": _each(order.paths, lambda path: converters.converted(file, path, folder)),
        }
    saved = folder / "saved_model"
    if file.suffix == ".keras":
        model = _own(file, order)
        _save_plain(model, saved)
    else:
        model = _named(order)
        saved_model.write(model, [str(number) for number in range(order.classes)], str(saved), only=("pixels",))
    return {
        "image": list(model.input_shape[1:]),
        "counts": _counts(model, order.batches),
        "artefacts": _each(order.paths, lambda path: converters.converted(saved, path, folder, model)),
    }


def _each(paths: Sequence[str], write: Callable[[str], Path]) -> dict[str, Mapping[str, Any]]:
    """Return the file of each path, or why it failed: a path that fails does not stop the others."""
    made: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        try:
            file = write(path)
            made[path] = {"file": str(file)}
        except Exception as error:  # converters may raise anything
            made[path] = {"failed": runtimes.said(error)}
    return made


def _named(order: BuildOrder) -> keras.Model:
    """Build a network of the catalogue, or one of the user's own that is defined as ours are."""
    side = architectures.resolution(order.model)
    height, width, channels = order.image or (side, side, 3)
    keras.config.set_dtype_policy(order.precision)
    task = Task(height=height, width=width, channels=channels, classes=order.classes)
    return deployed(architectures.build(order.model, task))


def _own(file: Path, order: BuildOrder) -> keras.Model:
    model = keras.saving.load_model(file, compile=False)
    if len(model.inputs) != 1 or None in model.input_shape[1:]:
        raise ArchitectureError(f"{file}: only a model with one input of a fixed size can be measured")
    if order.image and tuple(model.input_shape[1:]) != order.image:
        raise ArchitectureError(f"{file}: it was built for pictures of {model.input_shape[1:]}, not of {order.image}")
    return model


def _counts(model: keras.Model, batches: Sequence[int]) -> dict[str, Any]:
    return {
        **asdict(complexity(model)),
        "peaks": {str(batch): peak_activation_bytes(model, batch) for batch in batches},
    }


def _save_plain(model: keras.Model, folder: Path) -> None:
    """Write the user's own model as it is: how it prepares its pictures is inside it, or unknown."""

    def pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"answer": model(pixels, training=False)}

    takes = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, "pixels")
    saved_model.save(model, {"pixels": (pixels, takes)}, str(folder))
