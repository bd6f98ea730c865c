"""A trial: one candidate and all that is known of it. A run: a study with its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from suite.core.clock import now
from suite.core.domains import Value
from suite.core.measures import MEASURES
from suite.core.numbered import numbered
from suite.core.recipe import FROZEN, SCRATCH, TUNE
from suite.core.study import Constraint, Objective, Study

State = Literal["running", "paused", "complete", "refused", "dropped", "failed", "interrupted"]


STARTS = {FROZEN: "frozen", TUNE: "tuned"}  # in words, by mode
NEW_START = "from scratch"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate.

    `complete`: trained and validated, to its end, until nothing improved any more, or until the study's hours were
    over. `paused`: trained for fewer epochs than the study's and kept in a checkpoint; may continue under another
    number. `refused`: not trained, because it breaks a constraint on a cost or cannot be built. `dropped`: not trained,
    because it promised too little once its costs were measured; may be proposed again under another number when more is
    known. `failed`: raised an error. `interrupted`: its process ended; its configuration is run again under another
    number.
    """

    number: int
    state: State
    configuration: Mapping[str, Value]  # `space.depths`, `recipe.learning_rate`: only what is searched over
    measures: Mapping[str, float] = field(default_factory=dict)  # keys of measures.MEASURES
    reason: str = ""  # why it was refused, dropped, failed or was cut, one line
    traceback: str = ""  # if it failed
    # A row per epoch: epoch (from 1; 0: a probe), time (Unix s), loss, accuracy (%), val_loss, val_accuracy,
    # val_balanced_accuracy, val_top5, learning_rate; where pictures grow, side (pixels).
    curve: Sequence[Mapping[str, float]] = ()
    surroundings: Mapping[str, str] = field(default_factory=dict)  # device, threads, versions, commit, dataset, ...
    started: datetime | None = None  # UTC
    finished: datetime | None = None  # UTC
    continues: int | None = None  # number of the paused trial whose training it continues
    reruns: int | None = None  # number of the interrupted trial in whose place it runs
    promised: float | None = None  # hypervolume that the sampler expected it to add, as a part of the front's box
    until: int | None = None  # last epoch, if it pauses or ends before the study's last; None: the study's last
    stopped: bool = False  # whether the patience of its recipe ended it

    @property
    def is_cut(self) -> bool:
        """Whether it is complete with fewer epochs than the study's, because the hours were over."""
        return self.state == "complete" and self.until is not None and not self.stopped

    @property
    def costs(self) -> dict[str, float]:
        """Its measures that are known before training."""
        return {name: value for name, value in self.measures.items() if MEASURES[name].is_cost}

    @property
    def place(self) -> str:
        """Where and how its latency was measured, for people; values of two places are never compared."""
        return place(self.surroundings)

    @property
    def start(self) -> str:
        """Which of its weights are of another training, for people: `tuned: ImageNet, Keras`, or `from scratch`."""
        how = STARTS.get(self.surroundings.get("mode", SCRATCH), "")
        return f"{how}: {self.surroundings.get('weights', 'unknown')}" if how else NEW_START

    @property
    def seconds(self) -> float:
        """Wall-clock seconds from the proposal to the end; zero while it runs or if the clock was set back."""
        return max(0.0, (self.finished - self.started).total_seconds()) if self.started and self.finished else 0.0

    def failed(self, reason: str, traceback: str = "") -> Trial:
        """Return the same trial, ended by an error."""
        return replace(self, state="failed", reason=reason, traceback=traceback, finished=now())

    def refused(self, reason: str) -> Trial:
        """Return the same trial, ended before it was trained."""
        return replace(self, state="refused", reason=reason, finished=now())

    def dropped(self, reason: str) -> Trial:
        """Return the same trial, ended before it was trained because others promise more."""
        return replace(self, state="dropped", reason=reason, finished=now())

    def broken(self, constraints: Sequence[Constraint]) -> list[Constraint]:
        """Return the constraints that its known measures break."""
        return [c for c in constraints if c.measure in self.measures and c.excess(self.measures[c.measure]) > 0]

    def fits(self, constraints: Sequence[Constraint]) -> bool:
        """Whether it is complete and keeps every constraint."""
        return self.state == "complete" and not self.broken(constraints)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A study and its trials so far, as read from a run folder."""

    folder: Path
    study: Study
    trials: tuple[Trial, ...]
    in_format: str = ""  # in which its trials were judged, `litert` or the like; empty: as they were trained

    @property
    def home(self) -> Path:
        """The folder of the run itself: what is known of a format lies in a folder of it."""
        return self.folder.parents[1] if self.in_format else self.folder

    @property
    def name(self) -> str:
        """Name of its study."""
        return self.study.name

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Those of its study."""
        return self.study.objectives

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Those of its study."""
        return self.study.constraints

    @property
    def candidates(self) -> list[Trial]:
        """The complete trials that keep every constraint: only these may be on a front."""
        return [trial for trial in self.trials if trial.fits(self.study.constraints)]


def place(surroundings: Mapping[str, str]) -> str:
    """Return where and how a latency was measured, for people: device, threads, path, batch, precision, kernels."""
    threads = surroundings.get("latency_threads") or surroundings.get("threads")  # the latter in earlier runs
    words = {
        "device": surroundings.get("device"),
        "threads": numbered(int(threads), "thread") if threads and threads.isdecimal() else threads,
        **{key: surroundings.get(f"latency_{key}") for key in ("path", "batch", "precision", "onednn")},
    }
    said = {"batch": "batch {}", "onednn": "oneDNN {}"}
    return ", ".join(said.get(key, "{}").format(word) for key, word in words.items() if word)


def reached(curve: Sequence[Mapping[str, float]]) -> int:
    """Return the number of the last epoch of a curve; 0 also without one."""
    return int(curve[-1]["epoch"]) if curve else 0


def best_epoch(curve: Sequence[Mapping[str, float]], by: str) -> Mapping[str, float]:
    """Return the row with the highest validation value of the measure `by`; among equals, that of the lowest loss."""
    return max(curve, key=lambda row: (row[f"val_{by}"], -row["val_loss"]))


def counted(trials: Sequence[Trial]) -> dict[str, int]:
    """Return how many trials ended in each state; a paused one that another continues does not count as paused."""
    states = ("complete", "paused", "refused", "dropped", "failed")
    counts = {state: sum(trial.state == state for trial in trials) for state in states}
    return {**counts, "paused": len(pausing(trials))}


def pausing(trials: Sequence[Trial]) -> list[Trial]:
    """Return the paused trials that no other trial continues; an interrupted attempt does not count."""
    return [trial for trial in resumable(trials) if trial.state == "paused"]


def resumable(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials whose training may continue: paused, or cut by the hours of their study."""
    gone_on = {trial.continues for trial in trials if trial.state != "interrupted"}
    return [trial for trial in trials if (trial.state == "paused" or trial.is_cut) and trial.number not in gone_on]
