"""Latencies of several runs on one scale: multiples of the latest rest time of their references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from suite.core import scale
from suite.core.measures import MEASURES
from suite.core.paths import BESIDE
from suite.core.trial import Run, Trial
from suite.report.results import Results


def on_one_scale(runs: Sequence[Run | Results]) -> tuple[Run | Results, ...]:
    """Return runs with their latencies scaled to the latest rest time of each reference.

    Each trial improves the estimate of a reference's time at rest.
    """
    rests = scale.latest(
        (
            _references(trial),
            trial.surroundings.get("latency_timed", str(trial.finished)),
            float(trial.surroundings["latency_rest"]),
        )
        for run in runs
        for trial in run.trials
        if "latency_rest" in trial.surroundings
    )
    return tuple(replace(run, trials=tuple(_scaled(trial, rests) for trial in run.trials)) for run in runs)


def _references(trial: Trial) -> tuple[str, ...]:
    """Return the key that tells the references of trials apart."""
    path = trial.surroundings.get("latency_path", "")
    keys = ("device", "latency_threads", "latency_onednn", "latency_reference")
    return BESIDE.get(path, path), *(trial.surroundings.get(key, "") for key in keys)


def _scaled(trial: Trial, rests: Mapping[tuple[str, ...], float]) -> Trial:
    if "latency_rest" not in trial.surroundings:
        return trial
    follows = trial.surroundings.get("latency_follows")
    factor = scale.factor(
        float(trial.surroundings["latency_rest"]), rests[_references(trial)], float(follows) if follows else None
    )
    names = [name for name in trial.measures if name in MEASURES and MEASURES[name].at_rest]
    if factor == 1 or not names:
        return trial
    return replace(
        trial,
        measures={**trial.measures, **{name: factor * trial.measures[name] for name in names}},
        surroundings={**trial.surroundings, "latency_rest": f"{rests[_references(trial)]:.6g}"},
    )
