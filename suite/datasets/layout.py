"""A folder of pictures: which files it holds, in which classes and splits. Pure Python; contents are not read.

ROOT/{train,val,test}/CLASS/*      splits of its own, under any of their usual names
ROOT/CLASS/*                       one set, to be split by `split.py`; folders in CLASS belong to it
ROOT/labels.csv beside pictures    either, see `labels.py`
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suite.core.errors import DatasetError
from suite.datasets import labels, tabular
from suite.datasets.naming import SPLITS, form, named, plain, printable
from suite.pictures.viewing import ENDINGS

UNLABELLED = frozenset({"unlabelled", "unlabeled", "unsup"})
# What systems and tools leave behind, and what cameras and annotators write beside a picture.
CLUTTER = frozenset({
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r", "__macosx", "@eadir",
    "$recycle.bin", "lost+found", "system volume information", "__pycache__",
})  # fmt: skip
SIDECARS = tabular.ENDINGS | frozenset({".json", ".xmp", ".txt", ".xml", ".aae", ".md", ".html", ".db", ".ini"})
LABELLED = re.compile(r"([^\W\d_]+)[ ._-]*\d+\.\w+")  # `cat.0.jpg`, `cat_12.png`, `cat7.bmp`
EXPECTED = "expected {0}/CLASS/* or {0}/{{train,val,test}}/CLASS/*"

Classes = Mapping[str, list[Path]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of each class of each split, in order of name; a folder without splits is all `train`."""

    root: str  # as people read it
    splits: Mapping[str, Classes]
    notes: tuple[str, ...] = ()  # what was left out
    problems: tuple[str, ...] = ()  # a line for each thing that is in the way


def look(root: Path) -> Layout:
    """Return what lies under `root`, and all that is in the way. Raises DatasetError if it cannot be read."""
    seen = _Look(root)
    found = seen.splits()
    return Layout(root=named([root]), splits=found, notes=tuple(seen.notes()), problems=tuple(seen.problems))


def scan(root: Path) -> Layout:
    """Return what lies under `root`. Raises DatasetError with a line for each thing that is in the way."""
    found = look(root)
    if found.problems:
        raise DatasetError("\n".join(found.problems))
    return found


@dataclass
class _Look:
    """One look at a folder: what it holds, what was left out, and all that is in the way."""

    root: Path
    problems: list[str] = field(default_factory=list)
    clutter: Counter[str] = field(default_factory=Counter)  # files and folders that were left out, by name or ending
    unlabelled: list[Path] = field(default_factory=list)  # folders of pictures without classes
    inside: list[Path] = field(default_factory=list)  # folders of a class
    tables: list[Path] = field(default_factory=list)  # that may tell the classes of pictures
    told: list[str] = field(default_factory=list)  # what else was left out
    seen: dict[Path, list[Path]] = field(default_factory=dict)  # what folders hold, without clutter

    def splits(self) -> Mapping[str, Classes]:
        """Return the splits of the folder; what it has of them if something is in the way."""
        folders = [path for path in self._children(self.root) if path.is_dir()]
        if found := self._of_tables(folders):
            return found
        if self._is_split(folders):
            return self._of_splits(folders)
        if self._holds_named_files(folders):
            return {}
        return {"train": self._classes(self.root)}

    def _of_tables(self, folders: Sequence[Path]) -> Mapping[str, Classes]:
        """Return the splits by the tables of labels beside the pictures; nothing if the folders are the classes."""
        for folder in folders:
            self._children(folder)
        if not self.tables:
            return {}
        pictures = [path for folder in self._upper(folders) for path in self._children(folder) if _is_picture(path)]
        found = labels.found(self.root, self.tables, pictures)
        if found is None:
            return {}
        self.tables = [table for table in self.tables if table not in found.tables]
        self.problems += found.problems
        self.told += found.notes
        self._require_two(self.root, sorted(set().union(*found.splits.values())))
        return found.splits

    def _upper(self, folders: Sequence[Path]) -> list[Path]:
        """Return the root, its folders, and theirs."""
        return [self.root, *folders, *(path for folder in folders for path in self._children(folder) if path.is_dir())]

    def _holds_named_files(self, folders: Sequence[Path]) -> bool:
        """Note as a problem that no folder is a class: their files have the classes in their names."""
        files = {folder: [path for path in self._children(folder) if _is_picture(path)] for folder in folders}
        labels = _labels([path for paths in files.values() for path in paths])
        if not labels or not (len(folders) == 1 or all(folder.name.lower() in SPLITS for folder in folders)):
            return False
        self.problems += [f"{named([folder])}: {_sorting(folder, labels)}" for folder in folders]
        return True

    def notes(self) -> list[str]:
        """Return what was left out, a line for each reason."""
        told = [f"{named([folder])}: its pictures have no class, so they are left out" for folder in self.unlabelled]
        told += [f"{named(self.inside)}: inside a class, so its pictures are of that class"] if self.inside else []
        told += self.told
        clutter = self.clutter + Counter(map(_kind, self.tables))
        if clutter:
            kinds = ", ".join(f"{count} {printable(kind)}" for kind, count in sorted(clutter.items()))
            told.append(f"no pictures, so left out: {kinds}")
        return told

    def _children(self, folder: Path) -> list[Path]:
        """Return what `folder` holds, in order of name, without hidden files and clutter."""
        if folder not in self.seen:
            self.seen[folder] = self._listed(folder)
        return self.seen[folder]

    def _listed(self, folder: Path) -> list[Path]:
        try:
            paths = sorted(folder.iterdir())
        except FileNotFoundError:
            raise DatasetError(f"{named([folder])}: no such folder") from None
        except NotADirectoryError:
            raise DatasetError(f"{named([folder])}: is a file, not a folder of pictures") from None
        except OSError as error:
            raise DatasetError(f"{named([folder])}: cannot be read ({error.strerror})") from None
        kept = [path for path in paths if not _is_clutter(path)]
        tables = [path for path in paths if tabular.is_table(path)]
        self.tables += tables
        self.clutter.update(_kind(path) for path in set(paths) - set(kept) - set(tables))
        return kept

    def _has_folders(self, folder: Path) -> bool:
        return any(path.is_dir() for path in self._children(folder))

    def _is_split(self, folders: Sequence[Path]) -> bool:
        """Whether the folders are splits. A class may be called `train`: then it holds pictures, not folders."""
        if folders and all(folder.name.lower() in SPLITS for folder in folders):
            return any(self._has_folders(folder) for folder in folders)
        return any(self._has_folders(folder) for folder in folders if folder.name.lower() in SPLITS)

    def _of_splits(self, folders: Sequence[Path]) -> dict[str, Classes]:
        homes: dict[str, Path] = {}
        for folder in folders:
            split = SPLITS.get(folder.name.lower())
            if (split in ("validation", "test") or folder.name.lower() in UNLABELLED) and not self._has_folders(folder):
                self.unlabelled.append(folder)
            elif split is None:
                self.problems.append(f"{named([folder])}: neither a split (train, val, test) nor in one: move it away")
            elif split in homes:
                self.problems.append(
                    f"{named([homes[split]])} and {named([folder])} are both the {split} split: keep one"
                )
            else:
                homes[split] = folder
        if "train" not in homes:
            self.problems.append(f"{named([self.root])}: has no split 'train'; {EXPECTED.format(named([self.root]))}")
        found = {split: self._classes(folder) for split, folder in homes.items()}
        self._agree(homes, found)
        return found

    def _classes(self, folder: Path) -> Classes:
        """Return the pictures of each class in a folder, by the printable name of the class."""
        children = self._children(folder)
        if any(map(_is_picture, children)):
            self._refuse_pictures_without_a_class(folder, children)
            return {}
        folders = [path for path in children if path.is_dir()]
        self.unlabelled += [path for path in folders if path.name.lower() in UNLABELLED]
        found = {path: self._pictures(path) for path in folders if path.name.lower() not in UNLABELLED}
        if not any(found.values()):
            if not self.problems:
                self.problems.append(f"{named([folder])}: holds no pictures; {EXPECTED.format(named([self.root]))}")
            return {}
        if empty := [path for path, files in found.items() if not files and not self._has_folders(path)]:
            self.problems.append(f"{named(empty)}: a class without pictures: fill it or remove it")
        self._require_two(folder, [path.name for path in found])
        return {printable(path.name): files for path, files in found.items()}

    def _require_two(self, folder: Path, classes: Sequence[str]) -> None:
        if len(classes) == 1:
            only = printable(classes[0])
            self.problems.append(f"{named([folder])}: has one class only, '{only}': a classifier needs two or more")
        self._tell_near_names_apart(classes)

    def _pictures(self, folder: Path) -> list[Path]:
        children = self._children(folder)
        deeper = [path for path in children if path.is_dir()]
        files = [path for path in children if not path.is_dir()]
        if deeper and not any(map(_is_picture, files)):
            here, above = shlex.quote(str(folder)), shlex.quote(str(folder.parent))
            way = f"mv {here}/* {above}/ && rmdir {here}"
            self.problems.append(f"{named(deeper)}: folders of a folder. If they are classes: {way}")
        elif deeper:
            self.inside += deeper
            files += [file for path in deeper for file in self._inside(path)]
        return files  # whatever their names say: what is inside decides

    def _inside(self, folder: Path) -> list[Path]:
        """Return the files in a folder and in those below it; a link to a folder may lead back, so none is followed."""
        if folder.is_symlink():
            return []
        below = [self._inside(path) if path.is_dir() else [path] for path in self._children(folder)]
        return [file for files in below for file in files]

    def _refuse_pictures_without_a_class(self, folder: Path, children: Sequence[Path]) -> None:
        stray = [path for path in children if _is_picture(path)]
        if labels := _labels(stray):
            self.problems.append(f"{named([folder])}: {_sorting(folder, labels)}")
        else:
            self.problems.append(f"{named(stray)}: a picture in no class; {EXPECTED.format(named([self.root]))}")

    def _tell_near_names_apart(self, names: Sequence[str]) -> None:
        """Note names that look the same as a problem. Those that differ in capitals are only said: A and a are two."""
        near: dict[str, list[str]] = defaultdict(list)
        for name in names:
            near[plain(name)].append(name)
        for alike in near.values():
            if len(alike) > 1:
                told = " and ".join(f"'{printable(name)}' ({form(name)})" for name in alike)
                if len({unicodedata.normalize("NFKC", name) for name in alike}) == len(alike):
                    self.told.append(f"the classes {told} differ only in capitals")
                else:
                    self.problems.append(
                        f"{named([self.root])}: the classes {told} differ only in how their accents are written: give "
                        "one of them another name, or put their pictures into one folder"
                    )

    def _agree(self, homes: Mapping[str, Path], found: Mapping[str, Classes]) -> None:
        """Note as a problem every class that is not in every split."""
        for split, folder in homes.items():
            for other in homes:
                for missing in sorted(set(found[other]) - set(found[split])) if found[split] and found[other] else ():
                    near = [name for name in found[split] if plain(name) == plain(missing)]
                    way = f"there it is '{near[0]}' ({form(near[0])}): name both alike" if near else "add it there"
                    self.problems.append(
                        f"{named([homes[other] / missing])}: a class that {named([folder])} does not have: {way}"
                    )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.is_dir()


def _is_clutter(path: Path) -> bool:
    return (
        path.name.startswith(".")
        or path.name.lower() in CLUTTER
        or (path.suffix.lower() in SIDECARS and path.is_file())
    )


def _kind(path: Path) -> str:
    """Return how clutter is counted: hidden ones and sidecars together."""
    if path.name.startswith("."):
        return "hidden"
    return path.name if path.name.lower() in CLUTTER else path.suffix.lower()


def _labels(files: Sequence[Path]) -> list[str]:
    """Return the classes that the names of files begin with; none if they do not look like that."""
    begun = [match[1] for path in files if (match := LABELLED.fullmatch(path.name))]
    counts = Counter(begun)
    return sorted(counts) if len(begun) == len(files) > 0 and len(counts) > 1 and min(counts.values()) > 1 else []


def _sorting(folder: Path, labels: Sequence[str]) -> str:
    """Return the command that sorts the files of a folder into classes by their names."""
    first = f"{', '.join(labels[:3])}{', ...' if len(labels) > 3 else ''}"
    way = 'for f in *.*; do mkdir -p "${f%%[ ._0-9-]*}" && mv -- "$f" "${f%%[ ._0-9-]*}/"; done'
    return (
        f"the classes ({first}) are in the names of its files. Sort them into folders: "
        f"cd {shlex.quote(str(folder))} && {way}"
    )
