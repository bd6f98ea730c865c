"""One candidate from its configuration to its measures: built, measured, then refused or trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from suite import architectures, binding, servable, training
from suite.datasets import Dataset
from suite.errors import StoreError
from suite.profile.complexity import complexity, weightless
from suite.profile.latency import latency
from suite.profile.surroundings import surroundings
from suite.search.tuner import Watcher
from suite.study import Recipe, Study
from suite.trial import Trial

COUNTED = ("parameters", "macs", "activations")
LATENCY_PATH = "signature `pixels` traced by TensorFlow, batch 1"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How the trials of one study are evaluated: called with a trial that has begun, it returns it ended."""

    study: Study
    data: Dataset
    model_file: Callable[[int], Path]  # where the trained network of a trial is kept
    watchers: Sequence[Watcher] = ()  # told of every epoch

    def __call__(self, trial: Trial) -> Trial:
        """Evaluate one trial; raise what goes wrong."""
        trial = replace(trial, surroundings=self.surroundings())
        recipe = binding.replaced(Recipe(), self.study.fields("recipe", trial.configuration))
        keras.utils.set_random_seed(self.study.seed)
        keras.config.set_dtype_policy(recipe.precision)
        try:
            return self._evaluated(trial, recipe)
        finally:
            keras.config.set_dtype_policy("float32")

    def _evaluated(self, trial: Trial, recipe: Recipe) -> Trial:
        if any(constraint.measure in COUNTED for constraint in self.study.constraints):
            # A candidate that is too large may be too large for the memory as well.
            trial = self._measured(trial, counted(weightless(lambda: self.network(trial))))
            if self._is_refused(trial):
                return self._refused(trial)
        model = self.network(trial)
        trial = self._measured(trial, counted(model))
        trial = self._measured(trial, latency(servable.inference(model, self.data.classes)).measures)
        if self._is_refused(trial):
            return self._refused(trial)
        return self._trained(trial, model, recipe)

    def network(self, trial: Trial) -> keras.Model:
        """Return the untrained network of a trial."""
        start = architectures.config(self.study.architecture)
        config = binding.replaced(start, self.study.fields("space", trial.configuration))
        return architectures.family(self.study.family).build(config, self.data.task)

    def surroundings(self) -> dict[str, str]:
        """Return where the trials are measured, and on which data."""
        sizes = ", ".join(f"{split} {size:,}" for split, size in self.data.sizes.items())
        return {
            **surroundings(),
            "latency_path": LATENCY_PATH,
            "dataset": self.data.name,
            "dataset_digest": self.data.digest,
            "dataset_sizes": sizes,
            "classes": str(len(self.data.classes)),
            "image": " x ".join(map(str, self.data.task.image)),
            "seed": str(self.study.seed),
        }

    def _trained(self, trial: Trial, model: keras.Model, recipe: Recipe) -> Trial:
        trained = training.train(
            model,
            recipe,
            self.data,
            epochs=self.study.fidelity.epochs,
            seed=self.study.seed,
            on_epoch=lambda row: self._tell(trial.number, row),
        )
        _save(model, self.model_file(trial.number))
        trial = self._measured(trial, trained.measures)
        return replace(trial, state="complete", curve=trained.curve, finished=datetime.now(UTC))

    def _tell(self, number: int, row: Mapping[str, float]) -> None:
        for watcher in self.watchers:
            watcher.epoch(number, row)

    def _measured(self, trial: Trial, measures: Mapping[str, float]) -> Trial:
        return replace(trial, measures={**trial.measures, **measures})

    def _is_refused(self, trial: Trial) -> bool:
        return bool(trial.broken(self.study.constraints))

    def _refused(self, trial: Trial) -> Trial:
        broken = ", ".join(
            f"{c.measure} {trial.measures[c.measure]:,.6g}, not {c}" for c in trial.broken(self.study.constraints)
        )
        return replace(trial, state="refused", reason=broken, finished=datetime.now(UTC))


def counted(model: keras.Model) -> dict[str, float]:
    """Return the complexity of a model as measures."""
    known = complexity(model)
    return {name: float(getattr(known, name)) for name in COUNTED}


def _save(model: keras.Model, file: Path) -> None:
    """Write a model so that a half-written one never has the name; raise StoreError when it cannot be kept."""
    unfinished: Any = file.with_name(f".{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        keras.Model(model.inputs, model.outputs, name=model.name).save(unfinished)  # without the optimizer's state
        os.replace(unfinished, file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(
            f"{file}: the trained network cannot be written ({error.strerror or error}). Finished trials are safe: "
            "mend the disk and run the same command again."
        ) from error
