"""Several runs or tables of results as one set of candidates, and which of their values may be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from suite.core import dominance, seen
from suite.core.errors import SuiteError
from suite.core.measures import MEASURES, costs
from suite.core.study import Objective
from suite.core.trial import NEW_START, Run
from suite.report.entries import Entry, is_of_a_device, of_run, of_table, told_by_version
from suite.report.language import say
from suite.report.one_scale import on_one_scale
from suite.report.results import Results


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs and tables. What saw different pictures is not compared: each data set is one of its `sides`."""

    runs: tuple[Run | Results, ...]
    names: tuple[str, ...]  # of the runs, unique
    left_out: str = ""  # a sentence: the trials that saw other pictures than most of their run
    asked: tuple[Objective, ...] = ()  # objectives in place of those of the runs

    @property
    def studied(self) -> list[Run]:
        """The runs of a study, without the tables."""
        return [run for run in self.runs if isinstance(run, Run)]

    def run_of(self, entry: Entry) -> Run | None:
        """Return the run of a trial; None if it is of a table."""
        found = dict(zip(self.names, self.runs, strict=True))[entry.run]
        return found if isinstance(found, Run) else None

    @cached_property
    def entries(self) -> list[Entry]:
        """Every trial of every run."""
        known = [
            entry
            for name, run in zip(self.names, self.runs, strict=True)
            for entry in (of_table(name, run, len(self.runs)) if isinstance(run, Results) else of_run(name, run))
        ]
        return told_by_version(known)

    @cached_property
    def sides(self) -> tuple[Comparison, ...]:
        """The runs of each data set as a comparison of their own; itself alone if all saw the same pictures.

        Tables of results do not say what pictures they are of: they stand with the first runs.
        """
        groups = seen.groups(self.studied)
        if len(groups) < 2:
            return (self,)
        tables = [run for run in self.runs if isinstance(run, Results)]
        return tuple(self._only([*group, *([] if place else tables)]) for place, group in enumerate(groups))

    def _only(self, chosen: Sequence[Run | Results]) -> Comparison:
        kept = [(run, name) for run, name in zip(self.runs, self.names, strict=True) if any(run is c for c in chosen)]
        return replace(self, runs=tuple(run for run, _ in kept), names=tuple(name for _, name in kept), left_out="")

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The name of the data set of each side; two of one name are told apart by a number."""
        named = [_dataset(side) for side in self.sides]
        return tuple(_told_apart(named, place) for place in range(len(named)))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What colours tell apart: the runs, or the families of the only run, or those of several data sets."""
        families = tuple(dict.fromkeys(entry.family for entry in self.entries))
        is_one = len(self.names) == 1 or (len(self.sides) > 1 and all(map(_has_each_family_once, self.sides)))
        return families if is_one and len(families) > 1 else self.names

    def kind(self, entry: Entry) -> str:
        """Return which of `kinds` a candidate is."""
        return entry.run if self.kinds == self.names else entry.family

    @cached_property
    def candidates(self) -> list[Entry]:
        """The complete trials that keep every constraint: only these may be on a front."""
        return [entry for entry in self.entries if entry.fits]

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives asked for, or else those of the runs, each once."""
        return self.asked or tuple(dict.fromkeys(objective for run in self.runs for objective in run.objectives))

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """How its trials began, see Trial.start; empty if all are trained from scratch."""
        known = {entry.trial.start for entry in self.entries if entry.trial.surroundings}
        return tuple(sorted(known)) if known - {NEW_START} else ()

    def objectives_of(self, run: Run | Results) -> tuple[Objective, ...]:
        """Return the objectives that rank the candidates of one run."""
        return self.asked or run.objectives

    @cached_property
    def quality(self) -> Objective:
        """The objective on vertical axes: the first to be maximised, or else accuracy."""
        wanted = [objective for objective in self.objectives if objective.goal == "max"]
        return wanted[0] if wanted else Objective(measure="accuracy", goal="max")

    @cached_property
    def costs(self) -> list[Objective]:
        """Every cost that some candidate has; the costs that the studies ask for are first."""
        measured = {name for entry in self.candidates for name in entry.trial.measures}
        asked = [objective for objective in self.objectives if objective.goal == "min"]
        other = [Objective(measure=cost.name, goal="min") for cost in costs()]
        return [cost for cost in dict.fromkeys([*asked, *other]) if cost.measure in measured]

    @cached_property
    def places(self) -> list[str]:
        """The places of measures that depend on the device: one for each device, number of threads and path."""
        return list(dict.fromkeys(entry.place for entry in self.candidates if is_of_a_device(entry.trial)))

    @cached_property
    def front(self) -> list[Entry]:
        """The candidates of all runs together that no other dominates in the objectives."""
        return self.best(self.candidates, self.objectives)

    def groups(self, objectives: Iterable[Objective]) -> dict[str, list[Entry]]:
        """Return the groups of candidates that may be compared in `objectives`: of each data set all, or by place."""
        if len(self.sides) > 1:
            named = zip(self.titles, (side.groups(objectives) for side in self.sides), strict=True)
            return {", ".join(filter(None, [t, place])): group for t, found in named for place, group in found.items()}
        if len(self.places) < 2 or not any(MEASURES[objective.measure].per_device for objective in objectives):
            return {"": self.candidates}
        return {place: [entry for entry in self.candidates if entry.place == place] for place in self.places}

    def best(self, entries: Sequence[Entry], objectives: Sequence[Objective]) -> list[Entry]:
        """Return the `entries` that no other of the same place dominates, in the same sequence."""
        chosen: set[int] = set()
        for group in self.groups(objectives).values():
            among = {id(entry.trial) for entry in group}
            trials = [entry.trial for entry in entries if id(entry.trial) in among]
            chosen.update(id(trial) for trial in dominance.front(trials, objectives))
        return [entry for entry in entries if id(entry.trial) in chosen]


def compare(runs: Sequence[Run | Results], asked: Sequence[Objective] = ()) -> Comparison:
    """Compare runs and tables on the same pictures, in the objectives `asked` for or else in their own.

    Raises SuiteError when there is no run, or when two runs saw different data; see `beside`.
    """
    comparison = beside(runs, asked)
    _require_one_dataset(comparison.entries)
    return comparison


def beside(runs: Sequence[Run | Results], asked: Sequence[Objective] = ()) -> Comparison:
    """Put runs and tables side by side, those on the same pictures in one of its `sides`.

    If the pictures changed during a run, trials that saw other pictures than most of the run are left out. Raises
    SuiteError when there is no run.
    """
    if not runs:
        raise SuiteError("no run to report: name at least one run folder")
    names = _names(runs)
    parts = [seen.together(run) if isinstance(run, Run) else (run, ()) for run in runs]
    others = [f"{name}/{trial.number}" for name, (_, left) in zip(names, parts, strict=True) for trial in left]
    said = f"Left out, because they saw other pictures than most of their run: {', '.join(others)}." if others else ""
    kept = on_one_scale([run for run, _ in parts])
    return Comparison(runs=kept, names=names, left_out=said, asked=tuple(asked))


def _has_each_family_once(side: Comparison) -> bool:
    found = {(entry.run, entry.family) for entry in side.entries}
    return len({family for _, family in found}) == len(found)


def _dataset(side: Comparison) -> str:
    first = seen.main(trial for run in side.runs for trial in run.trials)
    return Path(first.surroundings.get("dataset", "")).name if first else side.names[0]


def _told_apart(named: Sequence[str], place: int) -> str:
    name = named[place]
    if named.count(name) == 1:
        return name
    return say("{name}, version {number}", name=name, number=1 + named[:place].count(name))


def _names(runs: Sequence[Run | Results]) -> tuple[str, ...]:
    """Names of the studies; if two are equal, names of the folders; if these are equal too, their paths."""
    for names in ([run.name for run in runs], [run.folder.name for run in runs]):
        if max(Counter(names).values()) == 1:
            return tuple(names)
    return tuple(str(run.folder) for run in runs)


def _require_one_dataset(entries: Sequence[Entry]) -> None:
    first: Entry | None = None
    for entry in entries:
        digest = entry.trial.surroundings.get("dataset_digest")
        first = first or (entry if digest else None)
        if first and digest and digest != first.trial.surroundings["dataset_digest"]:
            raise SuiteError(
                f"{first.name} and {entry.name} saw different data ({_data(first)}; {_data(entry)}), so their "
                "accuracies cannot be compared. Report the runs one by one, or run one study again on the other's data"
            )


def _data(entry: Entry) -> str:
    known = entry.trial.surroundings
    return f"{known.get('dataset', entry.run)}, digest {known['dataset_digest'][:12]}"
