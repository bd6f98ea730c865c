"""Readings of a loaded network besides its latency: one function for each measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from suite.timing import runtimes, sensors


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A network that is loaded, and has run."""

    artefact: Path
    path: str  # one of paths.PATHS
    call: runtimes.Call
    batch: int  # pictures in a call
    gpu: bool  # whether it runs on a GPU
    resident: int  # bytes that the process held before it was loaded


def file_size(artefact: Path) -> float:
    """Return the size of an artefact on the disk, a file or a folder, MB."""
    files = [artefact] if artefact.is_file() else artefact.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _peak_memory(ready: Ready) -> float | None:
    if ready.gpu:
        held = runtimes.held_of_gpu(ready.path)
        return None if held is None else held / 1e6
    return max(0, sensors.peak() - ready.resident) / 1e6


READINGS: dict[str, Callable[[Ready], float | None]] = {  # by the name of the measure; None: this device cannot tell
    "file_size": lambda ready: file_size(ready.artefact),
    "peak_memory": _peak_memory,
    "energy": lambda ready: sensors.joules(ready.call, ready.batch, gpu=ready.gpu),
}


def read(ready: Ready, wanted: Iterable[str]) -> dict[str, float]:
    """Return those `wanted` measures that this device can tell."""
    told = {name: READINGS[name](ready) for name in READINGS if name in set(wanted)}
    return {name: value for name, value in told.items() if value is not None}
