"""The durable store of a study: its trials, as an Optuna study in a relational database.

A trial begins as RUNNING and ends by one call of `finish`. Whatever happens to the process in between, the next one
finds the trial, sees that its worker is gone and runs its configuration again. Optuna's states carry ours:

    complete     COMPLETE, with the values of the objectives
    refused      PRUNED, with its constraints, so that samplers learn from it (a FAIL would be invisible to them)
    dropped      PRUNED
    paused       PRUNED
    failed       FAIL
    interrupted  FAIL without a record; its configuration waits in the queue, as a `rerun`

A trial's `step` is the trial that it continues and the epoch after which it stops. Which trial is the next one is
chosen in `proposer`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import optuna
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from suite.core.domains import Value
from suite.core.errors import StoreError
from suite.core.study import Study
from suite.core.trial import Trial
from suite.depot import Depot
from suite.machine.interruption import uninterrupted
from suite.search import backup, worker
from suite.search.database import HEARTBEAT, guarded, legible
from suite.search.fidelity import Kept
from suite.search.outage import AwayError, waits, waits_for_start
from suite.search.past import Past
from suite.search.proposals import Known
from suite.search.proposer import Awaited, Proposer, Within
from suite.search.rows import Rows

POLL = 0.1  # seconds between two looks at whether others of the team have ended

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
        self._rows = self._opened(url)
        self._proposer = Proposer(folder, study, self._rows, workers)
        self._closed = threading.Event()

    @waits_for_start
    def _opened(self, url: str) -> Rows:
        with guarded(self.folder), legible():
            return Rows(self.study, url)

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

    @waits
    def left_behind(self) -> set[int]:
        """Return the numbers of the running trials whose worker is gone: they will be run again."""
        with uninterrupted(), guarded(self.folder), legible():
            return {row.number for row in self._rows.dead(self._asked)}

    @waits
    def queued(self) -> list[int]:
        """Return the numbers of the interrupted trials that are to be run again."""
        with uninterrupted(), guarded(self.folder), legible():
            waiting = self._rows.all(TrialState.WAITING)
        return [row.user_attrs["rerun"]["of"] for row in waiting if "rerun" in row.user_attrs]

    @waits
    def shared(self) -> Mapping[str, str] | None:
        """Return `id` and `url` of the place where the files of the study are shared; None if it has none."""
        with guarded(self.folder), legible():
            return self._rows.depot()

    @waits
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
        self._proposer.count_by(known, pictures)

    def may_drop(self, trial: Trial) -> bool:
        """Whether the costs of a proposal, when they are measured, may keep it from training."""
        return self._proposer.may_drop(trial)

    def disappointment(self, trial: Trial) -> str:
        """Return why a proposal is not worth training, now that its costs are measured; empty if it is worth it."""
        return self._proposer.disappointment(trial)

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

    @waits
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
            self._proposer.forget()  # what was read may be of rows that were undone
            raise

    @property
    def _past(self) -> Past:
        """What is known of every trial."""
        return self._proposer.past

    def _answered(self, kept: Kept, within: Within) -> tuple[Trial | None, Awaited]:
        """Begin a trial if there is one to begin now, or return those that decide about it."""
        if self._is_unsure:
            self._rows.disown(self._asked)
        self._rows.reclaim(self._asked)
        return self._proposer.begin(kept, within)

    def _wait(self, awaited: Awaited) -> None:
        """Wait until one of these trials goes on, ends or has lost its worker."""
        while not self._is_over(awaited):
            time.sleep(POLL)

    @waits
    def _is_over(self, awaited: Awaited) -> bool:
        with uninterrupted(), guarded(self.folder), legible():
            return bool(awaited.items() - self._proposer.running().items() or self._rows.dead(self._asked))

    def _beat(self) -> None:
        while not self._closed.wait(HEARTBEAT):
            for number in list(self._asked):
                self._pulse(number)

    def _pulse(self, number: int) -> None:
        with suppress(SQLAlchemyError, optuna.exceptions.StorageInternalError):
            self._rows.beat(number)
