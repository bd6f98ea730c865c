"""What a study does now, what comes next and why, and how long its budget lasts: read from its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from suite.core.study import Study
from suite.core.trial import Run, Trial, best_epoch
from suite.search import diary, folder
from suite.search.budget import Spent, spent
from suite.search.fidelity import affordable, first, next_step
from suite.search.proposals import first_trainings
from suite.search.store import Store


@dataclass(frozen=True, kw_only=True)
class Training:
    """A trial that runs."""

    trial: Trial
    curve: Sequence[Mapping[str, float]]  # its epochs so far, with those of the trial that it continues
    until: int  # its last epoch, or where it pauses
    why: str  # why it was begun
    left: float | None  # seconds to its end; None before two epochs tell

    @property
    def done(self) -> int:
        """The number of its last epoch; 0 before the first."""
        return int(self.curve[-1]["epoch"]) if self.curve else 0


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A study at one moment."""

    run: Run
    used: Spent
    now: Sequence[Training]  # trials whose workers live
    next: str  # a sentence
    left: float | None  # seconds until the budget is spent; None while nothing tells
    is_spent: bool  # whether trials that have ended spend the budget


def outlook(store: Store, moment: datetime) -> Outlook:
    """Return what a study does. Raises StoreError when its store cannot be read."""
    study, trials = store.study, store.trials()
    gone = store.left_behind()
    alive = [trial for trial in trials if trial.state == "running" and trial.number not in gone]
    ended = [trial for trial in trials if trial.state != "running"]
    used = spent([*ended, *alive], study)
    return Outlook(
        run=Run(folder=store.folder, study=study, trials=tuple(trials)),
        used=used,
        now=[_training(store.folder, study, trials, trial) for trial in alive],
        next=_next(store, study, trials, gone, used),
        left=_left(spent(ended, study), study, alive, moment),
        is_spent=spent(ended, study).exhausts(study.budget) and not alive,
    )


def _training(home: Path, study: Study, trials: Sequence[Trial], trial: Trial) -> Training:
    before = next((one.curve for one in trials if one.number == trial.continues), ())
    rows = diary.read(home, trial.number)
    curve = [*(row for row in before if not rows or row["epoch"] < rows[0]["epoch"]), *rows]
    until = study.last(trial.configuration) if trial.until is None else trial.until
    return Training(trial=trial, curve=curve, until=until, why=_why(study, trials, trial), left=_to_go(rows, until))


def _to_go(rows: Sequence[Mapping[str, float]], until: int) -> float | None:
    """Return the seconds to the last epoch, at the pace of the epochs so far."""
    if len(rows) < 2:
        return None
    first_row, last = rows[0], rows[-1]
    pace = (last["time"] - first_row["time"]) / (last["epoch"] - first_row["epoch"])
    return max(0.0, pace * (until - last["epoch"]))


def _left(used: Spent, study: Study, alive: Sequence[Trial], moment: datetime) -> float | None:
    """Return the seconds until the budget is spent by those who work now, less what their trials have used."""
    left = used.seconds_left(study.budget)
    if left is None or not alive:
        return left
    running = sum(max(0.0, (moment - trial.started).total_seconds()) for trial in alive if trial.started)
    return max(0.0, (left - running) / len(alive))


def _why(study: Study, trials: Sequence[Trial], trial: Trial) -> str:
    if trial.reruns is not None:
        return f"trial {trial.reruns} again, whose process ended"
    if trial.continues is not None:
        before = next((one for one in trials if one.number == trial.continues), None)
        known = f" after epoch {before.until}, at {_quality(study, before)}" if before and before.curve else ""
        return f"goes on with trial {trial.continues}{known}"
    if trial.promised is not None:
        return f"the most promising for its work: expected to add {100 * trial.promised:.2g} % of hypervolume"
    if study.sampler == "cheap-first":
        return "one of the first, which are spread over the costs"
    return f"proposed by {study.sampler}"


def _quality(study: Study, trial: Trial) -> str:
    return f"{best_epoch(trial.curve, study.quality)[f'val_{study.quality}']:.1f} %"


def _next(store: Store, study: Study, trials: Sequence[Trial], gone: set[int], used: Spent) -> str:
    """Say what is begun when a worker is free."""
    if used.exhausts(study.budget):
        return "nothing: the budget is spent, or will be when what runs has ended"
    if again := sorted({*gone, *store.queued()}):
        return f"trial {again[0]} again: its process ended before it did"
    step = next_step(study, trials, lambda number: folder.checkpoint(store.folder, number).exists(), lambda _: None)
    paused = affordable(study, trials)
    if step and study.sampler == "cheap-first" and _told(trials) >= first_trainings(study):
        goes_on = f"trial {step.number} goes on, if it is what"
        one = f"of {len(paused)} paused trials the one that" if len(paused) > 1 else goes_on
        return f"{one} promises most for its work, or else a new candidate"
    if step:
        of = f", the most accurate of {len(paused)} that paused" if len(paused) > 1 else ""
        return f"trial {step.number} goes on after epoch {step.until}{of}"
    return f"a new candidate: {_proposal(study, trials)}"


def _proposal(study: Study, trials: Sequence[Trial]) -> str:
    told, start = _told(trials), first_trainings(study)
    if study.sampler != "cheap-first":
        return f"what {study.sampler} proposes after {told} trainings"
    if told < start:
        return f"one of the first {start} trainings, which are spread over the costs"
    return f"the one that promises most hypervolume for its work, by what {told} trainings told"


def _told(trials: Sequence[Trial]) -> int:
    """Return how many trainings have told an accuracy, each once."""
    return len({first(trial, trials) for trial in trials if trial.state in ("complete", "paused")})
