"""A table of captions beside pictures (`captions.csv`, `metadata.jsonl`): which texts belong to which file.

The texts are in a column that is called so, or in the only column besides the files. A file may have several rows.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite.core.errors import DatasetError
from suite.core.numbered import numbered
from suite.datasets import tabular
from suite.datasets.naming import named
from suite.pictures.viewing import ENDINGS


@dataclass(frozen=True, kw_only=True)
class Captions:
    """What a table tells of the pictures in its folder."""

    texts: Mapping[Path, Sequence[str]]  # of each file, without copies
    problems: Sequence[str]  # a line for each thing that is in the way
    notes: Sequence[str]  # what was left out, a line for each reason


def read(table: Path) -> Captions:
    """Return the texts of a table, and all that is wrong with it. Raises DatasetError if it tells no texts at all."""
    if not table.is_file():
        near = f" Tables there: {named(tables)}" if (tables := _tables(table.parent)) else ""
        raise DatasetError(f"{named([table])}: no such table of files and texts.{near}")
    files = sorted(_pictures(table.parent))
    pictures = tabular.Pictures(table.parent, files)
    rows = list(tabular.rows(table, pictures))
    key = tabular.column_of_files(rows, pictures)
    if key is None:
        raise DatasetError(
            f"{named([table])}: no column names pictures of its folder: paths are from {named([table.parent])} on"
        )
    return _told(table, rows, key, _column_of_texts(table, rows, key), pictures, len(files))


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if tabular.is_table(path))


def _pictures(folder: Path) -> Iterator[Path]:
    """Yield the pictures in a folder and below it, by their names; hidden ones are left out."""
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in files if name[0] != "." and Path(name).suffix.lower() in ENDINGS)


def _column_of_texts(table: Path, rows: Sequence[tabular.Row], key: str) -> str:
    others = [name for name in rows[0] if name != key]
    known = [name for wanted in tabular.TEXTS for name in others if tabular.letters(name) == wanted]
    if known or len(others) == 1:
        return (known or others)[0]
    if not others:
        raise DatasetError(f"{named([table])}: names files, but no texts: add a column 'caption'")
    raise DatasetError(f"{named([table])}: which column has the texts: {', '.join(others)}? Call it 'caption'")


def _told(
    table: Path, rows: Sequence[tabular.Row], key: str, column: str, pictures: tabular.Pictures, count: int
) -> Captions:
    texts: dict[Path, dict[str, None]] = defaultdict(dict)
    lost, silent, copies = [], [], 0
    for row in rows:
        file, text = pictures.find(row.get(key, "")), " ".join(row.get(column, "").split())
        if file is None:
            lost.append(row.get(key, ""))
        elif text.lower() in tabular.MISSING:
            silent.append(row.get(key, ""))
        elif text in texts[file]:
            copies += 1
        else:
            texts[file][text] = None
    problems = tabular.lost(lost, len(rows))
    if silent:
        problems.append(f"{len(silent):,} of {numbered(len(rows), 'row')} without text, such as that of '{silent[0]}'")
    notes = [f"{numbered(copies, 'row says', 'rows say')} the same of the same file again: left out"] if copies else []
    told = {file: list(said) for file, said in texts.items() if said}
    if untold := count - len(told):
        notes.append(f"{numbered(untold, 'picture')} without text: left out")
    name = named([table])
    return Captions(texts=told, problems=[f"{name}: {one}" for one in problems], notes=[f"{name}: {n}" for n in notes])
