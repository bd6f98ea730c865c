"""Names that are cut where there is little room, and still differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

SIGNS = "/ -_"  # a name may be cut behind one of these


def shortened(names: Sequence[str], most: int) -> list[str]:
    """Return names of at most `most` letters: cut at their ends; if they differ only there, at their starts.

    `efficientnet/lite0` and `efficientnet/lite1` become `…lite0` and `…lite1`.
    """
    shared = [letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))]
    start = max((place for place, letter in enumerate(shared, start=1) if letter in SIGNS), default=0)
    ways = (names, [f"…{name[start:]}" for name in names])
    told = [[_cut(name, most) for name in way] for way in ways]
    told.append([name if len(name) <= most else f"…{name[1 - most :]}" for name in names])
    return next((each for each in told if len(set(each)) == len(set(names))), told[0])


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
