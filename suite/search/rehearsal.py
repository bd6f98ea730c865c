"""Before the first training, a network of your own is kept and loaded again, and must answer as before.

The catalogue's networks need no rehearsal: tests hold them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np

from suite.architectures import candidate
from suite.architectures.layers import deployed
from suite.architectures.serialization import called, faults, is_foreign, last_words, missing, operations, place
from suite.core.errors import ArchitectureError
from suite.core.study import Study, is_own, split
from suite.core.task import Task
from suite.search import buildable, trained

SHIFT = 0.05  # by which weights are moved at most, so that none has its first value: a lost one would not be noticed
CLOSE = 1e-3  # difference of two answers, as a share of the greatest, that is none
STILL = "leave out what is random where training is False"
WHOLE = "let its get_config return every argument of its __init__, and make its weights by self.add_weight"


class Rehearsal:
    """Rehearses the keeping of networks of one study; each kind of layer once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._seen: set[type] = set()

    def small(self, task: Task | None) -> None:
        """Rehearse with a small network of the study; none if its architecture is of the catalogue.

        Raises ArchitectureError that names what to write in the file of the architecture.
        """
        for source in filter(is_own, self._study.sources):
            names = tuple(name for name in self._study.architectures if split(name)[0] == source)
            network = _small(replace(self._study, architecture=names if len(names) > 1 else names[0]), task)
            if network is not None:
                self(network, source)
                keras.utils.clear_session()

    def __call__(self, model: keras.Model, source: str) -> None:
        """Rehearse with a network of a family that is to be trained, and leave it as it was. Raises as `small`."""
        if not is_own(source):
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Keras warns of is an error here
            self._rehearse(deployed(model), source)

    def _rehearse(self, network: keras.Model, source: str) -> None:
        if lines := faults(network, source):
            raise ArchitectureError("\n".join(lines))
        kinds = {type(one) for one in operations(network)}
        if not kinds <= self._seen:
            _hold(network, source)
        self._seen |= kinds


def _small(study: Study, task: Task | None) -> keras.Model | None:
    """Return the network with the least of every domain, or if it cannot be built a drawn one; None if none can be."""
    for configuration in buildable.configurations(study):
        try:
            return candidate.network(study, configuration, buildable.task_of(study, configuration, task))
        except Exception:  # of the user's code: a trial of it will fail, and keep the traceback
            continue
    return None


def _hold(network: keras.Model, source: str) -> None:
    """Raise ArchitectureError unless `network`, with any weights, answers the same after it was kept and loaded."""
    before = network.get_weights()
    try:
        _move(network)
        lost = _difference(network, _loaded(network, source), source)
    finally:
        network.set_weights(before)
    if lost:
        raise ArchitectureError(lost)


def _move(network: keras.Model) -> None:
    noise = np.random.default_rng(0)
    for weight in network.trainable_weights:
        value = keras.ops.convert_to_numpy(weight)
        weight.assign(value + noise.uniform(-SHIFT, SHIFT, value.shape).astype(value.dtype))


def _loaded(network: keras.Model, source: str) -> keras.Model:
    with TemporaryDirectory(prefix="suite-") as folder:
        file = Path(folder) / "network.keras"
        try:
            trained.write(network, file)
            return keras.saving.load_model(file)
        except Exception as error:  # of the user's code, or of Keras where that is at fault
            raise ArchitectureError(
                f"{source}: a trained network could not be loaded again: {last_words(error)}"
            ) from error


def _difference(network: keras.Model, loaded: keras.Model, source: str) -> str:
    """Return what a loaded network does otherwise than `network`; empty if nothing."""
    pictures = np.random.default_rng(1).uniform(size=(2, *network.input_shape[1:])).astype("float32")
    steps = [_steps(one, pictures) for one in (network, network, loaded)]
    for (operation, answer), (_, again), (_, other) in zip(*steps, strict=True):
        if not _same(answer, again):
            return f"{_named(operation, source)} answers otherwise each time, which no export may: {STILL}"
        if not _same(answer, other):
            lines = missing(operation, source)  # Keras may know another one by that name
            return "\n".join(lines) or f"{_named(operation, source)} answers otherwise once it is loaded again: {WHOLE}"
    return ""


def _steps(network: keras.Model, pictures: np.ndarray) -> list[tuple[keras.Operation, list[np.ndarray]]]:
    """Return every call of `network` on `pictures`, in their order, with its answers."""
    steps = []

    def followed(operation: keras.Operation) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            answers = operation(*arguments, **named)
            steps.append((operation, [_numbers(one) for one in keras.tree.flatten(answers)]))
            return answers

        return call

    keras.Function(network.inputs, network.outputs)._run_through_graph(
        [keras.ops.convert_to_tensor(pictures)], operation_fn=followed
    )
    return steps


def _numbers(answer: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(answer), "float32")


def _same(answers: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> bool:
    return all(
        np.allclose(
            one, other, rtol=CLOSE, atol=CLOSE * np.abs(one).max(initial=0, where=np.isfinite(one)), equal_nan=True
        )
        for one, other in zip(answers, others, strict=True)
    )


def _named(operation: keras.Operation, source: str) -> str:
    """Return where to look for the fault of a layer, and its name."""
    kind = type(operation)
    return f"{place(kind, source) if is_foreign(kind) else source}: layer '{operation.name}' of {called(kind)}"
