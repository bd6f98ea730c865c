"""Which picture is for training, for validation and for the test: decided by contents, so that names do not matter."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from suite.core.errors import DatasetError
from suite.core.numbered import numbered
from suite.datasets.layout import Classes, Layout
from suite.machine.progress import watched
from suite.pictures import viewing
from suite.pictures.viewing import ENDINGS

SHARE = 10  # one picture in ten is held out for validation, and one in ten for the test
SPLITS = ("train", "validation", "test")  # a copy stays in the first of them


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A file with its class and the digest of its bytes (hex)."""

    path: Path
    label: str
    content: str


Splits = Mapping[str, Sequence[Picture]]
Group = Callable[[Picture], str]  # what pictures that show the same have in common


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The pictures of a folder, in the splits that it has."""

    classes: tuple[str, ...]
    splits: Splits
    files: Mapping[str, Sequence[Path]]  # all that were read, by their content: copies too
    homes: Mapping[Path, str]  # split and class of each file, for people
    unreadable: Mapping[Path, str]  # files that could not be read, and why, in words that many share
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


def read(layout: Layout) -> Folder:
    """Read every file of a layout. Without a test split, the validation split is the test."""
    found = dict(layout.splits)
    if "test" not in found and "validation" in found:
        found["test"] = found.pop("validation")
    unreadable: dict[Path, str] = {}
    splits = {split: _read(classes, unreadable) for split, classes in found.items()}
    return Folder(
        classes=tuple(sorted(found.get("train", ()))),
        splits=splits,
        files=_by_content(splits),
        homes={
            path: f"{split}/{label}" if len(found) > 1 else label
            for split, classes in found.items()
            for label, paths in classes.items()
            for path in paths
        },
        unreadable=unreadable,
        notes=layout.notes,
    )


def _read(classes: Classes, unreadable: dict[Path, str]) -> list[Picture]:
    """Return the pictures of one split, and note the files that cannot be read; files are read in parallel."""
    files = [(path, label) for label, paths in classes.items() for path in paths]
    with ThreadPoolExecutor() as pool:
        contents = list(watched(pool.map(_content, [path for path, _ in files]), len(files), "reading pictures"))
    found = list(zip(files, contents, strict=True))
    unreadable |= {path: content.reason for (path, _), content in found if isinstance(content, _Unreadable)}
    return [Picture(path=path, label=label, content=c) for (path, label), c in found if isinstance(c, str)]


@dataclass(frozen=True)
class _Unreadable:
    reason: str


def _content(path: Path) -> str | _Unreadable:
    """Return the digest of a file, or why it is not worth reading."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return _Unreadable("a link to nothing" if path.is_symlink() else "no file")
        if path.suffix.lower() not in ENDINGS and not viewing.is_known(path):  # a film, an archive: maybe large
            return _Unreadable(viewing.NO_PICTURE)
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        return _Unreadable(f"{viewing.UNREADABLE} ({error.strerror or type(error).__name__})")


def parted(folder: Folder, look: Group, scene: Group, *, keep_copies: bool) -> Folder:
    """Return a folder with all three splits, and with notes on its copies.

    Pictures of one `look` have the same pixels. Those of one `scene` look alike, so they may be copies in another size
    or quality. What the folder lacks is carved from train: a tenth of each class for each missing split. Then copies of
    pictures in an earlier split are left out, unless they are to be kept. Raises DatasetError.
    """
    missing = [split for split in ("validation", "test") if split not in folder.splits]
    carving, kept_apart = carved(folder.splits["train"], missing, look, scene) if missing else ({}, [])
    splits: Splits = {**folder.splits, **carving}
    told: list[str] = []
    if not keep_copies:
        splits, told = _apart(splits, look, scene, missing)
    return replace(folder, splits=splits, notes=(*folder.notes, *kept_apart, *told))


def carved(
    pictures: Sequence[Picture], wanted: Sequence[str], look: Group, scene: Group
) -> tuple[dict[str, list[Picture]], list[str]]:
    """Return `pictures` split into train and the splits `wanted`, a tenth each, at least one a class, and notes.

    Within a class the first looks in the order of their digests are held out: this needs no seed, and a new picture
    moves few others. Those of one scene come into one split. Raises DatasetError for a class that is too small.
    """
    homes: dict[tuple[str, str], str] = {}
    alike = []
    for label, members in _by_class(pictures).items():
        scenes, looks = _grouped(members, scene, look), _grouped(members, look, look)
        if len(looks) <= len(wanted):
            raise DatasetError(
                f"class '{label}' is too small to be split: it needs at least {len(wanted) + 1} different pictures, "
                f"and has {len(looks)} in {len(members)} files"
            )
        size = max(1, round(len(looks) / SHARE))
        held = _held(scenes, wanted, size)
        if held is None:
            alike.append(label)
            held = _held(looks, wanted, size) or {}
        homes |= {(label, one): split for one, split in held.items()}
    splits: dict[str, list[Picture]] = {"train": [], **{split: [] for split in wanted}}
    for picture in pictures:
        splits[homes.get((picture.label, look(picture)), "train")].append(picture)
    told = f"most pictures of {_classes(alike)} look alike: such pictures are in more than one split" if alike else ""
    return splits, [told] if told else []


def _held(groups: Sequence[Sequence[str]], wanted: Sequence[str], size: int) -> dict[str, str] | None:
    """Return the looks to be held out with their split: of whole groups, `size` looks for each split.

    Returns None if small groups are too few. A group larger than `size` stays in train.
    """
    left = [group for group in groups if len(group) <= size]
    if sum(map(len, left)) < size * len(wanted):
        return None
    held: dict[str, str] = {}
    for split in wanted:
        room = size
        for group in list(left):
            if len(group) <= room:
                held |= dict.fromkeys(group, split)
                left.remove(group)
                room -= len(group)
            if not room:
                break
    return held


def _grouped(pictures: Iterable[Picture], group: Group, look: Group) -> list[list[str]]:
    """Return the looks of each group, in the order of their smallest digests."""
    found: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        found[group(picture)].add(look(picture))
    return sorted(map(sorted, found.values()))


def _apart(
    splits: Splits, look: Group, scene: Group, carved: Collection[str]
) -> tuple[dict[str, list[Picture]], list[str]]:
    """Return the splits without the copies of pictures in an earlier split, and notes of how many were left out.

    Pictures that look alike are only taken for copies if few of their class are: else that is how the class looks. In
    splits that were carved, scenes are apart already.
    """
    looks: set[str] = set()
    scenes: set[str] = set()
    kept: dict[str, list[Picture]] = {}
    notes = []
    for split in SPLITS:
        others = [picture for picture in splits[split] if look(picture) not in looks]
        near = {picture for picture in others if scene(picture) in scenes and split not in carved}
        whole = _by_class(others)
        common = {label for label, members in _by_class(near).items() if 2 * len(members) > len(whole[label])}
        kept[split] = [one for one in others if one not in near or one.label in common]
        earlier = " or ".join(kept)[: -len(split) - 4]
        if gone := len(splits[split]) - len(kept[split]):
            whole_split = numbered(len(splits[split]), f"{split} picture")
            notes.append(f"{gone:,} of {whole_split}: left out, as copies of {earlier} pictures")
        if common:
            notes.append(
                f"most {split} pictures of {_classes(common)} look like {earlier} pictures: kept, since a whole class "
                "may look alike"
            )
        looks |= set(map(look, kept[split]))
        scenes |= set(map(scene, kept[split]))
    return kept, notes


def _classes(labels: Collection[str]) -> str:
    """Return the first of these classes and how many more there are."""
    first, more = min(labels), len(labels) - 1
    return f"class '{first}'" + (f" and of {more} other {'class' if more == 1 else 'classes'}" if more else "")


def _by_content(splits: Splits) -> Mapping[str, Sequence[Path]]:
    files: dict[str, list[Path]] = defaultdict(list)
    for picture in (one for pictures in splits.values() for one in pictures):
        files[picture.content].append(picture.path)
    return files


def _by_class(pictures: Iterable[Picture]) -> dict[str, list[Picture]]:
    found: dict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        found[picture.label].append(picture)
    return found


def require_whole(root: str, folder: Folder, why: str) -> None:
    """Raise DatasetError, which says `why`, unless every class is in every split."""
    for split, pictures in folder.splits.items():
        if gone := sorted(set(folder.classes) - set(_by_class(pictures))):
            raise DatasetError(f"{root}: class '{gone[0]}' has no picture of its own in {split}: {why}")
