"""What the references take on this device at rest: kept over runs, and known better with each.

Every measurement tells what they took in each half second of it. The lower quartile of all of these is their latency
at rest. It is recorded with every latency, which is told as a multiple of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from suite.core import files
from suite.core.files import held
from suite.timing.protocol import at_rest

KEPT = 2000  # moments of each reference, the last: a device may become another, by its clock or its neighbours

Moments = dict[str, list[float]]  # seconds that a reference took, by its name


def known(file: Path, place: str) -> Moments:
    """Return what the references took in `place` so far; empty where nothing is known."""
    return _read(file).get(place, {})


def rests(seen: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the seconds of each reference at rest."""
    return {name: at_rest(moments) for name, moments in seen.items() if moments}


def refined(file: Path, place: str, seen: Mapping[str, Sequence[float]]) -> Moments:
    """Add what was `seen` in `place`; return what is known now.

    A file that cannot be written is left as it is: then each process knows what it saw.
    """
    with held(file.with_name(f"{file.name}.lock")):
        places = _read(file)
        before = places.get(place, {})
        places[place] = before | {name: [*before.get(name, ()), *more][-KEPT:] for name, more in seen.items()}
        with suppress(OSError):
            files.write(file, json.dumps(places) + "\n")
    return places[place]


def _read(file: Path) -> dict[str, Moments]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        return {place: {name: [float(one) for one in seen] for name, seen in of.items()} for place, of in read.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # none yet, or damaged: it is found again
        return {}
