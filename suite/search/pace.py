"""The precision and the compiler with which a trial trains, where its recipe leaves them to measurement."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import keras

from suite.architectures.layers import deployed
from suite.core.domains import Value
from suite.core.recipe import AUTO, FROZEN, Recipe
from suite.core.study import Study
from suite.core.trial import Trial
from suite.counting.complexity import counts, weightless
from suite.datasets import Dataset
from suite.machine import capacity, turns
from suite.training import checkpoint
from suite.training.ways import Kind, decided


def paced(
    asked: Recipe,
    study: Study,
    configuration: Mapping[str, Value],
    data: Dataset,
    build: Callable[[], keras.Model],
    begun: Callable[[], Path | None] = lambda: None,
) -> tuple[Recipe, dict[str, str]]:
    """Return a recipe that leaves nothing open, and what a trial records of how its network is trained.

    A frozen network takes no steps: nothing is tried for it. A training that has `begun`, in this checkpoint, goes on
    as it began, whatever is fastest here and now.
    """
    recipe, ways = replace(asked, precision=asked.deployed), dict[str, str]()
    if AUTO in (asked.precision, asked.xla) and asked.mode != FROZEN:
        if known := checkpoint.way(begun()):
            precision, xla = known["precision"], known["xla"]
            return replace(asked, precision=precision, xla=xla), {"recipe_precision": precision, "training_xla": xla}
        parameters = counts(weightless(lambda: deployed(build())))["parameters"]
        kind = Kind(family=study.at(configuration).source, image=data.task.image, parameters=parameters)
        steps = study.fidelity.epochs * math.ceil(data.sizes["train"] / asked.batch_size)
        with turns.together(capacity.usable()):
            recipe, ways = decided(asked, kind, build, steps)
    return recipe, {"recipe_precision": recipe.precision, **ways}


def as_trained(asked: Recipe, trial: Trial) -> Recipe:
    """Return a recipe with what was decided for a trial."""
    known = trial.surroundings
    precision, xla = known.get("recipe_precision", asked.deployed), known.get("training_xla", asked.xla)
    return replace(asked, precision=precision, xla=xla)


def served(study: Study, recipe: Recipe) -> str:
    """Return the precision in which a network is timed and deployed."""
    return study.latency.precision or recipe.deployed
