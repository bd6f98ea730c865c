"""What the page knows of each trial: compact columns that are written into it as JSON.

Numbers are whole, not rounded: the page finds the same fronts from them as `suite front`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from suite.core.domains import Choice, Range, Value
from suite.core.measures import MEASURES
from suite.core.rules import brief
from suite.core.study import setting
from suite.core.trial import NEW_START, Run
from suite.report import advice, certainty, phrases
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import Entry, ends
from suite.report.families import Families
from suite.report.study import figures, kept, tables, wording
from suite.report.study.kept import Sides
from suite.statistics.chosen import Corrected
from suite.statistics.intervals import wilson

Links = Callable[[Run], Mapping[int, str]]  # the addresses of a run's trials elsewhere, by number

_SHARES = ("accuracy", "top5")  # measures that are shares of the validation pictures


def nowhere(run: Run) -> Mapping[int, str]:
    """Return no address."""
    return {}


def embedded(
    comparison: Comparison, found: Sequence[tuple[Certainty | None, Families | None]], links: Links = nowhere
) -> dict[str, Any]:
    """Return what the page embeds of a comparison, where `found` is of each of its sides; see `as_json`."""
    entries, kinds = comparison.entries, comparison.kinds
    sides = [(side, sure) for side, (sure, _) in zip(comparison.sides, found, strict=True)]
    of_set = {name: place for place, side in enumerate(comparison.sides) for name in side.names}
    return {
        "sets": list(comparison.titles),
        "runs": [_run(comparison, index) for index in range(len(comparison.runs))],
        "kinds": list(kinds),
        "kinds_are_runs": kinds == comparison.names,
        "objectives": [objective.measure for objective in comparison.objectives],
        "quality": comparison.quality.measure,
        "costs": [cost.measure for cost in comparison.costs],
        "places": list(comparison.places),
        "measures": {name: _measure(comparison, sides, name) for name in tables.measures(comparison)},
        "settings": {path: _setting(comparison, path) for path in tables.configuration(comparison)},
        "trials": {
            "name": [entry.name for entry in entries],
            "number": [entry.trial.number for entry in entries],
            "run": [comparison.names.index(entry.run) for entry in entries],
            "set": [of_set[entry.run] for entry in entries],
            "kind": [kinds.index(comparison.kind(entry)) for entry in entries],
            "fits": [int(entry.fits) for entry in entries],
            "state": coded(entry.trial.state for entry in entries),
            "start": coded(_start(entry) for entry in entries) if comparison.starts else None,
            "network": coded(entry.network for entry in entries),
            "place": coded(entry.place for entry in entries),
            "reason": coded(entry.trial.reason for entry in entries),
            "until": [entry.trial.until for entry in entries],
            "continues": [entry.trial.continues for entry in entries],
            "seconds": [round(entry.trial.seconds, 1) or None for entry in entries],
            "same": several(_training(entry, of_set[entry.run]) if entry.fits else None for entry in entries),
            "net": several(map(_network, entries)) if len(sides) > 1 else None,
        },
        "sure": _of_all(_sure(side, sure) for side, sure in sides),
        "curves": kept.curves(comparison),
        "hypervolume": _hypervolume(comparison),
        "families": [_families(comparison, families) for _, families in found],
        "answers": kept.answered(sides),
        "confirmed": [row for side, _ in sides for row in kept.confirmed(side)],
        "links": _links(comparison, links),
    }


def _of_all(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for each in found for key, value in each.items()}


def _links(comparison: Comparison, links: Links) -> dict[str, str]:
    """Return the address of each trial that is shown elsewhere, by name; only one that a browser opens safely."""
    found = {
        f"{name}/{number}": address
        for name, run in zip(comparison.names, comparison.runs, strict=True)
        if isinstance(run, Run)
        for number, address in links(run).items()
    }
    return {name: address for name, address in found.items() if address.startswith(("http://", "https://"))}


def as_json(known: Mapping[str, Any]) -> str:
    """Return JSON that may stand within a <script> of a page; what is no finite number is null."""
    text = json.dumps(_finite(known), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    if isinstance(value, float):
        return (int(value) if value == int(value) else value) if math.isfinite(value) else None
    return value


def _run(comparison: Comparison, index: int) -> dict[str, Any]:
    run = comparison.runs[index]
    limits = [{"measure": c.measure, "at_most": c.at_most, "at_least": c.at_least} for c in run.constraints]
    export = f"suite export {advice.called(run)}" if isinstance(run, Run) else None
    return {"name": comparison.names[index], "constraints": limits, "export": export}


def _start(entry: Entry) -> str:
    """Return `from scratch`, `frozen` or `tuned`, without the weights."""
    return entry.trial.start.partition(":")[0] if entry.trial.surroundings else NEW_START


def _measure(comparison: Comparison, sides: Sides, name: str) -> dict[str, Any]:
    measure, entries = MEASURES[name], comparison.entries
    low, high = ends(entries, name) or (None, None)
    return {
        "title": phrases.title(name),
        "unit": phrases.unit(name),
        "word": phrases.word(name),
        "axis": phrases.axis(name),
        "meaning": phrases.meaning(name),
        "goal": measure.goal,
        "is_cost": measure.is_cost,
        "is_part": bool(measure.part_of),
        "per_device": measure.per_device,
        "values": [entry.trial.measures.get(name) for entry in entries],
        "low": [entry.trial.measures.get(low) for entry in entries] if low else None,
        "high": [entry.trial.measures.get(high) for entry in entries] if high else None,
        "around": _around(comparison, sides, name),
    }


def _around(comparison: Comparison, sides: Sides, name: str) -> list[list[float] | None] | None:
    """Return the 95 % interval (Wilson) of a share of the validation pictures, in percent, for each trial.

    It is shown and decides nothing: trials see the same pictures, so whether two differ is a question of pairs.
    """
    pictures = {run: sure.pictures if sure else wording.images(side) for side, sure in sides for run in side.names}
    if name not in _SHARES or not any(pictures.values()):
        return None
    return [_wilson(entry.trial.measures.get(name), pictures[entry.run]) for entry in comparison.entries]


def _wilson(percent: float | None, pictures: int | None) -> list[float] | None:
    if percent is None or not pictures or not 0 <= percent <= 100:
        return None
    return [round(100 * end, 2) for end in wilson(percent / 100, pictures)]


def _setting(comparison: Comparison, path: str) -> dict[str, Any]:
    """Return a searched setting: numbers, or else levels in the order of its domain with a code for each trial."""
    values = [entry.trial.configuration.get(path) for entry in comparison.entries]
    known = [value for value in values if value is not None]
    domains = [run.study.domains[path] for run in comparison.studied if path in run.study.domains]
    said = {"title": setting(path), "log": any(isinstance(each, Range) and each.log for each in domains)}
    if known and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        return {**said, "values": values}
    offered = [value for domain in domains if isinstance(domain, Choice) for value in domain.values]
    levels = [value for value in dict.fromkeys([*offered, *known]) if value in set(known)]
    return {**said, "levels": [brief(value) for value in levels], "values": _codes(values, levels)}


def _codes(values: Sequence[Value | None], levels: Sequence[Value]) -> list[int | None]:
    places = {value: index for index, value in enumerate(levels)}
    return [None if value is None else places[value] for value in values]


def coded(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Return texts once each, and for each trial the place of its own."""
    said = list(texts)
    levels = list(dict.fromkeys(said))
    places = {text: index for index, text in enumerate(levels)}
    return {"levels": levels, "codes": [places[text] for text in said]}


def several(keys: Iterable[Hashable]) -> list[int | None]:
    """Return a number for each trial that it shows with those of the same key; None if alone, or without a key."""
    known = list(keys)
    counts = Counter(key for key in known if key is not None)
    several = {key: number for number, key in enumerate(key for key, count in counts.items() if count > 1)}
    return [several.get(key) for key in known]


def _training(entry: Entry, data: int) -> Hashable:
    """Return all that makes two trainings repetitions of each other: network, settings, pictures, how it is trained."""
    study = entry.study
    if study is None:
        return None
    recipe = str(study.fields("recipe", entry.trial.configuration))
    return _network(entry), recipe, study.fidelity.epochs, entry.trial.start, data


def _network(entry: Entry) -> Hashable:
    """Return what makes two networks the same one, whatever pictures they are trained on."""
    study = entry.study
    if study is None:
        return None
    return study.at(entry.trial.configuration).network, str(study.fields("space", entry.trial.configuration))


def _sure(comparison: Comparison, sure: Certainty | None) -> dict[str, Any]:
    """Return of each member of the front its letters, and in which share of resamples it is there, in percent."""
    if not sure:
        return {}
    found = certainty.columns(sure, comparison.front)
    return {name: {"group": row["group"], "front_share": row["front_share"]} for name, row in found.items()}


def _families(comparison: Comparison, found: Families | None) -> dict[str, Any] | None:
    """Return the best accuracy of each family within budgets, as expected on new pictures: [share, low, high] in %."""
    if not found:
        return None
    kinds = {kind: comparison.kinds.index(comparison.kind(members[0])) for kind, members in found.members.items()}
    best = [[_expected(found.best(kind, budget)) for budget in found.budgets] for kind in kinds]
    return {"cost": found.cost.measure, "budgets": found.budgets, "kinds": list(kinds.values()), "best": best}


def _expected(best: Corrected | None) -> list[float] | None:
    return [round(100 * each, 2) for each in (best.share, *best.interval)] if best else None


def _hypervolume(comparison: Comparison) -> dict[str, Any]:
    """Return the hypervolume of each run after each of its candidates, in the box of its own data set."""
    objectives = figures.comparable(comparison)
    frame = pd.concat([tables.hypervolumes(side, objectives) for side in comparison.sides], ignore_index=True)
    places = {entry.name: index for index, entry in enumerate(comparison.entries)}
    return {
        "measures": [objective.measure for objective in objectives],
        "trial": [places[name] for name in frame["name"]],
        "trained": [int(number) for number in frame["trained"]],
        "values": [round(float(value), 3) for value in frame["hypervolume"]],
    }
