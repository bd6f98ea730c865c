"""A study's space and the Config that it searches: names, types and all configurations."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from suite.core.study import Choice, Domain, Range, Study, Value
from suite.studyfile.kinds import in_words, typed_entries
from suite.studyfile.mistakes import Mistakes

Config = TypeVar("Config")


class Row(NamedTuple):
    """One field of a study, as `suite check` prints it."""

    key: str  # "space.depths"
    domain: str  # in words
    values: str  # number of values: "3", "continuous"; "1" for a fixed field


def bind(study: Study, start: object, place: str = "", overrides: Sequence[str] = ()) -> Study:
    """Return `study` with its space converted to the field types of `start`, the family's Config where it starts.

    An integer for a float field becomes a float, so `{ range = [0, 1] }` is continuous there. Whether fields fit
    together is checked when a Config is built. Raises StudyError with a line for each unknown field and each value of
    a wrong type; it names `place`, the study file, or the override with the mistake.
    """
    mistakes = Mistakes(place or f"study {study.name}", overrides)
    space = typed_entries(study.space, type(start), "space", mistakes)
    mistakes.check()
    return replace(study, space=space)


def replaced(start: Config, fields: Mapping[str, Value]) -> Config:
    """Return `start`, a Config or a Recipe, with `fields` replaced. Raises the errors of its own checks."""
    return replace(start, **{key: _tuples(value) for key, value in fields.items()})  # type: ignore[type-var]


def configurations(study: Study) -> Iterator[dict[str, Value]]:
    """Yield every configuration of a finite space, keyed as `study.domains`, the last domain varying fastest."""
    assert math.isfinite(study.size), "a continuous space has no list of configurations"
    return _combined(list(study.domains.items()))


def summary(study: Study) -> list[Row]:
    """Return a row for each field that the study searches over or fixes, from the top of its file down."""
    tables = {"space": study.space, "recipe": study.recipe}
    return [
        Row(f"{table}.{key}", in_words(entry), _count(entry))
        for table, of in tables.items()
        for key, entry in of.items()
    ]


def _combined(domains: list[tuple[str, Domain]]) -> Iterator[dict[str, Value]]:
    """Yield the product of `domains` without holding a domain in memory: it may be long."""
    if not domains:
        yield {}
        return
    (key, domain), *rest = domains
    for value in _values(domain):
        for others in _combined(rest):
            yield {key: value, **others}


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
    return {key: _drawn(domain, source) for key, domain in study.domains.items()}


def _drawn(domain: Domain, source: random.Random) -> Value:
    if isinstance(domain, Choice):
        return source.choice(domain.values)
    if domain.log:
        value = math.exp(source.uniform(math.log(domain.low), math.log(domain.high)))
        return round(value) if domain.integer else value
    if math.isinf(domain.size):
        return source.uniform(domain.low, domain.high)
    return domain.low + source.randrange(int(domain.size)) * (domain.step or 1)
