"""What a study has spent of its budget, and what is left. The unit of a training is one of all the study's epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suite.study import Budget, Fidelity
from suite.trial import Trial

_TRAINED = ("complete", "paused", "failed")
_SLACK = 1e-9  # of a training: thirds of one do not add up exactly


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What trials have cost so far."""

    trials: float  # trainings begun, of complete, paused, failed and running trials; a part of the epochs is a part
    hours: float  # of work, refused and dropped candidates included
    seconds_per_trial: float  # of a training, with the refused candidates before it; zero when none ended
    least: float  # the part of a training that the next trial spends at least

    def allows(self, budget: Budget, part: float) -> bool:
        """Whether a trial of this part of a training may begin: it is left of the trials and would end in the hours."""
        within = budget.trials is None or self.trials + part <= budget.trials + _SLACK
        end = self.hours + part * self.seconds_per_trial / 3600
        return within and (budget.hours is None or end <= budget.hours)

    def exhausts(self, budget: Budget) -> bool:
        """Whether no further trial may begin."""
        return not self.allows(budget, self.least)

    def seconds_left(self, budget: Budget) -> float | None:
        """Return how long the rest of the budget will take; None before a trial ended."""
        if not self.seconds_per_trial:
            return None
        limits = []
        if budget.trials is not None:
            limits.append((budget.trials - self.trials) * self.seconds_per_trial)
        if budget.hours is not None:
            limits.append((budget.hours - self.hours) * 3600)
        return max(0.0, min(limits))


def spent(trials: Sequence[Trial], fidelity: Fidelity) -> Spent:
    """Return what `trials` have cost."""
    each = epochs(trials, fidelity)
    ended = [trial for trial in trials if trial.state in _TRAINED]
    trained = sum(each[trial.number] for trial in ended) / fidelity.epochs
    seconds = sum(trial.seconds for trial in trials if trial.state in (*_TRAINED, "refused", "dropped"))
    return Spent(
        trials=sum(each.values()) / fidelity.epochs,
        hours=seconds / 3600,
        seconds_per_trial=seconds / trained if trained else 0.0,
        least=fidelity.rungs[0] / fidelity.epochs,
    )


def epochs(trials: Sequence[Trial], fidelity: Fidelity) -> dict[int, int]:
    """Return the epochs that each training, ended or running, adds to those it goes on from; by number.

    A failed one counts with all that it was to add.
    """
    ends = {trial.number: trial.until or fidelity.epochs for trial in trials}
    return {
        trial.number: ends[trial.number] - (0 if trial.continues is None else ends.get(trial.continues, 0))
        for trial in trials
        if trial.state in (*_TRAINED, "running")
    }
