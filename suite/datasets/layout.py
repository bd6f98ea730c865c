"""A folder of pictures: which files it holds, in which classes and splits. Pure Python; contents are not read.

ROOT/{train,val,test}/CLASS/*      splits of its own; `validation` and `valid` are the same as `val`
ROOT/CLASS/*                       one set, to be split by `split.py`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from suite.core.errors import DatasetError
from suite.pictures.viewing import ENDINGS

SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"}
CLUTTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})  # what file browsers and archives leave behind
EXPECTED = "expected {0}/CLASS/* or {0}/{{train,val,test}}/CLASS/*"

Classes = Mapping[str, list[Path]]


def scan(root: Path) -> dict[str, Classes]:
    """Return the files of each class of each split, in order of name; a flat folder is all `train`.

    Raises DatasetError for an empty class, a single class, classes that differ between splits, and other files.
    """
    folders = _folders(root)
    splits = {"train": root} if not _is_split(folders) else _splits(root, folders)
    found = {split: _classes(folder) for split, folder in splits.items()}
    _agree(splits, found)
    return found


def _children(folder: Path) -> list[Path]:
    """Return what `folder` holds, in order of name, without hidden files and clutter."""
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        raise DatasetError(f"{folder}: no such folder") from None
    except NotADirectoryError:
        raise DatasetError(f"{folder}: is a file, not a folder of pictures") from None
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror})") from None
    return [path for path in paths if not path.name.startswith(".") and path.name.lower() not in CLUTTER]


def _folders(folder: Path) -> list[Path]:
    """Return the folders in `folder`. Other files may lie there (a licence, a list), but no picture."""
    children = _children(folder)
    if stray := [path for path in children if path.is_file() and path.suffix.lower() in ENDINGS]:
        raise DatasetError(f"{named(stray)}: a picture in no class; {EXPECTED.format(folder)}")
    return [path for path in children if path.is_dir()]


def _is_split(folders: list[Path]) -> bool:
    """Whether the folders are splits. A class may be called `train`: then it holds pictures, not folders."""
    if folders and all(folder.name.lower() in SPLITS for folder in folders):
        return any(path.is_dir() for folder in folders for path in _children(folder))
    return any(path.is_dir() for folder in folders if folder.name.lower() == "train" for path in _children(folder))


def _splits(root: Path, folders: list[Path]) -> dict[str, Path]:
    splits: dict[str, Path] = {}
    for folder in folders:
        split = SPLITS.get(folder.name.lower())
        if split is None:
            raise DatasetError(f"{folder}: neither a split (train, val, test) nor in one: move it away")
        if split in splits:
            raise DatasetError(f"{splits[split]} and {folder} are both the {split} split: keep one")
        splits[split] = folder
    if "train" not in splits:
        raise DatasetError(f"{root}: has no split 'train'; {EXPECTED.format(root)}")
    return splits


def _classes(folder: Path) -> Classes:
    classes = {path.name: _pictures(path) for path in _folders(folder)}
    if not any(classes.values()):
        raise DatasetError(f"{folder}: holds no pictures; {EXPECTED.format(folder)}")
    if empty := [folder / name for name, files in classes.items() if not files]:
        raise DatasetError(f"{named(empty)}: a class without pictures: fill it or remove it")
    if len(classes) == 1:
        raise DatasetError(f"{folder}: has one class only, '{next(iter(classes))}': a classifier needs two or more")
    return classes


def _pictures(folder: Path) -> list[Path]:
    files = _children(folder)
    if deeper := [path for path in files if path.is_dir()]:
        raise DatasetError(f"{named(deeper)}: a folder inside a class: pictures lie directly in {folder}")
    if other := [path for path in files if path.suffix.lower() not in ENDINGS]:
        raise DatasetError(f"{named(other)}: no picture by its name: convert it or move it away")
    return files


def _agree(splits: Mapping[str, Path], found: Mapping[str, Classes]) -> None:
    """Raise DatasetError unless every split has the same classes."""
    for split, folder in splits.items():
        for other in splits:
            if missing := sorted(set(found[other]) - set(found[split])):
                raise DatasetError(f"{splits[other] / missing[0]}: a class that {folder} does not have: add it there")


def named(paths: Iterable[Path]) -> str:
    """Return the first of `paths` and how many more there are: one line however many files are wrong."""
    first, *more = [str(path) for path in paths]
    return f"{first} (and {len(more)} more)" if more else first
