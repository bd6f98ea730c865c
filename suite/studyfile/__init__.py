"""Study files: TOML to Study and back. Each mistake gets one line: file, key, way out.

The format is the dataclasses of `suite.core.study`: a table for each, a key for each field. In `[space]` and `[recipe]`
a key holds a value or a domain: `{ choice = [...] }`, `{ range = [low, high] }` with or without `step`, or
`{ log = [low, high] }`. `[space.FAMILY]` is of the networks of one family.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from fnmatch import fnmatch
from pathlib import Path, PurePath
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from suite.core import files
from suite.core.domains import Choice, Domain, Range, Value, hold
from suite.core.errors import StoreError, StudyError, did_you_mean
from suite.core.recipe import Recipe
from suite.core.rules import hold_objectives, shown
from suite.core.study import Study, split
from suite.studyfile import toml
from suite.studyfile.kinds import typed, typed_domain, typed_entries
from suite.studyfile.mistakes import Keys, Mistakes
from suite.studyfile.overrides import overridden
from suite.studyfile.places import PLACES, place_pairs, placed
from suite.studyfile.writing import DOMAINS, text

__all__ = ["parse", "read", "text", "write"]

_EXAMPLES = {
    "name": 'name = "resnet"',
    "architecture": 'architecture = "resnet/50"',
    "dataset": 'dataset = "digits"',
    "objectives": '[[objectives]] with measure = "accuracy" and goal = "max"',
    "budget": "[budget] with trials = 40",
    "fidelity": "[fidelity] with epochs = 30",
    "measure": 'measure = "latency"',
    "goal": 'goal = "min" or goal = "max"',
    "epochs": "epochs = 30",
    "pairs": 'pairs = "captions.csv", a table beside the pictures, or pairs = "class names"',
}


def read(path: Path, overrides: Sequence[str] = (), home: Path | None = None) -> Study:
    """Return the study in the file `path`, changed by `overrides`: the texts after `--set`, as `budget.trials=5`.

    Paths of your own architecture and of a folder of pictures (`./pictures`, `~/pictures`) are relative to `home`, by
    default the folder of the file; in an override, to the current folder. They are absolute in the result. Raises
    StudyError with a line for each mistake.
    """
    try:
        document = toml.parsed(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file.{_neighbours(path)}") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # of TOML, or of UTF-8
        raise StudyError(f"{path}: not TOML: {error}") from None
    _move_old_keys(document)
    for key, absolute in PLACES.items():
        if key in document:
            document[key] = placed(document[key], absolute, path.parent if home is None else home)
    place_pairs(document, path.parent if home is None else home)
    read = parse(document, str(path), overrides)
    return replace(read, **{key: placed(getattr(read, key), absolute, Path()) for key, absolute in PLACES.items()})


def parse(document: Mapping[str, Any], place: str, overrides: Sequence[str] = ()) -> Study:
    """Return the study that `document` describes. Errors name `place`, or the override with the mistake."""
    mistakes = Mistakes(place, overrides)
    study = _table(Study, _with_families(overridden(document, overrides)), (), mistakes)
    mistakes.check()
    assert isinstance(study, Study)
    return study


def write(study: Study, path: Path) -> None:
    """Write `study` to the file `path`, whole or not at all. Raises StoreError when it cannot be written."""
    try:
        files.write(path, text(study))
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from None


def _with_families(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the tables of families within [space] as keys of it: `vit.depth`."""
    named, space = document.get("architecture"), document.get("space")
    if not isinstance(space, dict):
        return document
    patterns = [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]
    families = [PurePath(split(pattern)[0]).stem for pattern in patterns]
    flat: dict[str, Any] = {}
    for key, entry in space.items():
        is_table = isinstance(entry, dict) and not {*DOMAINS, "step"} & entry.keys()
        if is_table and any(fnmatch(key, family) for family in families):
            flat |= {f"{key}.{name}": value for name, value in entry.items()}
        else:
            flat[key] = entry
    return {**document, "space": flat}


def _move_old_keys(document: dict[str, Any]) -> None:
    """Bring a study file from before `[latency]` to today's keys, so that older runs stay readable."""
    fidelity = document.get("fidelity")
    if isinstance(fidelity, dict) and "latency_seconds" in fidelity:
        seconds = fidelity.pop("latency_seconds")
        document["latency"] = {"seconds": seconds} | document.get("latency", {})


def _neighbours(path: Path) -> str:
    files = [str(file) for folder in (path.parent, Path("studies")) for file in folder.glob("*.toml")]
    return did_you_mean(str(path), set(files)) if files else ""


def _table(owner: type, raw: object, keys: Keys, mistakes: Mistakes) -> Any:
    """Return the dataclass `owner` filled from the table `raw`; None if it has mistakes, which are noted."""
    if not isinstance(raw, dict):
        return mistakes.add(keys, f"needs a table, not {shown(raw)}")
    before, kinds = len(mistakes), get_type_hints(owner)
    unknown = [key for key in raw if key not in kinds]
    for key in unknown:
        mistakes.unknown((*keys, key), kinds)
    for name in [] if unknown else _required(owner):  # a misspelt key would be reported twice
        if name not in raw:
            mistakes.missing((*keys, name), _EXAMPLES[name])
    values = {key: _entry(kinds[key], value, (*keys, key), mistakes) for key, value in raw.items() if key in kinds}
    if len(mistakes) == before:
        with mistakes.at(*keys):
            return owner(**values)
    return None


def _required(owner: type) -> list[str]:
    return [field.name for field in fields(owner) if field.default is MISSING and field.default_factory is MISSING]


def _entry(kind: Any, raw: object, keys: Keys, mistakes: Mistakes) -> Any:
    """Return `raw` converted to the annotation `kind` of a field."""
    may_vary = Choice in get_args(kind)
    if isinstance(kind, UnionType) and not may_vary:
        kind = next(filter(is_dataclass, get_args(kind)), kind)
    if is_dataclass(kind):
        return _table(kind, raw, keys, mistakes)  # type: ignore[arg-type]
    if get_origin(kind) is Mapping:
        return _entries(raw, keys, mistakes)
    if get_origin(kind) is tuple and is_dataclass(get_args(kind)[0]):
        return _array(get_args(kind)[0], raw, keys, mistakes)
    with mistakes.at(*keys):
        value = typed_domain(_domain(raw), kind) if may_vary and isinstance(raw, dict) else typed(raw, kind)
        hold(str(keys[-1]), value)
        return value


def _array(owner: type, raw: object, keys: Keys, mistakes: Mistakes) -> Any:
    """Return the tables of the array `raw` as dataclasses `owner`."""
    if not isinstance(raw, list):
        return mistakes.add(keys, f"needs a list of tables, each headed [[{keys[-1]}]]; not {shown(raw)}")
    before = len(mistakes)
    tables = tuple(_table(owner, entry, (*keys, number), mistakes) for number, entry in enumerate(raw))
    if keys == ("objectives",) and len(mistakes) == before:
        with mistakes.at(*keys):
            hold_objectives([objective.measure for objective in tables])
    return tables


def _entries(raw: object, keys: Keys, mistakes: Mistakes) -> Any:
    """Return `raw`, [space] or [recipe], with its domains. Only the family knows the fields of [space]."""
    if not isinstance(raw, dict):
        return mistakes.add(keys, f"needs a table, not {shown(raw)}")
    entries = {}
    for key, value in raw.items():
        with mistakes.at(*keys, *key.split(".")):
            entries[key] = _domain(value) if isinstance(value, dict) else _value(value)
    if keys == ("recipe",):
        entries = typed_entries(entries, Recipe, ("recipe",), mistakes)
        for key, entry in entries.items():
            with mistakes.at(*keys, key):
                hold(key, entry)
    return entries


def _domain(table: dict[str, Any]) -> Domain:
    """Return the domain that `table` describes."""
    for key in table:
        if key not in (*DOMAINS, "step"):
            family = (
                " A table of a family needs its networks in `architecture`." if isinstance(table[key], dict) else ""
            )
            raise StudyError(f"no domain '{key}'.{family or did_you_mean(key, DOMAINS)}")
    given = [key for key in DOMAINS if key in table]
    if len(given) != 1:
        raise StudyError("a domain is one of { choice = [...] }, { range = [low, high] } and { log = [low, high] }")
    return _choice(table) if given == ["choice"] else _range(table, given[0])


def _choice(table: dict[str, Any]) -> Choice:
    if "step" in table:
        raise StudyError("a step goes with a range, not with a choice")
    if not isinstance(table["choice"], list):
        raise StudyError(f"choice needs a list of values, not {shown(table['choice'])}")
    values = tuple(map(_value, table["choice"]))
    if len({float if type(value) is int else type(value) for value in values}) > 1:
        raise StudyError(f"a choice needs one kind (numbers, strings, lists, or true and false), not {shown(values)}")
    return Choice(values)


def _range(table: dict[str, Any], kind: str) -> Range:
    try:
        ends: Any = typed(table[kind], tuple[int | float, int | float])
        step: Any = typed(table["step"], int | float) if "step" in table else None
    except StudyError as error:
        raise StudyError(f"{kind} {error}") from None
    domain = Range(low=ends[0], high=ends[1], step=step, log=kind == "log")
    if domain.size < 2:
        raise StudyError(f"a step of {step} leads past {ends[1]}: write a smaller one")
    return domain


def _value(raw: object) -> Value:
    """Return a TOML value as a value of a study: lists become tuples."""
    if isinstance(raw, list):
        return tuple(map(_value, raw))
    if isinstance(raw, (bool, int, str)) or (isinstance(raw, float) and math.isfinite(raw)):
        return raw
    raise StudyError(f"needs a finite number, a string, true, false, or a list of these; not {shown(raw)}")
