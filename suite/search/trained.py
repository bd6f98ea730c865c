"""The trained network of a trial: as it was trained, and as it is deployed."""

from __future__ import annotations

from pathlib import Path

import keras

from suite import architectures
from suite.architectures import candidate
from suite.architectures.layers import deployed
from suite.core.errors import StoreError
from suite.core.study import Study, is_own
from suite.core.task import Task
from suite.core.trial import Trial
from suite.search import folder
from suite.training.loop import precision


def network(home: Path, number: int) -> keras.Model:
    """Return the trained network of a trial, with its best weights. Raises StoreError when its file is gone."""
    file = folder.model(home, number)
    source = folder.kept(home).source
    if is_own(source):
        architectures.family(source)  # registers its layers too
    try:
        return keras.saving.load_model(file)
    except (OSError, ValueError) as error:
        raise StoreError(f"{file}: the trained network of trial {number} cannot be read ({error})") from error


def as_deployed(trained: keras.Model, trial: Trial, study: Study) -> keras.Model:
    """Return a trained network in the study's precision for deployment, if it names one."""
    wanted = study.latency.precision
    if wanted in (None, trial.surroundings.get("recipe_precision")):
        return trained
    height, width, channels = trained.input_shape[1:]
    task = Task(height=height, width=width, channels=channels, classes=trained.output_shape[-1])
    with precision(wanted):
        answering = deployed(candidate.network(study, trial.configuration, task))
    answering.set_weights(trained.get_weights())
    return answering
