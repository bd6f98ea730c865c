"""From records to batches: decoded in parallel, kept where there is room, shuffled, augmented, prefetched.

Pictures are kept in memory, else on disk, while they are decoded and handed out for the first time; else nowhere: then
each epoch decodes them anew. Their order and their pixels are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import prod

import numpy as np
import tensorflow as tf

from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.recipe import Augmentation
from suite.core.task import spelled
from suite.datasets import disk, keeping, pipelines
from suite.datasets.augment import augmented
from suite.datasets.memory import Batch, Frame, Kept, Memory, Shape, empty
from suite.datasets.mixing import mixed
from suite.datasets.source import Source
from suite.machine.capacity import free_memory, whole_memory
from suite.machine.progress import watched
from suite.machine.surroundings import version_of
from suite.pictures.graph import VERSION, decoded, scaled, shown

LOG = logging.getLogger(__name__)
AUTO = tf.data.AUTOTUNE
SHARE = 4  # a dataset may fill one part in four of the free memory
ROOM = 8  # the shuffling of a dataset that does not may fill one part in eight of all memory
BLOCK = 64  # pictures read at a time
# No pipeline here has an `if` of tensors. To look for one, AutoGraph takes as long as some epochs of a small network.
as_written = tf.autograph.experimental.do_not_convert


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads one source at one input shape, by one preprocessing."""

    source: Source
    image: tuple[int, int, int]  # (H, W, C)
    background: tuple[int, int, int]  # below what is transparent
    memory: Memory  # shared with the readers of the same source
    preprocessing: Preprocessing = PLAIN
    tallies: dict[str, list[int]] = field(default_factory=dict, repr=False)

    def seen(self, image: tuple[int, int, int], preprocessing: Preprocessing) -> Reader:
        """Return the reader of the same source at another shape, or by another preprocessing."""
        return replace(self, image=image, preprocessing=preprocessing)

    def redrawn(self, seed: int) -> Reader:
        """Return the reader of the same pictures with others for validation."""
        return replace(self, source=self.source.redrawn(seed), memory=Memory(room=self.memory.room), tallies={})

    @property
    def frame(self) -> Frame:
        """What the pictures in memory are like."""
        return self.image, self.preprocessing.geometry

    @property
    def fits(self) -> bool:
        """Whether the pictures, brought to this shape, are kept in memory."""
        return sum(map(self._bytes, self.source.splits)) <= self.memory.room

    def _bytes(self, split: str) -> int:
        """Return the size of the pictures of a split."""
        return prod(self._shape(split))

    def _shape(self, split: str) -> Shape:
        return (self.source.sizes[split], *self.image)

    @as_written
    def train(
        self,
        *,
        batch_size: int,
        seed: int,
        augmentation: Augmentation,
        first_epoch: int,
        epochs: int,
        is_scaled: bool = True,
    ) -> tf.data.Dataset:
        """Return the shuffled batches of some epochs, see Dataset.train."""
        steps = -(-self.source.sizes["train"] // batch_size)
        with tf.device("CPU:0"):
            each = tf.data.Dataset.range(first_epoch, first_epoch + epochs).map(lambda number: tf.stack([seed, number]))
            batches = self._shuffled(batch_size, each)
            if augmentation:
                seeds = each.flat_map(lambda epoch: tf.data.Dataset.from_tensor_slices(_numbers(epoch, [steps, 2])))
                batches = tf.data.Dataset.zip(batches, seeds).map(
                    lambda batch, seed: _augmented(batch, seed, augmentation, len(self.source.classes)), AUTO
                )
            return self._ended(batches.apply(tf.data.experimental.assert_cardinality(steps * epochs)), is_scaled)

    @as_written
    def held_out(self, split: str, batch_size: int, *, is_scaled: bool = True) -> tf.data.Dataset:
        """Return the batches of a split in the order of its records."""
        with tf.device("CPU:0"):
            kept, size = self._kept(split), self.source.sizes[split]
            if kept is None:
                return self._ended(self._pictures(self.source.records(split)).batch(batch_size), is_scaled)
            numbers, records = tf.data.Dataset.range(size).batch(batch_size), self._missing(kept, split)
            once = tf.data.Dataset.range(1)  # each time that it is read, what is kept by then decides
            batches = keeping.batches(kept, once, lambda _: numbers, lambda _: records, self._seen, batch_size)
            return self._ended(
                batches.apply(tf.data.experimental.assert_cardinality(-(-size // batch_size))), is_scaled
            )

    @as_written
    def tally(self, split: str) -> list[int]:
        """Return the number of pictures of each class in a split; they are counted the first time."""
        if split not in self.tallies:
            labels = np.fromiter(self.source.labels(split).as_numpy_iterator(), np.int64)
            self.tallies[split] = np.bincount(labels, minlength=len(self.source.classes)).tolist()
        return self.tallies[split]

    @as_written
    def samples(self, split: str, count: int) -> list[tuple[np.ndarray, int]]:
        """Return the first pictures of a split as uint8 [h, w, c], with their labels."""
        records = self.source.records(split).take(count).as_numpy_iterator()
        with tf.device("CPU:0"):
            return [(decoded(data).numpy(), int(label)) for data, label in records]

    @as_written
    def framed(self, split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the first pictures of a split as networks see them, uint8 [n, H, W, C], with their labels, int64."""
        with tf.device("CPU:0"):
            pictures = list(self._pictures(self.source.records(split).take(count)).as_numpy_iterator())
        return np.stack([picture for picture, _ in pictures]), np.array([label for _, label in pictures], np.int64)

    def encoded(self, split: str, numbers: Collection[int]) -> dict[int, bytes]:
        """Return the pictures with some numbers in the sequence of a split, as the bytes of their files."""
        records = self.source.records(split).take(max(numbers, default=-1) + 1).as_numpy_iterator()
        wanted = set(numbers)
        return {number: data for number, (data, _) in enumerate(records) if number in wanted}

    def _shuffled(self, batch_size: int, each: tf.data.Dataset) -> tf.data.Dataset:
        """Return the batches of each epoch of `each`, int64 [2]: the seed and the number of the epoch."""
        size = self.source.sizes["train"]
        if kept := self._kept("train"):
            if self._room < size:  # the shuffling cannot hold all records, and the order is that of later epochs
                self._fill(kept, "train")
            numbers, records = tf.data.Dataset.range(size), self._missing(kept, "train")
            return keeping.batches(
                kept,
                each,
                lambda epoch: self._in_order(numbers, _numbers(epoch, [])).batch(batch_size),
                lambda epoch: self._in_order(records, _numbers(epoch, [])),
                self._seen,
                batch_size,
            )

        whole = self.source.records("train") if self._room >= size else None

        def one(epoch: tf.Tensor) -> tf.data.Dataset:
            seed = _numbers(epoch, [])
            records = self.source.records("train", seed=seed) if whole is None else whole
            return self._pictures(self._in_order(records, seed)).batch(batch_size)

        return each.flat_map(one)

    def _in_order(self, things: tf.data.Dataset, seed: tf.Tensor) -> tf.data.Dataset:
        """Return the records of an epoch, or their numbers, in the order of `seed`; too many are shuffled in parts."""
        tf.random.set_seed(1)  # of the calling graph: without it, the order changes with the program's own seed
        return things.shuffle(self._room, seed)

    @property
    def _room(self) -> int:
        """How many encoded pictures the shuffling may hold at a time.

        Memory that is free just now must not count: the order of an epoch depends on this number.
        """
        size = self.source.sizes["train"]
        stored = self.source.builder.info.splits[self.source.splits["train"]].num_bytes
        return max(BLOCK, min(size, int(size * whole_memory() / ROOM / max(stored, 1))))

    def _pictures(self, records: tf.data.Dataset) -> tf.data.Dataset:
        """Return (pixels of the input shape, uint8; label) of records."""
        return records.map(self._seen, AUTO)

    def _seen(self, data: tf.Tensor, label: tf.Tensor) -> Batch:
        """Return what a network sees of an encoded picture, before scaling, with its label."""
        picture = tf.ensure_shape(decoded(data), self.source.shape)  # what is known beforehand saves time
        return tf.ensure_shape(shown(picture, self.image, self.background, self.preprocessing), self.image), label

    def _kept(self, split: str) -> Kept | None:
        """Return what is kept of a split, or room to keep it; None if nothing can."""
        if self.fits:
            return self._in_memory(split)
        known = self.memory.mapped.get((self.frame, split))
        if known is None or (known.read and known.is_whole):  # a whole file is mapped
            try:
                found = disk.kept(self._name(split), self._shape(split))
            except BlockingIOError:  # another process keeps them: this one does without until they are there
                return known  # unless it is this one, whose file is not yet on its shelf
            if found is None:
                self._tell_once()
                return None
            self.memory.mapped[self.frame, split] = found
        return self.memory.mapped[self.frame, split]

    def _in_memory(self, split: str) -> Kept:
        kept = self.memory.of(self.frame)
        if split not in kept:
            self.memory.make_room(self._bytes(split))
            kept[split] = empty(self._shape(split))
        return kept[split]

    def _fill(self, kept: Kept, split: str) -> None:
        """Decode all of a split and keep it, unless it is kept."""
        if not kept.is_whole:
            batches = self.held_out(split, BLOCK, is_scaled=False)
            for _ in watched(batches, len(batches), f"reading {split}"):
                pass

    def _missing(self, kept: Kept, split: str) -> tf.data.Dataset | None:
        """Return the records of a split, numbered; None if it is kept."""
        return None if kept.is_whole else self.source.records(split).enumerate()

    def _tell_once(self) -> None:
        """Say that nothing keeps the pictures of this shape."""
        if self.frame not in self.memory.nowhere:
            self.memory.nowhere.add(self.frame)
            LOG.warning(
                "the pictures take %.3g GB at %s, for which neither the memory nor the disk has room: each epoch "
                "decodes them anew. SUITE_PICTURES sets how many GB are kept on disk (now %.3g).",
                sum(map(self._bytes, self.source.splits)) / 1e9, spelled(self.image), disk.PICTURES.budget / 1e9,
            )  # fmt: skip

    def _name(self, split: str) -> str:
        """Return a name that changes with whatever changes the pixels, the labels or their order."""
        source, seen = self.source, (self.image, self.background, self.preprocessing.geometry)
        told = (VERSION, version_of("tensorflow"), source.digest, split, source.splits[split], seen)
        return blake2b(repr(told).encode(), digest_size=16).hexdigest()

    def _ended(self, batches: tf.data.Dataset, is_scaled: bool) -> tf.data.Dataset:
        """Return batches of pixels in a fixed order, some ahead of the network; scaled as it takes them, if asked."""
        if is_scaled:
            batches = batches.map(lambda pixels, label: (scaled(_float(pixels), self.preprocessing), label), AUTO)
        return batches.prefetch(AUTO).with_options(pipelines.plain())


def _augmented(batch: Batch, seed: tf.Tensor, augmentation: Augmentation, classes: int) -> Batch:
    """Return pictures changed at random with their labels: shares of classes if two pictures become one."""
    images, labels = augmented(_float(batch[0]), seed, augmentation), batch[1]
    return mixed(images, labels, classes, seed, augmentation) if augmentation.mixes else (images, labels)


def _float(pixels: tf.Tensor) -> tf.Tensor:
    return tf.cast(pixels, tf.float32)


def _numbers(epoch: tf.Tensor, shape: list[int]) -> tf.Tensor:
    """Return random int64 numbers of a shape, different in each epoch."""
    return tf.random.stateless_uniform(shape, epoch, None, None, tf.int64)


def reader(source: Source, image: tuple[int, int, int], background: tuple[int, int, int]) -> Reader:
    """Return a reader of `source` at the input shape `image` (H, W, C).

    Raises SuiteError for a budget of pictures on disk that is no number.
    """
    disk.PICTURES.check()
    return Reader(source=source, image=image, background=background, memory=Memory(room=free_memory() / SHARE))
