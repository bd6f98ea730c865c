"""Pictures with texts, from a table of captions, as a tensorflow-datasets builder.

Its version on disk is named by the digest of the contents.
"""

from __future__ import annotations

import logging
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import tensorflow_datasets as tfds

from suite.core.errors import BrokenFilesError, DatasetError
from suite.core.preparation import Preparation
from suite.datasets import captions, split
from suite.datasets.captions import Captions
from suite.datasets.folder import Viewed, broken, view_all
from suite.datasets.layout import Layout
from suite.datasets.naming import named
from suite.datasets.preparing import prepare, unwritable
from suite.datasets.split import Folder
from suite.machine.cache import data_folder

LOG = logging.getLogger(__name__)
VERSION = 1  # of what is prepared from the same files

Texts = Mapping[str, Sequence[str]]  # of each picture, by its content


class Captioned(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The pictures that a table names, as a viewer shows them, with their texts. Its one split is `train`."""

    VERSION = tfds.core.Version("1.0.0")
    name = "captioned"

    def __init__(self, *, viewed: Viewed, texts: Texts, notes: Sequence[str], key: str) -> None:
        self._viewed, self._texts, self._notes = viewed, texts, list(notes)
        super().__init__(data_dir=data_folder(), config=tfds.core.BuilderConfig(name=key))

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=self._viewed.shape),
                "captions": tfds.features.Sequence(tfds.features.Text()),
            }
        )
        return self.dataset_info_from_configs(
            features=features, metadata=tfds.core.MetadataDict({"notes": self._notes})
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[str, dict]]:
        for content, texts in sorted(self._texts.items()):
            if content in self._viewed.records:
                yield content, {"image": self._viewed.records[content].read_bytes(), "captions": list(texts)}


def of_table(table: Path, preparation: Preparation) -> tfds.core.DatasetBuilder:
    """Return the pictures and texts of a table, prepared, and say what is left out.

    Raises DatasetError for all that is in the way, in one round, as a BrokenFilesError if pictures cannot be used.
    With `preparation.skip_broken`, rows and pictures that cannot be used are left out.
    """
    told = captions.read(table)
    folder = split.read(Layout(root=named([table]), splits={"train": {"": sorted(told.texts)}}))
    if told.problems and not preparation.skip_broken:
        raise _refused(table, told, folder, preparation)
    texts = _by_content(told, folder)
    asked = (VERSION, sorted((content, list(said)) for content, said in texts.items()), preparation)
    key = blake2b(repr(asked).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    place = data_folder() / Captioned.name / key / str(Captioned.VERSION)
    if not place.exists():
        _prepare(table, key, texts, folder, preparation)
    found = tfds.builder_from_directory(place)
    for note in (*told.problems, *told.notes, *found.info.metadata["notes"]):
        LOG.warning("%s", note)
    return found


def _by_content(told: Captions, folder: Folder) -> Texts:
    """Return the texts of each picture; files of the same content share theirs."""
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for picture in folder.splits["train"]:
        texts[picture.content] |= dict.fromkeys(told.texts[picture.path])
    return {content: list(said) for content, said in texts.items()}


def _refused(table: Path, told: Captions, folder: Folder, preparation: Preparation) -> DatasetError:
    """Return the error for a table that cannot be used, which also names the pictures that cannot."""
    way = "Mend the table, or leave such rows out (--skip-broken)."
    problems = "\n".join([*told.problems, way])
    with tempfile.TemporaryDirectory() as scratch:
        viewed = view_all(folder, preparation.background, Path(scratch))
    if not viewed.bad:
        return DatasetError(problems)
    return BrokenFilesError(f"{problems}\n{broken(named([table]), viewed)}", viewed.bad)


def _prepare(table: Path, key: str, texts: Texts, folder: Folder, preparation: Preparation) -> None:
    try:
        data_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".viewed-", dir=data_folder()) as scratch:
            viewed = view_all(folder, preparation.background, Path(scratch))
            if viewed.bad and not preparation.skip_broken:
                raise BrokenFilesError(broken(named([table]), viewed), viewed.bad)
            if not viewed.records:
                raise DatasetError(f"{named([table])}: no picture with a text is left")
            gone = sum(map(len, viewed.bad.values()))
            notes = [f"{named([table])}: {gone} broken files are left out"] if gone else []
            prepare(Captioned(viewed=viewed, texts=texts, notes=notes, key=key))
    except OSError as error:
        raise unwritable(error) from error
