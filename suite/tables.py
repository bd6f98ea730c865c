"""Tables on stdout: aligned for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

FORMATS = ("table", "csv", "json")


def rendered(rows: Sequence[Mapping[str, Any]], format: str, columns: Sequence[str] = ()) -> str:
    """Return `rows` as text in one of FORMATS; `columns` are their keys, needed when there may be no row.

    A table shows numbers as people read them; CSV and JSON have them whole. What is unknown is empty, null in JSON.
    """
    names = list(columns or (rows[0] if rows else ()))
    if format == "json":
        return json.dumps([{name: row.get(name) for name in names} for row in rows], indent=2)
    if format == "csv":
        return _csv(names, rows)
    return _table(names, [[_shown(name, row.get(name)) for name in names] for row in rows], _numeric(names, rows))


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
