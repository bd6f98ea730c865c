"""Results that come late: their worker was silent for so long that another took the trial over.

Optuna does not let an ended row be changed. So such a result is an attribute of the study, and rows are read with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from suite.core.study import Study
from suite.core.trial import Trial
from suite.search import record

LATE = "late "  # with the number of a row after it, the name of an attribute of the study


def attribute(study: Study, trial: Trial, again: int | None) -> tuple[str, dict[str, Any]]:
    """Return the attribute that keeps the result of a trial, which trial `again` runs once more, if any does.

    A trial counts once: with another in its place it stays interrupted, and has its measures.
    """
    kept = trial
    if again is not None:
        kept = replace(trial, state="interrupted", reason=f"its result came late, when trial {again} ran in its place")
    return f"{LATE}{trial.number}", {"record": record.written(kept), "values": record.values(study, kept)}


def read(rows: Sequence[FrozenTrial], attributes: Callable[[], Mapping[str, Any]]) -> Sequence[FrozenTrial]:
    """Return rows with the results that came late; the study's `attributes` are read if some row may have one."""
    if all(row.state != TrialState.FAIL for row in rows):
        return rows
    known = {int(key.removeprefix(LATE)): told for key, told in attributes().items() if key.startswith(LATE)}
    return [_with(row, known[row.number]) if row.number in known else row for row in rows] if known else rows


def _with(row: FrozenTrial, told: Mapping[str, Any]) -> FrozenTrial:
    seen = copy(row)
    seen.state = record.STATES.get(json.loads(told["record"])["state"], TrialState.FAIL)
    seen.values = told["values"]
    seen.user_attrs = {**row.user_attrs, "record": told["record"]}
    return seen
