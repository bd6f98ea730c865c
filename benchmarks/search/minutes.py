"""Methods that search in the same minutes: what each had found at each moment, as a table and as curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from search.problem import REFERENCE, Problem
from suite.core.fronts import Values, hypervolume_curve

MARKS = (25, 50, 100)  # percent of the time
POINTS = 400  # of a curve

Row = dict[str, Any]  # of trainings.csv: method, seed, seconds since the start, state, accuracy in %, parameters
Look = tuple[str, Any]  # colour and dashes of a line


def union(ended: pd.DataFrame) -> Problem:
    """Return all that any method trained as one table: what the methods are measured against."""
    error = 100 - ended.accuracy.to_numpy(dtype=float)
    cost = ended.parameters.to_numpy(dtype=float)
    return Problem(name="union", columns=(), rows=(), error=error, told=error, low=None, cost=cost)


def volumes(problem: Problem, ended: pd.DataFrame, times: Values) -> Values:
    """Return the hypervolume in percent of the union's [seeds, times] of one method."""
    return np.stack([_volumes(problem, run, times) for _, run in ended.groupby("seed")])


def _volumes(problem: Problem, run: pd.DataFrame, times: Values) -> Values:
    scaled = problem.scale(100 - run.accuracy.to_numpy(dtype=float), run.parameters.to_numpy(dtype=float))
    found = np.concatenate([[0.0], hypervolume_curve(scaled, REFERENCE)])
    return 100 * found[np.searchsorted(run.seconds, times, side="right")] / problem.whole


def best(ended: pd.DataFrame, times: Values) -> Values:
    """Return the best accuracy so far in percent [seeds, times] of one method; NaN before its first."""
    return np.stack([_best(run, times) for _, run in ended.groupby("seed")])


def _best(run: pd.DataFrame, times: Values) -> Values:
    so_far = np.concatenate([[np.nan], np.maximum.accumulate(run.accuracy.to_numpy(dtype=float))])
    return so_far[np.searchsorted(run.seconds, times, side="right")]


def row(method: str, curves: Values, trainings: pd.DataFrame) -> Row:
    """Return the row of results.csv of one method, from its curves [seeds, times]."""
    counts = trainings.state.value_counts() / len(curves)
    told: Row = {"method": method, "seeds": len(curves)}
    told |= {"trainings": counts.get("complete", 0.0), "paused": counts.get("paused", 0.0)}
    for mark in MARKS:
        values = curves[:, mark * POINTS // 100]
        told |= {f"mean_{mark}": values.mean(), f"sd_{mark}": values.std(ddof=1) if len(values) > 1 else np.nan}
    return told


def spelled(told: Row) -> Row:
    """Return a row for people."""
    shown = {key: told[key] for key in ("method", "seeds")}
    shown |= {key: f"{told[key]:.1f}" for key in ("trainings", "paused")}
    for mark in MARKS:
        spread = "" if np.isnan(told[f"sd_{mark}"]) else f" ± {told[f'sd_{mark}']:.1f}"
        shown[f"at {mark} %"] = f"{told[f'mean_{mark}']:.1f}{spread}"
    return shown


def draw(
    curves: Mapping[str, Values], times: Values, folder: Path, looks: Mapping[str, Look], *, name: str, wording: str
) -> None:
    """Write curves [seeds, times] of methods as the picture `name` and its table. `wording` says what they are."""
    from suite.report import picture  # the processes of the runs import this file too, and draw nothing

    seeds = max(map(len, curves.values()))
    with picture.style(name):
        figure, axes = picture.new(7.0, 4.3)
        for method, found in sorted(curves.items(), key=lambda item: -item[1][:, -1].mean()):
            colour, dashes = looks[method]
            mean = found.mean(axis=0)
            label = f"{method} {mean[-1]:.1f}"
            axes.step(times, mean, where="post", color=colour, linestyle=dashes, linewidth=1.6, label=label)
            if len(found) > 1:
                spread = found.std(axis=0, ddof=1)
                axes.fill_between(times, mean - spread, mean + spread, color=colour, alpha=0.08, linewidth=0)
        axes.set(xlim=(0, times[-1]), ylim=(0, 100.5), xlabel="wall-clock seconds", ylabel=wording)
        axes.set_title(f"Mean of {seeds} seeds" if seeds > 1 else "One seed", loc="left", fontsize=9)
        axes.legend(loc="lower right")
        table = _table(curves, times, name)
        picture.Picture(name=name, title=wording, caption="", figure=figure, table=table).save(folder)


def _table(curves: Mapping[str, Values], times: Values, name: str) -> pd.DataFrame:
    """Return the curve of every run, a row for each time."""
    parts = [
        pd.DataFrame({"method": method, "run": run, "seconds": times, name: curve})
        for method, found in curves.items()
        for run, curve in enumerate(found)
    ]
    return pd.concat(parts)
