"""One candidate from its configuration to its measures: built, measured, then refused or trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from suite import architectures, binding, servable, training
from suite.architectures.layers import deployed
from suite.datasets import Dataset
from suite.deadline import Forecast, Left, forever
from suite.errors import ArchitectureError, StoreError
from suite.measures import formatted
from suite.profile.complexity import complexity, weightless
from suite.profile.latency import Protocol, latency
from suite.profile.surroundings import surroundings
from suite.search.sampler import costs_of, key
from suite.search.space import network
from suite.search.tuner import Watcher
from suite.study import Recipe, Study, Value
from suite.trial import State, Trial

COUNTED = ("parameters", "macs", "activations")
Costs = Callable[[Mapping[str, Value], str], Mapping[str, float]]  # of a configuration's network, on a device
LATENCY_PATH = "signature `pixels` traced by TensorFlow, batch 1"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How the trials of one study are evaluated: called with a trial that has begun, it returns it ended."""

    study: Study
    data: Dataset
    model_file: Callable[[int], Path]  # where the trained network of a trial is kept
    checkpoint: Callable[[Trial], Path | None] = lambda trial: None  # where it is kept how far its training has come
    costs: Costs = lambda configuration, device: {}  # what is known of the same network already
    disappointment: Callable[[Trial], str] = lambda trial: ""  # why it is not worth its training, measured as it is
    watchers: Sequence[Watcher] = ()  # told of every epoch
    left: Left = forever  # seconds until the study's hours are over
    forecast: Callable[[Forecast], object] = lambda forecast: None  # told after each epoch what is to come
    plans: dict[str, dict[str, float] | None] = field(default_factory=dict)  # counts of networks that were not trained

    def known(self, configuration: Mapping[str, Value]) -> dict[str, float] | None:
        """Return what is known of the costs of a network before it is tried: what was measured, else its counts.

        None says that it cannot be built. Nothing is built for a study that is not about counts.
        """
        found = self.costs(configuration, surroundings()["device"])
        if found or not set(costs_of(self.study)) & set(COUNTED):
            return dict(found)
        name = key(network(configuration))
        if name not in self.plans:
            try:
                self.plans[name] = counted(weightless(lambda: deployed(self.network(configuration))))
            except ArchitectureError:
                self.plans[name] = None
            except Exception:  # of a file of one's own: when it is tried the trial fails, and keeps the traceback
                self.plans[name] = {}
        return self.plans[name]

    def __call__(self, trial: Trial) -> Trial:
        """Evaluate one trial; raise what goes wrong."""
        trial = replace(trial, surroundings=self.surroundings())
        recipe = binding.replaced(
            architectures.recipe(self.study.source), self.study.fields("recipe", trial.configuration)
        )
        keras.utils.set_random_seed(self.study.seed)
        keras.config.set_dtype_policy(recipe.precision)
        try:
            return self._evaluated(trial, recipe)
        finally:
            keras.config.set_dtype_policy("float32")

    def _evaluated(self, trial: Trial, recipe: Recipe) -> Trial:
        trial = self._measured(trial, self.costs(trial.configuration, trial.surroundings["device"]))
        if self._may_be_refused(trial):
            # A candidate that is too large may be too large for the memory as well.
            trial = self._measured(trial, counted(weightless(lambda: deployed(self.network(trial.configuration)))))
        if self._is_refused(trial):
            return self._refused(trial)
        model = self.network(trial.configuration)
        if "latency" not in trial.measures:
            call = servable.inference(deployed(model), self.data.classes)
            timed = latency(call, Protocol.of(self.study.fidelity.latency_seconds))
            trial = self._measured(trial, {**counted(deployed(model)), **timed.measures})
        if self._is_refused(trial):
            return self._refused(trial)
        reason = self.disappointment(trial)
        return trial.refused(reason) if reason else self._trained(trial, model, recipe)

    def _may_be_refused(self, trial: Trial) -> bool:
        """Whether it can be refused by counting alone, and was not counted yet."""
        return any(c.measure in COUNTED and c.measure not in trial.measures for c in self.study.constraints)

    def network(self, configuration: Mapping[str, Value]) -> keras.Model:
        """Return the untrained network of a configuration."""
        start = architectures.config(self.study.architecture)
        config = binding.replaced(start, self.study.fields("space", configuration))
        return architectures.family(self.study.source).build(config, self.data.task)

    def surroundings(self) -> dict[str, str]:
        """Return where the trials are measured, and on which data."""
        sizes = ", ".join(f"{split} {size:,}" for split, size in self.data.sizes.items())
        own = architectures.digest(self.study.source)
        return {
            **surroundings(),
            **({"architecture_digest": own} if own else {}),
            "latency_path": LATENCY_PATH,
            "dataset": self.data.name,
            "dataset_digest": self.data.digest,
            "dataset_sizes": sizes,
            "classes": str(len(self.data.classes)),
            "image": " x ".join(map(str, self.data.task.image)),
            "seed": str(self.study.seed),
        }

    def _trained(self, trial: Trial, model: keras.Model, recipe: Recipe) -> Trial:
        epochs = self.study.fidelity.epochs
        trained = training.train(
            model,
            recipe,
            self.data,
            epochs=epochs,
            seed=self.study.seed,
            on_epoch=lambda row: self._tell(trial.number, row),
            until=trial.until,
            checkpoint=self.checkpoint(trial),
            left=self.left,
            forecast=self.forecast,
        )
        ends = trial.until in (None, epochs)
        if ends:
            _save(model, self.model_file(trial.number))
        trial = self._measured(trial, trained.measures)
        state: State = "complete" if ends else "paused"
        return replace(trial, state=state, curve=trained.curve, finished=datetime.now(UTC), **self._cut(trial, trained))

    def _cut(self, trial: Trial, trained: training.Training) -> dict[str, Any]:
        """Return how a trial is marked that the study's hours ended; nothing of one that was trained as asked."""
        done, epochs = len(trained.curve), self.study.fidelity.epochs
        if done >= epochs:
            return {"until": None}
        if done >= (trial.until or epochs):
            return {}
        return {"until": done, "reason": f"the budget's hours ended it after {done} of {epochs} epochs"}

    def _tell(self, number: int, row: Mapping[str, float]) -> None:
        for watcher in self.watchers:
            watcher.epoch(number, row)

    def _measured(self, trial: Trial, measures: Mapping[str, float]) -> Trial:
        return replace(trial, measures={**trial.measures, **measures})

    def _is_refused(self, trial: Trial) -> bool:
        return bool(trial.broken(self.study.constraints))

    def _refused(self, trial: Trial) -> Trial:
        broken = trial.broken(self.study.constraints)
        return trial.refused(", ".join(f"{formatted(c.measure, trial.measures[c.measure])} breaks {c}" for c in broken))


def counted(model: keras.Model) -> dict[str, float]:
    """Return the complexity of a model as measures."""
    known = complexity(model)
    return {name: float(getattr(known, name)) for name in COUNTED}


def _save(model: keras.Model, file: Path) -> None:
    """Write a model so that a half-written one never has the name; raise StoreError when it cannot be kept."""
    unfinished: Any = file.with_name(f".{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        network = deployed(model)
        # A new model of the same layers is saved without the optimizer's state.
        keras.Model(network.inputs, network.outputs, name=network.name).save(unfinished)
        os.replace(unfinished, file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(
            f"{file}: the trained network cannot be written ({error.strerror or error}). Finished trials are safe: "
            "mend the disk and run the same command again."
        ) from error
