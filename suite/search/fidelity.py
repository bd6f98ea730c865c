"""Trials that pause: how far each goes, which of them continues, and which checkpoints are still needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from suite.core.measures import MEASURES
from suite.core.study import Fidelity, Study
from suite.core.trial import Trial, best_epoch, resumable
from suite.search.budget import epochs, spent

Kept = Callable[[int], bool]  # whether the checkpoint of the training that this trial began can be read here

Promises = Callable[[Sequence[Trial]], Sequence[float] | None]  # what paused trials promise if trained on

NOTHING = 1e-4  # hypervolume: a promise below it counts as none; the front is about 1 high and 1 wide


def stop(fidelity: Fidelity, done: int = 0) -> int | None:
    """Return the epoch after which a training with `done` epochs pauses next; None if it goes to its end."""
    rung = next(rung for rung in fidelity.rungs if rung > done)
    return rung if rung < fidelity.epochs else None


def first(trial: Trial, trials: Sequence[Trial]) -> int:
    """Return the number of the trial that began the training of `trial`; its own if it continues no other."""
    return _first(trial, _numbered(trials))


def unfinished(trials: Sequence[Trial]) -> set[int]:
    """Return the numbers of the trials that began trainings which still run or may go on."""
    running, numbered = [trial for trial in trials if trial.state == "running"], _numbered(trials)
    return {_first(trial, numbered) for trial in [*running, *resumable(trials)]}


def next_step(study: Study, trials: Sequence[Trial], kept: Kept, promises: Promises) -> Trial | None:
    """Return the paused or cut trial to continue now; None for a new candidate.

    Half of all epochs go to the first look at new candidates. A new one must be affordable to its end.
    """
    each, used = epochs(trials, study.fidelity), spent(trials, study.fidelity)
    looked = sum(each.get(trial.number, 0) for trial in trials if trial.continues is None)
    is_due = 2 * looked > sum(each.values()) or not used.allows(study.budget, 1)
    return best(study, trials, kept, promises) if is_due else None


def best(study: Study, trials: Sequence[Trial], kept: Kept, promises: Promises) -> Trial | None:
    """Return the most promising paused or cut trial that the budget allows to continue; None when there is none.

    Without a model of their promises, returns the most accurate. A trial that cannot reach the front is left out.
    """
    numbered = _numbered(trials)
    able = [trial for trial in affordable(study, trials) if kept(_first(trial, numbered))]
    promised = promises(able) if able else None
    if promised is None:
        return max(able, key=lambda trial: trial.measures[study.quality], default=None)
    most = max(range(len(able)), key=lambda place: promised[place])
    return able[most] if promised[most] > NOTHING else None


def affordable(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return the paused and cut trials whose next epochs the budget allows."""
    used = spent(trials, study.fidelity)
    return [trial for trial in resumable(trials) if used.allows(study.budget, _part(study.fidelity, trial))]


def levels(study: Study, trial: Trial) -> dict[float, list[float]]:
    """Return the study's objectives at each rung that a training reached, by the number of the rung.

    A rung has the values of the best epoch so far, as the end has. A cost is the same at every rung,
    and NaN if it was not measured.
    """
    if trial.state not in ("complete", "paused"):
        return {}
    rungs = study.fidelity.rungs
    told = {
        float(number): [_told(trial, objective.measure, rung, study.quality) for objective in study.objectives]
        for number, rung in enumerate(rungs[:-1])
        if rung <= len(trial.curve)
    }
    if trial.state == "complete" and not trial.is_cut:
        told[float(len(rungs) - 1)] = [trial.measures.get(o.measure, math.nan) for o in study.objectives]
    return told


def _numbered(trials: Sequence[Trial]) -> dict[int, Trial]:
    return {trial.number: trial for trial in trials}


def _first(trial: Trial, numbered: Mapping[int, Trial]) -> int:
    while trial.continues is not None:
        trial = numbered[trial.continues]
    return trial.number


def _told(trial: Trial, measure: str, rung: int, quality: str) -> float:
    if measure == "training_seconds":
        return trial.measures[measure] * rung / len(trial.curve)
    if MEASURES[measure].is_cost:
        return trial.measures.get(measure, math.nan)
    return best_epoch(trial.curve[:rung], quality)[f"val_{measure}"]


def _part(fidelity: Fidelity, trial: Trial) -> float:
    """Return the next epochs of a paused trial as a part of a whole training."""
    done = trial.until or 0
    return ((stop(fidelity, done) or fidelity.epochs) - done) / fidelity.epochs
