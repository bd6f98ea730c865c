"""What MLflow is told about a study and a trial: names, params, tags, metrics. Pure functions, no MLflow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from suite.core.domains import Choice, Domain, Range, Value
from suite.core.measures import MEASURES
from suite.core.recipe import Recipe
from suite.core.study import Study
from suite.core.trial import State, Trial, reached
from suite.studyfile.kinds import in_words

STATUS: dict[State, str] = {
    "running": "RUNNING",
    "complete": "FINISHED",
    "paused": "FINISHED",  # its training goes on in another MLflow run, whose tag `continues` names this one
    "refused": "FINISHED",  # no failure, and MLflow shows any other status in red; the tag `state` says which it is
    "dropped": "FINISHED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}


SECTION = "suite-costs"  # of the charts that compare accuracy and costs
CHARTED = 100  # trials in a chart, the most that MLflow's pages load at once


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value of one metric."""

    name: str
    value: float
    time: int  # Unix milliseconds
    step: int  # epoch


@dataclass(frozen=True, kw_only=True)
class Content:
    """What MLflow is told about one run."""

    status: str
    end: int | None  # Unix milliseconds; None while it runs
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Sequence[Point] = ()


def digest(content: Any) -> str:
    """Return 16 hexadecimal digits that differ when `content` (of JSON's types) differs."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=float).encode()).hexdigest()[:16]


def digest_of(trial: Trial) -> str:
    """Return a digest of all that is known of a trial. It is cheap, since a delivery needs it for every trial."""
    said = [trial.state, trial.reason, trial.traceback, milliseconds(trial.started), milliseconds(trial.finished)]
    facts = [dict(mapping) for mapping in (trial.configuration, trial.measures, trial.surroundings, *trial.curve)]
    return digest([said, facts])


def milliseconds(moment: datetime | None) -> int | None:
    """Return `moment` as Unix milliseconds."""
    return round(moment.timestamp() * 1000) if moment else None


def is_folder(dataset: str) -> bool:
    """Whether `dataset` is a folder of pictures rather than a name."""
    return dataset.startswith((".", "/", "~")) or Path(dataset).is_dir()


def dataset_name(study: Study) -> str:
    """Return the dataset as people call it: a name, or the last part of a folder."""
    return Path(study.dataset).expanduser().resolve().name if is_folder(study.dataset) else study.dataset


def digests(whole: str) -> dict[str, str]:
    """Return a digest for each split that a search sees: the data set's for training, and one made of it."""
    return {"training": whole, "validation": digest([whole, "validation"])}


def group(study: Study, trials: Sequence[Trial]) -> str:
    """Return the name of MLflow's experiment; a folder's has a digest, as different pictures need different tables."""
    if not is_folder(study.dataset):
        return dataset_name(study)
    known = [t.surroundings["dataset_digest"] for t in trials if t.surroundings.get("dataset_digest")]
    return f"{dataset_name(study)}-{digest(known[0] if known else str(Path(study.dataset).expanduser().resolve()))[:8]}"


def is_named(study: Study, trials: Sequence[Trial]) -> bool:
    """Whether the name from `group` is final: a folder's name needs a trial that has seen the pictures."""
    seen = any(trial.surroundings.get("dataset_digest") or trial.state != "running" for trial in trials)
    return seen or not is_folder(study.dataset)


def identity(study: Study, trials: Sequence[Trial]) -> str:
    """Return an id that tells this run folder from others of the same name; it stays when the folder is moved."""
    first = min(trials, key=lambda trial: trial.number)
    return digest([study.name, milliseconds(first.started)])


def of_study(study: Study, trials: Sequence[Trial], *, running: bool) -> Content:
    """Return the content of the parent run; `running` while the study spends its budget."""
    ends = [end for trial in trials if (end := milliseconds(trial.finished)) is not None]
    counts = {state: sum(trial.state == state for trial in trials) for state in STATUS}
    latest = next((trial.surroundings for trial in reversed(trials) if trial.surroundings), {})
    return Content(
        status="RUNNING" if running else "FINISHED",
        end=None if running else max(ends, default=None),
        params=_study_params(study),
        tags=_origin(latest)
        | {"mlflow.note.content": study.question, "state": "running" if running else "finished"}
        | {f"trials.{state}": str(count) for state, count in counts.items()}
        | {"budget": _budget(study), "trials": str(len(trials))},
    )


def of_trial(study: Study, trial: Trial) -> Content:
    """Return the content of the child run, without its rank among the others, which is `standing`."""
    note = f"{trial.reason}\n\n```\n{trial.traceback}\n```" if trial.traceback else trial.reason
    said = {"reason": trial.reason, "mlflow.note.content": note} if trial.reason else {}
    return Content(
        status=STATUS[trial.state],
        end=milliseconds(trial.finished),
        params=trial_params(study, trial),
        tags=_origin(trial.surroundings) | {"state": trial.state} | _step(trial) | said,
        metrics=[point for row in trial.curve for point in points(row)] + measured(trial),
    )


def _step(trial: Trial) -> dict[str, str]:
    known = {"continues": trial.continues, "until": trial.until}
    return {name: str(value) for name, value in known.items() if value is not None}


def standing(trial: Trial, ranks: Mapping[int, int]) -> dict[str, str]:
    """Return the tags `front` and `rank` of an ended trial; `ranks` (1 is the front) may lack its number."""
    rank = ranks.get(trial.number)
    return {"front": "true" if rank == 1 else "false"} | ({} if rank is None else {"rank": str(rank)})


def trial_params(study: Study, trial: Trial) -> dict[str, str]:
    """Return the whole configuration: values searched over, values the study fixed, and the recipe's defaults."""
    tables = {
        "space": study.fields("space", trial.configuration),
        "recipe": asdict(Recipe()) | study.fields("recipe", trial.configuration) | _recorded(trial),
    }
    own = study.at(trial.configuration)
    said = {"architecture": own.architectures[0], "family": own.family, "epochs": str(study.fidelity.epochs)}
    if own.image != study.image:
        said["image"] = _text(trial.configuration["image"])
    for table, fields in tables.items():
        told = {key: value for key, value in fields.items() if value is not None}  # None: as the Config says
        said |= {param(study, f"{table}.{key}"): _text(value) for key, value in told.items()}
    return said


def _recorded(trial: Trial) -> dict[str, Value]:
    """Return the recipe that a trial recorded, since its study searches over presets."""
    fields: dict[str, Value] = json.loads(trial.surroundings.get("recipe", "{}"))
    return fields


def param(study: Study, path: str) -> str:
    """Return the name of `space.depths` among a trial's params: `depths`, unless the recipe has that key too."""
    table, _, key = path.rpartition(".")
    in_recipe = getattr(Recipe, key, None) is not None or key in study.recipe
    both = (table.startswith("space") and in_recipe) or (table == "recipe" and _is_of_space(study, key))
    return f"{table.partition('.')[0]}.{key}" if both else key


def _is_of_space(study: Study, key: str) -> bool:
    return any(path.rpartition(".")[2] == key for path in study.space)


def view(study: Study, parent: str) -> str:
    """Return the trials as MLflow's pages share them by link: a table with the columns that matter, and charts.

    The charts show the quality against each cost, as `front` does in a report. Sorted by a metric, all trials are
    shown; sorted by date, MLflow folds them away under their parent. JSON of the state of MLflow's page of runs.
    """
    first, *_ = study.objectives
    columns = [f"metrics.`{name}`" for name in study.measures]
    columns += [f"params.`{param(study, path)}`" for path in study.domains]
    columns += [f"tags.`{name}`" for name in ("state", "front", "rank")]
    return json.dumps({
        "searchFilter": f"tags.`mlflow.parentRunId` = '{parent}'",
        "orderByKey": f"metrics.`{first.measure}`",
        "orderByAsc": first.goal == "min",
        "selectedColumns": columns,
        "compareRunCharts": [_chart(study.quality, cost) for cost in _costs(study)],
        "compareRunSections": [_section(study)],
    })  # fmt: skip


def _costs(study: Study) -> list[str]:
    """Return the costs of a study, those that every network has among them."""
    own = [name for name in study.measures if MEASURES[name].is_cost]
    return list(dict.fromkeys([*own, *(("latency",) if study.times_first else ()), "parameters", "macs"]))


def _chart(quality: str, cost: str) -> dict[str, Any]:
    return {
        "uuid": f"suite-{cost}", "type": "SCATTER", "metricSectionId": SECTION, "deleted": False, "isGenerated": False,
        "runsCountToCompare": CHARTED, "displayName": f"{quality} against {cost}",
        "xaxis": {"key": cost, "type": "METRIC"}, "yaxis": {"key": quality, "type": "METRIC"},
    }  # fmt: skip


def _section(study: Study) -> dict[str, Any]:
    return {
        "uuid": SECTION, "name": f"{study.quality} against each cost", "display": True, "isReordered": False,
        "deleted": False, "isGenerated": False,
    }  # fmt: skip


def points(row: Mapping[str, float]) -> list[Point]:
    """Return one epoch of a curve. `val_x` becomes `val/x`; a name that is also a measure's becomes `train/x`."""
    return [
        Point(name=_curve_name(key), value=float(value), time=round(row["time"] * 1000), step=int(row["epoch"]))
        for key, value in row.items()
        if key not in ("epoch", "time")
    ]


def measured(trial: Trial) -> list[Point]:
    """Return the measures, each as a metric of the same name, at the time when it became known."""
    ended, step = milliseconds(trial.finished or trial.started) or 0, reached(trial.curve)
    timed = trial.surroundings.get("latency_timed")
    # MLflow shows a step's latest value, and the largest of equal times: a latency timed again needs a later time.
    of_timing = (milliseconds(datetime.fromisoformat(timed)) or 0) if timed else ended
    return [
        Point(name=name, value=float(value), time=of_timing if MEASURES[name].known == "measured" else ended, step=step)
        for name, value in trial.measures.items()
    ]


def _curve_name(key: str) -> str:
    if key.startswith("val_"):
        return f"val/{key.removeprefix('val_')}"
    return f"train/{key}" if key in MEASURES else key


def _origin(surroundings: Mapping[str, str]) -> dict[str, str]:
    commit = {"mlflow.source.git.commit": surroundings["commit"]} if surroundings.get("commit") else {}
    return dict(surroundings) | {"mlflow.source.name": "suite", "mlflow.source.type": "LOCAL"} | commit


def _study_params(study: Study) -> dict[str, str]:
    return {
        "architecture": ", ".join(study.architectures),
        "family": study.family,
        **({} if study.image is None else {"image": _text(study.image)}),
        "dataset": study.dataset,
        "sampler": study.sampler,
        "seed": str(study.seed),
        "epochs": str(study.fidelity.epochs),
        **({"min_epochs": str(study.fidelity.min_epochs)} if study.fidelity.min_epochs else {}),
        "objectives": ", ".join(f"{objective.measure} {objective.goal}" for objective in study.objectives),
        "constraints": ", ".join(map(str, study.constraints)),
    } | {f"{table}.{key}": _text(value) for table, entries in (("space", study.space), ("recipe", study.recipe))
         for key, value in entries.items()}  # fmt: skip


def _budget(study: Study) -> str:
    parts = {"trials": study.budget.trials, "hours": study.budget.hours}
    return ", ".join(f"{value:g} {unit}" for unit, value in parts.items() if value is not None)


def _text(value: Value | Domain) -> str:
    """Return a value as a study file writes it, without the quotes around words; a domain as `suite check` does."""
    if isinstance(value, (Choice, Range)):
        return in_words(value)
    return value if isinstance(value, str) else json.dumps(value)
