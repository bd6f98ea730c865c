"""The embedded dataset: 1,797 handwritten digits, 8x8 grey, that scikit-learn ships.

Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
(https://doi.org/10.24432/C50P49): scikit-learn carries its test set, of 13 writers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from suite.datasets.preparing import prepare
from suite.machine.cache import data_folder

SHARE = 5  # one digit in five is for validation, and one in five for the test


class Digits(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Splits train (1,085), validation (357) and test (355); each has every class in the same proportion."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {"image": tfds.features.Image(shape=(8, 8, 1)), "label": tfds.features.ClassLabel(num_classes=10)}
        )
        return self.dataset_info_from_configs(features=features, supervised_keys=("image", "label"))

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {split: self._generate_examples(split) for split in ("train", "validation", "test")}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict]]:
        images, labels = pictures()
        for index in np.flatnonzero(splits(labels) == split):
            yield int(index), {"image": images[index], "label": int(labels[index])}


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Return the digits as uint8 [1797, 8, 8, 1] from 0 to 255, and their labels [1797]."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # they have 17 levels, 0 to 16
    return images[..., None], digits.target


def splits(labels: np.ndarray) -> np.ndarray:
    """Return the split of each digit. In each class every fifth one is for the test, the one before for validation."""
    names = np.array(["train", "train", "train", "validation", "test"])
    homes = np.empty(len(labels), names.dtype)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        homes[members] = names[np.arange(len(members)) % SHARE]
    return homes


def builder() -> tfds.core.DatasetBuilder:
    """Return the digits, prepared. Raises DatasetError if the data folder cannot be written."""
    digits = Digits(data_dir=data_folder())
    if not digits.data_path.exists():
        prepare(digits)
    return tfds.builder_from_directory(digits.data_path)
