"""What a configuration of a study stands for: a Config of its family, a network, its weights, pictures and recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from suite import architectures
from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.presets import FAMILY
from suite.core.recipe import SCRATCH, TUNING, Recipe, started
from suite.core.study import NEW, Study, Value
from suite.core.task import Task
from suite.studyfile import binding

if TYPE_CHECKING:
    import keras

    from suite.architectures.weights import Weights


def weights(study: Study, configuration: Mapping[str, Value]) -> Weights | None:
    """Return the weights of another training that the study names; None if it names none.

    Raises ArchitectureError when they are not here.
    """
    return None if study.weights == NEW else architectures.weights_for(study.architecture, study.weights)


def config(study: Study, configuration: Mapping[str, Value]) -> architectures.Config:
    """Return the family's Config. Raises ArchitectureError when its fields do not go together."""
    found = weights(study, configuration)
    changes = {**(found.changes if found else {}), **study.fields("space", configuration)}
    return binding.replaced(architectures.config(study.architecture), changes)


def recipe(study: Study, configuration: Mapping[str, Value]) -> Recipe:
    """Return the recipe of the configuration's preset, by default the study's own, with its other fields replaced."""
    fields = study.fields("recipe", configuration)
    return binding.replaced(started(str(fields.get("preset", FAMILY)), own_recipe(study)), fields)


def own_recipe(study: Study) -> Recipe:
    """Return what a study trains by if it says nothing: its family's recipe, or that for weights of others."""
    return architectures.recipe(study.source) if study.weights == NEW else TUNING


def preprocessing(study: Study, configuration: Mapping[str, Value]) -> Preprocessing:
    """Return how pictures become the input of the network: as the weights want them, of whatever mode a trial is."""
    found = weights(study, configuration)
    return found.preprocessing if found else PLAIN


def given(study: Study, configuration: Mapping[str, Value], network: keras.Model) -> keras.Model:
    """Return a new network of a configuration with the weights that its training begins with.

    Raises ArchitectureError when they do not fit it.
    """
    found = None if study.mode(configuration) == SCRATCH else weights(study, configuration)
    return found.give(network) if found else network


def network(study: Study, configuration: Mapping[str, Value], task: Task) -> keras.Model:
    """Return the untrained network, in Keras' current precision. Raises ArchitectureError as `config` does."""
    return architectures.family(study.source).build(config(study, configuration), task)
