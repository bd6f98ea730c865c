"""The durable store of a study: its trials, as an Optuna study in a relational database.

A trial begins as RUNNING and ends by one call of `finish`. Whatever happens to the process in between, the next one
finds the trial, sees that its worker is gone and runs its configuration again. Optuna's states carry ours:

    complete     COMPLETE, with the values of the objectives
    refused      PRUNED, with its constraints, so that samplers learn from it (a FAIL would be invisible to them)
    paused       PRUNED
    failed       FAIL
    interrupted  FAIL without a record; its configuration waits in the queue, as a `rerun`

A trial's `step` is the trial that it continues and the epoch after which it stops.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import optuna
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from suite import studyfile
from suite.errors import StoreError
from suite.measures import MEASURES, formatted
from suite.search import record, worker
from suite.search.cheap_first import START
from suite.search.database import HEARTBEAT, guarded, opened
from suite.search.fidelity import Kept, best, levels, next_step, stop
from suite.search.sampler import Known, Tried, cheap_first, costs_of, key, sampler
from suite.search.space import decoded, distributions, encoded, network
from suite.study import Study, Value
from suite.trial import Trial

ASKS = 4  # proposals of the sampler that may repeat a tried configuration before one is drawn at random
WORTH = 0.25  # part of its promise that a candidate must keep when its costs are measured, or it is not trained
DROPS = 3  # refused candidates in a row, after which one is trained whatever its measured costs
DEATHS = 3  # a trial whose process died so often has failed and is not run again

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Store:
    """The trials of one study, open for work; a context manager. Several workers may have it open."""

    def __init__(self, folder: Path, study: Study, url: str) -> None:
        """Open or create `study` in the database at `url`; raise StoreError where that fails."""
        self.folder, self.study = folder, study
        self._distributions = distributions(study)
        self._asked: dict[int, optuna.Trial] = {}  # begun here, not ended
        self._ended: dict[int, Trial] = {}  # as read: what has ended stays as it is
        self._networks: dict[str, list[Trial]] = {}  # what has ended, by its network
        self._gone_on: set[int | None] = set()  # paused trials whose training went on and told more
        self._known: Known = self._measured
        self._ours = cheap_first(study, self._unrefused, self._curve) if study.sampler == "cheap-first" else None
        with guarded(folder):
            self._storage = opened(url)
            self._optuna = optuna.create_study(
                study_name=study.name,
                storage=self._storage,
                directions=["minimize" if objective.goal == "min" else "maximize" for objective in study.objectives],
                load_if_exists=True,
            )
            if "study" not in self._optuna.user_attrs:
                self._optuna.set_user_attr("study", studyfile.text(study))
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give back what is still running, so that it is the next to be run."""
        self._closed.set()
        for number, asked in list(self._asked.items()):
            with worker.uninterrupted(), suppress(StoreError), guarded(self.folder):
                self._give_back(number, asked.params, asked.user_attrs, died=False)
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def trials(self) -> list[Trial]:
        """Return every trial so far, by number, those of other workers included."""
        with worker.uninterrupted(), guarded(self.folder):  # half a reading would keep its lock on a file
            frozen = self._optuna.get_trials(deepcopy=False)
        return [trial for trial in map(self._trial, frozen) if trial is not None]

    def costs(self, configuration: Mapping[str, Value], device: str) -> dict[str, float]:
        """Return the costs that an earlier trial of the same network was found to have on `device`; else nothing.

        The same network is not measured twice: two values that differ by noise alone would make two of it.
        """
        for trial in self._networks.get(key(network(configuration)), ()):
            if trial.surroundings.get("device") == device:
                return _costs(trial)
        return {}

    def count_by(self, known: Known) -> None:
        """Let `known` tell what candidates cost before they are tried; without it, only trials tell."""
        self._known = known

    def disappointment(self, trial: Trial) -> str:
        """Return why a proposal is not worth its training, now that its costs are measured; nothing where it is.

        It is not where less than WORTH is left of what it promised. That is not asked before START trainings, when no
        model knows enough, nor after DROPS refusals in a row, nor of a training that goes on.
        """
        before = [one.state for one in self.trials() if one.state != "running"]
        unsure = len(before) - before.count("refused") < START or set(before[-DROPS:]) == {"refused"}
        if self._ours is None or unsure or trial.continues is not None:
            return ""
        costs = {measure: trial.measures.get(measure, math.nan) for measure in costs_of(self.study)}
        left = self._ours.kept(trial.number, list(costs.values()))
        if left >= WORTH:
            return ""
        measured = ", ".join(formatted(measure, value) for measure, value in costs.items())
        return f"{measured} measured is more than was expected: {left:.0%} of what it promised is left"

    def ask(self, kept: Kept = lambda number: True) -> Trial | None:
        """Begin a trial of a configuration not tried before, or go on with a paused one; None when there is neither.

        What an interruption left comes first. `kept` says which trainings can go on here.
        """
        with worker.uninterrupted(), guarded(self.folder):
            self._reclaim()
            tried = Tried(self.study, self.trials())
            for _ in range(ASKS):
                queued = self._optuna.get_trials(deepcopy=False, states=(TrialState.WAITING,))
                paused = None if queued else next_step(self.study, self.trials(), kept, self._promises)
                begun = self._continued(paused) if paused else self._proposed(tried)
                if begun is not None:
                    return begun
            configuration = tried.draw()
            if configuration is not None:
                return self.begin(configuration, continues=None, until=stop(self.study.fidelity))
            paused = best(self.study, self.trials(), kept, self._promises)
            return self._continued(paused) if paused else None

    def begin(self, configuration: Mapping[str, Value], *, continues: int | None, until: int | None) -> Trial | None:
        """Begin a trial of this configuration; None when another worker goes on with `continues` already."""
        with worker.uninterrupted(), guarded(self.folder):
            step = {"continues": continues, "until": until}
            # Not by the queue: from there another worker might take it.
            template = record.running(encoded(self.study, configuration), self._distributions, {"step": step})
            id = self._storage.create_new_trial(self._storage.get_study_id_from_name(self.study.name), template)
            self._optuna.sampler = RandomSampler()  # a trial asks its sampler, though nothing is left to propose
            asked = optuna.Trial(self._optuna, id)
            return self._begun_if(self._is_alone(asked), asked)

    def finish(self, trial: Trial) -> None:
        """Make an ended trial durable; raise StoreError when it cannot be written."""
        with worker.uninterrupted(), guarded(self.folder):
            asked = self._asked[trial.number]
            for constraint in self.study.constraints:
                if constraint.measure in trial.measures:
                    asked.set_constraint(str(constraint), constraint.excess(trial.measures[constraint.measure]))
            state = record.STATES.get(trial.state, TrialState.FAIL)
            self._record(trial.number, record.written(trial), state, record.values(self.study, trial))
            del self._asked[trial.number]

    def fail_running(self, reason: str) -> list[int]:
        """End as failed what dead workers of this machine left running; return the numbers."""
        with guarded(self.folder):
            left = [trial for trial in self._left() if trial.state == TrialState.RUNNING]
            for trial in left:
                begun = record.read(self.study, trial)
                if begun is not None and begun.state == "running":
                    self._record(trial.number, record.written(begun.failed(reason)), TrialState.FAIL)
        return [trial.number for trial in left]

    def _proposed(self, tried: Tried) -> Trial | None:
        """Begin what waits in the queue or else what the sampler proposes; None when that need not be tried."""
        self._optuna.sampler = self._ours or sampler(self.study, len(self._optuna.get_trials(deepcopy=False)))
        asked = self._optuna.ask(self._distributions)
        fresh = "rerun" in asked.user_attrs or tried.fresh(decoded(self.study, asked.params))
        return self._begun_if(fresh and self._is_alone(asked), asked)

    def _promises(self, paused: Sequence[Trial]) -> Sequence[float] | None:
        """Return what paused trials promise, were they trained to the end; None where no model says it."""
        told = [encoded(self.study, trial.configuration) for trial in paused]
        promised = self._ours.promises(self._optuna, told) if self._ours else None
        return None if promised is None else promised.tolist()

    def _curve(self, frozen: FrozenTrial) -> Mapping[float, Sequence[float]]:
        trial = self._trial(frozen)
        if trial is None or trial.number in self._gone_on:
            return {}
        return levels(self.study, trial)

    def _measured(self, configuration: Mapping[str, Value]) -> dict[str, float]:
        return next((_costs(trial) for trial in self._networks.get(key(network(configuration)), ())), {})

    def _unrefused(self, configuration: Mapping[str, Value]) -> Mapping[str, float] | None:
        """Return what is known of the costs of a configuration; None if its network was refused."""
        same = self._networks.get(key(network(configuration)), ())
        return None if any(trial.state == "refused" for trial in same) else self._known(configuration)

    def _continued(self, paused: Trial) -> Trial | None:
        """Go on with a paused trial; None when another worker does already."""
        until = stop(self.study.fidelity, paused.until or 0)
        return self.begin(paused.configuration, continues=paused.number, until=until)

    def _is_alone(self, asked: optuna.Trial) -> bool:
        """Whether no other goes on with the same trial: of two workers that begin to at once, the first does."""
        continues = asked.user_attrs.get("step", {}).get("continues")
        return continues is None or not any(
            trial.continues == continues and trial.number < asked.number and trial.state != "interrupted"
            for trial in self.trials()
        )

    def _begun_if(self, wanted: bool, asked: optuna.Trial) -> Trial | None:
        if wanted:
            return self._begun(asked)
        self._record(asked.number, '{"state": "repeated"}', TrialState.FAIL)
        return None

    def _begun(self, asked: optuna.Trial) -> Trial:
        self._asked[asked.number] = asked
        if "step" not in asked.user_attrs:
            asked.set_user_attr("step", {"continues": None, "until": stop(self.study.fidelity)})
        asked.set_user_attr("worker", worker.this())
        self._storage.record_heartbeat(self._id(asked.number))
        return Trial(
            number=asked.number,
            state="running",
            configuration=decoded(self.study, asked.params),
            started=record.utc(asked.datetime_start),
            **asked.user_attrs["step"],
        )

    def _record(self, number: int, text: str, state: TrialState, values: Sequence[float] | None = None) -> None:
        """Write the record first and the state last: what has a record but no state is completed by `_reclaim`."""
        self._storage.set_trial_user_attr(self._id(number), "record", text)
        self._optuna.tell(number, values=values, state=state, skip_if_finished=True)

    def _reclaim(self) -> None:
        """Take over what dead workers left running."""
        optuna.storages.fail_stale_trials(self._optuna)  # those of other machines, by their heartbeats
        reruns = {trial.user_attrs.get("rerun", {}).get("of") for trial in self._optuna.get_trials(deepcopy=False)}
        for trial in self._left():
            if "record" in trial.user_attrs:
                ended = record.read(self.study, trial)
                if ended is not None and trial.state == TrialState.RUNNING:
                    state = record.STATES.get(ended.state, TrialState.FAIL)
                    self._optuna.tell(trial.number, values=record.values(self.study, ended), state=state)
            elif trial.number not in reruns:
                self._give_back(trial.number, trial.params, trial.user_attrs, died=True)

    def _left(self) -> Iterator[FrozenTrial]:
        """Yield the trials that nobody works on any more: running ones of dead workers, and all failed ones."""
        for trial in self._optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.FAIL)):
            alive = trial.number in self._asked or worker.alive(trial.user_attrs.get("worker"), trial.datetime_start)
            if trial.state == TrialState.FAIL or not alive:
                yield trial

    def _give_back(
        self, number: int, parameters: Mapping[str, Any], attributes: Mapping[str, Any], *, died: bool
    ) -> None:
        """End a trial without a result, and queue its configuration again unless its process died too often."""
        deaths = attributes.get("rerun", {}).get("deaths", 0) + died
        step = attributes.get("step", {})
        self._asked.pop(number, None)
        if deaths >= DEATHS:
            reason = f"its process died {deaths} times, as it does when memory runs out"
            failed = Trial(number=number, state="running", configuration={}, **step).failed(reason)
            self._record(number, record.written(failed), TrialState.FAIL)
            return
        self._optuna.tell(number, state=TrialState.FAIL, skip_if_finished=True)
        again = {"rerun": {"of": number, "deaths": deaths}} | ({"step": step} if step else {})
        self._optuna.enqueue_trial(dict(parameters), user_attrs=again)

    def _trial(self, frozen: FrozenTrial) -> Trial | None:
        if frozen.number in self._ended:
            return self._ended[frozen.number]
        trial = record.read(self.study, frozen)
        if trial is not None and trial.state != "running":
            self._ended[frozen.number] = trial
            self._networks.setdefault(key(network(trial.configuration)), []).append(trial)
            if trial.state in ("complete", "paused"):
                self._gone_on.add(trial.continues)
        return trial

    def _id(self, number: int) -> int:
        study = self._storage.get_study_id_from_name(self.study.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, number)

    def _beat(self) -> None:
        while not self._closed.wait(HEARTBEAT):
            for number in list(self._asked):
                with suppress(SQLAlchemyError, optuna.exceptions.StorageInternalError):
                    self._storage.record_heartbeat(self._id(number))


def _costs(trial: Trial) -> dict[str, float]:
    return {name: value for name, value in trial.measures.items() if MEASURES[name].is_cost}
