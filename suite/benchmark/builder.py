"""A helper that builds one network and writes it for each path. It reads its order from stdin.

It answers with a line of JSON: the counts of the network, and for each path its file or why there is none. The process
is separate so that a network too large for the memory takes nothing else down.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from suite import architectures
from suite.architectures.layers import deployed
from suite.benchmark import keras_files
from suite.benchmark.order import BuildOrder
from suite.core.errors import ArchitectureError
from suite.core.inputs import Given, Input, fixed_batch, seen, sized
from suite.core.paths import READY, made_for
from suite.core.reasons import said
from suite.core.study import is_file
from suite.core.task import Task
from suite.counting.complexity import complexity, model_bytes, peak_activation_bytes
from suite.export import converters, saved_model
from suite.timing import runtimes


def main() -> None:
    """Write what stdin asks for."""
    told = json.load(sys.stdin)
    given = {name: tuple(sizes) for name, sizes in told.pop("given").items()}
    order = BuildOrder(given=given, **told)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # converters print freely
    print(json.dumps(answered(order)), file=answers, flush=True)


def answered(order: BuildOrder) -> dict[str, Any]:
    """Return what is known of a network and its files, or why there are none."""
    try:
        return _written(order)
    except Exception as error:  # the user's own model may raise anything
        return {"no_memory" if runtimes.is_out_of_memory(error) else "failed": said(error)}


def _written(order: BuildOrder) -> dict[str, Any]:
    if not is_file(order.model):
        return _of_catalogue(order)
    file = Path(order.model)
    if file.is_dir():
        return _of_saved_model(file, order, {})
    _check_is_no_text(file)
    return _as_it_is(file, order) if file.suffix.lower() in READY else _of_keras(file, order)


def _check_is_no_text(file: Path) -> None:
    """Raise ArchitectureError when a file is empty or text: the page of an error, or what git keeps instead of it."""
    with file.open("rb") as content:
        begins = content.read(40)
    if not begins:
        raise ArchitectureError("it is empty: fetch or save it again")
    words = " ".join(begins.decode("utf-8", "replace").split())
    if words.isprintable() and "\ufffd" not in words:
        raise ArchitectureError(f"it is no model but text, {words!r}: fetch or save it again")


def _of_catalogue(order: BuildOrder) -> dict[str, Any]:
    """Build a network of the catalogue, or one of the user's own that is defined as ours are."""
    saved = Path(order.folder) / "saved_model"
    model = _named(order)
    saved_model.write(model, [str(number) for number in range(order.classes)], str(saved), only=("pixels",))
    return _answer(runtimes.inputs_of(model), {}, _counts(model, order.batches), _converted(saved, order, model))


def _of_keras(file: Path, order: BuildOrder) -> dict[str, Any]:
    saved = Path(order.folder) / "saved_model"
    model = keras_files.opened(file, Path(order.folder), trusted=order.trusted)
    if not keras_files.is_of_keras_3(model):
        model.export(str(saved))
        return _of_saved_model(saved, order, _weights(model))
    model = keras_files.fitted(model, order.given)
    _save_plain(model, saved)
    return _answer(
        runtimes.inputs_of(model), order.given, _counts(model, order.batches), _converted(saved, order, model)
    )


def _of_saved_model(saved: Path, order: BuildOrder, counts: Mapping[str, Any]) -> dict[str, Any]:
    takes = runtimes.opened("saved_model", saved, 1).takes
    sizes = sized(takes, order.given)
    if any(one.is_free for one in takes):
        saved = converters.resized(saved, sizes, Path(order.folder))
    return _answer(takes, order.given, counts, _converted(saved, order))


def _as_it_is(file: Path, order: BuildOrder) -> dict[str, Any]:
    """Return the answer for a file that one path runs without a conversion; on other paths it fails."""
    runs = made_for(order.model)

    def given(path: str) -> Path:
        if path != runs:
            raise ArchitectureError(f"{file.name} runs on --path {runs} only")
        return file

    takes = runtimes.opened(runs, file, 1).takes if runs in order.paths else ()
    if runs == "litert":
        converters.refuse_flex(file)
    return _answer(takes, order.given, {}, _each(order.paths, given))


def _answer(
    takes: Sequence[Input], given: Given, counts: Mapping[str, Any], artefacts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all that is known of a network before it runs. Raises ArchitectureError for sizes that do not fit."""
    sizes = sized(takes, given) if takes else {}
    return {
        "image": seen(takes, sizes), "batch": fixed_batch(takes), "sizes": sizes, "counts": counts,
        "artefacts": artefacts,
    }  # fmt: skip


def _converted(saved: Path, order: BuildOrder, model: keras.Model | None = None) -> dict[str, Mapping[str, Any]]:
    return _each(order.paths, lambda path: converters.converted(saved, path, Path(order.folder), model))


def _each(paths: Sequence[str], write: Callable[[str], Path]) -> dict[str, Mapping[str, Any]]:
    """Return the file of each path, or why it failed: a path that fails does not stop the others."""
    made: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        try:
            file = write(path)
            made[path] = {"file": str(file)}
        except Exception as error:  # converters may raise anything
            made[path] = {"failed": said(error)}
    return made


def _named(order: BuildOrder) -> keras.Model:
    side = architectures.resolution(order.model)
    height, width, channels = order.given.get("") or (side, side, 3)
    keras.config.set_dtype_policy(order.precision)
    task = Task(height=height, width=width, channels=channels, classes=order.classes)
    return deployed(architectures.build(order.model, task))


def _counts(model: keras.Model, batches: Sequence[int]) -> dict[str, Any]:
    """Return the counts of a model; only those of its weights if we have no rule for one of its operations."""
    fixed = fixed_batch(runtimes.inputs_of(model))
    try:
        peaks = {str(one): peak_activation_bytes(model, one) for one in batches if fixed in (None, one)}
        return {**asdict(complexity(model)), "weights": model_bytes(model), "peaks": peaks}
    except Exception:  # a user's own layers may raise anything when they are called once more
        return _weights(model)


def _weights(model: Any) -> dict[str, int]:
    """Return how many weights a model of Keras 3 or 2 has."""
    kinds = {"parameters": model.trainable_weights, "total_parameters": model.weights}
    return {name: sum(math.prod(one.shape) for one in weights) for name, weights in kinds.items()}


def _save_plain(model: keras.Model, folder: Path) -> None:
    """Write the user's own model as it is: how it prepares its pictures is inside it, or unknown."""

    def answers(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        made = model(runtimes.arranged(model, inputs), training=False)
        return {f"answer_{number}": one for number, one in enumerate(keras.tree.flatten(made))}

    takes = [tf.TensorSpec(one.shape, one.dtype, re.sub(r"\W", "_", one.name)) for one in model.inputs]
    saved_model.save(model, {"pixels": (answers, takes)}, str(folder))
