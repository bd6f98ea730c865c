"""Sets of images of the library `datasets`: `hf:NAME` on Hugging Face's hub, or `hf:FOLDER` on this machine.

`hf:NAME:CONFIG` names a configuration, `hf:NAME@COLUMN` the column of classes if there are several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import getproxies

from suite.core.errors import DatasetError, MissingExtraError
from suite.core.numbered import numbered
from suite.datasets.layout import Layout
from suite.datasets.naming import SPLITS, printable

PREFIX = "hf:"


@dataclass(frozen=True, kw_only=True)
class Images:
    """A set of images that the library has opened."""

    name: str
    parts: Mapping[str, Any]  # datasets.Dataset of each of our splits
    image: str  # columns
    label: str
    left_out: tuple[str, ...]  # splits that are none of ours

    @property
    def digest(self) -> str:
        """Hex that changes with the data and the columns, as far as the library knows. No picture is read."""
        known = [(split, part._fingerprint) for split, part in self.parts.items()]
        return blake2b(repr((known, self.image, self.label)).encode(), digest_size=8).hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out."""
        splits = [f"splits left out: {', '.join(self.left_out)}"] if self.left_out else []
        silent = {split: sum(map(_is_silent, part[self.label])) for split, part in self.parts.items()}
        unlabelled = [numbered(number, f"{split} picture") for split, number in silent.items() if number]
        return (*splits, *(f"{pictures} without a class: left out" for pictures in unlabelled))

    def layout(self, folder: Path) -> Layout:
        """Write the pictures into `folder`, as files, and return them as a layout; a split without classes is none."""
        splits = {split: self._written(part, folder / split) for split, part in self.parts.items()}
        return Layout(root=self.name, splits={split: classes for split, classes in splits.items() if classes})

    def _written(self, part: Any, folder: Path) -> dict[str, list[Path]]:
        import datasets

        folder.mkdir()
        feature, classes = part.features[self.label], dict[str, list[Path]]()
        for number, row in enumerate(part.cast_column(self.image, datasets.Image(decode=False))):
            if not _is_silent(row[self.label]):
                label = feature.int2str(row[self.label]) if hasattr(feature, "int2str") else str(row[self.label])
                file = folder / str(number)
                file.write_bytes(_bytes(row[self.image]))
                classes.setdefault(printable(label), []).append(file)
        return classes


def _is_silent(label: Any) -> bool:
    """Whether a label says that there is none."""
    return label is None or label in (-1, "")


def _bytes(image: Mapping[str, Any] | None) -> bytes:
    if image is None:
        return b""
    return image["bytes"] if image["bytes"] is not None else Path(image["path"]).read_bytes()


def is_here(name: str) -> bool:
    """Whether `hf:...` means a folder, so that nothing is downloaded. Raises MissingExtraError without the library."""
    _require_library(name)
    place, _, _ = _told_apart(name)
    return place.startswith((".", "~", "/")) or Path(place).is_dir()


def opened(name: str) -> Images:
    """Return the set of images `hf:...`.

    Raises MissingExtraError without the library, and DatasetError for what is no set of images with classes.
    """
    _require_library(name)
    place, config, column = _told_apart(name)
    with _quiet():
        try:
            found = _opened(place, config)
        except Exception as error:  # the library raises what it likes
            said = " ".join(str(error).split())[:300] or type(error).__name__
            raise DatasetError(f"dataset '{name}' cannot be opened by the library `datasets`: {said}") from error
    return _images(name, found, column)


def _require_library(name: str) -> None:
    if not find_spec("datasets"):
        raise MissingExtraError(f"{name} needs datasets: pip install 'keras-comparison-suite[hf]'")


def _told_apart(name: str) -> tuple[str, str | None, str | None]:
    """Return the name or folder, the configuration and the column of `hf:NAME:CONFIG@COLUMN`."""
    match = re.fullmatch(r"(.+?)(?::([^/@]+))?(?:@([^/@]+))?", name.removeprefix(PREFIX))
    if not match:
        raise DatasetError(f"dataset '{name}': write hf:NAME, hf:NAME:CONFIG or hf:FOLDER")
    return match[1], match[2], match[3]


def _opened(place: str, config: str | None) -> Any:
    import datasets

    folder = Path(place).expanduser()
    if folder.is_dir() and any((folder / file).exists() for file in ("dataset_dict.json", "state.json")):
        return datasets.load_from_disk(str(folder))
    if folder.is_dir():
        return datasets.load_dataset(str(folder), config)
    if place.startswith((".", "~", "/")):
        raise FileNotFoundError("no such folder")
    with _online(datasets):
        return datasets.load_dataset(place, config)


@contextmanager
def _online(library: Any) -> Iterator[None]:
    """Let the library use its cache alone if the hub cannot be reached: it would try again for half a minute."""
    import huggingface_hub
    import requests

    constants = huggingface_hub.constants
    before = constants.HF_HUB_OFFLINE, library.config.HF_HUB_OFFLINE
    try:
        if not getproxies():
            requests.head(constants.ENDPOINT, timeout=10).close()
    except requests.RequestException:
        constants.HF_HUB_OFFLINE = library.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, library.config.HF_HUB_OFFLINE = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the library's notes and bars."""
    import datasets
    import huggingface_hub

    shown, level = datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    huggingface_hub.logging.set_verbosity_error()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        if not shown:
            datasets.enable_progress_bars()


def _images(name: str, found: Any, column: str | None) -> Images:
    parts = found if isinstance(found, dict) else {"train": found}
    ours = {SPLITS[split.lower()]: part for split, part in parts.items() if split.lower() in SPLITS}
    if not ours and len(parts) == 1:
        ours = {"train": next(iter(parts.values()))}
    if "train" not in ours:
        raise DatasetError(f"dataset '{name}': has no split 'train', only {', '.join(parts)}: choose another")
    image, label = _columns(name, ours["train"].features, column)
    left_out = tuple(split for split, part in parts.items() if not any(part is one for one in ours.values()))
    return Images(name=name, parts=ours, image=image, label=label, left_out=left_out)


def _columns(name: str, features: Mapping[str, Any], column: str | None) -> tuple[str, str]:
    """Return the columns of the picture and of the class. Raises DatasetError unless there is one of each."""
    import datasets

    images = [key for key, feature in features.items() if isinstance(feature, datasets.Image)]
    classes = [key for key, feature in features.items() if isinstance(feature, datasets.ClassLabel)]
    words = [key for key in ("label", "labels", "class", "category") if key in features]
    image = "image" if "image" in images else images[0] if len(images) == 1 else None
    wanted = [column] if column else [key for key in words if key in classes] or classes or words
    if image is None or not wanted or wanted[0] not in features:
        raise DatasetError(
            f"dataset '{name}': needs a column of images and one of classes, has {', '.join(features)}: name "
            f"the column of classes as {PREFIX}NAME@COLUMN"
        )
    if len(wanted) > 1 and wanted[0] not in words:
        raise DatasetError(
            f"dataset '{name}': has several columns of classes, {', '.join(wanted)}: choose one, such as "
            f"{name}@{wanted[0]}"
        )
    return image, wanted[0]
