"""What a study has spent of its budget, and what is left. One training is all epochs of the study."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from suite.core import clock
from suite.core.numbered import numbered
from suite.core.study import Budget, Study
from suite.core.trial import Trial

REREAD = 60.0  # seconds between two looks at what other workers do

_TRAINED = ("complete", "paused", "failed")
_SLACK = 1e-9  # of a training: thirds of one do not add up exactly


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What trials have cost so far."""

    trials: float  # trainings of complete, paused, failed and running trials; half of the epochs is half a training
    hours: float  # of work, refused and dropped candidates included
    seconds_per_trial: float  # of a training and the refused candidates before it; zero before one ended
    least: float  # the smallest part of a training that a new trial spends
    ended: int  # trials that were trained, to their end or to a pause

    def counted(self, budget: Budget) -> str:
        """Return `3.5 of 24 trials`; `7 trials`, those that ended, where nothing limits trials.

        A frozen network is a very small part of a training: without a limit, `0 trials` would be said of twenty.
        """
        if budget.trials is None:
            return numbered(self.ended, "trial")
        return f"{f'{self.trials:.1f}'.removesuffix('.0')} of {numbered(budget.trials, 'trial')}"

    def allows(self, budget: Budget, part: float) -> bool:
        """Whether this part of a training may begin: enough trials are left, and it would end within the hours."""
        within = budget.trials is None or self.trials + part <= budget.trials + _SLACK
        end = self.hours + part * self.seconds_per_trial / 3600
        return within and (budget.hours is None or end <= budget.hours)

    def exhausts(self, budget: Budget) -> bool:
        """Whether no further trial may begin."""
        return not self.allows(budget, self.least)

    def seconds_left(self, budget: Budget) -> float | None:
        """Return how many seconds the rest of the budget will take; None before the first training ended."""
        if not self.seconds_per_trial:
            return None
        limits = []
        if budget.trials is not None:
            limits.append((budget.trials - self.trials) * self.seconds_per_trial)
        if budget.hours is not None:
            limits.append((budget.hours - self.hours) * 3600)
        return max(0.0, min(limits))


def spent(trials: Sequence[Trial], study: Study) -> Spent:
    """Return what `trials` have cost."""
    each = parts(trials, study)
    ended = [trial for trial in trials if trial.state in _TRAINED]
    trained = sum(each[trial.number] for trial in ended)
    seconds = worked(trials)
    return Spent(
        trials=sum(each.values()),
        hours=seconds / 3600,
        seconds_per_trial=seconds / trained if trained else 0.0,
        least=study.least,
        ended=len(ended),
    )


def hours_are_over(trials: Sequence[Trial], study: Study) -> bool:
    """Whether a study has hours, and they allow no further trial, whatever is left of its trainings."""
    budget = study.budget
    return budget.hours is not None and spent(trials, study).exhausts(replace(budget, trials=None))


def worked(trials: Sequence[Trial]) -> float:
    """Return the seconds of all trials that have ended, refused and dropped candidates included."""
    return sum(trial.seconds for trial in trials if trial.state in (*_TRAINED, "refused", "dropped"))


def seconds_left(trials: Sequence[Trial], budget: Budget, now: datetime) -> float:
    """Return how many more seconds the running trials may go on side by side; infinite without a limit on hours."""
    if budget.hours is None:
        return math.inf
    running = [trial.started for trial in trials if trial.state == "running" and trial.started]
    used = worked(trials) + sum(max(0.0, (now - started).total_seconds()) for started in running)
    return (3600 * budget.hours - used) / max(1, len(running))


class Hours:
    """The hours of a running study, which all its workers share."""

    def __init__(self, budget: Budget, trials: Callable[[], Sequence[Trial]]) -> None:
        self._budget, self._trials = budget, trials
        self._over, self._read = math.inf, -math.inf  # on the clock of `time.monotonic`

    def left(self) -> float:
        """Return the seconds left, counted at most REREAD seconds ago; infinite without a limit on hours."""
        if self._budget.hours is None:
            return math.inf
        now = time.monotonic()
        if now - self._read >= REREAD:
            self._over = now + seconds_left(self._trials(), self._budget, clock.now())
            self._read = now
        return self._over - now


def parts(trials: Sequence[Trial], study: Study) -> dict[int, float]:
    """Return by number the part of a training that each ended or running one adds to the one it continues.

    A failed training counts all that it was to add; one that was cut counts what it did.
    """
    ends = {trial.number: _end(trial, study) for trial in trials}
    return {
        trial.number: ends[trial.number] - (0.0 if trial.continues is None else ends.get(trial.continues, 0.0))
        for trial in trials
        if trial.state in (*_TRAINED, "running")
    }


def _end(trial: Trial, study: Study) -> float:
    return study.work(trial.configuration, study.last(trial.configuration) if trial.until is None else trial.until)
