"""The numbers behind the page, as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from suite.core import dominance, fronts
from suite.core.measures import MEASURES
from suite.core.rules import brief
from suite.core.study import Objective
from suite.core.trial import Run
from suite.report.comparison import Comparison, compare
from suite.report.entries import Entry, ends
from suite.report.shown import DATASET


def trials(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per trial.

    Columns: run, dataset (where there are several), family, number, state, start (from scratch, or frozen or tuned and
    on which weights), rank (within the run, 1 is its front), on_front (of all runs together), the measures, the
    configuration, continues (the trial whose training it continues), until (the epoch after which it pauses), reason,
    seconds. Unknown values are empty.
    """
    return every_trial(compare(runs))


def front(runs: Sequence[Run], objectives: Sequence[Objective]) -> pd.DataFrame:
    """The rows of `trials` that no other dominates in `objectives`, sorted by the first, best at the top."""
    comparison = compare(runs)
    best = {entry.name for entry in comparison.best(comparison.candidates, objectives)}
    frame = every_trial(comparison)
    chosen = frame[[entry.name in best for entry in comparison.entries]]
    first = objectives[0]
    return chosen.sort_values(first.measure, ascending=first.goal == "min") if len(chosen) else chosen


def every_trial(comparison: Comparison) -> pd.DataFrame:
    """Return the frame of `trials` for runs that have been compared already."""
    ranks, best = _ranks(comparison), {entry.name for entry in comparison.front}
    rows = [_row(entry, ranks.get(entry.name), entry.name in best) for entry in comparison.entries]
    several = [DATASET] * (len(comparison.sides) > 1)
    titles = {run: t for t, side in zip(comparison.titles, comparison.sides, strict=True) for run in side.names}
    rows = [{**row, **{name: titles[str(row["run"])] for name in several}} for row in rows]
    columns = ["run", *several, "family", "number", "state", "start", "rank", "on_front"]
    columns += _known(comparison) + configuration(comparison) + ["continues", "until", "reason", "seconds"]
    return pd.DataFrame(rows, columns=columns).astype({"rank": "Int64", "continues": "Int64", "until": "Int64"})


def measures(comparison: Comparison) -> list[str]:
    """Names of the measures that some trial has, sorted as in MEASURES, without ends of intervals."""
    return [name for name in _known(comparison) if not name.endswith(("_low", "_high"))]


def _known(comparison: Comparison) -> list[str]:
    """Names of the measures that some trial has, each followed by the ends of its interval."""
    known = {name for entry in comparison.entries for name in entry.trial.measures}
    ordered = dict.fromkeys(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high"))
    return [name for name in ordered if name in known]


def configuration(comparison: Comparison) -> list[str]:
    """Paths of the settings that the runs searched over (`space.depths`), the network's before the recipe's."""
    paths = dict.fromkeys(path for entry in comparison.entries for path in entry.trial.configuration)
    return sorted(paths, key=lambda path: path.startswith("recipe."))


def pair(entries: Sequence[Entry], quality: Objective, cost: Objective, best: Sequence[Entry]) -> pd.DataFrame:
    """One row for every trained candidate with both measures: the numbers of one front figure."""
    chosen = {entry.name for entry in best}
    columns = [quality.measure, cost.measure]
    columns += [end for name in columns for end in ends(entries, name)]
    rows = [
        {
            "name": entry.name,
            "run": entry.run,
            "start": entry.trial.start,
            "on_front": entry.name in chosen,
            "fits": entry.fits,
        }
        | {name: entry.trial.measures.get(name) for name in columns}
        for entry in entries
    ]
    return pd.DataFrame(rows, columns=["name", "run", "start", *columns, "on_front", "fits"])


def curves(comparison: Comparison) -> pd.DataFrame:
    """One row for every epoch of every trial."""
    rows = [
        {"name": entry.name, "run": entry.run, "state": entry.trial.state, **epoch}
        for entry in comparison.entries
        for epoch in entry.trial.curve
    ]
    return pd.DataFrame(rows, columns=list(dict.fromkeys(key for row in rows for key in row)))


def reference(values: fronts.Values) -> fronts.Values:
    """The corner of the hypervolume [M]: a tenth of each objective's range beyond its worst value."""
    low, high = values.min(axis=0), values.max(axis=0)
    return np.asarray(high + 0.1 * np.where(high > low, high - low, 1.0))


def hypervolumes(comparison: Comparison, objectives: Sequence[Objective]) -> pd.DataFrame:
    """Hypervolume of each run after each of its candidates, in percent of the box from the ideal to the reference."""
    wanted = [entry for entry in comparison.candidates if all(o.measure in entry.trial.measures for o in objectives)]
    frames = [pd.DataFrame(columns=["run", "name", "trained", "hypervolume"])]
    if wanted:
        everything = dominance.minimised([entry.trial for entry in wanted], objectives)
        corner = reference(everything)
        box = float(np.prod(corner - everything.min(axis=0)))
        for run in dict.fromkeys(entry.run for entry in wanted):
            own = [entry for entry in wanted if entry.run == run]
            frames += [_hypervolume(own, objectives, corner, box)]
    return pd.concat(frames[1:] or frames, ignore_index=True)


def _hypervolume(
    entries: Sequence[Entry], objectives: Sequence[Objective], corner: fronts.Values, box: float
) -> pd.DataFrame:
    values = dominance.minimised([entry.trial for entry in entries], objectives)
    columns = {
        "run": [entry.run for entry in entries],
        "name": [entry.name for entry in entries],
        "trained": range(1, len(entries) + 1),
        "hypervolume": 100 * fronts.hypervolume_curve(values, corner) / box,
    }
    return pd.DataFrame(columns)


def _ranks(comparison: Comparison) -> dict[str, int]:
    """Rank of each candidate within its run and place, by name."""
    found = {}
    for name, run in zip(comparison.names, comparison.runs, strict=True):
        objectives = comparison.objectives_of(run)
        for group in comparison.groups(objectives).values():
            own = [entry for entry in group if entry.run == name]
            places = dominance.ranks([entry.trial for entry in own], objectives)
            found.update({e.name: places[e.trial.number] for e in own if e.trial.number in places})
    return found


def _row(entry: Entry, rank: int | None, on_front: bool) -> dict[str, object]:
    trial = entry.trial
    configuration = {
        path: brief(value) if isinstance(value, tuple) else value for path, value in trial.configuration.items()
    }
    known = {"run": entry.run, "family": entry.family, "number": trial.number, "state": trial.state}
    known |= {"start": trial.start if trial.surroundings else None}
    known |= {"rank": rank, "on_front": on_front, "continues": trial.continues, "until": trial.until}
    known |= {"reason": trial.reason, "seconds": trial.seconds or None}
    return known | dict(trial.measures) | configuration
