"""What people see while a study runs: on a terminal a bar with the time left, elsewhere only lines.

A line appears when a trial ends, when its first epoch tells how long it will take, and after QUIET seconds without one.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from suite.core import dominance
from suite.core.clock import now
from suite.core.measures import MEASURES, formatted
from suite.core.rules import brief
from suite.core.study import Study, setting
from suite.core.trial import Trial
from suite.search.budget import Spent, spent
from suite.training.deadline import Forecast

_STYLES = {"complete": "green", "paused": "cyan", "refused": "dim", "dropped": "dim", "failed": "red"}
QUIET = 50.0  # seconds without a line, where there is no bar
SOON = 10.0  # seconds: the end of a training is not announced if it is nearer

LEAST = 12  # characters of a configuration that is cut; fewer tell nothing

_WIDTH = 24  # of the bar, characters


class Progress:
    """Watches one study; a context manager. Writes to stderr."""

    def __init__(self, study: Study, before: Iterable[Trial] = (), workers: int = 1) -> None:
        """Begin after the trials of earlier sessions, `before`; `workers` of a team share those to come."""
        self._study, self._epochs, self._workers = study, study.fidelity.epochs, workers
        self._trials = {trial.number: trial for trial in before if trial.state != "running"}
        self._running: Trial | None = None
        self._epoch: Mapping[str, float] = {}
        self._read = ""  # how far the network is with its texts
        self._end = 0.0  # of the running training, on the clock of `time.monotonic`
        self._forecast: Forecast | None = None
        self._closed, self._spoken = threading.Event(), time.monotonic()
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, get_renderable=self._bar, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        else:
            threading.Thread(target=self._pulse, name="progress", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._live.stop()

    def note(self, line: str) -> None:
        """Show a line about work between trials."""
        self._console.print(line)

    def begin(self, trial: Trial) -> None:
        """Show a trial that begins."""
        self._running, self._epoch, self._read, self._forecast = trial, {}, "", None

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """Show one epoch."""
        self._epoch = row

    def reading(self, row: Mapping[str, float], epochs: int) -> None:
        """Show one epoch of the texts that a network learns from, before its classifier is trained."""
        self._read = f"texts, epoch {int(row['epoch'])} of {epochs}, zero-shot accuracy {row['val_accuracy']:.1f} %"

    def forecast(self, forecast: Forecast) -> None:
        """Show when the training will end, and whether the hours of the study cut it."""
        is_news = self._forecast is None or (forecast.is_cut and not self._forecast.is_cut)
        self._forecast, self._end = forecast, time.monotonic() + forecast.seconds
        is_news = is_news and (forecast.is_cut or forecast.seconds >= SOON)
        if self._running and is_news and not self._console.is_terminal:
            self._say(Text(f"{self._study.name}/{self._running.number:<3} {self._progress()}"))

    def end(self, trial: Trial) -> None:
        """Show how a trial ended."""
        self._trials[trial.number] = trial
        if self._running and self._running.number == trial.number:  # else it is of another worker
            self._running = None
        self._say(self._line(trial))

    def _say(self, line: Text) -> None:
        self._console.print(line)
        self._spoken = time.monotonic()

    def _pulse(self) -> None:
        """Say what runs after QUIET seconds without a line."""
        while not self._closed.wait(min(1.0, QUIET / 4)):
            running = self._running
            if running and time.monotonic() - self._spoken >= QUIET:
                self._say(Text(f"{self._study.name}/{running.number:<3} {self._progress()}  [{self._standing()}]"))

    def _line(self, trial: Trial) -> Text:
        line = Text(f"{self._study.name}/{trial.number:<3} ")
        line.append(f"{self._state(trial):<9}", _STYLES.get(trial.state, ""))
        line.append(f" {_words(trial, self._study)}")
        if trial.number in self._front():
            line.append("  front", "bold")
        if trial.state not in ("refused", "dropped") and not self._console.is_terminal:
            line.append(f"  [{self._standing()}]")
        return line.append(self._fitted(f"  ({_configuration(trial)})", self._console.width - line.cell_len))

    def _fitted(self, text: str, room: int) -> Text:
        """Return what comes last in a line: on a terminal cut to `room` characters, in a pipe whole."""
        fitted = Text(text)
        if self._console.is_terminal:
            fitted.truncate(room if room >= LEAST else 0, overflow="ellipsis" if room >= LEAST else "crop")
        return fitted

    def _state(self, trial: Trial) -> str:
        return f"paused at {trial.until} of {self._epochs} epochs " if trial.state == "paused" else trial.state

    def _front(self) -> set[int]:
        fitting = [trial for trial in self._trials.values() if trial.fits(self._study.constraints)]
        return {trial.number for trial in dominance.front(fitting, self._study.objectives)}

    def _spent(self) -> Spent:
        return spent(list(self._trials.values()), self._study)

    def _standing(self) -> str:
        """Return how far the study is: `7 of 24 trials, 3:20 left`."""
        budget = self._study.budget
        used = self._spent()
        left = used.seconds_left(budget)
        known = "" if left is None else f", {_time(self._remaining(left))} left"
        return f"{used.counted(budget)}{known}"

    def _remaining(self, left: float) -> float:
        """Return `left` seconds less those that the running trial has used."""
        return max(0.0, left / self._workers - self._used())

    def _used(self) -> float:
        """Return the seconds that the running trial has used."""
        started = self._running.started if self._running else None
        return (now() - started).total_seconds() if started else 0.0

    def _bar(self) -> Text:
        budget = self._study.budget
        used = self._spent()
        shares = [used.trials / budget.trials] if budget.trials else []
        shares += [used.hours / budget.hours] if budget.hours else []
        full = round(_WIDTH * min(1.0, max(shares)))
        bar = Text(f"{self._study.name} ", no_wrap=True, overflow="ellipsis")
        bar.append("━" * full, "cyan").append("━" * (_WIDTH - full), "dim")
        return bar.append(f" {self._standing()}{self._now()}")

    def _now(self) -> str:
        """Return what runs now: `trial 12: epoch 6 of 10, accuracy 93.1 %, about 0:00:24 to go`."""
        return f"; trial {self._running.number}: {self._progress()}" if self._running else ""

    def _progress(self) -> str:
        """Return how far the running trial is."""
        if not self._epoch and self._read:
            return self._read + (self._to_go() if self._forecast else "")
        if not self._epoch:
            return f"building, measuring and its first epoch: {_time(self._used())} so far"
        until = self._epochs if self._running is None or self._running.until is None else self._running.until
        said = f"epoch {int(self._epoch['epoch'])} of {until}, accuracy {self._epoch['val_accuracy']:.1f} %"
        return said + self._to_go() if self._forecast else said

    def _to_go(self) -> str:
        """Return when the running training will end: `, about 0:04:10 to go`."""
        assert self._forecast is not None
        known = f", about {_time(max(0.0, self._end - time.monotonic()))} to go"
        cut = f": the budget's hours end it after epoch {self._forecast.last}"
        return known + cut if self._forecast.is_cut else known


def _words(trial: Trial, study: Study) -> str:
    """Return what became of a trial: its objectives, or the reason why it has none."""
    if trial.state not in ("complete", "paused"):
        return trial.reason
    wanted = [MEASURES[objective.measure] for objective in study.objectives]
    measured = ", ".join(
        f"{measure.name} {formatted(measure.name, trial.measures[measure.name])}" for measure in wanted
    )
    return f"{measured}; {trial.reason}" if trial.reason else measured


def _configuration(trial: Trial) -> str:
    return "; ".join(f"{setting(key)} {brief(value)}" for key, value in trial.configuration.items())


def _time(seconds: float) -> str:
    """Return whole seconds as `0:04:10`."""
    return str(timedelta(seconds=round(seconds)))
