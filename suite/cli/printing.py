"""Tables on stdout: aligned for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from suite.cli.speaking import say
from suite.core.errors import SuiteError, did_you_mean

FORMATS = ("table", "csv", "json")
LEAST = 16  # fewest characters of a column of words, even on a narrow terminal
NARROW = 9  # the same where no column is left to leave out: then words are cut
WIDEST = 100_000  # characters: no table is wider
RULE = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")  # a rule below the head only


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The terminal that shows a table, and how the table fits in it."""

    width: int  # characters
    spare: Sequence[str] = ()  # columns to leave out if there is no room, first one first
    apart: str = ""  # a change in this column leaves an empty line


def show(
    rows: Sequence[Mapping[str, Any]], format: str, columns: Sequence[str] = (), *, spare: Sequence[str] = (),
    apart: str = "",
) -> None:  # fmt: skip
    """Print `rows` on stdout as `rendered` returns them. On a terminal a table fits its width, see `Terminal`."""
    width = shutil.get_terminal_size().columns
    terminal = Terminal(width=width, spare=spare, apart=apart) if sys.stdout.isatty() else None
    say(rendered(rows, format, columns, terminal))


def rendered(
    rows: Sequence[Mapping[str, Any]], format: str, columns: Sequence[str] = (), terminal: Terminal | None = None
) -> str:
    """Return `rows` as text in one of FORMATS; `columns` are their keys, needed if there may be no row.

    A table shows rounded numbers; CSV and JSON have all digits. Unknown values are empty, null in JSON. Only for a
    `terminal` a table is made to fit, and says which columns it leaves out. Raises SuiteError for another format.
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
    return _table(names, rows)


def _csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _table(names: Sequence[str], rows: Sequence[Mapping[str, Any]], terminal: Terminal | None = None) -> str:
    """Return a table for people: as wide as needed, or on a terminal with words that wrap."""
    table = Table(box=RULE, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    least = _least(names, rows)
    if terminal and _across(least) > terminal.width:
        least = _least(names, rows, cut=True)
    for name, numeric, width in zip(names, _numeric(names, rows), least, strict=True):
        firm = numeric or name == names[0]
        table.add_column(name, justify="right" if numeric else "left", min_width=width, overflow="fold", no_wrap=firm)
    before = rows[0].get(terminal.apart) if rows and terminal else None
    for row, cells in zip(rows, _cells(names, rows), strict=True):
        if terminal and row.get(terminal.apart) != before:
            table.add_section()
            before = row.get(terminal.apart)
        table.add_row(*map(Text, cells))
    console = Console(
        file=io.StringIO(),  # which holds any character; what a terminal cannot show is another matter
        width=max(terminal.width, _across(least)) if terminal else WIDEST,
        color_system=None,
        legacy_windows=False,
    )
    with console.capture() as shown:
        console.print(table)
    return "\n".join(line.rstrip() for line in shown.get().rstrip("\n").split("\n"))


def _fitted(names: Sequence[str], rows: Sequence[Mapping[str, Any]], terminal: Terminal) -> str:
    """Return a table that is no wider than `terminal`, as far as `spare` allows. No number is ever cut."""
    kept, spare = list(names), [name for name in dict.fromkeys(terminal.spare) if name in names]
    while _across(_least(kept, rows)) > terminal.width and spare:
        kept.remove(spare.pop(0))
    left_out = ", ".join(name for name in names if name not in kept)
    said = ["", f"No room for {left_out}: widen the terminal, or take --format csv."] if left_out else []
    return "\n".join([_table(kept, rows, terminal), *said])


def _across(widths: Sequence[int]) -> int:
    """Return how wide a table is: its columns, and two spaces between them."""
    return sum(widths) + 2 * len(widths) - 2


def _least(names: Sequence[str], rows: Sequence[Mapping[str, Any]], cut: bool = False) -> list[int]:
    """Return the least width of each column. All but the first wrap between words; `cut` cuts words."""
    columns = list(zip(names, *_cells(names, rows), strict=True))
    wraps = [number and not numeric for number, numeric in enumerate(_numeric(names, rows))]
    return [_wrapped(column, cut) if may else _widest(column) for column, may in zip(columns, wraps, strict=True)]


def _wrapped(column: Sequence[str], cut: bool) -> int:
    words = [word for cell in column for word in cell.split()]
    return min(_widest(column), NARROW if cut else max(LEAST, _widest(words)))


def _widest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts))


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
