"""One candidate from its configuration to its measures: built, measured, then refused, dropped or trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras

from suite import architectures
from suite.architectures import candidate
from suite.architectures.layers import deployed
from suite.core import answers, limits
from suite.core.clock import now
from suite.core.domains import Choice, Value
from suite.core.errors import ArchitectureError
from suite.core.measures import COUNTED, MEASURES, formatted
from suite.core.preprocessing import Preprocessing
from suite.core.recipe import FROZEN, SCRATCH, Recipe
from suite.core.study import Constraint, Study, is_own
from suite.core.task import Shape
from suite.core.trial import State, Trial, place, reached
from suite.counting.complexity import counts, weightless
from suite.datasets import Dataset
from suite.machine import capacity, turns
from suite.machine.surroundings import surroundings
from suite.search import trained
from suite.search.bench import Bench
from suite.search.buildable import hold_sizes
from suite.search.pace import paced, served
from suite.search.proposals import asked_of, key
from suite.search.space import network
from suite.search.tuner import Watcher
from suite.training import answering, loop
from suite.training.deadline import Forecast, Left, forever
from suite.training.fitting import Traced

Timed = tuple[dict[str, float], dict[str, str]]  # measures, and where and when they were taken
Learn = Callable[[Trial, keras.Model, Dataset, str, Callable[[], object]], Trial]
Same = Callable[[Mapping[str, Value], str], Trial | None]  # an ended trial of the same network, timed in that place


def untaught(trial: Trial, model: keras.Model, data: Dataset, precision: str, give_way: Callable[[], object]) -> Trial:
    """Return the trial as it is, of a network that learns nothing before its classifier is trained."""
    return trial


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Evaluates the trials of one study: called with a trial that has begun, it returns the ended trial."""

    study: Study
    data: Dataset
    bench: Bench
    model_file: Callable[[int], Path]  # where the trained network of a trial is kept
    answers_file: Callable[[int], Path]  # where its answers to the validation pictures are kept
    checkpoint: Callable[[Trial], Path | None] = lambda trial: None  # where the state of its training is kept
    same: Same = lambda configuration, place: None  # an ended trial of the same network
    may_drop: Callable[[Trial], bool] = lambda trial: False  # whether there may be a disappointment
    disappointment: Callable[[Trial], str] = lambda trial: ""  # why its measured costs make it not worth training
    rehearse: Callable[[keras.Model, str], object] = lambda model, source: None  # whether a network of a family can be
    #                                                                             kept, before its training
    trains: Callable[[int], object] = lambda number: None  # told of a trial that is neither refused nor dropped
    watchers: Sequence[Watcher] = ()  # told of every epoch
    learn: Learn = untaught  # gives a network what it learns before its classifier is trained
    left: Left = forever  # seconds until the study's hours are over
    forecast: Callable[[Forecast], object] = lambda forecast: None  # told after each epoch when the training will end
    traced: Traced = field(default_factory=Traced)  # networks that were trained last
    plans: dict[str, dict[str, float] | None] = field(default_factory=dict)  # counts of untrained networks

    def known(self, configuration: Mapping[str, Value]) -> dict[str, float] | None:
        """Return the costs of a network that are known before it is tried: measured costs, else its counts.

        None means that it cannot be built. If nothing asks for counts, no network is built here.
        """
        before = self.same(configuration, self._place(configuration))
        if before or not set(asked_of(self.study)) & set(COUNTED):
            return before.costs if before else {}
        name = key(network(configuration))
        if name not in self.plans:
            try:
                self.plans[name] = counts(weightless(lambda: deployed(self.network(configuration))))
            except ArchitectureError:
                self.plans[name] = None
            except Exception:  # in the user's own file: the trial will fail when tried, and keep the traceback
                self.plans[name] = {}
        return self.plans[name]

    def __call__(self, trial: Trial) -> Trial:
        """Evaluate one trial; every error goes to the caller."""
        asked = candidate.recipe(self.study, trial.configuration)
        data, build = self.pictures(trial.configuration), partial(self.network, trial.configuration)
        recipe, pace = paced(asked, self.study, trial.configuration, data, build, lambda: self.checkpoint(trial))
        trial = replace(trial, surroundings={**self._surroundings(trial.configuration, asked), **pace})
        keras.utils.set_random_seed(self.study.seed)
        with loop.precision(recipe.precision):
            return self._evaluated(trial, recipe)

    def _evaluated(self, trial: Trial, recipe: Recipe) -> Trial:
        trial = self._measured(self._as_before(trial), self.plans.get(key(network(trial.configuration))) or {})
        if self._may_be_refused(trial):
            # Count without weights: a network too large for its limits may be too large for the memory too.
            trial = self._measured(trial, counts(weightless(lambda: deployed(self.network(trial.configuration)))))
        if self._is_refused(trial):
            return self._refused(trial)
        self._hold_sizes(trial, recipe)
        model = candidate.given(self.study, trial.configuration, self.network(trial.configuration))
        if not trial.measures.keys() >= set(COUNTED):
            trial = self._measured(trial, counts(deployed(model)))
        is_sure = self._surely_trains(trial)
        if is_sure:  # others of the team need not wait until it is timed
            self.trains(trial.number)
        if self._is_to_be_timed(trial):
            served, shown = self._as_deployed(trial, model, recipe), self.pictures(trial.configuration)
            timed, origin = self.bench.time(served, shown.preprocessing, key(network(trial.configuration)))
            trial = replace(self._measured(trial, timed), surroundings={**trial.surroundings, **origin})
        if self._is_refused(trial):
            return self._refused(trial)
        reason = self.disappointment(trial)
        if reason:
            return trial.dropped(reason)
        self.rehearse(model, self.study.at(trial.configuration).source)
        if not is_sure:
            self.trains(trial.number)
        return self._trained(trial, model, recipe)

    def _surely_trains(self, trial: Trial) -> bool:
        """Whether nothing that is still unknown of a counted candidate can keep it from training."""
        unknown = [one for one in self.study.constraints if one.measure not in trial.measures]
        may_be_refused = any(MEASURES[one.measure].known == "measured" for one in unknown)
        return not (may_be_refused or self.may_drop(trial) or is_own(self.study.at(trial.configuration).source))

    def _hold_sizes(self, trial: Trial, recipe: Recipe) -> None:
        """Raise ArchitectureError when the network cannot learn from the sizes of pictures that its recipe names."""

        def build(image: Shape) -> keras.Model:
            make = partial(self.network, trial.configuration, image)
            return make() if is_own(self.study.at(trial.configuration).source) else weightless(make)

        if recipe.mode != FROZEN:
            image = self.pictures(trial.configuration).task.image
            hold_sizes(build, recipe.sizes, self.study.fidelity.epochs, image)

    def _as_before(self, trial: Trial) -> Trial:
        """Return a trial with the costs that an earlier trial measured for the same network, and their origin."""
        before = self.same(trial.configuration, trial.place)
        if before is None:
            return trial
        origin = {key: value for key, value in before.surroundings.items() if key.startswith("latency_")}
        return replace(self._measured(trial, before.costs), surroundings={**trial.surroundings, **origin})

    def timed(self, trial: Trial) -> Timed:
        """Return the latency of a trial's network as measures, and its origin."""
        name = key(network(trial.configuration))
        return self._timed(trial, lambda build, shown: self.bench.time(build(), shown, name))

    def timed_again(self, trial: Trial) -> Timed:
        """Return the same from this and all earlier timings of its network here."""
        name = key(network(trial.configuration))
        return self._timed(trial, lambda build, shown: self.bench.time_again(name, build, shown))

    def _timed(self, trial: Trial, time: Callable[[Callable[[], keras.Model], Preprocessing], Timed]) -> Timed:
        recipe = candidate.recipe(self.study, trial.configuration)
        try:
            with loop.precision(served(self.study, recipe)):
                shown = self.pictures(trial.configuration).preprocessing
                return time(lambda: self.network(trial.configuration), shown)
        finally:
            keras.utils.clear_session()

    def timed_here(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the `trials` whose latency was timed where and how this evaluation times."""
        return [trial for trial in trials if trial.place == self._place(trial.configuration)]

    def _place(self, configuration: Mapping[str, Value]) -> str:
        """Return where and how the network of a configuration is timed here."""
        return place({**surroundings(), **self._timing(candidate.recipe(self.study, configuration))})

    def _timing(self, recipe: Recipe) -> dict[str, str]:
        return {**self.bench.surroundings, "latency_precision": served(self.study, recipe)}

    def _as_deployed(self, trial: Trial, model: keras.Model, recipe: Recipe) -> keras.Model:
        """Return the network in its precision for deployment."""
        wanted = served(self.study, candidate.recipe(self.study, trial.configuration))
        if wanted == recipe.precision:
            return model
        with loop.precision(wanted):
            return self.network(trial.configuration)

    def _is_to_be_timed(self, trial: Trial) -> bool:
        """Whether a measure that needs a run of the network is wanted now, and still unknown."""
        wanted = {"latency", *(name for name in self.study.measures if MEASURES[name].known == "measured")}
        return self.study.times_first and not wanted <= trial.measures.keys()

    def _may_be_refused(self, trial: Trial) -> bool:
        """Whether counts alone can refuse it, and one of them is still unknown."""
        return any(c.measure in COUNTED and c.measure not in trial.measures for c in self.study.constraints)

    def network(
        self, configuration: Mapping[str, Value], image: Shape | None = None, dropout_share: float = 1.0
    ) -> keras.Model:
        """Return the untrained network of a configuration, for its pictures or for others (H, W, C)."""
        task = self.pictures(configuration).task
        return trained.untrained(self.study, configuration, task, image, dropout_share)

    def pictures(self, configuration: Mapping[str, Value]) -> Dataset:
        """Return the data as the network of a configuration sees it."""
        image = candidate.shape(self.study, configuration, self.data.task.image)
        return self.data.seen(image, candidate.preprocessing(self.study, configuration))

    def _surroundings(self, configuration: Mapping[str, Value], recipe: Recipe) -> dict[str, str]:
        """Return where a trial with a recipe is measured, and on which data."""
        own = architectures.digest(self.study.at(configuration).source)
        return {
            **surroundings(),
            **({"architecture_digest": own} if own else {}),
            **self._timing(recipe),
            **self._start(configuration, recipe),
            **self._whole(recipe),
            **self.pictures(configuration).surroundings,
            **self._baseline(),
            "seed": str(self.study.seed),
        }

    def _start(self, configuration: Mapping[str, Value], recipe: Recipe) -> dict[str, str]:
        """Return which weights of another training a trial begins with, if any, and how it uses them."""
        found = candidate.weights(self.study, configuration) if recipe.mode != SCRATCH else None
        told = {"weights": found.title, "weights_digest": found.digest} if found else {}
        return {"mode": recipe.mode, **told}

    def _whole(self, recipe: Recipe) -> dict[str, str]:
        """Return the whole recipe as JSON, if the study searches over presets: its own fields do not tell it."""
        searched = isinstance(self.study.recipe.get("preset"), Choice)
        return {"recipe": json.dumps(asdict(recipe))} if searched else {}

    def _baseline(self) -> dict[str, str]:
        """Return the largest class of the validation pictures, and the accuracy of always naming it, in percent."""
        share, largest = self.data.baseline
        return {"largest_class": largest, "baseline": f"{share:.2f}"}

    def _trained(self, trial: Trial, model: keras.Model, recipe: Recipe) -> Trial:
        epochs = self.study.fidelity.epochs
        data = self.pictures(trial.configuration)
        with turns.together(capacity.usable()) as give_way:
            trial = self.learn(trial, model, data, recipe.precision, give_way)
            training = loop.train(
                model,
                recipe,
                data,
                epochs=epochs,
                seed=self.study.seed,
                on_epoch=lambda row: self._tell(trial.number, row, give_way),
                until=trial.until,
                checkpoint=self.checkpoint(trial),
                left=self.left,
                forecast=self.forecast,
                traced=self.traced,
                by=self.study.quality,
                build=lambda image, share: self.network(trial.configuration, image, share),
            )
        ends = training.stopped or trial.until in (None, epochs)
        if ends:
            trained.write(model, self.model_file(trial.number), self._origin(trial))
            answers.write(answering.answers(model, data, recipe.mode), self.answers_file(trial.number))
        trial = self._measured(trial, training.measures)
        state: State = "complete" if ends else "paused"
        cut = self._cut(trial, training)
        said = "; ".join(filter(None, [cut.get("reason"), _parts(training.parts, recipe.batch_size)]))
        return replace(trial, state=state, curve=training.curve, finished=now(), **{**cut, "reason": said})

    def _origin(self, trial: Trial) -> dict[str, Any]:
        """Return what a study needs to know that begins with the weights of a trial."""
        start = architectures.config(candidate.architecture(self.study, trial.configuration))
        config = candidate.config(self.study, trial.configuration)
        names = [field.name for field in fields(config)]
        return {
            "title": f"{self.study.name}/{trial.number}",
            "preprocessing": str(self.pictures(trial.configuration).preprocessing),
            "changes": {one: getattr(config, one) for one in names if getattr(config, one) != getattr(start, one)},
        }

    def _cut(self, trial: Trial, training: loop.Training) -> dict[str, Any]:
        """Return how to mark a trial that ended before it was asked to; nothing if it was trained as asked."""
        done, epochs = reached(training.curve), self.study.ladder(self.study.mode(trial.configuration))[-1]
        if done >= epochs:
            return {"until": None}
        if training.stopped:
            return {"until": done, "stopped": True, "reason": f"its patience ended it after {done} of {epochs} epochs"}
        if done >= (epochs if trial.until is None else trial.until):
            return {}
        return {"until": done, "reason": f"the budget's hours ended it after {done} of {epochs} epochs"}

    def _tell(self, number: int, row: Mapping[str, float], give_way: Callable[[], None]) -> None:
        for watcher in self.watchers:
            watcher.epoch(number, row)
        give_way()

    def _measured(self, trial: Trial, measures: Mapping[str, float]) -> Trial:
        return replace(trial, measures={**trial.measures, **measures})

    def _broken(self, trial: Trial) -> list[Constraint]:
        """Return the limits that a trial breaks. On a busy machine a latency may not tell: the end of a search will."""
        return [limit for limit in trial.broken(self.study.constraints) if not limits.hangs(trial.measures, limit)]

    def _is_refused(self, trial: Trial) -> bool:
        return bool(self._broken(trial))

    def _refused(self, trial: Trial) -> Trial:
        told = [
            f"{formatted(limit.measure, trial.measures[limit.measure])} breaks {limit}" for limit in self._broken(trial)
        ]
        return trial.refused(", ".join(told))


def _parts(parts: int, batch: int) -> str:
    """Say that batches were trained in parts; empty if they were not."""
    return f"batches of {batch} did not fit into the memory: each was trained in {parts} parts" if parts > 1 else ""
