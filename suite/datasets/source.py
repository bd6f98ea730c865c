"""What a prepared builder offers: the picture and its label, and three labelled splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from suite.core.errors import DatasetError
from suite.datasets import pipelines
from suite.datasets.preparing import quiet

Held = NDArray[np.bool_]  # [N pictures]

LEARNED = ("train", "validation")  # splits that a study learns from
AUTO = tf.data.AUTOTUNE
CYCLE, BLOCK = 16, 16  # files that are read in turns, and records of each, as tensorflow-datasets has it
TOGETHER = 64  # records that are parsed at a time
WHOLE = 256 * 2**20  # bytes up to which a digest reads every picture


@dataclass(frozen=True, kw_only=True)
class Source:
    """A prepared dataset and where its pictures, labels and splits are."""

    builder: tfds.core.DatasetBuilder
    picture: str  # name of the feature
    label: str  # name of the feature
    splits: Mapping[str, str]  # "train", "validation", "test" -> part as tensorflow-datasets writes it
    opened: dict[str, tf.data.Dataset] = field(default_factory=dict, repr=False)  # records of parts, slow to set up
    drawn: Drawn | None = field(default=None, repr=False, compare=False)  # other splits of the same pictures

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
    def notes(self) -> tuple[str, ...]:
        """What was left out of a folder, and what its pictures lose."""
        return tuple((self.builder.info.metadata or {}).get("notes", ()))

    @property
    def counts(self) -> dict[str, int]:
        """Number of pictures of each class, if that is known without reading them: of a folder."""
        return dict((self.builder.info.metadata or {}).get("counts", {}))

    @cached_property
    def digest(self) -> str:
        """Hex of the classes and of every picture and label of each split.

        Of a folder, it is that of its files, whatever was made of them.

        Above 256 MiB the pictures are not read: the name, version and sizes of the dataset stand for them.
        """
        info = self.builder.info
        if self.drawn:
            return self.drawn.digest
        if info.metadata and "digest" in info.metadata:
            return str(info.metadata["digest"])
        stored = {split: part.num_bytes for split, part in info.splits.items()}
        named = () if sum(stored.values()) <= WHOLE else (info.full_name, sorted(stored.items()))
        digest = blake2b(repr((self.classes, self.sizes, named)).encode(), digest_size=8)
        if not named:
            for split in self.splits:
                self._add(split, digest)
        return digest.hexdigest()

    def _add(self, split: str, digest: blake2b) -> None:
        """Add what a split holds to `digest`; the record files themselves differ from one preparation to the next."""
        for pictures, labels in self.records(split).batch(1024).as_numpy_iterator():
            digest.update(repr(labels.tolist()).encode())
            digest.update(b"".join(blake2b(picture, digest_size=16).digest() for picture in pictures))

    def labels(self, split: str) -> tf.data.Dataset:
        """Return the labels of a split (int64), in a fixed order; no picture is decoded."""
        return self.records(split).map(lambda _, label: label)

    def redrawn(self, seed: int) -> Source:
        """Return the same pictures with others for validation, drawn by `seed`: as many of each class as before.

        The test pictures stay.
        """
        labels = [np.fromiter(self.labels(split).as_numpy_iterator(), np.int64) for split in LEARNED]
        random, pool = np.random.default_rng(seed), np.concatenate(labels)
        held = np.zeros(len(pool), dtype=bool)
        for label, count in enumerate(np.bincount(labels[1], minlength=len(self.classes))):
            held[random.permutation(np.flatnonzero(pool == label))[:count]] = True
        return replace(self, drawn=Drawn(source=self, held=held))

    def places(self, split: str) -> NDArray[np.int64]:
        """Return where the pictures of a redrawn split stand among those of the former train and validation."""
        assert self.drawn
        return np.flatnonzero(self.drawn.held == (split == "validation"))

    def records(self, split: str, *, seed: int | None = None) -> tf.data.Dataset:
        """Return (encoded picture: string, label: int64), in a fixed order, or with the files ordered by `seed`.

        Of a source that was redrawn, the files of train and validation keep their order.
        """
        if self.drawn and split in LEARNED:
            train, validation = map(self.drawn.source.records, LEARNED)
            return _chosen(train.concatenate(validation), self.drawn.held == (split == "validation"))
        part = self.splits[split]
        if seed is not None:
            return _records(self.builder, (self.picture, self.label), part, seed)
        if part not in self.opened:
            self.opened[part] = _records(self.builder, (self.picture, self.label), part)
        return self.opened[part]


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """Which pictures of LEARNED, those for training first, are for validation instead."""

    source: Source
    held: Held

    @property
    def digest(self) -> str:
        """Hex that changes with the pictures and with the split."""
        return f"{self.source.digest}-{blake2b(self.held.tobytes(), digest_size=4).hexdigest()}"


def _chosen(records: tf.data.Dataset, mask: Held) -> tf.data.Dataset:
    """Return the records [N] where `mask` [N] is true."""
    marked = tf.data.Dataset.zip(records, tf.data.Dataset.from_tensor_slices(mask))
    kept = marked.filter(lambda record, is_chosen: is_chosen).map(lambda record, _: record)
    return kept.apply(tf.data.experimental.assert_cardinality(int(mask.sum())))


def _records(
    builder: tfds.core.DatasetBuilder, keys: tuple[str, str], part: str, seed: int | None = None
) -> tf.data.Dataset:
    """Return (encoded picture, label) of a part; of the features `keys` alone.

    Their order is that of `as_dataset`, with `seed` too, which orders the files.
    """
    if not _is_plain(builder, keys[1]):
        return _of_any_format(builder, keys, part, seed)
    parts = builder.info.splits[part].file_instructions
    where = [str(one.filename) for one in parts]
    skips, takes = (tf.constant([getattr(one, name) for one in parts], tf.int64) for name in ("skip", "take"))
    files = tf.data.Dataset.from_tensor_slices((where, skips, takes))
    if seed is not None:
        files = files.shuffle(len(parts), seed)
    cycle = 1 if builder.info.disable_shuffling else CYCLE
    stored = files.interleave(_stored, cycle_length=cycle, block_length=BLOCK).batch(TOGETHER)
    wanted = {key: tf.io.FixedLenFeature((), kind) for key, kind in zip(keys, (tf.string, tf.int64), strict=True)}
    records = stored.map(lambda some: tuple(map(tf.io.parse_example(some, wanted).__getitem__, keys)), AUTO).unbatch()
    known = tf.data.experimental.assert_cardinality(sum(one.take for one in parts))
    return records.apply(known).with_options(pipelines.plain())


def _is_plain(builder: tfds.core.DatasetBuilder, label: str) -> bool:
    """Whether the label of a record is one class, in the usual format of files: not texts, and not parquet."""
    is_class = isinstance(builder.info.features[label], tfds.features.ClassLabel)
    return is_class and builder.info.file_format == tfds.core.FileFormat.TFRECORD


def _stored(file: tf.Tensor, skip: tf.Tensor, take: tf.Tensor) -> tf.data.Dataset:
    """Return what a file holds, as it is stored, from the record `skip` on."""
    return tf.data.TFRecordDataset(file).skip(skip).take(take)


def _of_any_format(
    builder: tfds.core.DatasetBuilder, keys: tuple[str, str], part: str, seed: int | None
) -> tf.data.Dataset:
    """Return the same by tensorflow-datasets, which parses the records one by one."""
    reading = tfds.ReadConfig(options=pipelines.plain(), shuffle_seed=seed, try_autocache=False, skip_prefetch=True)
    decoders = tfds.decode.PartialDecoding(dict.fromkeys(keys, True), decoders={keys[0]: tfds.decode.SkipDecoding()})
    with quiet():
        records = builder.as_dataset(split=part, decoders=decoders, read_config=reading, shuffle_files=seed is not None)
    return records.map(lambda record: (record[keys[0]], record[keys[1]]))


def source(name: str, builder: tfds.core.DatasetBuilder) -> Source:
    """Return how `builder` is read. Raises DatasetError unless it has pictures with one label each, enough to split."""
    picture, label = features(name, builder)
    parts = [split for split in ("validation", "test") if split in builder.info.splits]
    opened = {part: _records(builder, (picture, label), part) for part in parts}
    splits = _splits(name, list(builder.info.splits), [part for part in parts if _labelled(opened[part])])
    found = Source(builder=builder, picture=picture, label=label, splits=splits, opened=opened)
    if empty := [split for split, size in found.sizes.items() if not size]:
        raise DatasetError(f"dataset '{name}': too small, nothing is left for {empty[0]} ({splits[empty[0]]})")
    if len(found.classes) < 2:
        raise DatasetError(f"dataset '{name}': has one class only: a classifier needs two or more")
    return found


def features(name: str, builder: tfds.core.DatasetBuilder) -> tuple[str, str]:
    """Return the names of the picture and of the label. Raises DatasetError unless there is one of each."""
    kinds = builder.info.features
    known = dict(kinds) if isinstance(kinds, tfds.features.FeaturesDict) else {}
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


def _splits(name: str, official: list[str], held: list[str]) -> dict[str, str]:
    """Return the splits by the rule of `datasets.load`; `held` names those of validation and test with labels."""
    train = "train" if "train" in official else official[0] if len(official) == 1 else None
    if train is None:
        raise DatasetError(f"dataset '{name}': has no split 'train', only {', '.join(official)}: choose another")
    if not held:
        return {"train": f"{train}[:80%]", "validation": f"{train}[80%:90%]", "test": f"{train}[90%:]"}
    if len(held) == 1:
        return {"train": f"{train}[:90%]", "validation": f"{train}[90%:]", "test": held[0]}
    return {"train": train, "validation": "validation", "test": "test"}


def _labelled(records: tf.data.Dataset) -> bool:
    """Whether a split has labels: an unpublished one is -1."""
    return all(label >= 0 for _, label in records.take(100).as_numpy_iterator())
