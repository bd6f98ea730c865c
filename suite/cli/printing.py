"""Tables on stdout: aligned for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.core.errors import SuiteError, did_you_mean

FORMATS = ("table", "csv", "json")
LEAST = 20  # characters that a column of words keeps, however narrow the terminal


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Where a table is read by a person, and how it gives way there."""

    width: int  # characters
    spare: Sequence[str] = ()  # columns to do without where not all have room, the first one first
    below: str = ""  # the column whose words stand below the row, in lines of their own; others are cut
    apart: str = ""  # the column at whose changes a line is left empty


def rendered(
    rows: Sequence[Mapping[str, Any]], format: str, columns: Sequence[str] = (), terminal: Terminal | None = None
) -> str:
    """Return `rows` as text in one of FORMATS; `columns` are their keys, needed when there may be no row.

    Raises SuiteError for another format.

    A table shows numbers as people read them; CSV and JSON have them whole. What is unknown is empty, null in JSON.
    Only on a `terminal` a table is made to fit, and says which columns it leaves out.
    """
    if format not in FORMATS:
        raise SuiteError(f"no format '{format}'.{did_you_mean(format, FORMATS)}")
    names = list(columns or (rows[0] if rows else ()))
    if format == "json":
        return json.dumps([{name: row.get(name) for name in names} for row in rows], indent=2)
    if format == "csv":
        return _csv(names, rows)
    if terminal:
        return _fitted(names, rows, terminal)
    return _table(names, _cells(names, rows), _numeric(names, rows))


def _csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _table(names: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(names, *cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        aligned = [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True)]
        return "  ".join(aligned).rstrip()

    return "\n".join([line(names), line(["─" * width for width in widths]), *map(line, cells)])


def _fitted(names: Sequence[str], rows: Sequence[Mapping[str, Any]], terminal: Terminal) -> str:
    """Return a table that is no wider than `terminal`, as far as `spare` and the columns of words allow."""
    kept = [name for name in names if name != terminal.below]
    spare = list(terminal.spare)
    while sum(_widths(kept, rows, terminal.width)) + 2 * len(kept) - 2 > terminal.width and spare:
        kept.remove(spare.pop(0))
    widths = _widths(kept, rows, terminal.width)
    cells = [list(map(_cut, row, widths)) for row in _cells(kept, rows)]
    head, rule, *lines = _table(kept, cells, _numeric(kept, rows)).split("\n")
    shown, before = [head, rule], rows[0].get(terminal.apart) if rows else None
    for row, line in zip(rows, lines, strict=True):
        shown += [""] * (row.get(terminal.apart) != before) + [line]
        shown += [f"    {words}" for words in textwrap.wrap(row.get(terminal.below) or "", terminal.width - 4)]
        before = row.get(terminal.apart)
    left_out = ", ".join(name for name in names if name not in (*kept, terminal.below))
    return "\n".join(
        shown + ["", f"No room for {left_out}: widen the terminal, or take --format csv."] * bool(left_out)
    )


def _widths(names: Sequence[str], rows: Sequence[Mapping[str, Any]], width: int) -> list[int]:
    """Return how wide each column may be: the widest of words but the first gives way, down to LEAST."""
    widths = [max(map(len, column)) for column in zip(names, *_cells(names, rows), strict=True)]
    words = [number for number, numeric in enumerate(_numeric(names, rows)) if number and not numeric]
    while words and sum(widths) + 2 * len(widths) - 2 > width:
        widest = max(words, key=widths.__getitem__)
        if widths[widest] <= LEAST:
            break
        widths[widest] -= 1
    return widths


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - 1] + "…"


def _cells(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [[_shown(name, row.get(name)) for name in names] for row in rows]


def _numeric(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[bool]:
    return [all(isinstance(row.get(name), (int, float, type(None))) for row in rows) for name in names]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "year" or isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.4g}"
