"""The durable store of a study: its trials, as an Optuna study in a relational database.

A trial begins as RUNNING and ends by one call of `finish`. Whatever happens to the process in between, the next one
finds the trial, sees that its worker is gone and runs its configuration again. Optuna's states carry ours:

    complete     COMPLETE, with the values of the objectives
    refused      PRUNED, with its constraints, so that samplers learn from it (a FAIL would be invisible to them)
    dropped      PRUNED
    paused       PRUNED
    failed       FAIL
    interrupted  FAIL without a record; its configuration waits in the queue, as a `rerun`

A trial's `step` is the trial that it continues and the epoch after which it stops.

Workers of a team propose in turn. A proposal depends on the trials before it in the same way, whoever ends first: it
knows what became of all but the last ones that were trained, which seem to run, and waits for the others to end.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import optuna
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from suite.core.domains import Value
from suite.core.errors import StoreError
from suite.core.measures import formatted
from suite.core.study import Study
from suite.core.trial import Trial
from suite.depot import Depot
from suite.machine.interruption import uninterrupted
from suite.sampler.cheap_first import START
from suite.search import backup, worker
from suite.search.database import HEARTBEAT, guarded, legible
from suite.search.fidelity import Kept, affordable, best, first_look, first_stop, looks_first, next_step, stop
from suite.search.outage import AwayError, waits
from suite.search.past import Past
from suite.search.proposals import Known, Tried, asked_of, cheap_first, costs_of, sampler
from suite.search.record import BELOW
from suite.search.rows import TRAINS, Rows
from suite.search.space import decoded, encoded

ASKS = 4  # proposals of the sampler that may repeat a tried configuration before one is drawn at random
WORTH = 0.25  # part of its promise that a candidate must keep when its costs are measured, or it is not trained
DROPS = 3  # dropped candidates in a row, after which one is trained whatever its measured costs

POLL = 0.1  # seconds between two looks at whether others of the team have ended

Awaited = dict[int, bool]  # numbers of trials that run, and whether their networks are being trained
Within = Callable[[Sequence[Trial]], bool]  # whether another trial may begin beside these

optuna.logging.set_verbosity(optuna.logging.ERROR)
_log = logging.getLogger("suite.search")


class Store:
    """The trials of one study, open for work; a context manager. Several workers may have it open."""

    def __init__(self, folder: Path, study: Study, url: str, workers: int = 1) -> None:
        """Open or create `study` in the database at `url`, for one of a team of `workers`. Raises StoreError."""
        self.folder, self.study, self.workers = folder, study, workers
        self.depot = Depot(folder, None)  # until its folder says where it is
        self._asked: set[int] = set()  # numbers of trials begun here and not ended
        self._heard: set[int] = set()  # numbers of trials of others whose end was told here
        self._is_unsure = False  # whether the database went away, perhaps before it could say that a trial has begun
        self._forget()
        self._pictures = 0
        self._tried, self._looks_first = Tried(study, ()), False
        self._known: Known = lambda configuration: self._seen.costs(configuration)
        self._ours = (
            cheap_first(
                study,
                self._unrefused,
                lambda row: self._seen.curve(row),
                lambda row: self._seen.is_open(row),
                lambda: self._pictures,
                lambda configuration: self._tried.turn(configuration, self._looks_first),
            )
            if study.sampler == "cheap-first"
            else None
        )
        with guarded(folder), legible():
            self._rows = Rows(study, url)
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self._keep_copy()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give back the trials that still run, so that they are the next to run."""
        with uninterrupted():
            self._closed.set()
            for number in list(self._asked):
                with suppress(StoreError), self._alone():
                    self._rows.give_back(number, died=False)
            self._asked.clear()
            self.close()
            backup.keep(self.folder)

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    @waits
    def trials(self) -> list[Trial]:
        """Return every trial so far, by number, those of other workers included."""
        with uninterrupted(), guarded(self.folder), legible():  # an interrupted read would keep an SQLite file locked
            trials = self._past.read(self._rows.all())
            return self._past.retimed(trials, self._rows.retimed())

    def same(self, configuration: Mapping[str, Value], place: str) -> Trial | None:
        """Return an ended trial of the same network that was timed in `place`; None if there is none.

        A network is not measured twice: two values that differ only by noise would make it look like two networks.
        """
        return self._past.same(configuration, place)

    @waits
    def retime(self, number: int, measures: Mapping[str, float], origin: Mapping[str, str]) -> None:
        """Make the new latency of an ended trial durable; raise StoreError when it cannot be written."""
        with self._alone():
            self._rows.retime(number, measures, origin)

    @waits
    def look(self, key: str, pictures: str, weights: Mapping[str, str]) -> None:
        """Keep that the test pictures, of a digest, were looked at, and with which weights: a digest for each name.

        Looks of one `key`, such as "export 7", are one. Raises StoreError when it cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._alone():
            self._rows.look(key, {"at": now, "pictures": pictures, "weights": dict(weights)})

    @waits
    def looks(self) -> list[str]:
        """Return every look at the test pictures for people, the earliest first: `2026-11-29: export 7`."""
        with guarded(self.folder), legible():
            known = sorted(self._rows.looks().items(), key=lambda pair: pair[1]["at"])
        return [f"{look['at'][:10]}: {key}" for key, look in known]

    def left_behind(self) -> set[int]:
        """Return the numbers of the running trials whose worker is gone: they will be run again."""
        with uninterrupted(), guarded(self.folder), legible():
            return {row.number for row in self._rows.dead(self._asked)}

    def queued(self) -> list[int]:
        """Return the numbers of the interrupted trials that are to be run again."""
        with uninterrupted(), guarded(self.folder), legible():
            waiting = self._rows.all(TrialState.WAITING)
        return [row.user_attrs["rerun"]["of"] for row in waiting if "rerun" in row.user_attrs]

    def shared(self) -> Mapping[str, str] | None:
        """Return `id` and `url` of the place where the files of the study are shared; None if it has none."""
        with guarded(self.folder), legible():
            return self._rows.depot()

    def share(self, id: str, url: str) -> str:
        """Keep where the files of the study are shared, if nobody has; return the id that is kept.

        Raises StoreError when it cannot be written.
        """
        with self._alone():
            known = self._rows.depot()
            if known is None:
                self._rows.share(id, url)
            return known["id"] if known else id

    def count_by(self, known: Known, pictures: int = 0) -> None:
        """Use `known` for the costs of candidates before they are tried; by default, only ended trials tell costs.

        `pictures` is the number that a training goes through in an epoch.
        """
        self._known, self._pictures = known, pictures

    def disappointment(self, trial: Trial) -> str:
        """Return why a proposal is not worth training, now that its costs are measured; empty if it is worth it.

        It is not worth it if less than WORTH of its promise is left. There is no test before START trainings, when no
        model knows enough, after DROPS dropped trials in a row, or for a training that goes on.
        """
        before = [one.state for one in self._then if one.state not in ("running", "refused")]
        unsure = len(before) - before.count("dropped") < START or set(before[-DROPS:]) == {"dropped"}
        if self._ours is None or unsure or trial.continues is not None:
            return ""
        left = self._ours.kept(trial.number, [trial.measures.get(name, math.nan) for name in asked_of(self.study)])
        if left >= WORTH:
            return ""
        costs = [name for name in costs_of(self.study) if name in trial.measures]
        measured = ", ".join(formatted(name, trial.measures[name]) for name in costs)
        return f"measured {measured}, more than expected: {left:.0%} {BELOW}"

    def ask(self, kept: Kept = lambda number: True, within: Within = lambda trials: True) -> Trial | None:
        """Begin a trial of a new configuration, or continue a paused trial; None when there is neither.

        Interrupted trials come first. `kept` says which trainings can go on here. Also None when the trials so far are
        not `within` the budget: if several workers ask for the last trial, only one gets it. Waits while others of the
        team run trials whose ends decide.
        """
        while True:
            self.depot.look("checkpoints")  # here, where no other worker waits for this one
            begun, awaited = self._begin(kept, within)
            if begun is not None or not awaited:
                return begun
            self._wait(awaited)

    @waits
    def _begin(self, kept: Kept, within: Within) -> tuple[Trial | None, Awaited]:
        """Begin a trial if there is one to begin now; also return those that decide when there is one."""
        with uninterrupted():
            with self._alone():
                begun, awaited = self._answered(kept, within)
            self._is_unsure = False
            if begun is not None:
                self._asked.add(begun.number)
                self._pulse(begun.number)  # its first heartbeat may be as old as the wait for the database
        return begun, awaited

    @waits
    def trains(self, number: int) -> None:
        """Note that a trial begun here is neither refused nor dropped: others of the team wait to know."""
        if self.workers > 1:
            with uninterrupted(), self._alone():
                self._rows.trains(number)

    @waits
    def news(self) -> list[Trial]:
        """Return the trials that others of the team have ended and that were not returned before."""
        if self.workers == 1:
            return []
        with uninterrupted(), guarded(self.folder), legible():
            team = self._past.read(self._rows.team())
        told = [one for one in team if one.state not in ("running", "interrupted") and one.number not in self._heard]
        self._heard |= {one.number for one in told}
        return told

    def finish(self, trial: Trial) -> None:
        """Make an ended trial durable; raise StoreError when it cannot be written."""
        is_ours, again = self._end(trial)
        if time.monotonic() - self._copied > backup.EVERY:
            self._keep_copy()
        if not is_ours:
            instead = (
                f"trial {again} runs in its place" if again is not None else "nobody had begun it again, so it counts"
            )
            _log.warning(
                "%s/%d: its result came late and is kept. This machine was silent for so long that the trial was given "
                "to others; %s.", self.study.name, trial.number, instead,
            )  # fmt: skip

    @waits
    def _end(self, trial: Trial) -> tuple[bool, int | None]:
        """End a trial. Return whether it was still ours, and which trial runs in its place if it was not."""
        with uninterrupted():
            with self._alone():
                is_ours = self._rows.end(trial)
                again = None if is_ours else self._rows.late(trial)
            self._asked.discard(trial.number)
            self._heard.add(trial.number)
        return is_ours, again

    def _keep_copy(self) -> None:
        backup.keep(self.folder)
        self._copied = time.monotonic()

    def fail_running(self, reason: str) -> list[int]:
        """Mark as failed the trials that dead workers of this machine left running; return their numbers.

        The reason is not that of workers on other machines: their trials are queued again.
        """
        with uninterrupted(), self._alone():
            dead = [row for row in self._rows.dead(self._asked) if worker.is_here(row.user_attrs.get("worker"))]
            left = self._past.read(row for row in dead if "record" not in row.user_attrs)
            for trial in left:
                self._rows.end(trial.failed(reason))
        return [trial.number for trial in left]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Change the trials while no other worker does. An error undoes it all; the database's become StoreError."""
        try:
            with guarded(self.folder), self._rows.alone():
                yield
        except BaseException as error:
            self._is_unsure |= isinstance(error, AwayError)
            self._forget()  # what was read may be of rows that were undone
            raise

    def _forget(self) -> None:
        """Know nothing of the trials."""
        self._past = Past(self.folder, self.study)
        self._seen = Past(self.folder, self.study) if self.workers > 1 else self._past  # what a proposal may know
        self._then: Sequence[Trial] = ()  # the same, when the last trial began

    def _answered(self, kept: Kept, within: Within) -> tuple[Trial | None, Awaited]:
        """Begin a trial if there is one to begin now, or return those that decide about it."""
        if self._is_unsure:
            self._rows.disown(self._asked)
        self._rows.reclaim(self._asked)
        hidden, awaited = self._unseen()
        if awaited:
            return None, awaited
        with self._rows.hidden(hidden):
            self._then = self._seen.read(self._rows.all())
            begun = self._next(self._then, kept) if within(self._then) else None
        return begun, {} if begun else self._running()

    def _unseen(self) -> tuple[set[int], Awaited]:
        """Return the trials whose results the next proposal may not know yet, and those that it must wait for.

        It does not know the last that were trained, as many as there are workers: one of them may take long, and the
        others go on. It waits for the rest, and to hear of the last whether they are refused, dropped or trained.
        """
        if self.workers == 1:
            return set(), {}
        trained = [row.number for row in self._rows.team() if TRAINS in row.user_attrs]
        hidden = set(trained[-self.workers :])
        return hidden, {number: trains for number, trains in self._running().items() if number not in hidden}

    def _running(self) -> Awaited:
        """Return the trials that the team runs, and whether they are being trained; none if this worker is alone."""
        rows = self._rows.team() if self.workers > 1 else []
        return {row.number: TRAINS in row.user_attrs for row in rows if row.state == TrialState.RUNNING}

    def _wait(self, awaited: Awaited) -> None:
        """Wait until one of these trials goes on, ends or has lost its worker."""
        while not self._is_over(awaited):
            time.sleep(POLL)

    @waits
    def _is_over(self, awaited: Awaited) -> bool:
        with uninterrupted(), guarded(self.folder), legible():
            return bool(awaited.items() - self._running().items() or self._rows.dead(self._asked))

    def _next(self, trials: Sequence[Trial], kept: Kept) -> Trial | None:
        """Begin the next trial; None when nothing is left to try."""
        self._tried, self._looks_first = Tried(self.study, trials), looks_first(self.study, trials)
        for _ in range(ASKS):
            paused = self._going_on(trials, kept)
            begun = self._continued(paused) if paused else self._proposed(trials)
            if begun is not None:
                return begun
        configuration = self._tried.draw()
        if configuration is not None:
            return self._begun(first_look(self.study, configuration, trials), trials)
        paused = best(self.study, trials, kept, self._promises)
        return self._continued(paused) if paused else None

    def _going_on(self, trials: Sequence[Trial], kept: Kept) -> Trial | None:
        """Return the paused trial to continue now; None for a trial that waits in the queue, or a new candidate."""
        if self._rows.all(TrialState.WAITING):
            return None
        paused = next_step(self.study, trials, kept, self._promises)
        waits = paused and self._looks_first and self._ours and self._ours.has_first(self._rows.study)
        return None if waits else paused

    def _continued(self, paused: Trial) -> Trial | None:
        """Continue a paused trial."""
        until = stop(self.study, paused.configuration, paused.until or 0)
        return self._past.trial(self._rows.begin(paused.configuration, continues=paused.number, until=until))

    def _proposed(self, trials: Sequence[Trial]) -> Trial | None:
        """Begin the trial that waits in the queue, else the sampler's proposal; None when it need not be tried."""
        source = self._ours or sampler(self.study, len(self._rows.all()))
        row = self._rows.propose(
            source,
            lambda configuration: first_stop(self.study, configuration, trials),
            self._ours.promised if self._ours else lambda number: None,
        )
        continues, configuration = row.user_attrs["step"]["continues"], decoded(self.study, row.params)
        if continues is not None:  # others may have continued it, or spent the budget for it
            wanted = any(paused.number == continues for paused in affordable(self.study, trials))
        else:
            wanted = "rerun" in row.user_attrs or self._tried.fresh(configuration)
        if not wanted:
            self._rows.reject(row)
            return None
        instead = first_look(self.study, configuration, trials)
        if continues is not None or "rerun" in row.user_attrs or instead == configuration:
            return self._past.trial(row)
        self._rows.reject(row)
        return self._begun(instead, trials)

    def _begun(self, configuration: Mapping[str, Value], trials: Sequence[Trial]) -> Trial | None:
        """Begin a trial of a configuration that nobody has tried."""
        until = first_stop(self.study, configuration, trials)
        return self._past.trial(self._rows.begin(configuration, continues=None, until=until))

    def _promises(self, paused: Sequence[Trial]) -> Sequence[float] | None:
        """Return what paused trials promise if trained to the end; None when no model says it."""
        told = [encoded(self.study, trial.configuration) for trial in paused]
        promised = self._ours.promises(self._rows.study, told) if self._ours else None
        return None if promised is None else promised.tolist()

    def _unrefused(self, configuration: Mapping[str, Value]) -> Mapping[str, float] | None:
        """Return the known costs of a configuration; None if its network was refused."""
        return None if self._seen.is_refused(configuration) else self._known(configuration)

    def _beat(self) -> None:
        while not self._closed.wait(HEARTBEAT):
            for number in list(self._asked):
                self._pulse(number)

    def _pulse(self, number: int) -> None:
        with suppress(SQLAlchemyError, optuna.exceptions.StorageInternalError):
            self._rows.beat(number)
