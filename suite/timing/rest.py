"""The references' latency at rest on this device: kept between runs, and known better after each.

Every timing tells the references' seconds in each of its half seconds, its moments. The lower quartile of moments in
the quietest spells of five seconds is the latency at rest. It is recorded with every latency, which is a multiple of
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from suite.core import files
from suite.core.files import held
from suite.timing.protocol import at_rest

KEPT = 2000  # latest moments of each reference: a device may change, by its clock or its neighbours

Moments = dict[str, list[float]]  # seconds that a reference took, by its name


def known(file: Path, place: str) -> Moments:
    """Return the moments of the references in `place` so far; empty if there are none."""
    return _read(file).get(place, {})


def rests(seen: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the seconds of each reference at rest."""
    return {name: at_rest(moments) for name, moments in seen.items() if moments}


def refined(file: Path, place: str, seen: Mapping[str, Sequence[float]]) -> Moments:
    """Add the moments `seen` in `place`; return all its moments.

    A file that cannot be written stays as it is: then each process knows only its own moments.
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
    except (OSError, ValueError, TypeError, AttributeError):  # no file yet, or damaged: it is measured again
        return {}
