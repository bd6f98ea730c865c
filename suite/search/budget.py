"""What a study has spent of its budget, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from suite.study import Budget
from suite.trial import Trial

_TRAINED = ("complete", "failed")


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What trials have cost so far."""

    trials: int  # trainings begun: complete, failed and running ones
    hours: float  # of work, refused candidates included
    seconds_per_trial: float  # of those that ended, with the refused ones before them; zero when none did

    def exhausts(self, budget: Budget) -> bool:
        """Whether no further trial may begin: the trials are used up, or another would not end within the hours."""
        over = budget.trials is not None and self.trials >= budget.trials
        next_ends = self.hours + self.seconds_per_trial / 3600
        return over or (budget.hours is not None and next_ends > budget.hours)

    def seconds_left(self, budget: Budget, ended: int) -> float | None:
        """Return how long the rest will take when `ended` trials have ended; None before the first one did."""
        if not self.seconds_per_trial:
            return None
        limits = []
        if budget.trials is not None:
            limits.append((budget.trials - ended) * self.seconds_per_trial)
        if budget.hours is not None:
            limits.append((budget.hours - self.hours) * 3600)
        return max(0.0, min(limits))


def spent(trials: Sequence[Trial]) -> Spent:
    """Return what `trials` have cost."""
    ended = [trial for trial in trials if trial.state in _TRAINED]
    work = sum(trial.seconds for trial in trials if trial.state != "interrupted")
    return Spent(
        trials=len(ended) + sum(trial.state == "running" for trial in trials),
        hours=work / 3600,
        seconds_per_trial=mean(trial.seconds for trial in ended) + _refusing(trials, len(ended)) if ended else 0.0,
    )


def _refusing(trials: Sequence[Trial], ended: int) -> float:
    """Return the seconds spent on refused candidates for each that was trained."""
    return sum(trial.seconds for trial in trials if trial.state == "refused") / ended
