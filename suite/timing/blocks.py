"""Blocks: what one timing shows of a call and of the references, half a second at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOMENT = 0.5  # seconds over which a reference's median is taken
DIGITS = 8  # of seconds, in what is told to other processes: ten nanoseconds


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive turns of one timing."""

    began: float  # seconds since the start
    timing: int = 0  # number of the timing among those of this call
    times: Array  # [calls] seconds of each call that counts
    turns: Array  # [turns] seconds of a call, the median of each turn
    references: Mapping[str, Array] = field(default_factory=dict)  # [turns] the same for each reference

    @property
    def yardstick(self) -> Array:
        """[turns] geometric mean of the references' seconds."""
        return np.exp(np.mean([np.log(seconds) for seconds in self.references.values()], axis=0))

    @property
    def told(self) -> dict[str, Any]:
        """The block for another process, as JSON holds it."""
        return asdict(self) | {
            "times": _rounded(self.times),
            "turns": _rounded(self.turns),
            "references": {name: _rounded(seconds) for name, seconds in self.references.items()},
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Return the block that another process told."""
        arrays = {name: np.array(told[name]) for name in ("times", "turns")}
        references = {name: np.array(seconds) for name, seconds in told["references"].items()}
        return cls(**{**told, **arrays, "references": references})


def _rounded(seconds: Array) -> list[float]:
    return [float(one) for one in np.round(seconds, DIGITS)]


def moments(blocks: Sequence[Block]) -> dict[str, list[float]]:
    """Return the seconds of each reference in every half second: the median of its turns."""
    parts: dict[tuple[int, int], list[Block]] = {}
    for block in blocks:
        parts.setdefault((block.timing, int(block.began / MOMENT)), []).append(block)
    return {
        name: [float(np.median(np.concatenate([one.references[name] for one in part]))) for part in parts.values()]
        for name in blocks[0].references
    }
