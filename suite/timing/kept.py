"""What timings have found out about places, kept between runs: a JSON file with a value for each place."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from suite.core import files
from suite.core.files import held

Value = TypeVar("Value")
Parsed = Callable[[object], Value]  # raises ValueError, TypeError or AttributeError for what is damaged


def read(file: Path, place: str, parsed: Parsed[Value], nothing: Value) -> Value:
    """Return the value of a place; `nothing` if there is none, or if the file is damaged: it is found out again."""
    return _value(_places(file), place, parsed, nothing)


def change(file: Path, place: str, parsed: Parsed[Value], nothing: Value, changed: Callable[[Value], Value]) -> Value:
    """Change the value of a place; return it.

    A file that cannot be written stays as it is: then each process knows only what it has found out itself.
    """
    with held(file.with_name(f"{file.name}.lock")):
        places = _places(file)
        places[place] = value = changed(_value(places, place, parsed, nothing))
        with suppress(OSError):
            files.write(file, json.dumps(places) + "\n")
    return value


def _places(file: Path) -> dict[str, object]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _value(places: dict[str, object], place: str, parsed: Parsed[Value], nothing: Value) -> Value:
    try:
        return parsed(places[place]) if place in places else nothing
    except (ValueError, TypeError, AttributeError):
        return nothing
