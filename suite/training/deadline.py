"""A training against the clock: how long its epochs take, and an end in time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

SHORTEST = 1e-6  # least seconds of an epoch: a clock may stand still

Left = Callable[[], float]  # seconds that a training may still take; infinite if nothing limits it


class OutOfTimeError(RuntimeError):
    """The time was over before one epoch was done."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The rest of a training, foreseen when one of its epochs ends."""

    epoch: int  # the epoch that has ended
    last: int  # the epoch after which it will end: `until`, or the last that ends in time
    until: int  # the last epoch that was asked for
    seconds: float  # from now to the end of `last`

    @property
    def is_cut(self) -> bool:
        """Whether there is no time for all epochs that were asked for."""
        return self.last < self.until


def forever() -> float:
    """Return infinite seconds: only its last epoch ends a training."""
    return math.inf


class _Over(Exception):
    """The time is over before an epoch has ended."""


def alike(epoch: int) -> float:
    """Return the work up to an epoch where all epochs take the same."""
    return float(epoch)


class Deadline(keras.callbacks.Callback):
    """Ends a training when no time is left: after the last epoch that ends in time, or between two batches.

    `validation` is the number of validation pictures for each training picture. The training ends after epoch `until`,
    by default the last of `fit`; `work` is that of its epochs up to one, in any unit.
    """

    def __init__(
        self,
        left: Left,
        validation: float,
        forecast: Callable[[Forecast], object] | None,
        *,
        until: int | None = None,
        work: Callable[[int], float] = alike,
    ) -> None:
        super().__init__()
        self._left, self._validation, self._forecast, self._until, self._work = left, validation, forecast, until, work
        self._second = self._trained = self._began = 0.0  # when the second step, the validation and the epoch began
        self._traced = False  # whether an epoch has ended: in the first, TensorFlow traces the network too

    def fit(self, model: keras.Model, *data: Any, **options: Any) -> bool:
        """Call `model.fit`; return whether it ended between two epochs."""
        try:
            model.fit(*data, **options)
        except _Over:
            return False
        return True

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Check that there is time at all."""
        self._traced = False
        self._check()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock of an epoch."""
        self._began = self._second = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check that there is time. Only the hooks at a batch's begin cost nothing: they ask for no losses."""
        self._check()
        if batch == 1:
            self._second = time.monotonic()

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check that there is time."""
        self._check()
        if batch == 0:
            self._trained = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Tell the forecast, and begin no epoch that cannot end in time."""
        done, until = epoch + 1, self._until or self.params["epochs"]
        ends, left = self._ends(done, until), self._left()
        more = sum(end <= left for end in ends)
        self._traced = True
        if self._forecast:
            self._forecast(Forecast(epoch=done, last=done + more, until=until, seconds=ends[more - 1] if more else 0.0))
        if not more:
            self.model.stop_training = True

    def _check(self) -> None:
        if self._left() <= 0:
            raise _Over

    def _ends(self, done: int, until: int) -> list[float]:
        """Return in how many seconds each further epoch ends; training takes as long as its work, validation the same.

        They follow from the last epoch, without the tracing in the first.
        """
        now, steps = time.monotonic(), self.params["steps"]
        training, validation = self._trained - self._began, now - self._trained
        if not self._traced and steps > 1:
            training = (self._trained - self._second) * steps / (steps - 1)
            validation = min(validation, training * self._validation)
        unit = self._work(done) - self._work(done - 1)
        return [
            max(training * (self._work(epoch) - self._work(done)) / unit + validation * (epoch - done), SHORTEST)
            for epoch in range(done + 1, until + 1)
        ]
