"""What became of a study's trials, and what they tell about new candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from suite.core.domains import Value
from suite.core.errors import LONG, StoreError
from suite.core.study import Study
from suite.core.trial import Trial
from suite.search import record
from suite.search.fidelity import levels
from suite.search.proposals import key
from suite.search.space import network


class Past:
    """The trials of one study as they were read. Ended trials do not change, so each is read once."""

    def __init__(self, folder: Path, study: Study) -> None:
        self._folder, self._study = folder, study
        self._ended: dict[int, Trial] = {}
        self._networks: dict[str, list[Trial]] = {}  # ended trials, by network
        self._gone_on: set[int | None] = set()  # trials whose training another continued, and told more
        self._trained = -1  # number of the latest trial with a known accuracy

    def read(self, frozen: Iterable[FrozenTrial]) -> list[Trial]:
        """Return the trials of Optuna's rows. Raises StoreError when one is damaged."""
        return [trial for trial in map(self.trial, frozen) if trial is not None]

    def retimed(self, trials: Sequence[Trial], again: Mapping[int, Mapping[str, Any]]) -> list[Trial]:
        """Return the trials, with the new latency of each that was timed `again`, which is keyed by number."""
        return [self._retimed(trial, again[trial.number]) if trial.number in again else trial for trial in trials]

    def _retimed(self, trial: Trial, known: Mapping[str, Any]) -> Trial:
        if known["measures"].items() <= trial.measures.items():
            return trial
        now = record.sound(
            replace(
                trial,
                measures={**trial.measures, **known["measures"]},
                surroundings={**trial.surroundings, **known["surroundings"]},
            )
        )
        self._ended[now.number] = now
        same = self._networks[key(network(now.configuration))]
        same[:] = [now if one.number == now.number else one for one in same]
        return now

    def trial(self, frozen: FrozenTrial) -> Trial | None:
        """Return the trial of a row of Optuna's; None if it never became one. Raises StoreError when it is damaged."""
        if frozen.number in self._ended:
            return self._ended[frozen.number]
        try:
            trial = record.read(self._study, frozen)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            said = f"{type(error).__name__}: {str(error)[:LONG]}"
            raise StoreError(
                f"{self._folder}: trial {frozen.number} is damaged in the database ({said}). "
                "Restore a copy of the database, or remove the folder and run the study again."
            ) from error
        if trial is not None and trial.state not in ("running", "interrupted"):  # the result of these may come late
            self._keep(trial)
        return trial

    def costs(self, configuration: Mapping[str, Value]) -> dict[str, float]:
        """Return the known costs of an ended trial of this network; empty if there is none."""
        return next((trial.costs for trial in self._same(configuration)), {})

    def same(self, configuration: Mapping[str, Value], place: str) -> Trial | None:
        """Return an ended trial of this network whose latency was timed in `place`; None if there is none."""
        return next((trial for trial in self._same(configuration) if trial.place == place), None)

    def is_refused(self, configuration: Mapping[str, Value]) -> bool:
        """Whether a trial with the network of a configuration was refused."""
        return any(trial.state == "refused" for trial in self._same(configuration))

    def is_open(self, frozen: FrozenTrial) -> bool:
        """Whether a trial was dropped and others were trained since: its configuration may then be proposed again."""
        trial = self.trial(frozen)
        return trial is not None and trial.state == "dropped" and trial.number < self._trained

    def curve(self, frozen: FrozenTrial) -> Mapping[float, Sequence[float]]:
        """Return the objectives at each rung that a training reached; empty if a later trial continued it."""
        trial = self.trial(frozen)
        return {} if trial is None or trial.number in self._gone_on else levels(self._study, trial)

    def _same(self, configuration: Mapping[str, Value]) -> Sequence[Trial]:
        return self._networks.get(key(network(configuration)), ())

    def _keep(self, trial: Trial) -> None:
        self._ended[trial.number] = trial
        self._networks.setdefault(key(network(trial.configuration)), []).append(trial)
        if trial.state in ("complete", "paused"):
            self._gone_on.add(trial.continues)
            self._trained = max(self._trained, trial.number)
