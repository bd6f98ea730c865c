"""MLflow while a study runs: a thread follows the study, and may fall behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self

from suite.core import dominance
from suite.core.errors import without_password
from suite.core.study import Study
from suite.core.trial import Trial
from suite.tracking import content
from suite.tracking.courier import Courier
from suite.tracking.delivery import Delivery, counted
from suite.tracking.ledger import Ledger
from suite.tracking.line import Line, Step
from suite.tracking.server import Server

_log = logging.getLogger("suite.tracking")

Event = Trial | tuple[int, Mapping[str, float]] | None  # a trial began or ended; a trial's number and epoch; a wake-up


class Mirror:
    """Shows the trials of a study in MLflow as they happen; a context manager.

    No method waits for MLflow or raises because of it. The run folder holds all that is kept here. What could not be
    shown live is sent when its trial ends; what could not be sent then, `deliver` sends later.
    """

    def __init__(self, folder: Path, study: Study, uri: str, trials: Sequence[Trial] = ()) -> None:
        """Follow `study`; send the earlier `trials` that MLflow lacks in between."""
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._closing = threading.Event()
        self._count = sum(trial.state != "running" for trial in trials)
        self._follower = _Follower(study, trials, self._events, self._closing)
        self._thread = threading.Thread(target=self._follower.follow, args=(folder, uri), name="mlflow", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, trial: Trial) -> None:
        """Say that a trial has started."""
        self._events.put(trial)

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """Say that an epoch of trial `number` has ended with this row of its curve."""
        self._events.put((number, dict(row)))

    def end(self, trial: Trial) -> None:
        """Say that a trial has ended."""
        self._count += 1
        self._events.put(trial)

    def close(self, seconds: float = 10) -> Delivery:
        """Wait at most `seconds` for MLflow, and return what it has received. Safe to call again."""
        self._closing.set()
        self._events.put(None)
        if self._thread.is_alive() and not self._follower.late.is_set():
            self._thread.join(seconds)
        self._follower.late.set()
        return self._follower.delivery or Delivery(delivered=0, waiting=self._count, reason=f"{seconds:g} s were over")


class _Follower:
    """The work of the thread: show what happens now, and send waiting trials in between."""

    def __init__(
        self, study: Study, trials: Sequence[Trial], events: SimpleQueue[Event], closing: threading.Event
    ) -> None:
        self.delivery: Delivery | None = None
        self.late = threading.Event()  # the study no longer waits for this thread
        self._study, self._events, self._closing = study, events, closing
        self._known = {trial.number: trial for trial in trials}
        self._waiting = {number: trial for number, trial in self._known.items() if trial.state != "running"}
        self._unplaced: set[int] = set()  # trials sent since the front was last tagged
        self._front: set[int] = set()
        self._open = False

    def follow(self, folder: Path, uri: str) -> None:
        """Follow the study until it closes, then make a last attempt."""
        self._line, self._uri = Line(uri), uri
        with Ledger(folder, uri) as ledger:
            self._courier = Courier(self._study, ledger)
            while not self._closing.is_set():
                self._take(self._next())
            self._take(self._next())
            self._line.hurry()
            self._finish()
            self.delivery = counted(self._courier, self._trials(), self._line.reason)

    def _next(self) -> list[Event]:
        """Wait for events, or until a waiting trial may be tried again; return all events there are."""
        patience = 0.0 if self._closing.is_set() else self._line.rest if self._waiting else None
        events: list[Event] = []
        with suppress(Empty):
            events.append(self._events.get(block=patience != 0, timeout=patience))
            while True:
                events.append(self._events.get_nowait())
        return events

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Trial):
                self._known[event.number] = event
                if event.state != "running":
                    self._waiting[event.number] = event
        for event in events:
            if event and self._is_live(event):
                self._attempt(partial(self._show, event=event))
        self._send_one()

    def _is_live(self, event: Trial | tuple[int, Mapping[str, float]]) -> bool:
        """Whether an event is worth showing: a trial that ended meanwhile is sent whole."""
        trial = event if isinstance(event, Trial) else self._known.get(event[0])
        return trial is not None and self._known[trial.number].state == "running"

    def _show(self, server: Server, event: Trial | tuple[int, Mapping[str, float]]) -> None:
        if isinstance(event, Trial):
            self._courier.begin(server, event)
        else:
            self._courier.epoch(server, *event)

    def _send_one(self) -> bool:
        """Send the oldest waiting trial, and after the last one the new front; return whether all went well."""
        if self._waiting:
            trial = self._waiting[min(self._waiting)]
            if not self._attempt(partial(self._courier.end, trial=trial)):
                return False
            del self._waiting[trial.number]
            self._unplaced.add(trial.number)
        return bool(self._waiting) or not self._unplaced or self._place()

    def _place(self) -> bool:
        """Tag new trials and those that enter or leave the front; ranks behind the front are updated at the end."""
        candidates = [trial for trial in self._known.values() if trial.fits(self._study.constraints)]
        ranks = dominance.ranks(candidates, self._study.objectives)
        front = {number for number, rank in ranks.items() if rank == 1}
        moved = [self._known[number] for number in sorted(self._unplaced | (front ^ self._front))]
        if not self._attempt(partial(self._courier.place, trials=moved, ranks=ranks)):
            return False
        self._front, self._unplaced = front, set()
        return True

    def _finish(self) -> None:
        while self._waiting and self._send_one():
            pass
        if self._open and not self._waiting:
            self._unplaced = {trial.number for trial in self._trials()}
            self._place()
            self._attempt(partial(self._courier.study, trials=self._trials(), running=False))

    def _attempt(self, step: Step) -> bool:
        """Take a step once the parent run is there; after an outage, look for the parent run again."""
        if self.late.is_set():
            return False
        before = self._line.reason
        if not self._open:
            trials = self._trials()
            named = content.is_named(self._study, trials)
            self._open = named and self._line.attempt(partial(self._opened, trials=trials))
        self._open = self._open and self._line.attempt(step)
        self._say(before)
        return self._open

    def _say(self, before: str) -> None:
        """Say once that MLflow fails, and once that it is back."""
        now, where = self._line.reason, without_password(self._uri)
        if now and not before:
            _log.warning("MLflow at %s: %s. The study goes on, and delivers later.", where, now)
        if before and not now:
            _log.warning("MLflow at %s is back.", where)

    def _opened(self, server: Server, trials: Sequence[Trial]) -> None:
        self._courier.open(server, trials)
        self._courier.study(server, trials, running=True)

    def _trials(self) -> list[Trial]:
        return [self._known[number] for number in sorted(self._known)]
