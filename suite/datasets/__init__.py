"""Datasets of pictures with classes: by a tensorflow-datasets name, from a folder, or the embedded `digits`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from suite.core.errors import DatasetError, did_you_mean
from suite.core.preparation import Preparation
from suite.core.study import Image
from suite.core.task import Task
from suite.datasets import digits, folder, huggingface, layout, preparing, published, reading, source
from suite.datasets.dataset import Dataset
from suite.pictures.viewing import colour

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

EMBEDDED = "digits"
PLAIN = Preparation()
SMALLEST = 32  # pixels a side: the smallest pictures that published networks are made for

__all__ = ["Dataset", "check", "load", "look"]


def load(name: str, image: Image | None = None, preparation: Preparation = PLAIN) -> Dataset:
    """Return the dataset `name`, prepared, with pictures brought to `image`: (H, W, C), or the side of a square.

    A name is "digits", a tensorflow-datasets name ("cifar10", "name/config:version"), or a folder: a path that
    begins with "/", "." or "~", or that exists and is not a dataset's name. `hf:NAME` and `hf:FOLDER` are sets of
    images of the library `datasets`. Naming a dataset downloads it.

    Splits. A folder is read as `suite.datasets.split.read` says. Of a published dataset, the official validation and
    test splits are used if both are there and labelled. If there is only one, it is the test, and the last 10 % of
    train are for validation. With neither, train is split 80 / 10 / 10. A test split with labels of -1 (imagenet2012)
    counts as not labelled.

    The `preparation` of a folder: what is transparent in a picture is laid on the colour `background`, such as "white"
    or "#ff8800". Files that cannot be read are an error that names them all, or with `skip_broken` left out. Held-out
    copies of pictures in an earlier split are left out, unless `keep_copies`.

    The default of `image` is the pictures' own shape without alpha, each side at least 32. A square has as many
    channels.

    Raises DatasetError naming what is wrong and the way out.
    """
    with preparing.quiet():
        found = source.source(name, _builder(name, preparation))
    height, width, channels = _image(name, image, found.shape)
    return Dataset(
        name=name,
        digest=found.digest,
        classes=found.classes,
        task=Task(height=height, width=width, channels=channels, classes=len(found.classes)),
        background=colour(preparation.background),
        sizes=found.sizes,
        counts=found.counts,
        notes=found.notes,
        reader=reading.reader(found, (height, width, channels), colour(preparation.background)),
    )


def look(name: str, image: Image | None = None, preparation: Preparation = PLAIN) -> Dataset | None:
    """Return what `load` would, or None for a published dataset that is not here: nothing is downloaded.

    Raises DatasetError as `load` does.
    """
    if name.startswith(huggingface.PREFIX):
        return load(name, image, preparation) if huggingface.is_here(name) else None
    if name != EMBEDDED and not _folder(name):
        check(name)
        if not published.is_here(name):
            return None
    return load(name, image, preparation)


def check(name: str) -> None:
    """Raise DatasetError unless `name` is a known dataset, or a folder whose layout is right. Reads no picture."""
    if name == EMBEDDED or name.startswith(huggingface.PREFIX):
        return
    if folder := _folder(name):
        layout.scan(folder)
    elif _word(name) not in (known := _known()):
        raise DatasetError(f"no dataset '{name}'.{_nearest(_word(name), known)} A folder is written ./{name}")


def _builder(name: str, preparation: Preparation) -> tfds.core.DatasetBuilder:
    if name == EMBEDDED:
        return digits.builder()
    if name.startswith(huggingface.PREFIX):
        return folder.of_images(huggingface.opened(name), preparation)
    if root := _folder(name):
        return folder.of_folder(layout.look(root), preparation)
    check(name)
    return published.builder(name)


def _folder(name: str) -> Path | None:
    """Return the folder that `name` means, or None if it means a dataset."""
    path = Path(os.path.expanduser(name))  # which takes any name, unlike those of Path
    if name.startswith(("~", ".")) or path.is_absolute():
        return path
    separated = os.sep in name or "/" in name
    return path if (separated or os.path.isdir(path)) and _word(name) not in _known() else None


def _word(name: str) -> str:
    """Return the dataset's name without its configuration and version."""
    return re.split("[/:]", name)[0]


def _known() -> set[str]:
    """Return the names of the datasets that tensorflow-datasets can build, or that lie prepared in its folder."""
    import tensorflow_datasets as tfds

    return {EMBEDDED, *tfds.list_builders(with_community_datasets=False)}


def _nearest(word: str, known: set[str]) -> str:
    """Return a suggestion, or else the address of the list of names."""
    return did_you_mean(word, known) or " Names: https://www.tensorflow.org/datasets/catalog/overview."


def _image(name: str, image: Image | None, shape: tuple[int | None, int | None, int | None]) -> tuple[int, int, int]:
    """Return the shape that networks see."""
    height, width, channels = shape
    seen = 1 if channels in (1, 2) else 3
    if isinstance(image, int):
        image = (image, image, seen)
    if image is not None:
        if min(image) < 1 or image[2] not in (1, 3):
            raise DatasetError(f"image = {list(image)}: give sides above 0, and 1 (grey) or 3 (colour) channels")
        return image
    if height is None or width is None:
        raise DatasetError(
            f"dataset '{name}': its pictures differ in size: set what networks see, such as image = [224, 224, 3]"
        )
    return max(height, SMALLEST), max(width, SMALLEST), seen
