"""A study's space and the Config that it searches: names, types and all configurations."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar, get_type_hints

from suite.core.domains import Choice, Domain, Range, Value
from suite.core.errors import StudyError
from suite.core.study import Study
from suite.studyfile.kinds import in_words, typed_entries
from suite.studyfile.mistakes import Mistakes

Config = TypeVar("Config")


class Row(NamedTuple):
    """One field of a study, as `suite check` prints it."""

    key: str  # "space.depths"
    domain: str  # in words
    values: str  # number of values: "3", "continuous"; "1" for a fixed field


def bind(study: Study, starts: Mapping[str, object], place: str = "", overrides: Sequence[str] = ()) -> Study:
    """Return `study` with its space converted to the field types of `starts`, the Config of each of its networks.

    An integer for a float field becomes a float, so `{ range = [0, 1] }` is continuous there. Whether fields fit
    together is checked when a Config is built. Raises StudyError with a line for each unknown field and each value of
    a wrong type; it names `place`, the study file, or the override with the mistake.
    """
    mistakes = Mistakes(place or f"study {study.name}", overrides)
    kinds = dict.fromkeys((replace(study, architecture=name).family, type(start)) for name, start in starts.items())
    own: dict[str, dict[str, Value | Domain]] = {}  # of one family, by its name; of every network under ""
    for key, entry in study.space.items():
        own.setdefault(key.rpartition(".")[0], {})[key.rpartition(".")[2]] = entry
    families = [family for family, _ in kinds]
    for family in [one for one in own if one not in ("", *families)]:
        mistakes.unknown(("space", family), families)
    space: dict[str, Value | Domain] = {}
    for family, kind in kinds:
        with mistakes.at("space"):
            _require_common(own.get("", {}), family, kind, len(kinds) > 1)
            space |= typed_entries(own.get("", {}), kind, ("space",), mistakes)
        typed = typed_entries(own.get(family, {}), kind, ("space", family), mistakes)
        space |= {f"{family}.{key}": entry for key, entry in typed.items()}
    mistakes.check()
    return replace(study, space=space)


def _require_common(entries: Mapping[str, object], family: str, kind: type, several: bool) -> None:
    """Raise StudyError when not every one of several families has a field of `entries`."""
    known = get_type_hints(kind)
    lacking = [key for key in entries if key not in known]
    if several and lacking:
        raise StudyError(
            f"{family} has no {' and no '.join(lacking)}: what only some families have belongs in a table of each, "
            "such as [space.FAMILY]"
        )


def replaced(start: Config, fields: Mapping[str, Value]) -> Config:
    """Return `start`, a Config or a Recipe, with `fields` replaced. Raises the errors of its own checks."""
    return replace(start, **{key: _tuples(value) for key, value in fields.items()})  # type: ignore[type-var]


def configurations(study: Study) -> Iterator[dict[str, Value]]:
    """Yield every configuration of a finite space, keyed as `study.domains`, the last domain varying fastest."""
    assert math.isfinite(study.size), "a continuous space has no list of configurations"
    return _combined(study, list(study.domains.items()), {})


def summary(study: Study) -> list[Row]:
    """Return a row for each field that the study searches over or fixes, from the top of its file down."""
    tables = {"space": study.space, "recipe": study.recipe}
    entries: dict[str, Any] = {"architecture": study.domains.get("architecture"), "image": study.image}
    entries |= {f"{table}.{key}": entry for table, of in tables.items() for key, entry in of.items()}
    return [Row(key, in_words(entry), _count(entry)) for key, entry in entries.items() if entry is not None]


def _combined(study: Study, domains: list[tuple[str, Domain]], chosen: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Yield what is `chosen` with the product of `domains`, without holding a domain in memory: it may be long."""
    if not domains:
        yield chosen
        return
    (key, domain), *rest = domains
    if not study.has(key, chosen):
        yield from _combined(study, rest, chosen)
        return
    for value in _values(domain):
        yield from _combined(study, rest, {**chosen, key: value})


def _values(domain: Domain) -> Iterator[Value]:
    if isinstance(domain, Choice):
        return iter(domain.values)
    return (domain.low + number * (domain.step or 1) for number in range(int(domain.size)))


def _count(entry: Value | Domain) -> str:
    if not isinstance(entry, (Choice, Range)):
        return "1"
    return f"{entry.size:,}" if math.isfinite(entry.size) else "continuous"


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def drawn(study: Study, source: random.Random) -> dict[str, Value]:
    """Return a configuration drawn evenly from the space."""
    found: dict[str, Value] = {}
    for key, domain in study.domains.items():
        if study.has(key, found):
            found[key] = _drawn(domain, source)
    return found


def _drawn(domain: Domain, source: random.Random) -> Value:
    if isinstance(domain, Choice):
        return source.choice(domain.values)
    if domain.log:
        value = math.exp(source.uniform(math.log(domain.low), math.log(domain.high)))
        return round(value) if domain.integer else value
    if math.isinf(domain.size):
        return source.uniform(domain.low, domain.high)
    return domain.low + source.randrange(int(domain.size)) * (domain.step or 1)
