"""The measurements of one device: a CSV file with a row for each network, path, precision and batch.

Its first lines begin with `#` and say where it was measured. Columns are named as the measures. Tables of timm
(https://github.com/huggingface/pytorch-image-models/tree/main/results) are read too; `of_timm` writes their columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, get_args, get_type_hints

from suite.core import files, scale
from suite.core.errors import LONG, TableError
from suite.core.files import held
from suite.core.measures import ALIASES, MEASURES, costs, interval
from suite.core.paths import BESIDE
from suite.core.task import shape

STABLE, UNSTABLE, NO_MEMORY, TOO_SLOW, FAILED = STATES = ("stable", "unstable", "out of memory", "too slow", "failed")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One network on one path at one batch size. Unknown values are None, and empty in the file."""

    model: str  # its name in `suite list`, or its file
    path: str  # one of paths.PATHS
    precision: str  # float32, mixed_float16, mixed_bfloat16
    batch: int  # pictures in a call
    image: str  # 224x224x3
    classes: int | None = None
    digest: str = ""  # of the file of your own model
    given: str = ""  # sizes that --image gave to the file of a model
    state: str  # one of STATES
    reason: str = ""  # why it is not stable
    measures: Mapping[str, float] = field(default_factory=dict)  # costs, by the names of measures.MEASURES
    total_parameters: int | None = None  # with weights that are not trained
    activation_memory: float | None = None  # most memory alive at once for the batch, counted on the graph, MB
    reference: str = ""  # networks that it was timed in turns with: `small+large after 3 ms`, or `in a row`
    ratio: float | None = None  # its time over the geometric mean of theirs, at rest
    rest: float | None = None  # milliseconds that they take at rest: `latency` is `ratio` times this
    follows: float | None = None  # power of their time that its time follows; None: 1, as in earlier tables
    blocks: int | None = None
    calls: int | None = None
    block_times: str = ""  # median of each block, ms
    reference_times: str = ""  # median of the references in each block, ms
    drift: float | None = None  # percent between the fastest and slowest block of the references
    load: float | None = None  # mean number of runnable processes in the minute before, its own included
    others: float | None = None  # percent of its processors' time that other processes took
    steal: float | None = None  # percent of all processors' time that the hypervisor gave to other machines
    clock: float | None = None  # MHz
    temperature: float | None = None  # degrees Celsius
    left: int | None = None  # rounds of timing still to come; those of a command that was stopped never came
    seconds: float | None = None  # duration of the whole measurement
    measured: str = ""  # when it ended, UTC

    @property
    def key(self) -> tuple[Any, ...]:
        """The values that tell it from other cells of its file."""
        image = self.image if self.classes else ""  # a model's file sets its shape, known only once it is open
        return self.model, image, self.given, self.classes, self.path, self.precision, self.batch, self.digest

    @property
    def size(self) -> int:
        """Height of its pictures, pixels; 0 if only the model's file knows it."""
        image = shape(self.image)
        return image[0] if image else 0

    @property
    def latency(self) -> float | None:
        """Milliseconds of one call, which is one batch."""
        return self.measures.get("latency")

    @property
    def is_timed(self) -> bool:
        """Whether it has a latency, stable or not."""
        return "latency" in self.measures

    @property
    def rate(self) -> float | None:
        """Pictures per second, with one call after another; none for a latency of zero."""
        return 1000 * self.batch / self.latency if self.latency else None

    @property
    def said(self) -> str:
        """Its result in words."""
        if not self.is_timed:
            return f"{self.state} ({self.reason})"
        low, high = interval(self.measures, "latency")
        ends = f"{low:.4g} to {high:.4g}" if "latency_low" in self.measures else "no interval"
        unsure = "" if self.state == STABLE else f", {self.state}: {self.reason}"
        return f"{self.latency:.4g} ms ({ends}{unsure})"

    @property
    def summary(self) -> dict[str, Any]:
        """The columns that people look for first."""
        told = {"clock": self.clock, "temperature": self.temperature}
        return {
            "model": self.model, "image": self.image, "path": self.path, "batch": self.batch,
            "images_per_second": self.rate, **_known(self.measures), **{k: v for k, v in told.items() if v is not None},
            "state": self.state, "reason": self.reason,
        }  # fmt: skip

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Self:
        """Return the cell of a row of a file, without unknown columns. Raises ValueError for text that is no number."""
        told = {name: text for name, text in row.items() if text not in _UNKNOWN}
        own = _of_others(told) | told
        known = {name: _parsed(own[name], kinds) for name, kinds in _KINDS.items() if name in own}
        return cls(**known, measures=_measures(told))


def _of_others(row: Mapping[str, str]) -> dict[str, str]:
    """Return values that timm's tables and our earlier ones have under other names; timm's pictures are square."""
    known = {}
    if "infer_img_size" in row:
        known["image"] = f"{row['infer_img_size']}x{row['infer_img_size']}x3"
    if "infer_batch_size" in row:
        known["batch"] = row["infer_batch_size"]
    if "activation_bytes" in row:
        known["activation_memory"] = str(_number(row["activation_bytes"]) / 1e6)
    return known


def _known(measures: Mapping[str, float]) -> dict[str, float]:
    """Return measures sorted as in MEASURES, counts as whole numbers."""
    ordered = {name: measures[name] for name in MEASURES if name in measures}
    return {name: value if MEASURES[name].unit else int(value) for name, value in ordered.items()}


def _measures(row: Mapping[str, str]) -> dict[str, float]:
    """Return the costs in a row, under our columns or other tables'. Raises ValueError for text that is no number."""
    others = {name: _number(row[column]) * factor for column, (name, factor) in ALIASES.items() if column in row}
    own = {name: _number(row[name]) for name in _COSTS if name in row}
    return {name: value for name, value in (others | own).items() if name in _COSTS}


@dataclass(frozen=True, kw_only=True)
class Table:
    """The cells of one device."""

    surroundings: Mapping[str, str]  # device, threads, versions
    cells: tuple[Cell, ...]

    @property
    def device(self) -> str:
        """Name of the device."""
        return self.surroundings.get("device", "unknown device")


def read(file: Path) -> Table:
    """Return the table in `file`, ours or timm's. Raises TableError when it cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    head = [line for line in lines if line.startswith("#")]
    try:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    except csv.Error as error:
        raise TableError(f"{file}: is no CSV file ({error})") from error
    if not rows or "model" not in rows[0] or not {"batch", "infer_batch_size"} & rows[0].keys():
        raise TableError(f"{file}: not a table of measured networks: it needs rows, and columns `model` and `batch`")
    said = {key.strip(): value.strip() for key, _, value in (line[1:].partition(":") for line in head)}
    if "infer_step_time" in rows[0] and "path" not in rows[0]:
        precision = "float32" if "-fp32-" in file.name else "mixed_float16"
        said = {"device": _device(file), "source": "timm"} | said
        rows = [_from_timm(row, precision) for row in rows]
    cells = []
    for number, row in enumerate(rows, start=1):
        try:
            cells.append(Cell.of(row))
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            name = str(row.get("model"))[:LONG]
            raise TableError(f"{file}: row {number} ({name}) cannot be read: {str(error)[:LONG]}") from error
    return Table(surroundings=said, cells=tuple(on_one_scale(cells)))


def added(file: Path, surroundings: Mapping[str, str], cell: Cell) -> dict[tuple[Any, ...], Cell]:
    """Add a cell to the table in `file`, keep cells that others have added meanwhile, and return all by their keys.

    Raises TableError when it cannot be read or written.
    """
    with held(file.with_name(f".{file.name}.lock")):
        before = read(file).cells if file.exists() else ()
        known = {one.key: one for one in (*before, cell)}
        table = Table(surroundings=surroundings, cells=tuple(on_one_scale(known.values())))
        write(table, file)
    return {one.key: one for one in table.cells}


def on_one_scale(cells: Iterable[Cell]) -> list[Cell]:
    """Return cells of one device with their latencies scaled to the latest rest time of each reference.

    Each measurement improves the estimate of a reference's time at rest.
    """
    kept = list(cells)
    rests = scale.latest((_references(cell), cell.measured or "", cell.rest) for cell in kept if cell.rest)
    return [_scaled(cell, rests[_references(cell)]) if cell.rest else cell for cell in kept]


def _references(cell: Cell) -> tuple[str, str]:
    """Return the key that tells the references of cells of one device apart."""
    return BESIDE.get(cell.path, cell.path), cell.reference


def _scaled(cell: Cell, to: float) -> Cell:
    factor = scale.factor(cell.rest or to, to, cell.follows)
    if factor == 1 or not cell.is_timed:
        return cell
    times = {name: factor * value for name, value in cell.measures.items() if MEASURES[name].at_rest}
    ratio = cell.ratio and factor * (cell.rest or to) / to * cell.ratio
    return replace(cell, rest=to, ratio=ratio, measures={**cell.measures, **times})


def of_timm(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Return cells as rows of timm's tables, in its columns and units, so that they can be joined with timm's."""
    return [
        {
            "model": cell.model,
            "infer_img_size": cell.size,
            "infer_batch_size": cell.batch,
            "infer_samples_per_sec": cell.rate,
            **{m.timm[0]: _divided(cell.measures.get(m.name), m.timm[1]) for m in costs() if m.timm},
        }
        for cell in cells
    ]


def _divided(value: float | None, factor: float) -> float | None:
    return None if value is None else value / factor


def write(table: Table, file: Path) -> None:
    """Write `table` to `file`, whole or not at all. Raises TableError when it cannot be written."""
    text = io.StringIO()
    text.writelines(f"# {key}: {value}\n" for key, value in table.surroundings.items())
    written = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    written.writeheader()
    written.writerows({name: _spelled(value) for name, value in row(cell).items()} for cell in table.cells)
    try:
        files.write(file, text.getvalue())
    except OSError as error:
        raise TableError(f"{file}: cannot be written ({error.strerror}). Name another file with -o.") from error


def row(cell: Cell) -> dict[str, Any]:
    """Return a cell under the COLUMNS of its file; unknown values are None."""
    measures = _known(cell.measures)
    return {name: measures.get(name) if name in _COSTS else getattr(cell, name) for name in COLUMNS}


def slug(words: Iterable[str]) -> str:
    """Return words in the form of a file name: `amd-epyc-7b13-2-cores`."""
    return re.sub(r"[^a-z0-9.]+", "-", " ".join(words).lower()).strip("-")


def _device(file: Path) -> str:
    """Return the device in the name of timm's file: all after the prefix."""
    return file.stem.removeprefix("benchmark-infer-")


def _from_timm(row: Mapping[str, str], precision: str) -> dict[str, str]:
    """Return a row of timm's as one of ours: its step is one batch in PyTorch."""
    return dict(row) | {"path": "pytorch", "precision": precision, "state": STABLE}


def _parsed(text: str, kinds: tuple[type, ...]) -> Any:
    if str in kinds:
        return text
    value = _number(text)  # which is never too large to compute with
    return int(text) if int in kinds else value


def is_plausible(value: float) -> bool:
    """Whether somebody can have measured a value. Others fit on no figure, and to compute with them overflows."""
    return value == 0 or 1 / _LARGEST < abs(value) < _LARGEST


def _number(text: str) -> float:
    """Return the number in a cell. Raises ValueError for any other text, and for what nobody can measure."""
    value = float(text)
    if not is_plausible(value):
        raise ValueError(f"'{text}' is no number")
    return value


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


_LARGEST = 1e100
_UNKNOWN = ("", "not available")  # the second is from earlier versions: the device does not report it
_KINDS = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Cell).items() if name != "measures"}
_COSTS = tuple(name for name, measure in MEASURES.items() if measure.is_cost)
_TELLING = ("model", "path", "precision", "batch", "image", "classes", "digest", "state", "reason")
COLUMNS = (*_TELLING, *_COSTS, *(name for name in _KINDS if name not in _TELLING))
