"""The references' latency at rest on this device: kept between runs, and known better after each.

Every timing tells the references' seconds in each of its half seconds, its moments. The lower quartile of moments in
the quietest spells of five seconds is the latency at rest. It is recorded with every latency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.timing import kept

SPELL = 10  # moments that are judged together: five seconds of quiet are enough to know what rest is
QUIET = 0.05  # share of the spells that are quiet, at least
KEPT = 2000  # latest moments of each reference: a device may change, by its clock or its neighbours

Moments = dict[str, list[float]]  # seconds that a reference took, by its name


def at_rest(seen: Sequence[float]) -> float:
    """Return the seconds of a reference at rest: the lower quartile of `moments` in a quiet spell.

    The minimum would be luck, and fall the longer one measures. The quartile of all moments would be that of a machine
    which was busy for most of the time.
    """
    spells = np.array_split(np.asarray(seen), max(1, len(seen) // SPELL))
    return float(np.quantile([np.quantile(spell, 0.25) for spell in spells], QUIET, method="lower"))


def known(file: Path, place: str) -> Moments:
    """Return the moments of the references in `place` so far; empty if there are none."""
    return kept.read(file, place, _moments, {})


def rests(seen: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the seconds of each reference at rest."""
    return {name: at_rest(moments) for name, moments in seen.items() if moments}


def refined(file: Path, place: str, seen: Mapping[str, Sequence[float]]) -> Moments:
    """Add the moments `seen` in `place`; return all its moments."""
    return kept.change(file, place, _moments, {}, lambda before: added(before, seen))


def added(before: Moments, seen: Mapping[str, Sequence[float]]) -> Moments:
    """Return the moments before and those `seen`: the latest of each reference."""
    return before | {name: [*before.get(name, ()), *more][-KEPT:] for name, more in seen.items()}


def _moments(read: Any) -> Moments:
    return {name: [float(one) for one in seen] for name, seen in read.items()}
