"""Tables beside pictures (`labels.csv`, `captions.csv`, `metadata.jsonl`): their rows, and which file a row names.

Which column names the files is found by trying which values are files.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from suite.core.numbered import numbered

ENDINGS = frozenset({".csv", ".tsv", ".jsonl"})
TEXTS = (  # headings of a column of captions, the likeliest first; other signs than letters do not count
    "caption", "captions", "text", "texts", "sentence", "sentences", "description", "comment", "title",
    "alttext", "alt",
)  # fmt: skip
MISSING = frozenset({"", "nan", "none", "null", "na", "n/a", "?"})  # values that stand for none
SAMPLE = 50  # rows by which the column of files is found

Row = Mapping[str, str]


class Pictures:
    """The pictures that a table may name: by their path within a folder, by name, and by name without ending."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._paths = {file.relative_to(folder).as_posix(): file for file in files if file.is_relative_to(folder)}
        self._names = _unique((file.name, file) for file in files)
        self._stems = _unique((file.stem, file) for file in files)

    def find(self, value: str) -> Path | None:
        """Return the picture that a value names, whatever machine the table is from; None if there is none."""
        path = PurePosixPath(value.strip().replace("\\", "/"))
        return self._paths.get(str(path)) or self._names.get(path.name) or self._stems.get(path.name)


def _unique(named: Iterator[tuple[str, Path]]) -> dict[str, Path]:
    """Return the files by name, without names that two share."""
    found: dict[str, list[Path]] = defaultdict(list)
    for name, file in named:
        found[name].append(file)
    return {name: files[0] for name, files in found.items() if len(files) == 1}


def is_table(path: Path) -> bool:
    """Whether a file may be a table of labels, by its name."""
    return path.suffix.lower() in ENDINGS and path.is_file() and not re.search("submission", path.stem, re.IGNORECASE)


def rows(file: Path, pictures: Pictures) -> Iterator[Row]:
    """Yield the rows of a table by its headings; a table without headings gets `column 1`, `column 2`."""
    try:
        text = _text(file)
    except OSError:
        return
    if file.suffix.lower() == ".jsonl":
        yield from _objects(text)
        return
    try:
        table = [row for row in csv.reader(io.StringIO(text, newline=""), _dialect(text)) if any(map(str.strip, row))]
    except csv.Error:  # no table, whatever its name says
        return
    if not table:
        return
    headings = [heading.strip() for heading in table[0]]
    if len(set(headings)) < len(headings) or any(pictures.find(value) for value in headings):
        headings = [f"column {number}" for number in range(1, len(table[0]) + 1)]
    else:
        table = table[1:]
    for row in table:
        yield dict.fromkeys(headings, "") | dict(zip(headings, map(str.strip, row), strict=False))


def _text(file: Path) -> str:
    data = file.read_bytes()
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # as older spreadsheets write; it decodes any bytes


def _dialect(text: str) -> type[csv.Dialect]:
    try:
        return csv.Sniffer().sniff(text[: 2**14], ",;\t|")
    except csv.Error:
        return csv.excel


def _objects(text: str) -> Iterator[Row]:
    """Yield the rows of a file of JSON lines; what is no object is no row."""
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield {key: str(value) for key, value in row.items() if isinstance(value, (str, int, float))}


def column_of_files(rows: Sequence[Row], pictures: Pictures) -> str | None:
    """Return the column most of whose first values are pictures."""
    sample = rows[:SAMPLE]
    hits = {name: sum(pictures.find(row.get(name, "")) is not None for row in sample) for name in (rows or [{}])[0]}
    best = max(hits, key=hits.__getitem__, default=None)
    return best if best is not None and 2 * hits[best] > len(sample) else None


def letters(name: str) -> str:
    """Return a heading as it is compared: small letters, no other signs."""
    return re.sub("[^a-z]", "", name.lower())


def lost(values: Sequence[str], count: int) -> list[str]:
    """Return what is wrong with the `values` in the column of files that name no picture, of `count` rows."""
    if not values:
        return []
    return [f"{len(values):,} of {numbered(count, 'row')} with a file that is not there, such as '{values[0]}'"]
