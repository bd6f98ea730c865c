"""Which picture is for training, for validation and for the test: decided by contents, so that names do not matter."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from suite.core.errors import DatasetError
from suite.datasets.layout import Classes, named, scan
from suite.machine.progress import watched

T = TypeVar("T")
LOG = logging.getLogger(__name__)
SHARE = 10  # one picture in ten is held out for validation, and one in ten for the test


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A file with its class and the digest of its bytes (hex)."""

    path: Path
    label: str
    content: str


Splits = Mapping[str, Sequence[Picture]]


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The pictures of a folder, split into train, validation and test, which share no content."""

    classes: tuple[str, ...]
    splits: Splits
    files: Mapping[str, Sequence[Path]]  # all that were read, by their content: copies too
    notes: tuple[str, ...] = ()  # what was left out

    @property
    def digest(self) -> str:
        """Hex that changes with any picture, class or split, but not with the names of files or of the folder."""
        rows = sorted((split, p.label, p.content) for split, pictures in self.splits.items() for p in pictures)
        return blake2b(repr(rows).encode(), digest_size=8).hexdigest()

    def without(self, contents: Collection[str]) -> Folder:
        """Return the folder without pictures of these contents."""
        kept = {
            split: [picture for picture in pictures if picture.content not in contents]
            for split, pictures in self.splits.items()
        }
        return replace(self, splits=kept)

    @property
    def counts(self) -> dict[str, int]:
        """Number of pictures of each class, in all splits together."""
        counted = Counter(picture.label for pictures in self.splits.values() for picture in pictures)
        return {name: counted[name] for name in self.classes}


def read(root: Path) -> Folder:
    """Read every file under `root` and split what is not split yet.

    The official validation and test splits are used as they are. Without a test split, the validation split is the
    test. What is missing then is carved from train: a tenth of each class for each missing split. Copies in train of
    held-out pictures, and copies in validation of test pictures, are left out. Raises DatasetError.
    """
    layout = scan(root)
    found = dict(layout.splits)
    if "test" not in found and "validation" in found:
        found["test"] = found.pop("validation")
    official = {split: _read(classes) for split, classes in found.items()}
    missing = [split for split in ("validation", "test") if split not in official]
    splits = disjoint({**official, **carved(official["train"], missing)}) if missing else disjoint(official)
    files = _by_content(official)
    folder = Folder(classes=tuple(sorted(found["train"])), splits=splits, files=files, notes=layout.notes)
    require_whole(root, folder, "all are copies of held-out ones")
    return folder


def _read(classes: Classes) -> list[Picture]:
    """Return the pictures of one split; files are read in parallel."""
    files = [(path, label) for label, paths in classes.items() for path in paths]
    with ThreadPoolExecutor() as pool:
        contents = list(watched(pool.map(_content, [path for path, _ in files]), len(files), "reading pictures"))
    return [Picture(path=path, label=label, content=c) for (path, label), c in zip(files, contents, strict=True)]


def _content(path: Path) -> str:
    """Return the digest of a file."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise DatasetError(f"{named([path])}: cannot be read ({error.strerror})") from None


def carved(pictures: Sequence[Picture], wanted: Sequence[str]) -> dict[str, list[Picture]]:
    """Return `pictures` split into train and the splits `wanted`, a tenth each, at least one a class.

    Within a class the first contents in the order of their digests are held out: this needs no seed, and a new picture
    moves few others. Raises DatasetError for a class that is too small.
    """
    homes: dict[tuple[str, str], str] = {}
    for label, contents in _contents(pictures).items():
        if len(contents) <= len(wanted):
            raise DatasetError(
                f"class '{label}' is too small to be split: {len(contents)} different pictures, "
                f"at least {len(wanted) + 1} needed"
            )
        size = max(1, round(len(contents) / SHARE))
        held = [split for split in wanted for _ in range(size)]
        homes |= {(label, content): split for content, split in zip(sorted(contents), held, strict=False)}
    splits: dict[str, list[Picture]] = {"train": [], **{split: [] for split in wanted}}
    for picture in pictures:
        splits[homes.get((picture.label, picture.content), "train")].append(picture)
    return splits


def disjoint(splits: Splits) -> Splits:
    """Return the splits without copies: the test keeps all, validation what is not in it, train what is in neither."""
    taken: set[str] = set()
    kept: dict[str, list[Picture]] = {}
    for split in ("test", "validation", "train"):
        kept[split] = [picture for picture in splits[split] if picture.content not in taken]
        if copies := len(splits[split]) - len(kept[split]):
            LOG.warning("%d pictures of %s left out: copies of pictures that are held out", copies, split)
        taken |= {picture.content for picture in kept[split]}
    return kept


def _by_content(splits: Splits) -> Mapping[str, Sequence[Path]]:
    files: dict[str, list[Path]] = defaultdict(list)
    for picture in (one for pictures in splits.values() for one in pictures):
        files[picture.content].append(picture.path)
    return files


def _contents(pictures: Iterable[Picture]) -> dict[str, set[str]]:
    contents: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        contents[picture.label].add(picture.content)
    return contents


def require_whole(root: Path, folder: Folder, why: str) -> None:
    """Raise DatasetError, which says `why`, unless every class is in every split."""
    for split, pictures in folder.splits.items():
        if gone := sorted(set(folder.classes) - set(_contents(pictures))):
            raise DatasetError(f"{root}: class '{gone[0]}' has no picture of its own in {split}: {why}")
