"""What the references take on this device at rest: kept over runs, and never more than was ever seen.

A machine that never rests is quiet now and then. The quietest moment of all measurements so far is the nearest to rest.
A latency is told as a multiple of it, so it is recorded with every latency.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from suite import files
from suite.turns import held

Rests = dict[str, float]  # seconds at rest, by reference


def known(file: Path, place: str) -> Rests:
    """Return what the references took at rest in `place` so far; empty where nothing is known."""
    return dict(_read(file).get(place, {}))


def refined(file: Path, place: str, seen: Mapping[str, float]) -> Rests:
    """Keep what was `seen` in `place` where it is less than before; return what is known now.

    A file that cannot be written is left as it is: then each process knows what it saw.
    """
    with held(file.with_name(f"{file.name}.lock")):
        places = _read(file)
        before = places.get(place, {})
        places[place] = {**before, **{name: min(value, before.get(name, value)) for name, value in seen.items()}}
        if places[place] != before:
            with suppress(OSError):
                files.write(file, json.dumps(places, indent=1) + "\n")
    return dict(places[place])


def _read(file: Path) -> dict[str, Rests]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: it is found again
        return {}
    return read if isinstance(read, dict) else {}
