"""The rows of a study's trials in an Optuna study: begun, ended, taken over.

Every change is made in `alone`: one worker at a time, all of it or nothing. So what a check found stays true until the
change is made, and a process that dies in between changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from suite import studyfile
from suite.core.domains import Value
from suite.core.study import Study
from suite.core.trial import Trial
from suite.search import database, late, record, worker
from suite.search.space import decoded, distributions, encoded, suggest

TRAINS = "trains"  # an attribute of a row whose network is being trained, or was
RETIMED = "retimed "  # with the number of a row after it, the name of an attribute of the study
DEPOT = "depot"  # the attribute that says where the files of the study are shared
LOOK = "look "  # begins the attribute of a look at the test pictures
DEATHS = 3  # a trial whose process died so often has failed and is not run again


Promised = Callable[[int], float | None]  # by the number of a trial: what its sampler expects it to add


class Rows:
    """The trials of one study in the database at `url`, which is created if missing."""

    def __init__(self, study: Study, url: str) -> None:
        self._study, self._distributions = study, distributions(study)
        self._storage = database.opened(url)
        self._loaded: _Study | None = None
        self._known_id: int | None = None  # of the study; it stays the same
        if not self._is_there():
            self._create()

    @property
    def study(self) -> _Study:
        """The Optuna study; it remembers rows that have ended."""
        if self._loaded is None:
            self._loaded = _Study(study_name=self._study.name, storage=self._storage)
        return self._loaded

    def close(self) -> None:
        """Close the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Change rows while no other worker does; an exception undoes it all."""
        try:
            with database.alone(self._storage, self._study.name):
                yield
        except BaseException:
            self._loaded = None  # Optuna may remember rows that were undone
            raise

    def all(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the rows in these states, or all rows, sorted by number."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    @contextmanager
    def hidden(self, numbers: Collection[int]) -> Iterator[None]:
        """Let these rows seem to run, to samplers too, whatever became of them."""
        self.study.hidden = frozenset(numbers)
        try:
            yield
        finally:
            self.study.hidden = frozenset()

    def trains(self, number: int) -> None:
        """Note that the network of a row is being trained from now on."""
        self._storage.set_trial_user_attr(self._id(number), TRAINS, True)

    def team(self) -> list[FrozenTrial]:
        """Return the rows that this worker and those of its team began."""
        ours = worker.team()
        return [row for row in self.all() if row.user_attrs.get("worker", {}).get("team") == ours]

    def begin(self, configuration: Mapping[str, Value], *, continues: int | None, until: int | None) -> FrozenTrial:
        """Begin a trial of this configuration."""
        # Not through the queue: another worker might take it from there.
        parameters, noted = encoded(self._study, configuration), record.begun(continues, until)
        known = {key: distribution for key, distribution in self._distributions.items() if key in parameters}
        template = record.running(parameters, known, noted)
        return self._beaten(self._storage.create_new_trial(self._study_id(), template))

    def propose(
        self, sampler: BaseSampler, stop: Callable[[dict[str, Value]], int | None], promised: Promised
    ) -> FrozenTrial:
        """Begin what waits in the queue, or else what `sampler` proposes, which pauses first where `stop` says.

        What it `promised` is kept.
        """
        self.study.sampler = sampler
        asked = self.study.ask()
        suggest(self._study, asked)
        until = stop(decoded(self._study, asked.params))
        step = asked.user_attrs.get("step", {"continues": None, "until": until})
        promise = promised(asked.number)
        told = {} if promise is None else {"promised": promise}
        for name, value in {**record.begun(**step), **told}.items():
            asked.set_user_attr(name, value)
        return self._beaten(asked._trial_id)

    def end(self, trial: Trial) -> bool:
        """End a trial with its result; False when it had ended otherwise, as another worker took it over."""
        id = self._id(trial.number)
        row = self._storage.get_trial(id)
        if row.state != TrialState.RUNNING:  # it has, if the database went away before it could say so
            return bool(row.user_attrs.get("record") == record.written(trial))
        for constraint in self._study.constraints:
            if constraint.measure in trial.measures:
                excess = constraint.excess(trial.measures[constraint.measure])
                optuna.Trial(self.study, id).set_constraint(str(constraint), excess)
        self._record(trial.number, record.written(trial))
        self._tell(trial)
        return True

    def late(self, trial: Trial) -> int | None:
        """Keep the result of a trial that others took over. Return the number of the trial that is in its place.

        None if it still waits: then nobody runs it.
        """
        instead = {row.user_attrs["rerun"]["of"]: row for row in self.all() if "rerun" in row.user_attrs}
        last = instead.get(trial.number)
        while last and last.number in instead:
            last = instead[last.number]
        if last and last.state == TrialState.WAITING:
            self._storage.set_trial_state_values(last._trial_id, TrialState.RUNNING)  # a row that waits cannot be ended
            self.reject(last)
            last = None
        again = last.number if last else None
        self.study.set_user_attr(*late.attribute(self._study, trial, again))
        return again

    def retime(self, number: int, measures: Mapping[str, float], origin: Mapping[str, str]) -> None:
        """Keep the new latency of an ended row in the study's attributes: Optuna does not let the row be changed.

        What was measured at an earlier time, and is not now, stays: a network that is still loaded has no cold start.
        """
        before = self.retimed().get(number, {"measures": {}, "surroundings": {}})
        now = {"measures": {**before["measures"], **measures}, "surroundings": {**before["surroundings"], **origin}}
        self.study.set_user_attr(f"{RETIMED}{number}", now)

    def retimed(self) -> dict[int, Mapping[str, Any]]:
        """Return measures and surroundings of the rows that were timed again, by number."""
        known = self.study.user_attrs
        return {int(name.removeprefix(RETIMED)): known[name] for name in known if name.startswith(RETIMED)}

    def look(self, key: str, look: Mapping[str, Any]) -> None:
        """Keep that the test pictures were looked at. Of looks with one key, the first tells when."""
        before = self.looks().get(key, look)
        weights = {**before["weights"], **look["weights"]}
        self.study.set_user_attr(f"{LOOK}{key}", {**look, "at": before["at"], "weights": weights})

    def looks(self) -> dict[str, Mapping[str, Any]]:
        """Return the looks at the test pictures, by key."""
        known = self.study.user_attrs
        return {name.removeprefix(LOOK): known[name] for name in known if name.startswith(LOOK)}

    def depot(self) -> Mapping[str, str] | None:
        """Return what `share` keeps; None if nobody has."""
        return self.study.user_attrs.get(DEPOT)

    def share(self, id: str, url: str) -> None:
        """Keep where the files of the study are shared: a URL without a password, and a name there that is its own."""
        self.study.set_user_attr(DEPOT, {"id": id, "url": url})

    def reject(self, row: FrozenTrial) -> None:
        """End a row that did not become a trial."""
        self._record(row.number, '{"state": "repeated"}')
        self.study.tell(row.number, state=TrialState.FAIL)

    def give_back(self, number: int, *, died: bool) -> None:
        """End a trial without a result, and queue its configuration again unless its process died too often."""
        row = self._storage.get_trial(self._id(number))
        deaths = row.user_attrs.get("rerun", {}).get("deaths", 0) + died
        step = row.user_attrs.get("step", {})
        if deaths >= DEATHS and row.state == TrialState.RUNNING:
            reason = f"its process died {deaths} times, as it does when memory runs out"
            self.end(Trial(number=number, state="running", configuration={}, **step).failed(reason))
            return
        self.study.tell(number, state=TrialState.FAIL, skip_if_finished=True)
        again = {"rerun": {"of": number, "deaths": deaths}} | ({"step": step} if step else {})
        self.study.enqueue_trial(dict(row.params), user_attrs=again)

    def reclaim(self, mine: Collection[int]) -> None:
        """Take over what dead workers left running; `mine` are the numbers of what runs here."""
        reruns = {row.user_attrs.get("rerun", {}).get("of") for row in self.all()}
        for row in [*self.dead(mine), *self.all(TrialState.FAIL)]:  # an earlier version queued after ending
            if "record" in row.user_attrs:
                self._complete(row)
            elif row.number not in reruns:
                self.give_back(row.number, died=True)

    def dead(self, mine: Collection[int]) -> list[FrozenTrial]:
        """Return the running rows whose worker is dead."""
        silent = self._storage._get_stale_trial_ids(self._study_id())  # the public function would also end them
        return [
            row
            for row in self.all(TrialState.RUNNING)
            if row.number not in mine
            and not worker.alive(row.user_attrs.get("worker"), is_heard=row._trial_id not in silent)
        ]

    def disown(self, mine: Collection[int]) -> None:
        """Give back what this process has begun without hearing of it, as the database went away just then."""
        for row in self.all(TrialState.RUNNING):
            if row.number not in mine and row.user_attrs.get("worker") == worker.this():
                self.give_back(row.number, died=False)

    def beat(self, number: int) -> None:
        """Say that the worker of a trial is alive."""
        self._storage.record_heartbeat(self._id(number))

    def _complete(self, row: FrozenTrial) -> None:
        """End a row that an earlier version left with its record and without its state."""
        ended = record.read(self._study, row)
        if ended is not None and row.state == TrialState.RUNNING:
            self._tell(ended)

    def _beaten(self, id: int) -> FrozenTrial:
        """Return a row that has begun, after its first heartbeat: without one, others would think it alive for ever."""
        self._storage.record_heartbeat(id)
        return self._storage.get_trial(id)

    def _tell(self, trial: Trial) -> None:
        state = record.STATES.get(trial.state, TrialState.FAIL)
        self.study.tell(trial.number, values=record.values(self._study, trial), state=state, skip_if_finished=True)

    def _record(self, number: int, text: str) -> None:
        self._storage.set_trial_user_attr(self._id(number), "record", text)

    def _is_there(self) -> bool:
        """Whether the database has the study, whole: then it is only read, as its file may be read-only."""
        try:
            return "study" in self._storage.get_study_user_attrs(self._study_id())
        except KeyError:
            return False

    def _create(self) -> None:
        """Write the study into the database."""
        optuna.create_study(
            study_name=self._study.name,
            storage=self._storage,
            directions=["minimize" if objective.goal == "min" else "maximize" for objective in self._study.objectives],
            load_if_exists=True,
        )
        if "study" not in self.study.user_attrs:
            self.study.set_user_attr("study", studyfile.text(self._study))

    def _id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id(), number)

    def _study_id(self) -> int:
        if self._known_id is None:
            self._known_id = self._storage.get_study_id_from_name(self._study.name)
        return self._known_id


class _Study(optuna.Study):
    """A study of Optuna's in which some rows may be hidden: they seem to run."""

    hidden: frozenset[int] = frozenset()

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        """Return the rows in these `states`. Samplers and the public functions all read them here."""
        rows = late.read(super()._get_trials(deepcopy, None, use_cache), lambda: self.user_attrs)
        seen = [_running(row) if row.number in self.hidden else row for row in rows]
        return [row for row in seen if states is None or row.state in states]


def _running(row: FrozenTrial) -> FrozenTrial:
    """Return a row as it was before it ended."""
    seen = copy(row)
    seen.state, seen.values, seen.datetime_complete = TrialState.RUNNING, None, None
    seen.user_attrs = {name: value for name, value in row.user_attrs.items() if name != "record"}
    return seen
