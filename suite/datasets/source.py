"""What a prepared builder offers: the picture and its label, and three splits that are all labelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from suite.datasets.preparing import quiet
from suite.errors import DatasetError

WHOLE = 256 * 2**20  # bytes of record files up to which a digest reads them; of larger ones it takes the sizes


@dataclass(frozen=True, kw_only=True)
class Source:
    """A prepared dataset and where its pictures, labels and splits are."""

    builder: tfds.core.DatasetBuilder
    picture: str  # name of the feature
    label: str  # name of the feature
    splits: Mapping[str, str]  # "train", "validation", "test" -> split as tensorflow-datasets writes it

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return tuple(self.builder.info.features[self.label].names)

    @property
    def shape(self) -> tuple[int | None, int | None, int | None]:
        """(h, w, c) of every picture; None where they differ."""
        return self.builder.info.features[self.picture].shape

    @property
    def sizes(self) -> dict[str, int]:
        """Number of pictures in each split."""
        return {split: self.builder.info.splits[part].num_examples for split, part in self.splits.items()}

    @property
    def digest(self) -> str:
        """Hex of the name, version, classes, splits and record files, which are read whole if they are small."""
        info = self.builder.info
        official = {part.partition("[")[0] for part in self.splits.values()}
        files = sorted(file for split in official for file in info.splits[split].filepaths)
        sizes = [(file.name, file.stat().length) for file in files]
        digest = blake2b(repr((info.full_name, self.classes, dict(self.splits), sizes)).encode(), digest_size=8)
        if sum(size for _, size in sizes) <= WHOLE:
            for file in files:
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def records(self, split: str, *, seed: int | None = None) -> tf.data.Dataset:
        """Return (encoded picture: string, label: int64), in a fixed order, or with files in an order of `seed`."""
        options = tf.data.Options()
        options.deterministic = True
        reading = tfds.ReadConfig(options=options, shuffle_seed=seed, try_autocache=False)
        decoders = tfds.decode.PartialDecoding(
            {self.picture: True, self.label: True}, decoders={self.picture: tfds.decode.SkipDecoding()}
        )
        with quiet():
            records = self.builder.as_dataset(
                split=self.splits[split], decoders=decoders, read_config=reading, shuffle_files=seed is not None
            )
        return records.map(lambda record: (record[self.picture], record[self.label]))


def source(name: str, builder: tfds.core.DatasetBuilder) -> Source:
    """Return how `builder` is read. Raises DatasetError unless it has pictures with one label each, enough to split."""
    picture, label = _features(name, builder.info.features)
    splits = _splits(name, builder, label)
    found = Source(builder=builder, picture=picture, label=label, splits=splits)
    if empty := [split for split, size in found.sizes.items() if not size]:
        raise DatasetError(f"dataset '{name}': too small, nothing is left for {empty[0]} ({splits[empty[0]]})")
    if len(found.classes) < 2:
        raise DatasetError(f"dataset '{name}': has one class only: a classifier needs two or more")
    return found


def _features(name: str, features: tfds.features.FeatureConnector) -> tuple[str, str]:
    """Return the names of the picture and of the label; what the dataset calls supervised is not needed for that."""
    known = dict(features) if isinstance(features, tfds.features.FeaturesDict) else {}
    pictures = [key for key, kind in known.items() if _is_picture(kind)]
    labels = [key for key, kind in known.items() if isinstance(kind, tfds.features.ClassLabel)]
    picture = "image" if "image" in pictures else pictures[0] if len(pictures) == 1 else None
    label = "label" if "label" in labels else labels[0] if len(labels) == 1 else None
    if picture is None or label is None:
        raise DatasetError(
            f"dataset '{name}': needs pictures of 8 bits with one class each, has {', '.join(sorted(known))}: "
            "choose a dataset of image classification"
        )
    return picture, label


def _is_picture(kind: tfds.features.FeatureConnector) -> bool:
    return isinstance(kind, tfds.features.Image) and kind.np_dtype == np.uint8 and len(kind.shape) == 3


def _splits(name: str, builder: tfds.core.DatasetBuilder, label: str) -> dict[str, str]:
    """Return the split rule of `datasets.load` for this dataset."""
    official = list(builder.info.splits)
    train = "train" if "train" in official else official[0] if len(official) == 1 else None
    if train is None:
        raise DatasetError(f"dataset '{name}': has no split 'train', only {', '.join(official)}: choose another")
    held = [split for split in ("test", "validation") if split in official and _labelled(builder, split, label)]
    if not held:
        return {"train": f"{train}[:80%]", "validation": f"{train}[80%:90%]", "test": f"{train}[90%:]"}
    if len(held) == 1:
        return {"train": f"{train}[:90%]", "validation": f"{train}[90%:]", "test": held[0]}
    return {"train": train, "validation": "validation", "test": "test"}


def _labelled(builder: tfds.core.DatasetBuilder, split: str, label: str) -> bool:
    """Whether the split says its labels: an unpublished one is -1."""
    only = tfds.decode.PartialDecoding({label: True})
    first = builder.as_dataset(split=f"{split}[:100]", decoders=only).as_numpy_iterator()
    return all(record[label] >= 0 for record in first)
