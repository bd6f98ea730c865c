"""The network of a trial: before its training, as it is kept, as it was trained, and as it is deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from suite import architectures
from suite.architectures import candidate
from suite.architectures.layers import deployed
from suite.architectures.serialization import last_words
from suite.core import files
from suite.core.domains import Value
from suite.core.errors import StoreError
from suite.core.recipe import SCRATCH
from suite.core.study import Study, is_own
from suite.core.task import Shape, Task, shape
from suite.core.trial import Trial
from suite.search import folder
from suite.search.pace import served
from suite.training.loop import precision


def untrained(
    study: Study, configuration: Mapping[str, Value], task: Task, image: Shape | None = None, dropout_share: float = 1.0
) -> keras.Model:
    """Return the network of a configuration as it is to be trained, for a task or for other pictures (H, W, C).

    If it begins with weights of another training, it is only the part that is deployed.
    """
    height, width, channels = image or task.image
    sized = replace(task, height=height, width=width, channels=channels)
    network = candidate.network(study, configuration, sized, dropout_share=dropout_share)
    return network if study.mode(configuration) == SCRATCH else deployed(network)


def network(home: Path, number: int) -> keras.Model:
    """Return the trained network of a trial, with its best weights. Raises StoreError when its file is gone."""
    file = folder.brought(home, folder.model(home, number))
    if not file.exists():
        raise StoreError(
            f"{file}: the trained network of trial {number} cannot be read (it is not here). If another machine has "
            "trained it, `suite run STUDY --depot PLACE` there hands it over, and the same here brings it."
        )
    own = list(filter(is_own, folder.kept(home).sources))
    for source in own:
        architectures.family(source)  # registers its layers too
    try:
        return keras.saving.load_model(file)
    except OSError as error:
        raise _unread(file, number, error) from error
    except Exception as error:  # of the user's code, or of Keras where that is at fault
        if not own:
            raise _unread(file, number, error) from error
        return _rebuilt(home, number)


def _rebuilt(home: Path, number: int) -> keras.Model:
    """Return the network of a trial, built anew with its kept weights. Raises StoreError when that cannot be.

    Runs of earlier versions kept networks that Keras cannot make again, for want of a decorator or a get_config.
    """
    file = folder.model(home, number)
    run = folder.read(home)
    trial = next(trial for trial in run.trials if trial.number == number)
    source = run.study.at(trial.configuration).source
    if trial.surroundings.get("architecture_digest") not in (None, architectures.digest(source)):
        raise StoreError(
            f"{file}: Keras cannot make this network again, and {source} has changed since it was trained. "
            "Bring the file back as it was then."
        )
    try:
        with precision(trial.surroundings.get("recipe_precision", "float32")):
            network = _plain(candidate.network(run.study, trial.configuration, _task(trial)))
        network.load_weights(file)
    except Exception as error:  # of the user's code, or of Keras where that is at fault
        raise _unread(file, number, error) from error
    return network


def _task(trial: Trial) -> Task:
    """Return what a trial was trained for, as it recorded it."""
    height, width, channels = shape(trial.surroundings["image"]) or (0, 0, 0)
    return Task(height=height, width=width, channels=channels, classes=int(trial.surroundings["classes"]))


def _unread(file: Path, number: int, error: Exception) -> StoreError:
    return StoreError(f"{file}: the trained network of trial {number} cannot be read ({last_words(error)})")


def write(model: keras.Model, file: Path, origin: Mapping[str, Any] | None = None) -> None:
    """Keep a trained network; `file` is never half-written. Raises StoreError when it cannot be written.

    Its `origin`, for whoever begins with its weights, is in a file beside it: see weights.loading.
    """
    try:
        with files.replacing(file) as draft:
            _plain(model).save(draft)
        if origin is not None:
            files.write(file.with_suffix(".json"), json.dumps(origin))
    except OSError as error:
        raise StoreError(
            f"{file}: the trained network cannot be written ({error.strerror or error}). Finished trials are safe: "
            "mend the disk and run the same command again."
        ) from error


def _plain(model: keras.Model) -> keras.Model:
    """Return a new model of the same layers: without auxiliary classifiers, nor the state of an optimizer."""
    network = deployed(model)
    return keras.Model(network.inputs, network.outputs, name=network.name)


def as_deployed(trained: keras.Model, trial: Trial, study: Study) -> keras.Model:
    """Return a trained network in its precision for deployment: that of the study, else of its recipe."""
    wanted = served(study, candidate.recipe(study, trial.configuration))
    if wanted == trial.surroundings.get("recipe_precision", wanted):
        return trained
    height, width, channels = trained.input_shape[1:]
    task = Task(height=height, width=width, channels=channels, classes=trained.output_shape[-1])
    with precision(wanted):
        answering = deployed(candidate.network(study, trial.configuration, task))
    answering.set_weights(trained.get_weights())
    return answering
