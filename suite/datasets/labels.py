"""A table of labels beside the pictures (`labels.csv`, `train.csv`, `metadata.jsonl`): which file is of which class.

The class is in a column that is called so, in the only other column, or in columns of 0 and 1, one for each class.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite.core.numbered import numbered
from suite.datasets import tabular
from suite.datasets.naming import SPLITS, named, printable

CLASSES = (  # headings of a column of classes, the likeliest first; other signs than letters do not count
    "class", "classname", "label", "labelname", "labels", "category", "categoryname", "target", "breed", "species",
    "diagnosis", "dx", "tag", "type", "y",
)  # fmt: skip
PARTS = frozenset({"split", "set", "subset", "partition", "phase"})  # headings of a column of splits


@dataclass(frozen=True, kw_only=True)
class Found:
    """What tables say of the pictures of a folder."""

    tables: Sequence[Path]
    splits: dict[str, dict[str, list[Path]]]  # files of each class of each split
    problems: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """What one table says of the pictures."""

    table: Path
    files: Sequence[Path]  # that it names
    classes: Mapping[Path, set[str]]  # more than one is a mistake
    parts: Mapping[Path, str]  # split of each picture, as the table writes it; empty if it does not say
    problems: Sequence[str]


def found(root: Path, tables: Sequence[Path], pictures: Sequence[Path]) -> Found | None:
    """Return what `tables` say of the `pictures` under `root`; None if they say nothing, or if folders are the classes.

    Folders are the classes if the named pictures lie in several that are no splits.
    """
    read = [one for table in tables if (one := _read(table, tabular.Pictures(table.parent, pictures)))]
    read = [one for one in read if one.classes] or read
    named_ones = [file for one in read for file in one.files]
    if not named_ones or len({_without_splits(file.parent.relative_to(root)) for file in named_ones}) > 1:
        return None
    names = named([one.table for one in read])
    labels = _together(read)
    problems = [*(problem for one in read for problem in one.problems), *_torn(names, labels)]
    splits, homeless = _splits(root, read)
    if homeless:
        problems.append(f"{names}: {homeless:,} of its pictures are in no split, but others are in one")
    if splits and "train" not in splits:
        problems.append(f"{names}: has no split 'train', only {' and '.join(splits)}")
    classes = set().union(*splits.values())
    problems += [
        f"{names}: class '{label}' has no picture in {split}"
        for split, members in splits.items()
        for label in sorted(classes - set(members))
    ]
    silent = len(pictures) - len(labels)
    notes = [f"{numbered(silent, 'picture')} without a class in {names}: left out"] if silent and classes else []
    return Found(tables=[one.table for one in read], splits=splits, problems=problems, notes=notes)


def _together(read: Sequence[Labelled]) -> dict[Path, set[str]]:
    """Return the classes of each file in all tables."""
    found: dict[Path, set[str]] = defaultdict(set)
    for one in read:
        for file, labels in one.classes.items():
            found[file] |= labels
    return found


def _torn(names: str, classes: Mapping[Path, set[str]]) -> list[str]:
    torn = sorted(file for file, labels in classes.items() if len(labels) > 1)
    if not torn:
        return []
    labels = " and ".join(f"'{label}'" for label in sorted(classes[torn[0]]))
    several = numbered(len(torn), "file has", "files have")
    return [f"{names}: {several} more than one class: {printable(torn[0].name)} has {labels}"]


def _without_splits(folder: Path) -> tuple[str, ...]:
    return tuple(part for part in folder.parts if part.lower() not in SPLITS)


def _splits(root: Path, read: Sequence[Labelled]) -> tuple[dict[str, dict[str, list[Path]]], int]:
    """Return the files of each class of each split, and how many files have no split though others have one."""
    found: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    told = {file: table for table in read for file in table.classes}
    for file, one in sorted(told.items()):
        places = [one.parts.get(file, ""), *file.parent.relative_to(root).parts, one.table.stem]
        split = next((SPLITS[place.lower()] for place in places if place.lower() in SPLITS), "")
        found[split][printable(min(one.classes[file]))].append(file)
    homeless = found.pop("", {})
    if not found:
        return ({"train": dict(homeless)} if homeless else {}), 0
    return {split: dict(classes) for split, classes in found.items()}, sum(map(len, homeless.values()))


def _read(table: Path, pictures: tabular.Pictures) -> Labelled | None:
    """Return what a table says of the pictures; None if none of its columns names them."""
    rows = list(tabular.rows(table, pictures))
    key = tabular.column_of_files(rows, pictures)
    if key is None:
        return None
    others = [name for name in rows[0] if name != key]
    part = next((name for name in others if tabular.letters(name) in PARTS), "")
    known, problem = _known_classes(rows, [name for name in others if name != part])
    files = [pictures.find(row.get(key, "")) for row in rows]
    classes: dict[Path, set[str]] = defaultdict(set)
    for file, label in zip(files, known, strict=not problem):
        if file and label:
            classes[file].add(label)
    lost = [row.get(key, "") for row, file in zip(rows, files, strict=True) if file is None]
    problems = [problem] if problem else tabular.lost(lost, len(rows))
    return Labelled(
        table=table,
        files=[file for file in files if file],
        classes=classes,
        parts={file: row.get(part, "") for file, row in zip(files, rows, strict=True) if file},
        problems=[f"{named([table])}: {one}" for one in problems],
    )


def _known_classes(rows: Sequence[tabular.Row], columns: Sequence[str]) -> tuple[list[str], str]:
    """Return the class of each row, empty if it has none, or else what is wrong."""
    wanted = [name for known in CLASSES for name in columns if tabular.letters(name) == known]
    if not wanted and len(columns) > 1:
        if all(_is_one_of(row, columns) for row in rows):
            return [next(name for name in columns if float(row[name])) for row in rows], ""
        return [], f"which column has the classes: {', '.join(columns)}? Call it 'class'"
    if not columns:
        return [], "names files, but no classes: add a column 'class'"
    column = (wanted or columns)[0]
    labels = ["" if (value := row.get(column, "")).lower() in tabular.MISSING else value for row in rows]
    kinds = len(set(filter(None, labels)))
    if kinds > max(2, len(rows) / 2):
        return [], f"column '{column}' has {kinds:,} values for {len(rows):,} files: too many to be classes"
    return labels, ""


def _is_one_of(row: tabular.Row, columns: Sequence[str]) -> bool:
    """Whether one column has a 1 and the others have a 0."""
    return sorted(re.sub(r"\.0*$", "", row.get(name, "")) for name in columns) == ["0"] * (len(columns) - 1) + ["1"]
