"""A dataset as a study sees it: three splits of pictures, brought to one shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.recipe import Augmentation
from suite.core.study import Image
from suite.core.task import Task, spelled

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from suite.datasets.reading import Reader


NONE = Augmentation()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Pictures with classes, at one shape and by one preprocessing.

    A split that was read stays in memory, if it fits, for all trials of a study.
    """

    name: str  # as the study says it
    digest: str  # short hex: changes with a picture, a label or the split
    classes: tuple[str, ...]
    task: Task
    background: tuple[int, int, int]  # below what is transparent in a picture: red, green, blue
    sizes: Mapping[str, int]  # number of pictures in "train", "validation" and "test"
    counts: Mapping[str, int]  # number of pictures of each class; empty if nobody has counted
    notes: tuple[str, ...]  # what was left out, and what pictures lose
    reader: Reader = field(repr=False, compare=False)
    preprocessing: Preprocessing = PLAIN  # from a picture to the input of a network
    original: Dataset | None = field(default=None, repr=False, compare=False)  # of which this has another split

    def seen(self, image: Image | None = None, preprocessing: Preprocessing = PLAIN) -> Dataset:
        """Return the same pictures at another size or by another preprocessing; nothing is loaded anew.

        `image` is (H, W, C), or the side of a square. What was read stays in memory for both, while there is room.
        """
        own = self.task.image
        height, width, channels = (image, image, own[2]) if isinstance(image, int) else image or own
        task = replace(self.task, height=height, width=width, channels=channels)
        reader = self.reader.seen(task.image, preprocessing)
        original = self.original.seen(image, preprocessing) if self.original else None
        return replace(self, task=task, preprocessing=preprocessing, reader=reader, original=original)

    def redrawn(self, seed: int) -> Dataset:
        """Return the same pictures with others for validation: as many of each class, drawn by `seed`.

        The test pictures stay.
        """
        reader = self.reader.redrawn(seed)
        return replace(self, digest=reader.source.digest, reader=reader, original=self)

    def places(self, split: str) -> np.ndarray:
        """Return where the pictures of a split stand in `original`: its train pictures, then those for validation."""
        return self.reader.source.places(split)

    @property
    def surroundings(self) -> dict[str, str]:
        """What a trial records of the pictures that it sees."""
        return {
            "dataset": self.name,
            "dataset_digest": self.digest,
            **{f"{split}_images": str(size) for split, size in self.sizes.items()},
            "classes": str(len(self.classes)),
            "image": spelled(self.task.image),
            "preprocessing": str(self.preprocessing),
            **({"data_notes": "; ".join(self.notes)} if self.notes else {}),
        }

    def train(
        self,
        *,
        batch_size: int,
        seed: int,
        augmentation: Augmentation = NONE,
        first_epoch: int = 1,
        epochs: int = 1,
        is_scaled: bool = True,
    ) -> tf.data.Dataset:
        """Return batches of (float32 [B, H, W, C] as the network takes them, int64 [B]): some epochs, one by one.

        `seed` and the number of an epoch, counted from 1, decide its order and augmentation. The last batch of each
        epoch may be smaller. Where two pictures are mixed, labels are shares of the classes, float32 [B, K].
        Without `is_scaled`, pictures are 0 to 255, uint8 where nothing augments them.
        """
        return self.reader.train(
            batch_size=batch_size, seed=seed, augmentation=augmentation, first_epoch=first_epoch, epochs=epochs,
            is_scaled=is_scaled,
        )  # fmt: skip

    def validation(self, *, batch_size: int = 256, is_scaled: bool = True) -> tf.data.Dataset:
        """Return batches of (float32 [B, H, W, C] as the network takes them, int64 [B]), always in the same order.

        Without `is_scaled`, pictures are uint8.
        """
        return self.reader.held_out("validation", batch_size, is_scaled=is_scaled)

    def test(self, *, batch_size: int = 256) -> tf.data.Dataset:
        """Return batches of (float32 [B, H, W, C] as the network takes them, int64 [B]), always in the same order."""
        return self.ordered("test", batch_size=batch_size)

    def ordered(self, split: str, *, batch_size: int = 256) -> tf.data.Dataset:
        """Return batches of a split as they are (float32 [B, H, W, C], int64 [B]), always in the same order."""
        return self.reader.held_out(split, batch_size)

    def tally(self, split: str) -> list[int]:
        """Return the number of pictures of each class in a split, in the order of `classes`."""
        return self.reader.tally(split)

    @property
    def baseline(self) -> tuple[float, str]:
        """The accuracy of always naming the largest class of the validation pictures, in percent, and that class."""
        counts = self.tally("validation")
        most = max(range(len(counts)), key=counts.__getitem__)
        return 100 * counts[most] / sum(counts), self.classes[most]

    def samples(self, split: str, count: int) -> list[tuple[np.ndarray, int]]:
        """Return the first `count` pictures as they are in their files (uint8 [h, w, c]), with their labels."""
        return self.reader.samples(split, count)

    def framed(self, split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the first `count` pictures at the network's size, before scaling (uint8 [n, H, W, C]), and labels."""
        return self.reader.framed(split, count)

    def encoded(self, split: str, numbers: Collection[int]) -> dict[int, bytes]:
        """Return the pictures with some numbers in the sequence of a split, as the bytes of their files."""
        return self.reader.encoded(split, numbers)
