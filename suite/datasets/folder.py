"""A folder of pictures as a tensorflow-datasets builder. Its version on disk is named by the digest of the contents."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf
import tensorflow_datasets as tfds

from suite.core.errors import DatasetError
from suite.datasets.layout import named
from suite.datasets.pictures import decoded
from suite.datasets.preparing import data_folder, prepare
from suite.datasets.split import Folder, Picture, read
from suite.machine.progress import watched

Shape = tuple[int | None, int | None, int | None]


class Pictures(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The pictures of a folder, as their files encode them."""

    VERSION = tfds.core.Version("1.0.0")
    name = "folder"

    def __init__(self, *, folder: Folder, shape: Shape, data_dir: Path) -> None:
        self._folder = folder
        self._shape = shape
        super().__init__(data_dir=data_dir, config=tfds.core.BuilderConfig(name=folder.digest))

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=self._shape),
                "label": tfds.features.ClassLabel(names=self._folder.classes),
            }
        )
        return self.dataset_info_from_configs(features=features, supervised_keys=("image", "label"))

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {split: self._generate_examples(pictures) for split, pictures in self._folder.splits.items()}

    def _generate_examples(self, pictures: Sequence[Picture]) -> Iterator[tuple[str, dict]]:
        ordered = sorted(pictures, key=lambda picture: (picture.label, picture.content))
        for index, picture in enumerate(watched(ordered, len(ordered), "preparing pictures")):
            yield f"{index}-{picture.content}", {"image": picture.path.read_bytes(), "label": picture.label}


def builder(root: Path) -> tfds.core.DatasetBuilder:
    """Return the pictures under `root`, prepared. Raises DatasetError for a picture or a layout that cannot be used."""
    folder = read(root)
    place = data_folder() / Pictures.name / folder.digest / str(Pictures.VERSION)
    if not place.exists():
        prepare(Pictures(folder=folder, shape=common_shape(folder), data_dir=data_folder()))
    return tfds.builder_from_directory(place)


def common_shape(folder: Folder) -> Shape:
    """Return (h, w, c) of all pictures, None where they differ. Each is decoded once; DatasetError if one cannot be."""
    paths = [picture.path for picture in itertools.chain.from_iterable(folder.splits.values())]
    with ThreadPoolExecutor() as pool:
        shapes = list(watched(pool.map(_shape, paths), len(paths), "checking pictures"))
    if bad := [path for path, shape in zip(paths, shapes, strict=True) if shape is None]:
        raise DatasetError(f"{named(sorted(bad))}: damaged or cut short, cannot be decoded: repair it or remove it")
    sides = [set(lengths) for lengths in zip(*shapes, strict=True)]
    height, width, channels = (side.pop() if len(side) == 1 else None for side in sides)
    return height, width, channels


def _shape(path: Path) -> tuple[int, ...] | None:
    with tf.device("CPU:0"):
        try:
            return tuple(decoded(path.read_bytes()).shape)
        except tf.errors.InvalidArgumentError:
            return None
