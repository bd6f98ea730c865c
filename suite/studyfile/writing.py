"""Study to TOML, as a study file is written beside its results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import tomlkit

from suite.core.domains import Choice, Range
from suite.core.study import Study

TABLES = ("space", "recipe", "words", "objectives", "constraints", "budget", "fidelity", "latency", "confirm")
DOMAINS = ("choice", "range", "log")


def text(study: Study) -> str:
    """Return `study` as TOML that reads back as an equal study."""
    plain = _plain(study)
    plain["space"] = _by_family(plain["space"])
    document = tomlkit.document()
    for key, value in plain.items():
        if key not in TABLES:
            document.add(key, _inline(value))
    for name in TABLES:
        if name not in plain:
            continue
        if isinstance(plain[name], list) and plain[name]:
            document.add(name, tomlkit.aot())
            for entry in plain[name]:
                document[name].append(_table_of(entry))
        elif plain[name]:
            document.add(name, _table_of(plain[name]))
    return re.sub(r"\n+(?=\[)", "\n\n", tomlkit.dumps(document))  # a blank line before each table


def _plain(value: Any) -> Any:
    """Return `value` for TOML: dataclasses as tables without None, tuples as lists."""
    if isinstance(value, Choice):
        return {"choice": _plain(value.values)}
    if isinstance(value, Range):
        step = {} if value.step is None else {"step": value.step}
        return {"log" if value.log else "range": [value.low, value.high]} | step
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    return list(map(_plain, value)) if isinstance(value, (tuple, list)) else value


def _inline(value: Any) -> Any:
    """Return a plain value for one line of TOML."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for key, entry in value.items():
            table.add(key, _inline(entry))
        return table
    return tomlkit.item([_inline(entry) for entry in value]) if isinstance(value, list) else tomlkit.item(value)


def _by_family(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain [space] with `vit.depth` in a table `vit`, after what every network has."""
    nested = {key: value for key, value in space.items() if "." not in key}
    for key, value in space.items():
        if "." in key:
            nested.setdefault(key.rpartition(".")[0], {})[key.rpartition(".")[2]] = value
    return nested


def _table_of(entries: Mapping[str, Any]) -> tomlkit.items.Table:
    table = tomlkit.table()
    for key, value in entries.items():
        is_table = isinstance(value, dict) and not {*DOMAINS} & value.keys()
        table.add(key, _table_of(value) if is_table else _inline(value))
    return table
