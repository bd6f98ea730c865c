"""Several runs or tables of results as one set of candidates, and which of their values may be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from suite.core import dominance, scale, seen
from suite.core.errors import SuiteError
from suite.core.measures import MEASURES, costs, interval
from suite.core.paths import BESIDE
from suite.core.study import Constraint, Objective, Study
from suite.core.task import spelled
from suite.core.trial import NEW_START, Run, Trial
from suite.report.results import Results


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One trial among those of several runs."""

    run: str  # name of the run or table, unique among those compared
    name: str  # for people: `resnet/7`
    family: str
    trial: Trial
    constraints: tuple[Constraint, ...] = ()
    study: Study | None = None  # None: from a table

    @property
    def network(self) -> str:
        """Its network and the size of its pictures, if its study searched over them: `vit/ti at 96`; else empty."""
        chosen = self.trial.configuration
        named = self.study.at(chosen).network if self.study and {"architecture", "image"} & chosen.keys() else ""
        side = chosen.get("image")
        return f"{named} at {spelled(side) if isinstance(side, tuple) else side}" if side else named  # type: ignore[arg-type]

    @property
    def fits(self) -> bool:
        """Whether it is complete and keeps every constraint of its study."""
        return self.trial.fits(self.constraints)

    @property
    def place(self) -> str:
        """Where and how it was measured. Values that depend on the device are never compared across places."""
        return self.trial.place


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs and tables with accuracies on the same data."""

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
        return [
            entry
            for name, run in zip(self.names, self.runs, strict=True)
            for entry in (_of_table(name, run, len(self.runs)) if isinstance(run, Results) else _of_run(name, run))
        ]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What colours tell apart: the runs, or the families of the only run."""
        families = tuple(dict.fromkeys(entry.family for entry in self.entries))
        return families if len(self.names) == 1 < len(families) else self.names

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
        return list(dict.fromkeys(entry.place for entry in self.candidates if _is_of_a_device(entry.trial)))

    @cached_property
    def front(self) -> list[Entry]:
        """The candidates of all runs together that no other dominates in the objectives."""
        return self.best(self.candidates, self.objectives)

    def groups(self, objectives: Iterable[Objective]) -> dict[str, list[Entry]]:
        """Return the groups of candidates that may be compared in `objectives`: all, or one for each place."""
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
    """Put runs and tables side by side, in the objectives `asked` for or else in their own.

    If the pictures changed during a run, trials that saw other pictures than most of the run are left out. Raises
    SuiteError when there is no run, or when two runs saw different data.
    """
    if not runs:
        raise SuiteError("no run to report: name at least one run folder")
    names = _names(runs)
    parts = [seen.together(run) if isinstance(run, Run) else (run, ()) for run in runs]
    others = [f"{name}/{trial.number}" for name, (_, left) in zip(names, parts, strict=True) for trial in left]
    said = f"Left out, because they saw other pictures than most of their run: {', '.join(others)}." if others else ""
    kept = _on_one_scale([run for run, _ in parts])
    comparison = Comparison(runs=kept, names=names, left_out=said, asked=tuple(asked))
    _require_one_dataset(comparison.entries)
    return comparison


def _on_one_scale(runs: Sequence[Run | Results]) -> tuple[Run | Results, ...]:
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
    factor = rests[_references(trial)] / float(trial.surroundings["latency_rest"])
    names = [name for name in trial.measures if name in MEASURES and MEASURES[name].at_rest]
    if factor == 1 or not names:
        return trial
    return replace(
        trial,
        measures={**trial.measures, **{name: factor * trial.measures[name] for name in names}},
        surroundings={**trial.surroundings, "latency_rest": f"{rests[_references(trial)]:.6g}"},
    )


def _is_of_a_device(trial: Trial) -> bool:
    return any(name in MEASURES and MEASURES[name].per_device for name in trial.measures)


def _of_run(name: str, run: Run) -> list[Entry]:
    study = run.study
    return [
        Entry(
            run=name, name=f"{name}/{trial.number}", family=study.at(trial.configuration).family, trial=trial,
            constraints=study.constraints, study=study,
        )
        for trial in run.trials
    ]  # fmt: skip


def _of_table(name: str, table: Results, count: int) -> list[Entry]:
    """Return the candidates of a table; with several tables or runs, its name is put before theirs."""
    before = f"{name}/" if count > 1 else ""
    return [
        Entry(run=name, family=name, name=f"{before}{label}", trial=trial)
        for label, trial in zip(table.labels, table.trials, strict=True)
    ]


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


def ends(entries: Sequence[Entry], measure: str) -> list[str]:
    """Return the names of the ends of the interval of `measure`; nothing if no entry has one wider than zero."""
    known = [entry.trial.measures for entry in entries if measure in entry.trial.measures]
    wide = any(low < high for low, high in (interval(each, measure) for each in known))
    return [f"{measure}_low", f"{measure}_high"] if wide else []
