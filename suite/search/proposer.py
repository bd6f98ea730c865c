"""Which trial comes next: one that waits, a training that goes on, or what the sampler proposes.

Workers of a team propose in turn. A proposal depends on the trials before it in the same way, whoever ends first: it
knows what became of all but the last ones that were trained, which seem to run, and waits for the others to end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from optuna.trial import TrialState

from suite.core.domains import Value
from suite.core.measures import formatted
from suite.core.study import Study
from suite.core.trial import Trial
from suite.sampler.cheap_first import START
from suite.search.budget import hours_are_over
from suite.search.fidelity import (
    Kept,
    affordable,
    best,
    first_look,
    first_stop,
    looks_first,
    next_step,
    stop,
    worth_ending,
)
from suite.search.past import Past
from suite.search.proposals import Known, Tried, asked_of, cheap_first, costs_of, sampler
from suite.search.record import BELOW
from suite.search.rows import TRAINS, Rows
from suite.search.space import decoded, encoded

ASKS = 4  # proposals of the sampler that may repeat a tried configuration before one is drawn at random
WORTH = 0.25  # part of its promise that a candidate must keep when its costs are measured, or it is not trained
DROPS = 3  # dropped candidates in a row, after which one is trained whatever its measured costs

Awaited = dict[int, bool]  # numbers of trials that run, and whether their networks are being trained
Within = Callable[[Sequence[Trial]], bool]  # whether another trial may begin beside these


class Proposer:
    """Begins the trials of one study, for one worker of a team."""

    def __init__(self, folder: Path, study: Study, rows: Rows, workers: int) -> None:
        self._folder, self._study, self._rows, self._workers = folder, study, rows, workers
        self.forget()
        self._pictures = 0
        self._tried, self._looks_first = Tried(study, ()), False
        self._known: Known = lambda configuration: self._seen.costs(configuration)
        self._ours = (
            cheap_first(
                study,
                self._unrefused,
                lambda row: self._seen.curve(row),
                lambda row: self._seen.is_open(row),
                lambda: self._pictures,
                lambda configuration: self._tried.turn(configuration, self._looks_first),
            )
            if study.sampler == "cheap-first"
            else None
        )

    def forget(self) -> None:
        """Know nothing of the trials."""
        self.past = Past(self._folder, self._study)  # of every trial
        self._seen = Past(self._folder, self._study) if self._workers > 1 else self.past  # what a proposal may know
        self._then: Sequence[Trial] = ()  # the same, when the last trial began

    def count_by(self, known: Known, pictures: int) -> None:
        """Use `known` for the costs of candidates; a training goes through so many `pictures` in an epoch."""
        self._known, self._pictures = known, pictures

    def may_drop(self, trial: Trial) -> bool:
        """Whether the costs of a proposal, when they are measured, may keep it from training.

        They do not before START trainings, when no model knows enough, after DROPS dropped trials in a row, or for a
        training that goes on.
        """
        before = [one.state for one in self._then if one.state not in ("running", "refused")]
        unsure = len(before) - before.count("dropped") < START or set(before[-DROPS:]) == {"dropped"}
        return not (self._ours is None or unsure or trial.continues is not None)

    def disappointment(self, trial: Trial) -> str:
        """Return why a proposal is not worth training, now that its costs are measured; empty if it is worth it.

        It is not worth it if less than WORTH of its promise is left.
        """
        if self._ours is None or not self.may_drop(trial):
            return ""
        left = self._ours.kept(trial.number, [trial.measures.get(name, math.nan) for name in asked_of(self._study)])
        if left >= WORTH:
            return ""
        costs = [name for name in costs_of(self._study) if name in trial.measures]
        measured = ", ".join(formatted(name, trial.measures[name]) for name in costs)
        return f"measured {measured}, more than expected: {left:.0%} {BELOW}"

    def begin(self, kept: Kept, within: Within) -> tuple[Trial | None, Awaited]:
        """Begin a trial if there is one to begin now, or return those that decide about it."""
        hidden, awaited = self._unseen()
        if awaited:
            return None, awaited
        with self._rows.hidden(hidden):
            self._then = self._seen.read(self._rows.all())
            begun = self._next(self._then, kept) if within(self._then) else self._ended(self._then, kept)
        return begun, {} if begun else self.running()

    def _unseen(self) -> tuple[set[int], Awaited]:
        """Return the trials whose results the next proposal may not know yet, and those that it must wait for.

        It does not know the last that were trained, as many as there are workers: one of them may take long, and the
        others go on. It waits for the rest, and to hear of the last whether they are refused, dropped or trained.
        """
        if self._workers == 1:
            return set(), {}
        trained = [row.number for row in self._rows.team() if TRAINS in row.user_attrs]
        hidden = set(trained[-self._workers :])
        return hidden, {number: trains for number, trains in self.running().items() if number not in hidden}

    def running(self) -> Awaited:
        """Return the trials that the team runs, and whether they are being trained; none if this worker is alone."""
        rows = self._rows.team() if self._workers > 1 else []
        return {row.number: TRAINS in row.user_attrs for row in rows if row.state == TrialState.RUNNING}

    def _next(self, trials: Sequence[Trial], kept: Kept) -> Trial | None:
        """Begin the next trial; None when nothing is left to try."""
        self._tried, self._looks_first = Tried(self._study, trials), looks_first(self._study, trials)
        for _ in range(ASKS):
            paused = self._going_on(trials, kept)
            begun = self._continued(paused) if paused else self._proposed(trials)
            if begun is not None:
                return begun
        configuration = self._tried.draw()
        if configuration is not None:
            return self._begun(first_look(self._study, configuration, trials), trials)
        paused = best(self._study, trials, kept, self._promises)
        return self._continued(paused) if paused else None

    def _going_on(self, trials: Sequence[Trial], kept: Kept) -> Trial | None:
        """Return the paused trial to continue now; None for a trial that waits in the queue, or a new candidate."""
        if self._rows.all(TrialState.WAITING):
            return None
        paused = next_step(self._study, trials, kept, self._promises)
        waits = paused and self._looks_first and self._ours and self._ours.has_first(self._rows.study)
        return None if waits else paused

    def _continued(self, paused: Trial) -> Trial | None:
        """Continue a paused trial."""
        until = stop(self._study, paused.configuration, paused.until or 0)
        return self.past.trial(self._rows.begin(paused.configuration, continues=paused.number, until=until))

    def _ended(self, trials: Sequence[Trial], kept: Kept) -> Trial | None:
        """Begin to end a paused training that would be on the front, now that the hours are over; None without one.

        The deadline cuts it at once, with its best epoch: its network is for use as others are, and goes on if the
        study gets more hours.
        """
        if not hours_are_over(trials, self._study):
            return None
        paused = worth_ending(self._study, trials, kept)
        if paused is None:
            return None
        return self.past.trial(self._rows.begin(paused.configuration, continues=paused.number, until=None))

    def _proposed(self, trials: Sequence[Trial]) -> Trial | None:
        """Begin the trial that waits in the queue, else the sampler's proposal; None when it need not be tried."""
        source = self._ours or sampler(self._study, len(self._rows.all()))
        row = self._rows.propose(
            source,
            lambda configuration: first_stop(self._study, configuration, trials),
            self._ours.promised if self._ours else lambda number: None,
        )
        continues, configuration = row.user_attrs["step"]["continues"], decoded(self._study, row.params)
        if continues is not None:  # others may have continued it, or spent the budget for it
            wanted = any(paused.number == continues for paused in affordable(self._study, trials))
        else:
            wanted = "rerun" in row.user_attrs or self._tried.fresh(configuration)
        if not wanted:
            self._rows.reject(row)
            return None
        instead = first_look(self._study, configuration, trials)
        if continues is not None or "rerun" in row.user_attrs or instead == configuration:
            return self.past.trial(row)
        self._rows.reject(row)
        return self._begun(instead, trials)

    def _begun(self, configuration: Mapping[str, Value], trials: Sequence[Trial]) -> Trial | None:
        """Begin a trial of a configuration that nobody has tried."""
        until = first_stop(self._study, configuration, trials)
        return self.past.trial(self._rows.begin(configuration, continues=None, until=until))

    def _promises(self, paused: Sequence[Trial]) -> Sequence[float] | None:
        """Return what paused trials promise if trained to the end; None when no model says it."""
        told = [encoded(self._study, trial.configuration) for trial in paused]
        promised = self._ours.promises(self._rows.study, told) if self._ours else None
        return None if promised is None else promised.tolist()

    def _unrefused(self, configuration: Mapping[str, Value]) -> Mapping[str, float] | None:
        """Return the known costs of a configuration; None if its network was refused."""
        return None if self._seen.is_refused(configuration) else self._known(configuration)
