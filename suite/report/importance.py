"""What each setting of a study is worth: how much of accuracy and costs it explains, and what it buys for its cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from suite.core.domains import Range, Value
from suite.core.measures import MEASURES
from suite.core.study import Objective, setting
from suite.core.trial import Run, Trial
from suite.report.comparison import Comparison
from suite.statistics import importance
from suite.statistics.importance import FREEDOM, Rates, Share

Array = NDArray[np.float64]

MOST = 3  # levels of a setting that always have a column each
EACH = 10  # trials for each level of a setting with more levels, else only its size counts
WIDE = 8.0  # from the largest number to the smallest: from here on, a number counts by its logarithm


@dataclass(frozen=True, kw_only=True)
class Worth:
    """The complete trials of one study, and what its settings do to their measures."""

    name: str  # of the run
    is_alone: bool  # whether its run is compared with no other
    trials: tuple[Trial, ...]
    quality: Objective
    costs: tuple[Objective, ...]  # that every trial has
    paths: tuple[str, ...]  # of the settings that differ
    logarithmic: frozenset[str]  # paths of settings that were drawn evenly on the logarithm

    @cached_property
    def columns(self) -> list[Array]:
        """The settings as columns of numbers [N, D]."""
        return [_columns([trial.configuration.get(path) for trial in self.trials], path in self.logarithmic)
                for path in self.paths]  # fmt: skip

    @property
    def settings(self) -> list[str]:
        """What people call the settings."""
        return [setting(path) for path in self.paths]

    @property
    def needed(self) -> int:
        """How many trials could tell what the settings explain."""
        return 1 + sum(each.shape[1] for each in self.columns) + FREEDOM

    @cached_property
    def shares(self) -> Mapping[str, list[Share]]:
        """The share of the variance of accuracy, and of the logarithm of each cost, that each setting explains.

        By measure; empty with too few trials.
        """
        found = {
            one.measure: importance.shares(self.columns, self._values(one, logarithmic=one is not self.quality))
            for one in (self.quality, *self.costs)
        }
        return {measure: known for measure, known in found.items() if known is not None}

    @cached_property
    def rates(self) -> Mapping[str, Rates]:
        """By how much accuracy grows for a doubling of each cost, by the setting through which it grows; by cost."""
        values = self._values(self.quality)
        found = {cost.measure: importance.rates(self.columns, values, self._values(cost)) for cost in self.costs}
        return {measure: known for measure, known in found.items() if known is not None}

    def _values(self, one: Objective, *, logarithmic: bool = False) -> Array:
        known = np.array([trial.measures[one.measure] for trial in self.trials])
        return np.log2(known) if logarithmic else known


def of(comparison: Comparison) -> list[Worth]:
    """Return what the settings of each study are worth that searched over some, whether its trials can tell or not."""
    found = [_of_run(comparison, name, run) for name, run in zip(comparison.names, comparison.runs, strict=True)
             if isinstance(run, Run)]  # fmt: skip
    return [one for one in found if one.paths]


def _of_run(comparison: Comparison, name: str, run: Run) -> Worth:
    quality = comparison.quality
    trials = tuple(t for t in run.trials if t.state == "complete" and quality.measure in t.measures)
    asked = [one for one in comparison.objectives if MEASURES[one.measure].is_cost]
    paths = dict.fromkeys(path for trial in trials for path in trial.configuration)
    logarithmic = {path for path, domain in run.study.domains.items() if isinstance(domain, Range) and domain.log}
    return Worth(
        name=name,
        is_alone=len(comparison.runs) == 1,
        trials=trials,
        quality=quality,
        costs=tuple(one for one in asked if trials and all(t.measures.get(one.measure, 0.0) > 0 for t in trials)),
        paths=tuple(path for path in paths if len({t.configuration.get(path) for t in trials}) > 1),
        logarithmic=frozenset(logarithmic),
    )


def _columns(values: Sequence[Value | None], logarithmic: bool) -> Array:
    """Return the columns of a setting: one for each level but the first, or a parabola of its size.

    Numbers of more than MOST levels have a size, and tuples of numbers: their sum.
    """
    count = len(set(values))
    sizes = [None if value is None else _size(value) for value in values]
    known = [size for size in sizes if size is not None]
    is_sized = len(known) == sum(value is not None for value in values)
    if count <= MOST or not is_sized or len(values) >= EACH * count:
        return importance.levels(values)
    wide = min(known) > 0 and max(known) >= WIDE * min(known)
    return importance.curve([math.log(size) if size is not None and (logarithmic or wide) else size for size in sizes])


def _size(value: Value) -> float | None:
    """Return the number that a value is, the sum of a tuple of numbers, or None for anything else."""
    if isinstance(value, (bool, str)):
        return None
    if isinstance(value, tuple):
        parts = [_size(part) for part in value]
        return sum(part for part in parts if part is not None) if None not in parts else None
    return value
