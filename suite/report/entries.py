"""A trial among those of several runs: what it is called, and where it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from suite.core.measures import MEASURES, interval
from suite.core.paths import OF_TENSORFLOW
from suite.core.study import Constraint, Study
from suite.core.task import spelled
from suite.core.trial import Run, Trial
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
    version: str = ""  # of what timed it, where a comparison has several: `tensorflow 2.21.0`

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
        return ", ".join(filter(None, [self.trial.place, self.version]))


def of_run(name: str, run: Run) -> list[Entry]:
    """Return the trials of a run that is called `name` among those compared."""
    study = run.study
    return [
        Entry(
            run=name, name=f"{name}/{trial.number}", family=study.at(trial.configuration).family, trial=trial,
            constraints=study.constraints, study=study,
        )
        for trial in run.trials
    ]  # fmt: skip


def of_table(name: str, table: Results, count: int) -> list[Entry]:
    """Return the candidates of a table; with several tables or runs, its name is put before theirs."""
    before = f"{name}/" if count > 1 else ""
    families = table.families or (name,) * len(table.trials)
    return [
        Entry(run=name, family=family, name=f"{before}{label}", trial=trial)
        for label, family, trial in zip(table.labels, families, table.trials, strict=True)
    ]


def told_by_version(entries: list[Entry]) -> list[Entry]:
    """Return trials with the version of TensorFlow that timed them, if those of one place have several."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        if _version(entry.trial):
            found.setdefault(entry.place, set()).add(_version(entry.trial))
    several = {place for place, versions in found.items() if len(versions) > 1}
    return [replace(e, version=_version(e.trial)) if e.place in several else e for e in entries] if several else entries


def _version(trial: Trial) -> str:
    known = trial.surroundings
    is_timed = "tensorflow" in known and known.get("latency_path", OF_TENSORFLOW[0]) in OF_TENSORFLOW
    return f"tensorflow {known['tensorflow']}" if is_timed and is_of_a_device(trial) else ""


def is_of_a_device(trial: Trial) -> bool:
    """Whether a trial has a measure that depends on the device."""
    return any(name in MEASURES and MEASURES[name].per_device for name in trial.measures)


def ends(entries: Sequence[Entry], measure: str) -> list[str]:
    """Return the names of the ends of the interval of `measure`; nothing if no entry has one wider than zero."""
    known = [entry.trial.measures for entry in entries if measure in entry.trial.measures]
    wide = any(low < high for low, high in (interval(each, measure) for each in known))
    return [f"{measure}_low", f"{measure}_high"] if wide else []
