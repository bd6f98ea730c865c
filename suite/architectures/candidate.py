"""What a configuration of a study stands for: a Config of its family, a network, its pictures, and its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from suite import architectures
from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.recipe import Recipe
from suite.core.study import Study, Value
from suite.core.task import Task
from suite.studyfile import binding

if TYPE_CHECKING:
    import keras


def config(study: Study, configuration: Mapping[str, Value]) -> architectures.Config:
    """Return the family's Config. Raises ArchitectureError when its fields do not go together."""
    return binding.replaced(architectures.config(study.architecture), study.fields("space", configuration))


def recipe(study: Study, configuration: Mapping[str, Value]) -> Recipe:
    """Return the family's recipe with the changes of the configuration."""
    return binding.replaced(architectures.recipe(study.source), study.fields("recipe", configuration))


def preprocessing(study: Study, configuration: Mapping[str, Value]) -> Preprocessing:
    """Return how pictures become the input of the network."""
    return PLAIN


def network(study: Study, configuration: Mapping[str, Value], task: Task) -> keras.Model:
    """Return the untrained network, in Keras' current precision. Raises ArchitectureError as `config` does."""
    return architectures.family(study.source).build(config(study, configuration), task)
