"""The table of what was measured on one device: a CSV file with a row for each network, path, precision and batch.

Its first lines, each after a `#`, say where it was measured. Columns that timm's tables have are named as there
(https://github.com/huggingface/pytorch-image-models/tree/main/results), so that the two can be joined.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self, get_args, get_type_hints

from suite.core import files, scale
from suite.core.errors import TableError
from suite.core.files import held
from suite.core.paths import BESIDE

STABLE, UNSTABLE, NO_MEMORY, TOO_SLOW, FAILED = STATES = ("stable", "unstable", "out of memory", "too slow", "failed")
AT_REST = (
    "infer_step_time",
    "step_time_low",
    "step_time_high",
    "step_time_p90",
    "step_time_p99",
)  # multiples of `rest`
UNKNOWN = "not available"  # what the device does not report


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One network on one path at one batch size. What was not measured is None, and an empty cell of the file."""

    model: str  # as `suite list` names it, or its file
    infer_img_size: int  # height, pixels
    infer_samples_per_sec: float | None = None  # pictures in a second of calls one after the other
    infer_step_time: float | None = None  # milliseconds of one call, which is one batch, to compare by
    infer_batch_size: int
    param_count: float | None = None  # million trainable weights
    infer_gmacs: float | None = None  # 1e9 multiply-adds for one picture
    infer_macts: float | None = None  # million outputs of convolutions, dense layers and attention products
    path: str  # one of paths.PATHS
    precision: str  # float32, mixed_float16, mixed_bfloat16
    image: str  # 224x224x3
    classes: int | None = None
    state: str  # one of STATES
    reason: str = ""  # why it is not stable
    step_time_low: float | None = None  # 95 % interval of it, ms
    step_time_high: float | None = None
    step_time_raw: float | None = None  # median of the calls as they were, however busy the machine, ms
    reference: str = ""  # networks that it was timed in turns with, `small+large`
    ratio: float | None = None  # times as long as they took, as their geometric mean
    rest: float | None = None  # milliseconds that they take at rest: `infer_step_time` is `ratio` times this
    step_time_p90: float | None = None  # of the calls, on the same scale; where there were enough
    step_time_p99: float | None = None
    cold_start: float | None = None  # seconds from the artefact on disk to its first answer
    blocks: int | None = None
    calls: int | None = None
    block_times: str = ""  # median of each block, ms
    reference_times: str = ""  # that of the references in each block, ms
    drift: float | None = None  # percent: slowest against fastest block of the references
    parameters: int | None = None  # trainable
    total_parameters: int | None = None
    macs: int | None = None
    activations: int | None = None
    activation_bytes: int | None = None  # most that is alive at once for the batch, as counted on the graph
    model_bytes: int | None = None  # of the artefact on disk
    memory_bytes: int | None = None  # that the process took for it at most, of a GPU's memory where it ran on one
    energy: str = UNKNOWN  # joules for a picture
    load: float | None = None  # mean of processes that wanted to run in the minute before, others' and its own
    others: float | None = None  # percent of its processors' time that other processes took meanwhile
    steal: float | None = None  # percent of all processors' time that the hypervisor gave to other machines meanwhile
    clock: str = UNKNOWN  # MHz
    temperature: str = UNKNOWN  # degrees Celsius
    seconds: float | None = None  # that all of it took
    measured: str = ""  # when it ended, UTC
    digest: str = ""  # of the file of a model of one's own

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from other cells of its file."""
        return self.model, self.image, self.classes, self.path, self.precision, self.infer_batch_size, self.digest

    @property
    def is_timed(self) -> bool:
        """Whether it has a latency, sure or not."""
        return self.infer_step_time is not None

    @property
    def said(self) -> str:
        """What came of it, in words."""
        if self.infer_step_time is None:
            return f"{self.state} ({self.reason})"
        interval = f"{self.step_time_low:.4g} to {self.step_time_high:.4g}" if self.step_time_low else "no interval"
        unsure = "" if self.state == STABLE else f", {self.state}: {self.reason}"
        return f"{self.infer_step_time:.4g} ms ({interval}{unsure})"

    @property
    def summary(self) -> dict[str, Any]:
        """The columns that people look for first; milliseconds of one call, memory in MB."""
        memory = self.memory_bytes and round(self.memory_bytes / 1e6)
        return {
            "model": self.model, "image": self.image, "path": self.path, "batch": self.infer_batch_size,
            "latency": self.infer_step_time, "low": self.step_time_low, "high": self.step_time_high,
            "raw": self.step_time_raw, "p90": self.step_time_p90,
            "images_per_sec": self.infer_samples_per_sec, "parameters": self.parameters,
            "macs": self.macs, "memory_mb": memory, **self._sensed, "state": self.state, "reason": self.reason,
        }  # fmt: skip

    @property
    def _sensed(self) -> dict[str, str]:
        """What the device reports of itself: energy, clock and temperature, as far as it does."""
        said = {"joules": self.energy, "mhz": self.clock, "celsius": self.temperature}
        return {name: value for name, value in said.items() if value != UNKNOWN}

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Self:
        """Return the cell of a row of a file; columns that we do not know are left out. Raises ValueError."""
        return cls(**{name: _parsed(row[name], kinds) for name, kinds in _KINDS.items() if row.get(name)})


@dataclass(frozen=True, kw_only=True)
class Table:
    """The cells of one device."""

    surroundings: Mapping[str, str]  # device, threads, versions
    cells: tuple[Cell, ...]

    @property
    def device(self) -> str:
        """What it was measured on."""
        return self.surroundings.get("device", "unknown device")


def read(file: Path) -> Table:
    """Return the table in `file`, of ours or of timm's. Raises TableError."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    head = [line for line in lines if line.startswith("#")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    lacking = [column for column in ("model", "infer_batch_size") if not rows or column not in rows[0]]
    if lacking:
        raise TableError(f"{file}: not a table of measured networks: it has no rows, or no column `{lacking[0]}`")
    said = {key.strip(): value.strip() for key, _, value in (line[1:].partition(":") for line in head)}
    if "infer_step_time" in rows[0] and "path" not in rows[0]:
        precision = "float32" if "-fp32-" in file.name else "mixed_float16"
        said = {"device": _device(file), "source": "timm"} | said
        rows = [_from_timm(row, precision) for row in rows]
    cells = []
    for number, row in enumerate(rows, start=1):
        try:
            cells.append(Cell.of(row))
        except (TypeError, ValueError) as error:
            raise TableError(f"{file}: row {number} ({row.get('model')}) cannot be read: {error}") from error
    return Table(surroundings=said, cells=tuple(on_one_scale(cells)))


def added(file: Path, surroundings: Mapping[str, str], cell: Cell) -> dict[tuple[Any, ...], Cell]:
    """Add a cell to the table in `file`, beside those that others have added meanwhile; return all, by their keys.

    Raises TableError when it cannot be read or written.
    """
    with held(file.with_name(f".{file.name}.lock")):
        before = read(file).cells if file.exists() else ()
        known = {one.key: one for one in (*before, cell)}
        table = Table(surroundings=surroundings, cells=tuple(on_one_scale(known.values())))
        write(table, file)
    return {one.key: one for one in table.cells}


def on_one_scale(cells: Iterable[Cell]) -> list[Cell]:
    """Return cells of one device with their latencies as multiples of one and the same rest of each reference.

    What references take at rest is known better from one measurement to the next.
    """
    kept = list(cells)
    rests = scale.latest((_references(cell), cell.measured, cell.rest) for cell in kept if cell.rest)
    return [_scaled(cell, rests[_references(cell)]) if cell.rest else cell for cell in kept]


def _references(cell: Cell) -> tuple[str, str]:
    """Return what tells the references of one cell from those of another of the same device."""
    return BESIDE.get(cell.path, cell.path), cell.reference


def _scaled(cell: Cell, to: float) -> Cell:
    factor = to / (cell.rest or to)
    if factor == 1 or not cell.infer_step_time:
        return cell
    times = {name: factor * value for name in AT_REST if (value := getattr(cell, name)) is not None}
    rate = cell.infer_samples_per_sec and cell.infer_samples_per_sec / factor
    return replace(cell, rest=to, infer_samples_per_sec=rate, **times)


def write(table: Table, file: Path) -> None:
    """Write `table` so that a half-written one never has the name. Raises TableError."""
    text = io.StringIO()
    text.writelines(f"# {key}: {value}\n" for key, value in table.surroundings.items())
    written = csv.DictWriter(text, list(_KINDS), lineterminator="\n")
    written.writeheader()
    written.writerows({name: _spelled(getattr(cell, name)) for name in _KINDS} for cell in table.cells)
    try:
        files.write(file, text.getvalue())
    except OSError as error:
        raise TableError(f"{file}: cannot be written ({error.strerror}). Name another place with -o.") from error


def slug(words: Iterable[str]) -> str:
    """Return words as the name of a file has them: `amd-epyc-7b13-2-cores`."""
    return re.sub(r"[^a-z0-9.]+", "-", " ".join(words).lower()).strip("-")


def _device(file: Path) -> str:
    """Return what a file of timm says of its device: all that is behind the layout in its name."""
    return file.stem.removeprefix("benchmark-infer-")


def _from_timm(row: Mapping[str, str], precision: str) -> dict[str, str]:
    """Return a row of timm's as one of ours: its size is that of a square picture, its step one batch in PyTorch."""
    size = row["infer_img_size"]
    return dict(row) | {"path": "pytorch", "precision": precision, "image": f"{size}x{size}x3", "state": STABLE}


def _parsed(text: str, kinds: tuple[type, ...]) -> Any:
    if str in kinds:
        return text
    return int(text) if int in kinds else float(text)


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


_KINDS = {
    field.name: get_args(hint) or (hint,)
    for field, hint in ((field, get_type_hints(Cell)[field.name]) for field in fields(Cell))
}
