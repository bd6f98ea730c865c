"""Trials that pause: how far each goes, which of them continues, and which checkpoints are still needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from suite.core import dominance
from suite.core.domains import Value
from suite.core.measures import MEASURES
from suite.core.recipe import FROZEN, SCRATCH, TUNE
from suite.core.study import Study
from suite.core.trial import Trial, best_epoch, pausing, reached, resumable
from suite.sampler.prospects import NOTHING
from suite.search.budget import parts, spent
from suite.search.space import network

Kept = Callable[[int], bool]  # whether the checkpoint of the training that this trial began can be read here

Promises = Callable[[Sequence[Trial]], Sequence[float] | None]  # what paused trials promise if trained on


def stop(study: Study, configuration: Mapping[str, Value], done: int | None = None) -> int | None:
    """Return the epoch after which a training with `done` epochs pauses next; None if it goes to its end.

    A training that is new has done none; epoch 0 is a classifier of the features of a body with weights.
    """
    ladder = study.ladder(study.mode(configuration))
    rung = next(rung for rung in ladder if done is None or rung > done)
    return rung if rung < ladder[-1] else None


def first_stop(study: Study, configuration: Mapping[str, Value], trials: Sequence[Trial]) -> int | None:
    """Return the epoch after which a new training pauses first; None if it goes to its end.

    A classifier of features tells a network from others, but not one recipe from another. So a network pauses there
    once: later trainings of it go on to the next pause.
    """
    until = stop(study, configuration)
    return stop(study, configuration, 0) if until == 0 and _is_seen(study, configuration, trials) else until


def first_look(study: Study, configuration: Mapping[str, Value], trials: Sequence[Trial]) -> dict[str, Value]:
    """Return what to try in place of a proposed configuration: a network that is new stays frozen first, if it may.

    It costs what the first pause of a tuning costs, but is complete: there is a network for the front, and for those
    whose hours end here. A later tuning of the same network goes on from there.
    """
    is_new = study.mode(configuration) == TUNE and not _is_seen(study, configuration, trials)
    return {**configuration, "recipe.mode": FROZEN} if is_new and FROZEN in study.modes else dict(configuration)


def _is_seen(study: Study, configuration: Mapping[str, Value], trials: Sequence[Trial]) -> bool:
    """Whether a classifier was fitted to the features of this network, or is being fitted."""
    wanted = network(configuration)
    states = ("running", "paused", "complete")
    return any(
        trial.state in states
        and study.mode(trial.configuration) != SCRATCH  # which has no features of the weights
        and network(trial.configuration) == wanted
        for trial in trials
    )


def first(trial: Trial, trials: Sequence[Trial]) -> int:
    """Return the number of the trial that began the training of `trial`; its own if it takes up no other's."""
    return _first(trial, _numbered(trials))


def unfinished(trials: Sequence[Trial]) -> set[int]:
    """Return the numbers of the trials that began trainings which still run or may go on."""
    numbered, rerun = _numbered(trials), {trial.reruns for trial in trials}
    interrupted = [trial for trial in trials if trial.state == "interrupted" and trial.number not in rerun]
    running = [trial for trial in trials if trial.state == "running"]
    return {_first(trial, numbered) for trial in [*running, *interrupted, *resumable(trials)]}


def next_step(study: Study, trials: Sequence[Trial], kept: Kept, promises: Promises) -> Trial | None:
    """Return the paused or cut trial to continue now; None for a new candidate.

    Half of all work goes to the first look at new candidates. A new one must be affordable to its end.
    """
    used, each = spent(trials, study), parts(trials, study)
    work = [(trial, each[trial.number] * _size(trial)) for trial in trials if trial.number in each]
    looked = sum(done for trial, done in work if trial.continues is None)
    is_due = 2 * looked > sum(done for _, done in work) or not used.allows(study.budget, 1)
    return best(study, trials, kept, promises) if is_due else None


def looks_first(study: Study, trials: Sequence[Trial]) -> bool:
    """Whether networks that may stay frozen are tried so before any is tuned.

    A frozen network takes a thirtieth of a tuning of ten epochs, and is complete. So they come first, until they took
    as much work as the tunings so far and one more of the most accurate of them.
    """
    if not {FROZEN, TUNE} <= set(study.modes):
        return False
    each = parts(trials, study)
    work = [(trial, each[trial.number] * _size(trial)) for trial in trials if trial.number in each]
    looks = [trial for trial, _ in work if study.mode(trial.configuration) == FROZEN and trial.state == "complete"]
    if not looks:
        return True
    best = max(looks, key=lambda trial: trial.measures[study.quality])
    tuned = {**best.configuration, "recipe.mode": TUNE}
    looked = sum(done for trial, done in work if study.mode(trial.configuration) == FROZEN)
    return looked < sum(done for _, done in work) - looked + study.work(tuned, study.last(tuned)) * _size(best)


def best(study: Study, trials: Sequence[Trial], kept: Kept, promises: Promises) -> Trial | None:
    """Return the paused or cut trial that promises most for its work, of those that the budget allows to continue.

    The work is what is left to its end, in multiply-adds: it stands for seconds, which differ from one day to the next.
    Without a model of their promises, returns the most accurate. A trial that cannot reach the front is left out; None
    when no trial is left. A classifier of features needs no checkpoint: it is fitted again from the features.
    """
    numbered = _numbered(trials)
    able = [one for one in affordable(study, trials) if one.until == 0 or kept(_first(one, numbered))]
    promised = promises(able) if able else None
    if promised is None:
        return max(able, key=lambda trial: trial.measures[study.quality], default=None)
    worth = [
        (promise / (_left(study, trial) * _size(trial)), trial)
        for trial, promise in zip(able, promised, strict=True)
        if promise > NOTHING
    ]
    return max(worth, key=lambda pair: pair[0])[1] if worth else None


def worth_ending(study: Study, trials: Sequence[Trial], kept: Kept) -> Trial | None:
    """Return a paused training whose network would be on the front with the epochs that it has; None without one.

    One that is no better than a complete trial is left out: a tuning whose best epoch is the frozen network, as yet.
    """
    numbered, complete = _numbered(trials), [trial for trial in trials if trial.fits(study.constraints)]
    known = {_values(study, trial) for trial in complete}
    paused = [
        replace(one, state="complete")
        for one in pausing(trials)
        if reached(one.curve) and kept(_first(one, numbered)) and _values(study, one) not in known
    ]
    fitting = [one for one in paused if one.fits(study.constraints)]
    leading = dominance.front([*complete, *fitting], study.objectives)
    return next((numbered[one.number] for one in leading if numbered[one.number].state == "paused"), None)


def _values(study: Study, trial: Trial) -> tuple[float | None, ...]:
    return tuple(trial.measures.get(one.measure) for one in study.objectives)


def affordable(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return the paused and cut trials whose next epochs the budget allows."""
    used = spent(trials, study)
    return [trial for trial in resumable(trials) if used.allows(study.budget, _part(study, trial))]


def levels(study: Study, trial: Trial) -> dict[float, list[float]]:
    """Return the study's objectives at each rung that a training reached, by the number of the rung.

    A rung has the values of the best epoch so far, as the end has. A cost is the same at every rung,
    and NaN if it was not measured.
    """
    if trial.state not in ("complete", "paused"):
        return {}
    ladder = study.ladder(study.mode(trial.configuration))
    told = {
        float(study.rungs.index(rung)): [_told(study, trial, one.measure, rung) for one in study.objectives]
        for rung in ladder[:-1]
        if rung <= reached(trial.curve)
    }
    if trial.state == "complete" and not trial.is_cut:
        told[float(len(study.rungs) - 1)] = [trial.measures.get(o.measure, math.nan) for o in study.objectives]
    return told


def _numbered(trials: Sequence[Trial]) -> dict[int, Trial]:
    return {trial.number: trial for trial in trials}


def _first(trial: Trial, numbered: Mapping[int, Trial]) -> int:
    while (before := trial.reruns if trial.continues is None else trial.continues) is not None:
        trial = numbered[before]
    return trial.number


def _told(study: Study, trial: Trial, measure: str, rung: int) -> float:
    if measure == "training_seconds":
        done = study.work(trial.configuration, reached(trial.curve))
        return trial.measures[measure] * study.work(trial.configuration, rung) / done
    if MEASURES[measure].is_cost or MEASURES[measure].of_words:
        return trial.measures.get(measure, math.nan)
    return best_epoch([row for row in trial.curve if row["epoch"] <= rung], study.quality)[f"val_{measure}"]


def _part(study: Study, trial: Trial) -> float:
    """Return the next step of a paused trial as a part of a whole training."""
    until = stop(study, trial.configuration, trial.until or 0)
    return _work(study, trial, until) - study.work(trial.configuration, trial.until or 0)


def _left(study: Study, trial: Trial) -> float:
    """Return all that is left of a paused trial as a part of a whole training."""
    return _work(study, trial, None) - study.work(trial.configuration, trial.until or 0)


def _work(study: Study, trial: Trial, until: int | None) -> float:
    """Return the work of a trial up to an epoch, or to its end."""
    return study.work(trial.configuration, study.last(trial.configuration) if until is None else until)


def _size(trial: Trial) -> float:
    """Return the multiply-adds of a picture; 1 where they were not counted."""
    return trial.measures.get("macs") or 1.0
