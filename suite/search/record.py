"""A trial as Optuna's database holds it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from suite.core.clock import now
from suite.core.measures import MEASURES
from suite.core.study import Study
from suite.core.trial import State, Trial
from suite.search import worker
from suite.search.space import decoded, is_whole

# Every other state of an ended trial is FAIL.
STATES = {"complete": TrialState.COMPLETE, **dict.fromkeys(("paused", "refused", "dropped"), TrialState.PRUNED)}

BELOW = "of what it promised is left"  # ends the reason of every dropped trial


def written(trial: Trial) -> str:
    """Return as JSON what Optuna's own columns do not hold."""
    return json.dumps(
        {
            "state": trial.state,
            "measures": dict(trial.measures),
            "reason": trial.reason,
            "traceback": trial.traceback,
            "curve": [dict(row) for row in trial.curve],
            "surroundings": dict(trial.surroundings),
            "finished": (trial.finished or now()).isoformat(),
            "continues": trial.continues,
            "until": trial.until,
            "stopped": trial.stopped,
        }
    )


def begun(continues: int | None, until: int | None) -> dict[str, Any]:
    """Return the attributes of a trial that this process begins now, written in one transaction with its parameters.

    The start is kept here in UTC: Optuna keeps local times, or did, and they are read in the reader's zone.
    """
    step = {"continues": continues, "until": until}
    return {"step": step, "worker": worker.this(), "started": now().isoformat()}


def running(
    parameters: Mapping[str, Any], distributions: Mapping[str, BaseDistribution], attributes: Mapping[str, Any]
) -> FrozenTrial:
    """Return a trial that runs from now on, in the form that Optuna takes."""
    return FrozenTrial(
        number=-1,  # the database gives this and the id
        trial_id=-1,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=datetime.now(),
        datetime_complete=None,
        params=dict(parameters),
        distributions=dict(distributions),
        user_attrs=dict(attributes),
        system_attrs={},
        intermediate_values={},
    )


def values(study: Study, trial: Trial) -> list[float] | None:
    """Return the values of the objectives for Optuna; None unless the trial is complete."""
    return [trial.measures[o.measure] for o in study.objectives] if trial.state == "complete" else None


def read(study: Study, frozen: FrozenTrial) -> Trial | None:
    """Return the trial of a row of Optuna's; None if it never became one (queued, or proposed a second time)."""
    if frozen.state == TrialState.WAITING or not is_whole(study, frozen.params):
        return None
    trial = Trial(
        number=frozen.number,
        state="running",
        configuration=decoded(study, frozen.params),
        started=_started(frozen),
        reruns=frozen.user_attrs.get("rerun", {}).get("of"),
        promised=frozen.user_attrs.get("promised"),
        **frozen.user_attrs.get("step", {}),
    )
    record = frozen.user_attrs.get("record")
    if record is not None:
        ended = _ended(trial, json.loads(record))
        if ended is not None:
            values(study, ended)  # raises KeyError for a complete trial without a measure of the study
        return ended
    if frozen.state == TrialState.RUNNING:
        return trial
    return replace(trial, state="interrupted", finished=trial.started, reason="its process ended")


def _ended(begun: Trial, record: Mapping[str, Any]) -> Trial | None:
    if record["state"] == "repeated":
        return None
    finished = datetime.fromisoformat(record["finished"])
    trial = replace(begun, **{**record, "curve": tuple(record["curve"]), "finished": finished})
    trial = sound(replace(trial, surroundings=_with_sizes(trial.surroundings)))
    was_dropped = trial.state == "refused" and trial.reason.endswith(BELOW)  # earlier versions had no state for it
    return replace(trial, state="dropped") if was_dropped else trial


def sound(trial: Trial) -> Trial:
    """Return a trial as it was read. Raises ValueError, which names the field, when a value is not of its kind."""
    kinds = {
        "state": trial.state in get_args(State),
        "measures": trial.measures.keys() <= MEASURES.keys() and all(map(_is_number, trial.measures.values())),
        "curve": all(_is_number(value) for row in trial.curve for value in dict(row).values()),
        "surroundings": all(isinstance(text, str) for text in trial.surroundings.values()),
        "reason": isinstance(trial.reason, str),
        "traceback": isinstance(trial.traceback, str),
        "continues": trial.continues is None or type(trial.continues) is int,
        "until": trial.until is None or type(trial.until) is int,
        "stopped": isinstance(trial.stopped, bool),
        "promised": trial.promised is None or _is_number(trial.promised),
        "started": trial.started is None or trial.started.tzinfo is not None,
        "finished": trial.finished is None or trial.finished.tzinfo is not None,
    }
    for name, is_sound in kinds.items():
        if not is_sound:
            raise ValueError(f"`{name}` is {getattr(trial, name)!r:.100}")
    return trial


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _with_sizes(surroundings: Mapping[str, str]) -> dict[str, str]:
    """Return surroundings with the size of each split under a key of its own; earlier versions wrote one sentence."""
    told: list[tuple[str, str]] = re.findall(r"(\w+) (\d+(?:,\d{3})*)", surroundings.get("dataset_sizes", ""))
    return {**surroundings, **{f"{split}_images": size.replace(",", "") for split, size in told}}


def _started(frozen: FrozenTrial) -> datetime | None:
    """Return when a trial began, UTC; an earlier version kept local time, read here in this machine's zone."""
    if "started" in frozen.user_attrs:
        return datetime.fromisoformat(frozen.user_attrs["started"])
    return frozen.datetime_start.astimezone(UTC) if frozen.datetime_start else None
