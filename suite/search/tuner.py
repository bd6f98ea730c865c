"""The search as Keras Tuner knows it: an Oracle that proposes from the store, a Tuner that evaluates.

Keras Tuner ranks by one number. Ours is the Pareto rank (1 is the front), never a weighted sum, and every measure is
kept under its name. Keras Tuner's own files are not written: unlike the store they are not durable (a killed search
starts over or cannot be read, and the writes grow with the square of the number of trials).
"""

from __future__ import annotations

import gc
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import keras
import keras_tuner
from keras_tuner.engine.trial import Trial as TunerTrial
from keras_tuner.engine.trial import TrialStatus

from suite.architectures import candidate
from suite.core import dominance
from suite.core.domains import Value
from suite.core.errors import ArchitectureError, StoreError, SuiteError, first_line
from suite.core.measures import MEASURES, formatted
from suite.core.task import Task, shape
from suite.core.trial import Trial
from suite.search import folder, trained
from suite.search.budget import spent
from suite.search.space import decoded, encoded, hyperparameters
from suite.search.store import Store
from suite.training.best import DivergedError
from suite.training.loop import TooLargeError

Evaluate = Callable[[Trial], Trial]

REFUSED = 500  # candidates refused or dropped in a row, after which a session stops looking for one that fits

_STATUS = dict.fromkeys(("complete", "paused", "refused", "dropped"), TrialStatus.COMPLETED)
_SHOWN = ("complete", "paused", "refused", "dropped", "failed")


class Watcher(Protocol):
    """An observer of the search as it happens."""

    def begin(self, trial: Trial) -> None:
        """See a trial that begins."""

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """See one epoch of the trial `number`, a row of its curve."""

    def end(self, trial: Trial) -> None:
        """See a trial that ended; it is durable."""


def of_run(store: Store) -> Tuner:
    """Return a run as Keras Tuner shows a search that has ended: its summary, best hyperparameters, best models."""
    return Tuner(Oracle(store), _refuse)


def search(store: Store, evaluate: Evaluate, watchers: Sequence[Watcher] = ()) -> Tuner:
    """Spend the study's budget; return the tuner, Keras Tuner's view of the search.

    `evaluate` takes a trial that has begun and returns it ended. If it raises, the trial has failed; only StoreError
    ends the search, since nothing further could be kept.
    """
    tuner = Tuner(Oracle(store), evaluate, watchers)
    gc.freeze()  # objects of the imports stay anyway: with them each trial's collection takes 300 ms, without 10
    try:
        tuner.search()
        tuner.hear()
    except keras_tuner.errors.FatalError as fatal:
        raise fatal.__cause__ or fatal from None
    finally:
        gc.unfreeze()
    return tuner


class Oracle(keras_tuner.Oracle):
    """Proposes what the store's sampler proposes, and shows the store's trials as Keras Tuner's."""

    def __init__(self, store: Store) -> None:
        super().__init__(
            objective=keras_tuner.Objective("rank", "min"),
            hyperparameters=hyperparameters(store.study),
            allow_new_entries=False,
            tune_new_entries=False,
            seed=store.study.seed + 1,  # not used; at zero Keras Tuner would draw one
            max_consecutive_failed_trials=math.inf,  # a failed trial does not end the search
        )
        self.verbose = 0
        self.store = store
        self.record: dict[str, Trial] = {}  # our trial behind each of Keras Tuner's
        self._refused = 0  # refused or dropped candidates in a row, in this session
        self._ranks: dict[int, int] | None = None  # kept until the next trial ends: needed more than once
        folder.tidy(store)
        for number, trial in enumerate(trial for trial in store.trials() if trial.state in _SHOWN):
            self._show(f"{number:04d}", trial)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the values of the next trial, or STOPPED when the budget is spent or no candidate is found."""
        study = self.store.study
        trial = self.store.ask(self._is_kept, self._is_allowed) if self._refused < REFUSED else None
        if trial is None:
            return {"status": TrialStatus.STOPPED}
        self.record[trial_id] = trial
        return {"status": TrialStatus.RUNNING, "values": encoded(study, trial.configuration)}

    def ended(self, trial_id: str, trial: Trial) -> None:
        """Make a trial durable, before anybody hears of its end."""
        self.store.finish(trial)
        folder.tidy(self.store)
        self.record[trial_id], self._ranks = trial, None
        self._refused = self._refused + 1 if trial.state in ("refused", "dropped") else 0

    def score_trial(self, trial: TunerTrial) -> None:
        """Score a trial by its Pareto rank so far: 1 on the front, infinite if it may not be on one."""
        trial.score, trial.best_step = self.ranks().get(self.record[trial.trial_id].number, math.inf), 0

    def get_best_trials(self, num_trials: int | None = None) -> list[TunerTrial]:
        """Return the front; with `num_trials`, that many trials of the best ranks."""
        ranks = self.ranks()
        ranked = [(ranks[trial.number], trial_id) for trial_id, trial in self.record.items() if trial.number in ranks]
        for rank, trial_id in ranked:
            self.trials[trial_id].score = rank
        chosen = sorted(ranked)[:num_trials] if num_trials else [pair for pair in ranked if pair[0] == 1]
        return [self.trials[trial_id] for _, trial_id in chosen]

    def ranks(self) -> dict[int, int]:
        """Return the Pareto rank of every complete trial within the constraints, by trial number."""
        if self._ranks is None:
            study = self.store.study
            fitting = [trial for trial in self.record.values() if trial.fits(study.constraints)]
            self._ranks = dominance.ranks(fitting, study.objectives)
        return self._ranks

    def _is_kept(self, number: int) -> bool:
        return folder.keeps(self.store, number)

    def _is_allowed(self, trials: Sequence[Trial]) -> bool:
        return not spent(trials, self.store.study).exhausts(self.store.study.budget)

    def save(self) -> None:
        """Do nothing: the store is durable."""

    def reload(self) -> None:
        """Do nothing: the store was read when the oracle was made."""

    def _save_trial(self, trial: TunerTrial) -> None:
        """Do nothing: the store is durable."""

    def _show(self, trial_id: str, trial: Trial) -> None:
        """Let Keras Tuner see a trial of an earlier session."""
        values = self.hyperparameters.copy()
        values.values = encoded(self.store.study, trial.configuration)
        shown = TunerTrial(values, trial_id, _STATUS.get(trial.state, TrialStatus.FAILED), trial.reason)
        for name, value in trial.measures.items():
            shown.metrics.register(name, MEASURES[name].goal)
            shown.metrics.update(name, value)
        self.trials[trial_id], self.record[trial_id], self._ranks = shown, trial, None
        self.start_order.append(trial_id)
        self.end_order.append(trial_id)


class Space(keras_tuner.HyperModel):
    """The networks of a study: `build` returns the untrained network of given hyperparameters."""

    def __init__(self, store: Store) -> None:
        super().__init__(name=store.study.network)
        self._store = store

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Return the network of `hp`: pictures of the study's task in, logits out."""
        study = self._store.study
        configuration = decoded(study, hp.values)
        return candidate.network(study, configuration, self._task(configuration))

    def _task(self, configuration: Mapping[str, Value]) -> Task:
        """Return the task of a network as trials recorded it: picture size, channels, number of classes."""
        known = next((trial.surroundings for trial in self._store.trials() if "image" in trial.surroundings), {})
        image = shape(known.get("image", ""))
        if image is None:
            raise StoreError(f"{self._store.folder}: no trial has ended, so the picture size is unknown. Search first.")
        height, width, channels = candidate.shape(self._store.study, configuration, image)
        return Task(height=height, width=width, channels=channels, classes=int(known["classes"]))


class Tuner(keras_tuner.Tuner):
    """Evaluates what the oracle proposes."""

    def __init__(self, oracle: Oracle, evaluate: Evaluate, watchers: Sequence[Watcher] = ()) -> None:
        run = oracle.store.folder
        super().__init__(oracle, directory=str(run.parent), project_name=run.name)
        self.hypermodel = Space(oracle.store)  # not given above: Keras Tuner would build a network to learn its space
        self._evaluate, self._watchers = evaluate, watchers

    def run_trial(self, trial: TunerTrial) -> dict[str, float]:
        """Evaluate one trial, keep it, and return its measures."""
        try:
            ended = self._run(trial)
        except Exception as error:  # not the candidate's: Keras Tuner would count it as a failed trial and go on
            raise keras_tuner.errors.FatalError from error
        return {**ended.measures, "rank": self.oracle.ranks().get(ended.number, math.inf)}

    def on_trial_end(self, trial: TunerTrial) -> None:
        """Tell Keras Tuner of a failure; an exception would do so too, but print it on the user's terminal."""
        ended = self.oracle.record[trial.trial_id]
        if ended.state == "failed":
            trial.status, trial.message = TrialStatus.FAILED, ended.traceback
        super().on_trial_end(trial)

    def load_model(self, trial: TunerTrial) -> keras.Model:
        """Return the trained network of a trial, with its best weights. Raises StoreError when its file is gone."""
        return trained.network(self.oracle.store.folder, self.oracle.record[trial.trial_id].number)

    def results_summary(self, num_trials: int = 10) -> None:
        """Print the best trials, each with its rank, its measures and its hyperparameters."""
        best = self.oracle.get_best_trials(num_trials)
        print(f"{len(best)} best trials of {self.project_dir}, by Pareto rank (1 is the front)")
        for shown in best:
            trial = self.oracle.record[shown.trial_id]
            print(f"\nTrial {trial.number}, rank {shown.score}")
            measures = {name: formatted(name, value) for name, value in trial.measures.items()}
            for name, value in {**measures, **shown.hyperparameters.values}.items():
                print(f"  {name}: {value}")

    def save(self) -> None:
        """Do nothing: the store is durable."""

    def _run(self, shown: TunerTrial) -> Trial:
        trial_id, study = shown.trial_id, self.oracle.store.study
        begun = replace(self.oracle.record[trial_id], configuration=decoded(study, shown.hyperparameters.values))
        for watcher in self._watchers:
            watcher.begin(begun)
        ended = self._ended(begun)
        self.oracle.ended(trial_id, ended)
        self._tell_end(ended)
        self.hear()
        return ended

    def hear(self) -> None:
        """Tell the watchers of trials that others of the team have ended."""
        for one in self.oracle.store.news() if self._watchers else ():
            self._tell_end(one)

    def _tell_end(self, trial: Trial) -> None:
        for watcher in self._watchers:
            watcher.end(trial)

    def _ended(self, begun: Trial) -> Trial:
        try:
            return self._evaluate(begun)
        except StoreError:
            raise
        except ArchitectureError as error:  # its values do not go together: known before training, and free
            return begun.refused(f"cannot be built: {error}")
        except Exception as error:
            return begun.failed(_line(error), traceback.format_exc())
        finally:
            keras.utils.clear_session()  # frees the networks of earlier trials, reference cycles included


def _refuse(trial: Trial) -> Trial:
    raise StoreError("this tuner only shows a run and does not search: continue the run with `suite run STUDY`")


def _line(error: Exception) -> str:
    """Return an error as one line: its type, if it is not ours, and its first line that is not blank."""
    said = first_line(error)
    if said and isinstance(error, (SuiteError, DivergedError, TooLargeError)):
        return said
    return ": ".join(filter(None, [type(error).__name__, said]))
