"""Values and domains checked against the type of a dataclass field, and the words for both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from suite.core.domains import Choice, Domain, Range, Value
from suite.core.errors import StudyError
from suite.core.rules import shown, written
from suite.studyfile.mistakes import Keys, Mistakes

_WORDS = {
    bool: ("true or false", "true or false"),
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    Choice: ("{ choice = [...] }", "domains"),
}


def words(kind: Any, many: bool = False) -> str:
    """Return the annotation `kind` in words: `an integer`, `a list of 3 numbers`, `"min" or "max"`."""
    origin, parts = get_origin(kind), [part for part in get_args(kind) if part is not NoneType]
    if origin in (Union, UnionType):
        named = [part for part in parts if part is not Range and (part is not int or float not in parts)]
        return " or ".join(words(part, many) for part in named)
    if origin is Literal:
        return " or ".join(shown(part) for part in parts)
    if origin is tuple:
        count = "" if parts[-1] is Ellipsis else f"{len(parts)} "
        items = dict.fromkeys(words(part, many=True) for part in parts if part is not Ellipsis)
        return f"{'lists' if many else 'a list'} of {count}{' and '.join(items)}"
    return _WORDS[kind][many] if kind in _WORDS else str(getattr(kind, "__name__", kind))


def typed(value: object, kind: Any) -> Value:
    """Return `value` converted to the annotation `kind`: lists become tuples, an integer for a float becomes a float.

    A bool is not a number, and a number must be finite. Raises StudyError (`needs an integer, not "ten"`).
    """
    converted: Value | None = _converted(value, kind)
    if converted is None:
        raise StudyError(f"needs {words(kind)}, not {shown(value)}")
    return converted


def typed_domain(domain: Domain, kind: Any) -> Domain:
    """Return `domain` with every value converted to the annotation `kind`. Raises StudyError as `typed` does."""
    if isinstance(domain, Choice):
        return Choice(tuple(typed(value, kind) for value in domain.values))
    if not {int, float} & {kind, *get_args(kind)} or get_origin(kind) is tuple:
        raise StudyError(f"needs {words(kind)}: write {{ choice = [...] }}, not a range of numbers")
    ends: dict[str, Any] = {"low": typed(domain.low, kind), "high": typed(domain.high, kind)}
    step: Any = None if domain.step is None else typed(domain.step, kind)
    return replace(domain, **ends, step=step)


def typed_entries(
    entries: Mapping[str, Value | Domain], owner: type, table: Keys, mistakes: Mistakes
) -> dict[str, Value | Domain]:
    """Return `entries` of `table` converted to the fields of the dataclass `owner`; add the rest to `mistakes`."""
    kinds = get_type_hints(owner)
    result: dict[str, Value | Domain] = {}
    for key, entry in entries.items():
        if key not in kinds:
            mistakes.unknown((*table, key), kinds)
            continue
        with mistakes.at(*table, key):
            kind = kinds[key]
            result[key] = typed_domain(entry, kind) if isinstance(entry, (Choice, Range)) else typed(entry, kind)
    return result


def in_words(entry: Value | Domain) -> str:
    """Return a value or domain in words: `one of 1, 2`, `0.0 to 1.0, step 0.25`, `fixed at 3`."""
    if isinstance(entry, Choice):
        return f"one of {', '.join(map(written, entry.values))}"
    if not isinstance(entry, Range):
        return f"fixed at {written(entry)}"
    step = "" if entry.step is None else f", step {entry.step}"
    return f"{entry.low} to {entry.high}{step}{', logarithmic' if entry.log else ''}"


def _converted(value: object, kind: Any) -> Any:
    """Return `value` as `kind`, or None if it does not fit; TOML has no null, so None is free."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return next((found for part in get_args(kind) if (found := _converted(value, part)) is not None), None)
    if origin is Literal:
        return next((part for part in get_args(kind) if type(part) is type(value) and part == value), None)
    if origin is tuple:
        return _sequence(value, get_args(kind))
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    return value if type(value) is kind else None


def _sequence(value: object, kinds: tuple[Any, ...]) -> Any:
    if not isinstance(value, (list, tuple)):
        return None
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(value) != len(kinds):
        return None
    items = [_converted(item, kind) for item, kind in zip(value, kinds, strict=True)]
    return None if None in items else tuple(items)
