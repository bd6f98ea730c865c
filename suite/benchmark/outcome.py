"""What a cell says of what was tried: measures, doubts, or why there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from suite.core import cells
from suite.core.cells import Cell
from suite.core.measures import COUNTED, MEASURES, interval
from suite.timing.order import too_slow
from suite.timing.readings import file_size
from suite.timing.timer import GoneError

ALONE = 5.0  # percent of the timed processors that others may take


def too_long(missing: Sequence[Cell], known: Sequence[Cell], longest: float) -> Iterator[Cell]:
    """Yield the cells whose ten blocks would take too long even if a call were as fast as at a smaller batch."""
    for cell in missing:
        smaller = [
            one for one in known
            if one.is_timed and one.batch < cell.batch
            and replace(one, batch=cell.batch).key == cell.key
        ]  # fmt: skip
        slowest = max(smaller, key=lambda one: one.latency or 0, default=None)
        said = too_slow((slowest.latency or 0) / 1e3, longest) if slowest else ""
        if slowest and said:
            reason = f"{said}; at batch {slowest.batch} already"
            known_of_it = {"measures": _of_any_batch(slowest), "total_parameters": slowest.total_parameters}
            yield ended(cell, perf_counter(), state=cells.TOO_SLOW, reason=reason, **known_of_it)


def _of_any_batch(cell: Cell) -> dict[str, float]:
    """Return the measures that are the same at every batch size."""
    return {name: value for name, value in cell.measures.items() if not MEASURES[name].per_device}


def gone(error: GoneError, when: str) -> dict[str, str]:
    """Return state and reason of cells without an answer because their process ended."""
    return {"state": cells.NO_MEMORY if error.is_killed else cells.FAILED, "reason": error.said(when)}


def counted(cell: Cell, made: dict[str, Any]) -> Cell:
    """Return a cell with what is known of its network and artefact before the network runs."""
    counts, file = made["counts"], made["artefacts"][cell.path].get("file")
    known = {name: float(counts[name]) for name in COUNTED if name in counts}
    peak = counts.get("peaks", {}).get(str(cell.batch))
    return replace(
        cell,
        image=made["image"] or cell.image,
        measures=known | ({"file_size": file_size(Path(file))} if file else {}),
        total_parameters=counts.get("total_parameters"),
        activation_memory=None if peak is None else peak / 1e6,
    )


def told(cell: Cell, answer: dict[str, Any], without: str) -> dict[str, Any]:
    """Return what the timing process says of a cell; `without` is why it had no references at all."""
    if "measures" not in answer:
        return reason(answer)
    doubts = _doubts(answer, without)
    told = (
        "reference", "ratio", "rest", "follows", "calls", "drift", "load", "others", "steal", "clock", "temperature",
    )  # fmt: skip
    return {
        "state": cells.UNSTABLE if doubts else cells.STABLE,
        "reason": ", ".join(doubts),
        "measures": {**cell.measures, **answer["measures"]},
        "blocks": len(answer["blocks"]),
        "block_times": _listed(answer["blocks"]),
        "reference_times": _listed(answer["references"]),
        **{key: answer[key] for key in told},
    }


def _doubts(answer: dict[str, Any], without: str) -> list[str]:
    """Return why a latency may not be the network's own on this device."""
    low, high = interval(answer["measures"], "latency")
    wide = 50 * (high - low) / answer["measures"]["latency"]
    failed = without or "; ".join(f"{name}: {said}" for name, said in answer["without"].items())
    return (
        [f"known to {wide:.1f} % only"] * (not answer["is_stable"])
        + [f"other processes took {answer['others']:.0f} % of its processors"] * (answer["others"] > ALONE)
        + [f"timed without a reference ({failed})"] * (not answer["reference"])
    )


def reason(answer: dict[str, Any]) -> dict[str, str]:
    """Return state and reason of what a process could not do."""
    states = {"no_memory": cells.NO_MEMORY, "too_slow": cells.TOO_SLOW, "failed": cells.FAILED}
    (key,) = states.keys() & answer.keys()
    return {"state": states[key], "reason": answer[key]}


def _listed(times: Sequence[float]) -> str:
    return " ".join(f"{time:.4g}" for time in times)


def ended(cell: Cell, began: float, **known: Any) -> Cell:
    """Return a cell with what is `known` of it now, and how long that took since `began`, by time.perf_counter."""
    return replace(cell, seconds=perf_counter() - began, measured=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", **known)
