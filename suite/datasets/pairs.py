"""Pictures with texts: from a table beside pictures, a captioned set of tensorflow-datasets, or the names of classes.

Pictures that a data set holds out are never among them: what is tested must not have been read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from suite.core.errors import DatasetError
from suite.core.preparation import Preparation
from suite.core.recipe import Augmentation
from suite.core.words import CLASS_NAMES, Words
from suite.datasets import captioned, published, reading, tabular
from suite.datasets.dataset import NONE, Dataset
from suite.datasets.preparing import quiet
from suite.datasets.reading import Reader
from suite.datasets.source import Source
from suite.machine.progress import watched

BLOCK = 256  # records looked at at a time
HASHES = 2**63 - 1  # values of the hash of a picture's bytes


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pictures, each with a number, and the texts of each number."""

    name: str  # as the study says it
    digest: str  # short hex: changes with a picture, a text, or what is held out
    texts: Sequence[Sequence[str]]  # one or more for each number
    size: int  # pictures
    notes: tuple[str, ...] = ()  # what was left out
    reader: Reader = field(repr=False, compare=False)

    def seen(self, data: Dataset) -> Pairs:
        """Return the pairs with pictures of the shape and preprocessing of a data set."""
        return replace(self, reader=self.reader.seen(data.task.image, data.preprocessing))

    def train(
        self,
        tokens: Sequence[np.ndarray],
        *,
        batch_size: int,
        seed: int,
        augmentation: Augmentation = NONE,
        first_epoch: int = 1,
        epochs: int = 1,
    ) -> tf.data.Dataset:
        """Return batches of {"image": float32 [B, H, W, C], "text": int32 [B, T]} of some epochs, one after the other.

        `tokens` holds the texts of each number as int32 [texts, T]; one of a picture's texts is drawn in each epoch.
        Other options are those of `Dataset.train`.
        """
        batches = self.reader.train(
            batch_size=batch_size, seed=seed, augmentation=augmentation, first_epoch=first_epoch, epochs=epochs
        )
        every, counts = tf.constant(np.concatenate(tokens)), tf.constant([len(texts) for texts in tokens], tf.int64)
        first = tf.cumsum(counts, exclusive=True)
        begun = (first_epoch - 1) * (len(batches) // epochs)

        def with_texts(step: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
            images, numbers = batch
            drawn = tf.random.stateless_uniform(tf.shape(numbers), (seed, begun + step), dtype=tf.float64)
            of = tf.gather(counts, numbers)
            place = tf.gather(first, numbers) + tf.cast(drawn * tf.cast(of, tf.float64), tf.int64)
            return {"image": images, "text": tf.gather(every, place)}

        return batches.enumerate().map(with_texts, tf.data.AUTOTUNE)


def load(words: Words, data: Dataset, preparation: Preparation) -> Pairs:
    """Return the pairs of `words`, with pictures as those of `data`.

    A table that is named without a folder lies beside the pictures of `data`. Naming a set of tensorflow-datasets
    downloads it. Raises DatasetError for all that is wrong with a table, in one round.
    """
    if words.pairs == CLASS_NAMES:
        return _of_classes(words, data)
    with quiet():
        if Path(words.pairs).suffix.lower() in tabular.ENDINGS:
            builder = captioned.of_table(_table(words.pairs, data), preparation)
        else:
            builder = published.builder(words.pairs, features)
        return _of_builder(words.pairs, builder, data)


def is_here(words: Words) -> bool:
    """Whether the pairs can be had without a download. Raises DatasetError if there is no such set."""
    is_ours = words.pairs == CLASS_NAMES or Path(words.pairs).suffix.lower() in tabular.ENDINGS
    return is_ours or published.is_here(words.pairs)


def _table(name: str, data: Dataset) -> Path:
    """Return the file of a table: beside the pictures of `data`, if it is named without a folder."""
    path, folder = Path(name), Path(data.name)
    if path.is_absolute():
        return path
    if not folder.is_dir():
        raise DatasetError(f"pairs = '{name}': '{data.name}' is no folder that it could lie in: write ./{name}")
    return folder / path


def _of_classes(words: Words, data: Dataset) -> Pairs:
    texts = [words.prompts(name) for name in data.classes]
    digest = blake2b(repr((data.digest, texts)).encode(), digest_size=8).hexdigest()
    return Pairs(name=CLASS_NAMES, digest=digest, texts=texts, size=data.sizes["train"], reader=data.reader)


@dataclass(frozen=True, kw_only=True)
class Numbered(Source):
    """Pictures with numbers in place of labels; those without a number are left out."""

    count: int  # pictures with a number
    numbers: tf.lookup.StaticHashTable  # the number of each picture, by the hash of its bytes
    told: str  # hex of which picture has which number

    @property
    def classes(self) -> tuple[str, ...]:
        """None: pictures have texts."""
        return ()

    @property
    def sizes(self) -> dict[str, int]:
        """Number of pictures."""
        return {"train": self.count}

    @cached_property
    def digest(self) -> str:
        """Hex of the pictures and their numbers."""
        return self.told

    def records(self, split: str, *, seed: int | None = None) -> tf.data.Dataset:
        """Return (encoded picture: string, number: int64), in a fixed order, or with the files ordered by `seed`."""
        numbered = super().records(split, seed=seed).map(lambda data, _: (data, self.numbers.lookup(_hash(data))))
        return numbered.filter(lambda _, number: number >= 0)


def _of_builder(name: str, builder: tfds.core.DatasetBuilder, data: Dataset) -> Pairs:
    picture, *path = features(name, builder)
    source = Source(builder=builder, picture=picture, label=path[0], splits={"train": "train"})
    held = set().union(*(_hashes(data.reader.source, split) for split in ("validation", "test")))
    told = list(_told(source, path))
    texts: dict[int, list[str]] = {}
    for hashed, said in told:
        if said and hashed not in held:
            texts[hashed] = list(dict.fromkeys([*texts.get(hashed, []), *said]))
    if len(texts) < 2:
        there = "is" if len(texts) == 1 else "are"
        raise DatasetError(f"pairs = '{name}': two pictures with texts are needed, and there {there} {len(texts)}")
    notes = [
        f"{count:,} of {len(told):,} captioned pictures {why}: left out"
        for why, count in (
            (f"are held out by {data.name}", sum(hashed in held for hashed, _ in told)),
            ("have no text", sum(not said for _, said in told)),
        )
        if count
    ]
    digest = blake2b(repr(sorted(texts.items())).encode(), digest_size=8).hexdigest()
    numbered = Numbered(
        builder=builder, picture=picture, label=path[0], splits=source.splits,
        count=sum(hashed in texts for hashed, _ in told), numbers=_lookup(list(texts)),
        told=blake2b(repr(list(texts)).encode(), digest_size=8).hexdigest(),
    )  # fmt: skip
    return Pairs(
        name=name, digest=digest, texts=list(texts.values()), size=numbered.count, notes=tuple(notes),
        reader=reading.reader(numbered, data.task.image, data.background),
    )  # fmt: skip


def features(name: str, builder: tfds.core.DatasetBuilder) -> tuple[str, ...]:
    """Return the name of the picture, and the path of names to the texts. Raises DatasetError unless there are both."""
    known = builder.info.features
    pictures = [key for key, kind in known.items() if isinstance(kind, tfds.features.Image)]
    paths = list(_strings(known))
    found = [path for wanted in tabular.TEXTS for path in paths if wanted in map(tabular.letters, path)]
    if "train" not in builder.info.splits or not pictures or not found:
        raise DatasetError(
            f"pairs = '{name}': needs a split 'train' of pictures with texts, has {', '.join(sorted(known))} in "
            f"{', '.join(builder.info.splits)}"
        )
    return ("image" if "image" in pictures else pictures[0], *found[0])


def _strings(known: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path to each text, and to each list of texts, among the features of a set."""
    for key, kind in known.items():
        inner = kind.feature if isinstance(kind, tfds.features.Sequence) else kind
        if hasattr(inner, "items"):
            yield from _strings(inner, (*path, key))
        elif inner.tf_dtype == tf.string:
            yield (*path, key)


def _told(source: Source, path: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the hash of each picture with its texts."""

    def one(data: tf.Tensor, label: Any) -> tuple[tf.Tensor, tf.Tensor]:
        for name in path[1:]:
            label = label[name]
        return _hash(data), tf.reshape(label, [-1])

    blocks = source.records("train").map(one, tf.data.AUTOTUNE).ragged_batch(BLOCK).prefetch(1)
    for hashes, texts in watched(blocks, -(-source.sizes["train"] // BLOCK), "reading texts"):
        for hashed, told in zip(hashes.numpy(), texts.to_list(), strict=True):
            plain = [" ".join(text.decode(errors="replace").split()) for text in told]
            yield int(hashed), list(filter(None, plain))


def _hashes(source: Source, split: str) -> set[int]:
    records = source.records(split).map(lambda data, _: _hash(data), tf.data.AUTOTUNE).batch(BLOCK)
    return {int(one) for block in records.as_numpy_iterator() for one in block}


def _hash(data: tf.Tensor) -> tf.Tensor:
    return tf.strings.to_hash_bucket_fast(data, HASHES)


def _lookup(hashes: Sequence[int]) -> tf.lookup.StaticHashTable:
    """Return a table from the hash of a picture to its number, -1 for others."""
    with tf.device("CPU:0"):
        entries = tf.lookup.KeyValueTensorInitializer(
            tf.constant(hashes, tf.int64), tf.range(len(hashes), dtype=tf.int64)
        )
        return tf.lookup.StaticHashTable(entries, -1)
