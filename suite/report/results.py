"""A table of results from any tool, in place of a run: a CSV file with a row for each candidate.

Its first column names the candidate. Columns are named as the measures (`suite list measures`): `accuracy`, `latency`,
`parameters` and so on, and `latency_low` and `latency_high` for the ends of the interval of `latency`. Columns of
timm's results and of `suite measure` are known too (ALIASES). Every other column is a setting of the candidate.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

from suite.core.cells import COLUMNS, is_plausible
from suite.core.domains import Value
from suite.core.errors import LONG, TableError
from suite.core.measures import ALIASES, MEASURES, costs
from suite.core.study import Constraint, Objective
from suite.core.trial import State, Trial

Row = Mapping[str, str]

TELLING = (
    "path",
    "precision",
    "image",
    "infer_img_size",
    "img_size",
    "batch",
    "infer_batch_size",
)  # columns that tell rows of one name apart
PLACE = ("device", "threads")  # where a latency was measured: from the head of a table, or a column
HOW = {  # how it was measured: column -> key of the surroundings
    "path": "latency_path",
    "batch": "latency_batch",
    "infer_batch_size": "latency_batch",
    "precision": "latency_precision",
    "onednn": "latency_onednn",
}
ABOUT = (
    "run", "family", "number", "state", "rank", "on_front", "continues", "until", "reason", "seconds", "fits",
    "wilson_low", "wilson_high", "group", "front_share",
)  # fmt: skip
MEASURED = frozenset(COLUMNS) - set(TELLING)  # columns of `suite measure` that are no settings
DROPPED = ("top1_err", "top5_err")  # columns of timm that repeat its other columns
UNKNOWN = ("", "nan", "na", "n/a", "none", "null", "-")
CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")  # characters that XML does not have, nor SVG
SHOWN = 5  # most faults that one message names


@dataclass(frozen=True, kw_only=True)
class Results:
    """A table with its candidates, as a run has its trials."""

    file: Path
    labels: tuple[str, ...]  # a name for each candidate, unique
    trials: tuple[Trial, ...]
    families: tuple[str, ...] = ()  # of each candidate; empty: not known
    notes: tuple[str, ...] = ()  # how the table was read, for people

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return self.file.stem

    @property
    def folder(self) -> Path:
        """The folder of its file: it tells two tables of one name apart."""
        return self.file.resolve().parent

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """None: a table has no limits of its own."""
        return ()

    @property
    def candidates(self) -> list[Trial]:
        """The rows that may stand on a front."""
        return [trial for trial in self.trials if trial.state == "complete"]

    @cached_property
    def measured(self) -> list[str]:
        """The measures that some row has, sorted as in MEASURES."""
        known = {name for trial in self.trials for name in trial.measures}
        return [name for name in MEASURES if name in known]

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives if none are asked for: accuracy and latency, or else the first cost."""
        quality = [name for name in self.measured if not MEASURES[name].is_cost and not MEASURES[name].per_device][:1]
        cheap = [cost.name for cost in costs() if cost.name in self.measured]
        return tuple(objective(name) for name in list(dict.fromkeys([*quality, *cheap, *self.measured]))[:2])


def is_table(name: str) -> bool:
    """Whether a word on the command line names the file of a table."""
    return Path(name).suffix.lower() in (".csv", ".tsv") or os.path.isfile(name)


def objective(name: str) -> Objective:
    """Return a measure as an objective, in its better direction."""
    return Objective(measure=name, goal=MEASURES[name].goal)


def read(file: Path) -> Results:
    """Return the table in `file`: CSV with commas, semicolons or tabs. Raises TableError, which lists the faults."""
    head, columns, rows = _parsed(file)
    held = _measures(columns)
    if not rows or not held:
        known = ", ".join(name for name, measure in MEASURES.items() if not measure.part_of)
        raise TableError(
            f"{file}: {'no rows' if held else 'no column is a measure'}. Name the candidates in the first column, and "
            f"give columns named as measures: {known}."
        )
    faults: list[str] = []
    measures = [_numbers(number, row, held, faults) for number, row in enumerate(rows, start=1)]
    if faults:
        more = f", and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise TableError(f"{file}: {'; '.join(faults[:SHOWN])}{more}.")
    if not any(measures):
        raise TableError(f"{file}: no row has a number for any of {', '.join(held)}.")
    notes = _in_percent(measures)
    trials = [
        Trial(
            number=number, state=_state(row), configuration=_settings(row, columns, held), measures=known,
            reason=row.get("reason", ""), surroundings=_surroundings(head, row),
        )
        for number, (row, known) in enumerate(zip(rows, measures, strict=True))
    ]  # fmt: skip
    return Results(file=file, labels=_labels(columns, rows), trials=tuple(trials), notes=tuple(notes))


def require(table: Results, objectives: Sequence[Objective]) -> None:
    """Raise TableError when a table has no value of one of `objectives`."""
    for wanted in objectives:
        if wanted.measure not in table.measured:
            there = ", ".join(table.measured)
            raise TableError(f"{table.file}: no column `{wanted.measure}`. It has {there}. Name two with --objective.")


def _parsed(file: Path) -> tuple[dict[str, str], list[str], list[dict[str, str]]]:
    """Return the comments at the head (`# device: ...`), the columns, and the rows as text."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise TableError(f"{file}: line {line} has the character {found[0]!r}, which no page can show. Remove it.")
    lines = list(io.StringIO(text, newline=""))  # with their ends: a cell in quotes may hold line ends
    comments = [line[1:].partition(":") for line in lines if line.startswith("#")]
    body = [line for line in lines if not line.startswith("#") and line.strip()]
    if not body:
        raise TableError(f"{file}: is empty. Give a row of column names and a row for each candidate.")
    delimiter = max(",\t;", key=body[0].count)
    try:
        columns, *rows = csv.reader(body, delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise TableError(f"{file}: is no CSV file ({error}).") from error
    columns = [column.strip() for column in columns]
    _require_shape(file, columns, rows)
    named = [dict(zip(columns, map(str.strip, row), strict=True)) for row in rows]
    return {key.strip(): value.strip() for key, _, value in comments}, columns, named


def _require_shape(file: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise TableError(f"{file}: two columns are named `{twice[0]}`. Rename one.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise TableError(f"{file}: row {number} has {len(row)} cells, the head has {len(columns)}.")


def _measures(columns: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Map each column after the first with a measure, or an end of its interval, to that measure and a factor."""
    ends = [f"{name}_{end}" for name in MEASURES for end in ("low", "high")]
    own = {column: (column, 1.0) for column in columns[1:] if column in MEASURES or column in ends}
    taken = {measure for measure, _ in own.values()}
    others = {column: ALIASES[column] for column in columns[1:] if column in ALIASES}
    return own | {column: alias for column, alias in others.items() if alias[0] not in taken}


def _numbers(number: int, row: Row, held: Mapping[str, tuple[str, float]], faults: list[str]) -> dict[str, float]:
    """Return the measures of a row; add what is wrong with it to `faults`."""
    known = {}
    for column, (measure, factor) in held.items():
        if row[column].lower() in UNKNOWN:
            continue
        value = _number(row[column])
        if math.isfinite(value):
            known[measure] = value * factor
        else:
            faults.append(f"row {number}: {column} is {row[column][:LONG]!r}, not a number")
    faults.extend(f"row {number}: {said}" for said in _turned(known))
    return known


def _number(text: str) -> float:
    """Return the number in a cell, with or without commas between thousands; infinity if a figure cannot show it."""
    plain = text.replace(",", "") if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?", text) else text
    try:
        value = float(plain)
    except ValueError:
        return math.inf
    return value if is_plausible(value) else math.inf


def _turned(known: Mapping[str, float]) -> Iterator[str]:
    """Yield the measures whose value is outside their interval."""
    for measure in known.keys() & MEASURES.keys():
        low, high = known.get(f"{measure}_low", -math.inf), known.get(f"{measure}_high", math.inf)
        if not low <= known[measure] <= high:
            yield f"{measure} {known[measure]:g} is not between its ends {low:g} and {high:g}"


def _in_percent(measures: Sequence[dict[str, float]]) -> list[str]:
    """Convert accuracies that are shares of 1 to percent; return a note for each measure converted."""
    notes = []
    for name in (name for name, measure in MEASURES.items() if measure.unit == "%"):
        keys = (name, f"{name}_low", f"{name}_high")
        values = [known[key] for known in measures for key in keys if key in known]
        if values and max(values) <= 1 and max(values) > 0:
            notes.append(f"{name} is read as a share of 1, because no value is above 1")
            for known in measures:
                known.update({key: 100 * known[key] for key in keys if key in known})
    return notes


def _state(row: Row) -> State:
    """Return the state of a row, `complete` if its table has no states of trials."""
    said = row.get("state", "")
    return next((state for state in get_args(State) if state == said), "complete")


def _settings(row: Row, columns: Sequence[str], held: Mapping[str, tuple[str, float]]) -> dict[str, Value]:
    """Return the cells that are neither name nor measure, named as the settings of a study."""
    other = (*ABOUT, *DROPPED, *PLACE, "onednn", *held, columns[0], *MEASURED, "name")
    kept = [column for column in columns if column not in other and column not in ALIASES and row[column]]
    return {column if "." in column else f"table.{column}": _setting(row[column]) for column in kept}


def _setting(text: str) -> Value:
    """Return a cell as a number if it is one, else as text."""
    value = _number(text)
    if not math.isfinite(value):
        return text
    return int(value) if value == int(value) and "." not in text else value


def _surroundings(head: Mapping[str, str], row: Row) -> dict[str, str]:
    """Return where and how a row was measured, as far as the table says."""
    known = {key: row.get(key) or head.get(key, "") for key in PLACE}
    known |= {key: row.get(column) or head.get(column, "") for column, key in HOW.items()}
    return {key: value for key, value in known.items() if value}


def _labels(columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return a unique name for each row: its first cell, and what tells it from rows with the same first cell.

    A first column of devices is skipped.
    """
    first = next((column for column in columns if column not in PLACE), columns[0])
    if first == "run" and "number" in columns:  # a table of trials of our own
        labels = [f"{row['run']}/{row['number']}" for row in rows]
    else:
        labels = [row[first] for row in rows]
    for column in (name for name in TELLING if name in columns):
        labels = told_apart(labels, [row[column] for row in rows])
    return tuple(told_apart(labels, [f"row {number}" for number in range(1, len(rows) + 1)]))


def told_apart(labels: Sequence[str], said: Sequence[str]) -> list[str]:
    """Return `labels`; equal labels with different words in `said` get their word appended."""
    kinds: dict[str, set[str]] = {}
    for label, word in zip(labels, said, strict=True):
        kinds.setdefault(label, set()).add(word)
    return [f"{label} {word}" if len(kinds[label]) > 1 else label for label, word in zip(labels, said, strict=True)]
