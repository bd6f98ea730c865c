"""A folder of pictures as a tensorflow-datasets builder. Its version on disk is named by the digest of the contents."""

from __future__ import annotations

import logging
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from suite.core.errors import BrokenFilesError, DatasetError
from suite.core.preparation import Preparation
from suite.datasets import copies, split
from suite.datasets.copies import Sights
from suite.datasets.huggingface import Images
from suite.datasets.layout import Layout
from suite.datasets.naming import named
from suite.datasets.preparing import prepare, unwritable
from suite.datasets.split import Folder, Picture, require_whole
from suite.machine.cache import data_folder
from suite.machine.progress import watched
from suite.machine.quiet import heard
from suite.pictures import graph, viewing
from suite.pictures.viewing import PictureError, View

LOG = logging.getLogger(__name__)
VERSION = 3  # of what is prepared from the same files
COMPLAINT = re.compile("jpeg|jfif|corrupt|premature|marker|huffman", re.IGNORECASE)  # how libjpeg begins its lines

Shape = tuple[int | None, int | None, int | None]


@dataclass(kw_only=True)
class Viewed:
    """What all pictures of a folder are like."""

    sights: Sights
    records: dict[str, Path] = field(default_factory=dict)  # the file of what is read in training, by content
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    lost: Counter[str] = field(default_factory=Counter)  # pictures that lose something, by what
    bad: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))  # files, by why they have no view

    @property
    def shape(self) -> Shape:
        """(h, w, c) of all pictures, None where they differ."""
        sides = [set(lengths) for lengths in zip(*self.shapes, strict=True)]
        height, width, channels = (side.pop() if len(side) == 1 else None for side in sides)
        return height, width, channels


class Pictures(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The pictures of a folder, as a viewer shows them."""

    VERSION = tfds.core.Version("1.0.0")
    name = "folder"

    def __init__(self, *, folder: Folder, viewed: Viewed, notes: Sequence[str], key: str, digest: str) -> None:
        self._folder = folder
        self._viewed = viewed
        self._told = {"digest": digest, "notes": list(notes), "counts": folder.counts}
        super().__init__(data_dir=data_folder(), config=tfds.core.BuilderConfig(name=key))

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=self._viewed.shape),
                "label": tfds.features.ClassLabel(names=self._folder.classes),
            }
        )
        told = tfds.core.MetadataDict(self._told)
        return self.dataset_info_from_configs(features=features, supervised_keys=("image", "label"), metadata=told)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {split: self._generate_examples(pictures) for split, pictures in self._folder.splits.items()}

    def _generate_examples(self, pictures: Sequence[Picture]) -> Iterator[tuple[str, dict]]:
        ordered = sorted(pictures, key=lambda picture: (picture.label, picture.content))
        for index, picture in enumerate(watched(ordered, len(ordered), "preparing pictures")):
            record = self._viewed.records[picture.content].read_bytes()
            yield f"{index}-{picture.content}", {"image": record, "label": picture.label}


def of_folder(layout: Layout, preparation: Preparation) -> tfds.core.DatasetBuilder:
    """Return the pictures of a layout, prepared, and say what is left out and what pictures lose.

    Raises DatasetError for all that is in the way, in one round, as a BrokenFilesError if files cannot be used and are
    not to be skipped, and for classes that cannot be split.
    """
    folder = split.read(layout)
    if layout.problems:
        raise _refused(layout, folder, preparation)
    return _builder(layout.root, _digest(folder, preparation), folder.notes, lambda scratch: folder, preparation)


def _refused(layout: Layout, folder: Folder, preparation: Preparation) -> DatasetError:
    """Return the error for a layout that cannot be used, which also names the files that cannot be used."""
    problems = "\n".join(layout.problems)
    if preparation.skip_broken:
        return DatasetError(problems)
    with tempfile.TemporaryDirectory() as scratch:
        viewed = view_all(folder, preparation.background, Path(scratch))
    if not viewed.bad:
        return DatasetError(problems)
    return BrokenFilesError(f"{problems}\n{broken(layout.root, viewed)}", viewed.bad)


def of_images(images: Images, preparation: Preparation) -> tfds.core.DatasetBuilder:
    """Return the pictures of a set of Hugging Face, prepared as those of a folder. Raises as `of_folder` does."""
    key = blake2b(repr((VERSION, images.digest, preparation)).encode(), digest_size=8).hexdigest()
    return _builder(images.name, key, images.notes, lambda scratch: split.read(images.layout(scratch)), preparation)


def _digest(folder: Folder, preparation: Preparation) -> str:
    """Return hex that changes with what networks see of the pictures."""
    asked = (VERSION, folder.digest, sorted(map(str, folder.unreadable)), preparation)
    return blake2b(repr(asked).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def _builder(
    root: str, key: str, notes: Sequence[str], read: Callable[[Path], Folder], preparation: Preparation
) -> tfds.core.DatasetBuilder:
    """Return what is prepared under `key`; if nothing is, prepare what `read` makes in a folder of its own."""
    place = data_folder() / Pictures.name / key / str(Pictures.VERSION)
    if not place.exists():
        _prepare(root, key, read, preparation)
    found = tfds.builder_from_directory(place)
    # What was left out is of this folder; another one with the same pictures may have been prepared.
    found.info.metadata["notes"] = [*notes, *found.info.metadata["notes"]]
    for note in found.info.metadata["notes"]:
        LOG.warning("%s: %s", root, note)
    return found


def _prepare(root: str, key: str, read: Callable[[Path], Folder], preparation: Preparation) -> None:
    try:
        data_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".viewed-", dir=data_folder()) as scratch:
            folder = read(Path(scratch))
            digest = _digest(folder, preparation)
            viewed = view_all(folder, preparation.background, Path(scratch))
            if viewed.bad and not preparation.skip_broken:
                raise BrokenFilesError(broken(root, viewed), viewed.bad)
            whole = replace(folder.without(folder.files.keys() - viewed.records.keys()), notes=())
            require_whole(root, whole, "all are broken")
            _require_different(root, whole, viewed)
            parted = _parted(whole, viewed, keep_copies=preparation.keep_copies)
            require_whole(root, parted, "all are copies of others (keep_copies = true keeps them)")
            notes = [*_skipped(folder, viewed), *_lost(viewed), *_alike(parted, viewed), *parted.notes]
            prepare(Pictures(folder=parted, viewed=viewed, notes=notes, key=key, digest=digest))
    except OSError as error:
        raise unwritable(error) from error


def view_all(folder: Folder, background: str, scratch: Path) -> Viewed:
    """View each picture once, and write into `scratch` what is read of it in training."""
    found = Viewed(sights=Sights(scratch))
    for path, reason in folder.unreadable.items():
        found.bad[reason].append(path)
    unique = {picture.content: picture.path for pictures in folder.splits.values() for picture in pictures}
    contents = list(unique)
    blocks = [contents[start : start + viewing.BLOCK] for start in range(0, len(contents), viewing.BLOCK)]
    with ThreadPoolExecutor() as pool:
        for block in watched(blocks, len(blocks), "looking at pictures"):
            views = dict(zip(block, viewing.views([unique[one] for one in block], background), strict=True))
            for content, error in views.items():
                if isinstance(error, PictureError):
                    found.bad[error.kind] += folder.files[content]
            seen = {content: view for content, view in views.items() if isinstance(view, View)}
            whole = _readable_as_they_are(pool, {one: unique[one] for one, view in seen.items() if view.form == "JPEG"})
            sights = pool.map(copies.sight, seen.values())
            for (content, view), sight in zip(seen.items(), sights, strict=True):
                found.sights.add(content, sight)
                found.shapes.add(view.pixels.shape)
                found.lost.update([view.lost] if view.lost else [])
                as_is = content in whole and np.array_equal(whole[content], view.pixels)
                found.records[content] = unique[content] if as_is else _spooled(view, scratch / content)
    return found


def _parted(folder: Folder, viewed: Viewed, *, keep_copies: bool) -> Folder:
    """Return the folder in three splits that share no picture; only pictures of one class are taken for near copies."""
    contents: dict[str, dict[str, None]] = defaultdict(dict)
    for picture in (one for pictures in folder.splits.values() for one in pictures):
        contents[picture.label][picture.content] = None
    groups = {label: viewed.sights.groups(list(members)) for label, members in contents.items()}

    def look(picture: Picture) -> str:
        return viewed.sights.looks[picture.content]

    def scene(picture: Picture) -> str:
        return f"{picture.label}/{groups[picture.label][picture.content]}"

    return split.parted(folder, look, scene, keep_copies=keep_copies)


def _readable_as_they_are(pool: ThreadPoolExecutor, files: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """Return what TensorFlow decodes of `files` in silence: a photo need not be stored as a PNG, which is larger.

    libjpeg writes what it finds odd to the terminal. It must not do so again in each epoch.
    """
    with heard() as complaints:
        decoded = dict(zip(files, pool.map(_decoded, files.values()), strict=True))
    if not any(map(COMPLAINT.search, complaints)):
        return {content: pixels for content, pixels in decoded.items() if pixels is not None}
    if len(files) == 1:
        return {}
    alone = [_readable_as_they_are(pool, {content: path}) for content, path in files.items()]
    return {content: pixels for found in alone for content, pixels in found.items()}


def _decoded(path: Path) -> np.ndarray | None:
    with tf.device("CPU:0"):
        try:
            return graph.decoded(path.read_bytes()).numpy()
        except tf.errors.InvalidArgumentError:  # of a kind that only Pillow reads
            return None


def _spooled(view: View, file: Path) -> Path:
    file.write_bytes(view.png)
    return file


def broken(root: str, viewed: Viewed) -> str:
    """Return the message about all files that cannot be used, with a line for each kind."""
    count = sum(map(len, viewed.bad.values()))
    lines = [f"  {len(files)} {kind}: {named(sorted(files))}" for kind, files in sorted(viewed.bad.items())]
    way = "Repair them, move them away, or leave them out (--skip-broken). `suite check --problems FILE.csv` lists all."
    return "\n".join([f"{root}: {count} of its files cannot be used.", *lines, way])


def _skipped(folder: Folder, viewed: Viewed) -> list[str]:
    """Return a line that says how many files of which split and class are left out because they are broken."""
    gone = Counter(folder.homes[path] for paths in viewed.bad.values() for path in paths)
    counted = ", ".join(f"{count} of {home}" for home, count in sorted(gone.items()))
    return [f"broken files are left out: {counted}"] if gone else []


def _require_different(root: str, folder: Folder, viewed: Viewed) -> None:
    """Raise DatasetError if all pictures look the same."""
    if len(set(viewed.sights.looks.values())) == 1 < len(viewed.sights.looks):
        one = named([folder.splits["train"][0].path])
        count = len(viewed.sights.looks)
        raise DatasetError(f"{root}: all {count} pictures look the same, though their files differ: look at one: {one}")


def _lost(viewed: Viewed) -> list[str]:
    return [f"{count} of its pictures have {what}" for what, count in viewed.lost.items()]


def _alike(folder: Folder, viewed: Viewed) -> list[str]:
    """Return a line for each class of which all pictures look the same."""
    looks: dict[str, set[str]] = defaultdict(set)
    contents: dict[str, set[str]] = defaultdict(set)
    for picture in (one for pictures in folder.splits.values() for one in pictures):
        looks[picture.label].add(viewed.sights.looks[picture.content])
        contents[picture.label].add(picture.content)
    return [
        f"all {len(contents[label])} pictures of class '{label}' look the same, though their files differ"
        for label, seen in looks.items()
        if len(seen) == 1 < len(contents[label])
    ]
