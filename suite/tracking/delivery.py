"""A delivery brings MLflow up to date with a run folder: it sends only what MLflow does not have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from suite.core import dominance
from suite.core.numbered import numbered
from suite.core.trial import Run, Trial
from suite.tracking.courier import Courier
from suite.tracking.ledger import Ledger
from suite.tracking.line import Line, Step

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of a delivery."""

    delivered: int  # ended trials that MLflow has as they are now
    waiting: int  # the other ended trials
    reason: str = ""  # why a trial, the report or a model waits; empty when nothing waits

    def __str__(self) -> str:
        waiting = f", {numbered(self.waiting, 'waits', 'wait')} ({self.reason})" if self.reason else ""
        return f"{numbered(self.delivered, 'trial is', 'trials are')} in MLflow{waiting}"


def deliver(
    run: Run,
    uri: str,
    *,
    report: Path | None = None,
    models: Callable[[int], keras.Model] | None = None,
    seconds: float | None = None,
) -> Delivery:
    """Send MLflow what it lacks of `run`: trials, ranks, the report, the models of the front.

    Safe at any time, any number of times and from any process. It ends within seconds of an outage, and before the
    first step after `seconds`; the rest waits for the next call. `models` returns the trained network of a trial.
    """
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    line = Line(uri)
    with Ledger(run.folder, uri) as ledger:
        courier = Courier(run.study, ledger)
        for step in _steps(courier, run, report, models):
            if time.monotonic() > end:
                return counted(courier, run.trials, f"{seconds:g} s were over")
            if not line.attempt(step):
                break
        return counted(courier, run.trials, line.reason)


def counted(courier: Courier, trials: Sequence[Trial], reason: str) -> Delivery:
    """Return how many of the ended `trials` MLflow has."""
    ended = [trial for trial in trials if trial.state != "running"]
    delivered = sum(map(courier.has, ended))
    return Delivery(delivered=delivered, waiting=len(ended) - delivered, reason=reason)


def _steps(
    courier: Courier, run: Run, report: Path | None, models: Callable[[int], keras.Model] | None
) -> Iterator[Step]:
    if not run.trials:
        return
    yield partial(courier.open, trials=run.trials)
    for trial in run.trials:
        yield partial(courier.begin if trial.state == "running" else courier.end, trial=trial)
    ranks = dominance.ranks(run.candidates, run.study.objectives)
    yield partial(courier.place, trials=run.trials, ranks=ranks)
    yield partial(courier.study, trials=run.trials, running=any(t.state == "running" for t in run.trials))
    if report is not None:
        yield partial(courier.report, path=report)
    if models is not None:
        front = [trial for trial in run.trials if ranks.get(trial.number) == 1]
        yield from (partial(courier.model, trial=trial, load=models) for trial in front)
