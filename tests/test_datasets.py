"""Which pictures are read, how they are split, what networks see of them, and what is said when they are bad."""

from __future__ import annotations

import errno
import io
import os
import resource
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from etils import epath
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_digits

from suite import datasets
from suite.core.errors import BrokenFilesError, DatasetError, SuiteError
from suite.core.preparation import Preparation
from suite.core.preprocessing import Geometry
from suite.core.recipe import Augmentation
from suite.datasets import augment, digits, disk, folder, layout, preparing, reading, source, split
from suite.datasets.dataset import Dataset
from suite.datasets.memory import Memory
from suite.machine import shelf
from suite.pictures import graph as pictures
from suite.training import exercise
from tests.pictures import encoded, fill, noise

MOVED = Augmentation(shift=0.25, flip=True)

SPLITS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A flat folder of two classes, ten pictures each, all 12 wide and 10 high."""
    fill(tmp_path / "set" / "cat", range(10))
    fill(tmp_path / "set" / "dog", range(100, 110))
    return tmp_path / "set"


def contents(dataset: Dataset, part: str) -> list[bytes]:
    return [image.tobytes() for image, _ in dataset.samples(part, 10_000)]


def opened(root: Path) -> split.Folder:
    """The folder in three splits; only files with the same bytes are taken for copies."""
    return split.parted(split.read(layout.scan(root)), content, content, keep_copies=False)


def content(picture: split.Picture) -> str:
    return picture.content


def found(folder: split.Folder, part: str) -> set[str]:
    return {picture.content for picture in folder.splits[part]}


def read(batches: tf.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


class Unlabelled(tfds.core.GeneratorBasedBuilder):
    """As imagenet2012: the labels of the official test split are -1."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("all", "validation", "test", "train", "odd")]  # noqa: RUF012
    PARTS = {  # noqa: RUF012
        "all": ("train", "validation", "test"),
        "validation": ("train", "validation"),
        "test": ("train", "test"),
        "train": ("train",),
        "odd": ("left", "right"),
    }
    name = "unlabelled"
    pkg_dir_path = epath.Path(__file__).parent

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(40, 36, 3)),
                    "label": tfds.features.ClassLabel(names=["a", "b"]),
                    "note": tfds.features.Text(),
                }
            )
        )

    def _split_generators(self, dl_manager):
        return {part: self._generate_examples(part) for part in self.PARTS[self.builder_config.name]}

    def _generate_examples(self, part: str):
        for number in range({"train": 50}.get(part, 12)):
            image = np.asarray(noise(number + 1000 * len(part), (36, 40)))
            yield number, {"image": image, "label": -1 if part == "test" else number % 2, "note": "x"}


class Sentences(tfds.core.GeneratorBasedBuilder):
    """A dataset without pictures."""

    VERSION = tfds.core.Version("1.0.0")
    name = "sentences"
    pkg_dir_path = epath.Path(__file__).parent

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict({"text": tfds.features.Text()}))

    def _split_generators(self, dl_manager):
        raise AssertionError("must not be downloaded")

    def _generate_examples(self):
        raise AssertionError("must not be downloaded")


# digits


def test_digits_are_those_of_scikit_learn_and_each_is_in_one_split() -> None:
    dataset = datasets.load("digits")
    assert sum(dataset.sizes.values()) == 1797
    assert dataset.task.image == (32, 32, 1)
    assert dataset.classes == tuple("0123456789")
    ours = {(image.tobytes(), label) for part in SPLITS for image, label in dataset.samples(part, 2000)}
    reference = load_digits()
    scaled = np.rint(reference.images * 255 / 16).astype(np.uint8)
    assert ours == {(image.tobytes(), label) for image, label in zip(scaled, reference.target, strict=True)}


def test_every_split_of_digits_has_the_classes_in_the_same_proportion() -> None:
    labels = load_digits().target
    homes = digits.splits(labels)
    for part, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
        assert np.abs(np.bincount(labels[homes == part]) - share * np.bincount(labels)).max() < 2


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match=r"file: the dataset cannot be prepared there .*set TFDS_DATA_DIR"):
        datasets.load("digits")


# folders


def test_a_flat_folder_is_split_reproducibly_with_every_class_in_every_split(root: Path) -> None:
    dataset = datasets.load(str(root))
    assert dataset.classes == ("cat", "dog")
    assert dataset.sizes == {"train": 16, "validation": 2, "test": 2}
    assert dataset.task.image == (32, 32, 3)
    for part in SPLITS:
        assert {label for _, label in dataset.samples(part, 99)} == {0, 1}
    whole = [content for part in SPLITS for content in contents(dataset, part)]
    assert len(set(whole)) == 20


def test_names_of_files_and_folders_do_not_decide_the_split(root: Path, tmp_path: Path) -> None:
    first = opened(root)
    for number, path in enumerate(sorted(root.glob("*/*.png"), reverse=True)):
        path.rename(path.with_name(f"renamed{number}.png"))
    second = opened(root.rename(tmp_path / "moved"))
    assert second.digest == first.digest
    assert [found(first, part) for part in SPLITS] == [found(second, part) for part in SPLITS]


def test_the_same_pictures_prepared_twice_have_the_same_digest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = datasets.load(str(root)).digest
    monkeypatch.setenv("TFDS_DATA_DIR", str(root.parent / "elsewhere"))
    assert datasets.load(str(root)).digest == first


def test_a_changed_picture_and_a_changed_label_change_the_digest_and_what_is_read(root: Path) -> None:
    seen = {datasets.load(str(root)).digest}
    noise(777, (12, 10)).save(root / "cat" / "0.png")
    dataset = datasets.load(str(root))
    assert np.asarray(noise(777, (12, 10))).tobytes() in [c for part in SPLITS for c in contents(dataset, part)]
    seen.add(dataset.digest)
    (root / "cat" / "0.png").rename(root / "dog" / "0.png")
    seen.add(datasets.load(str(root)).digest)
    assert len(seen) == 3


def test_a_new_picture_moves_few_others_between_splits(tmp_path: Path) -> None:
    members = [split.Picture(path=tmp_path, label="a", content=f"{n * 7919 % 10007:05}") for n in range(1, 106)]
    parts = [split.carved(some, ["validation", "test"], content, content)[0] for some in (members[:-1], members)]
    homes = [{picture.content: home for home, pictures in part.items() for picture in pictures} for part in parts]
    assert [sum(home == "test" for home in part.values()) for part in homes] == [10, 10]
    assert sum(homes[0][content] != homes[1][content] for content in homes[0]) <= 2


def test_official_splits_are_kept_and_validation_has_three_names(tmp_path: Path) -> None:
    for number, name in enumerate(("val", "valid", "validation")):
        root = tmp_path / name
        for part, start, count in (("train", 0, 6), (name, 50, 3), ("test", 80, 2)):
            fill(root / part / "a", range(start, start + count))
            fill(root / part / "b", range(start + 1000 + number, start + 1000 + number + count))
        assert [len(opened(root).splits[part]) for part in SPLITS] == [12, 6, 4]


def test_a_folder_without_a_test_split_is_tested_on_its_validation_split(tmp_path: Path) -> None:
    for part, start, count in (("train", 0, 20), ("val", 50, 3)):
        fill(tmp_path / "set" / part / "a", range(start, start + count))
        fill(tmp_path / "set" / part / "b", range(start + 1000, start + 1000 + count))
    folder = opened(tmp_path / "set")
    assert [len(folder.splits[part]) for part in SPLITS] == [36, 4, 6]
    assert {picture.path.parent.parent.name for picture in folder.splits["test"]} == {"val"}


def test_copies_of_held_out_pictures_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "set"
    for part, start, count in (("train", 0, 6), ("val", 50, 3), ("test", 80, 2)):
        fill(root / part / "a", range(start, start + count))
        fill(root / part / "b", range(start + 1000, start + 1000 + count))
    shutil.copy(root / "train/a/0.png", root / "test/a/again.png")
    shutil.copy(root / "train/a/0.png", root / "val/a/again.png")
    shutil.copy(root / "val/b/1050.png", root / "test/a/other class.png")
    dataset = datasets.load(str(root))
    assert dataset.sizes == {"train": 12, "validation": 6, "test": 4}
    told = (
        "1 of 7 validation pictures: left out, as copies of train pictures",
        "2 of 6 test pictures: left out, as copies of train or validation pictures",
    )
    assert dataset.notes == told
    assert [record.getMessage() for record in caplog.records if record.name == folder.__name__] == [
        f"{root}: {note}" for note in told
    ]
    parts = [set(contents(dataset, part)) for part in SPLITS]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 22
    kept = datasets.load(str(root), preparation=Preparation(keep_copies=True))
    assert kept.sizes == {"train": 12, "validation": 7, "test": 6}
    assert kept.notes == ()
    assert kept.digest != dataset.digest


def test_a_picture_in_two_classes_of_a_flat_folder_is_in_one_split(tmp_path: Path) -> None:
    fill(tmp_path / "set" / "a", range(30))
    fill(tmp_path / "set" / "b", range(20, 50))
    folder = opened(tmp_path / "set")
    parts = [found(folder, part) for part in SPLITS]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 50


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda root: (root / "owl").mkdir(), "owl: a class without pictures"),
    (lambda root: shutil.rmtree(root / "dog"), "has one class only, 'cat'"),
    (lambda root: [shutil.rmtree(root / name) for name in ("cat", "dog")], "set: holds no pictures"),
    (lambda root: shutil.rmtree(root), "set: no such folder"),
    (lambda root: noise(1).save(root / "stray.png"), r"stray\.png: a picture in no class"),
    (lambda root: fill(root / "train" / "cat", [1]), "cat: neither a split"),
])  # fmt: skip
def test_a_wrong_layout_is_refused_by_name_before_any_picture_is_read(root: Path, spoil, message: str) -> None:
    datasets.check(str(root))
    spoil(root)
    with pytest.raises(DatasetError, match=message):
        datasets.check(str(root))
    with pytest.raises(DatasetError, match=message):
        datasets.load(str(root))


def test_pictures_in_folders_of_a_class_are_of_that_class_and_links_are_not_followed(root: Path) -> None:
    fill(root / "cat" / "indoors", [31, 32])
    fill(root / "cat" / "indoors" / "at night", [33])
    (root / "cat" / "indoors" / "loop").symlink_to(root / "cat")
    data = datasets.load(str(root))
    assert dict(data.counts) == {"cat": 13, "dog": 10}
    assert data.notes == (f"{root}/cat/indoors: inside a class, so its pictures are of that class",)


@pytest.mark.parametrize(("parts", "message"), [
    ({"train": "ab", "test": "abc"}, "c: a class that .*train does not have"),
    ({"train": "abc", "test": "ab"}, "c: a class that .*test does not have"),
    ({"val": "ab", "test": "ab"}, "has no split 'train'"),
    ({"train": "ab", "val": "ab", "valid": "ab"}, "val and .*valid are both the validation split"),
])  # fmt: skip
def test_splits_that_do_not_agree_are_refused(tmp_path: Path, parts: dict[str, str], message: str) -> None:
    for part, classes in parts.items():
        for name in classes:
            fill(tmp_path / part / name, [hash(part + name) % 2**32])
    with pytest.raises(DatasetError, match=message):
        datasets.check(str(tmp_path))


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    for name in ("train", "test", "bus"):
        fill(tmp_path / name, [1])
    assert sorted(layout.scan(tmp_path).splits["train"]) == ["bus", "test", "train"]
    shutil.rmtree(tmp_path / "bus")
    assert sorted(layout.scan(tmp_path).splits["train"]) == ["test", "train"]


def test_what_file_browsers_leave_behind_is_no_picture(root: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (root / "cat" / name).write_bytes(b"clutter")
    (root / "README.md").write_text("where they come from")
    (root / "__MACOSX").mkdir()
    assert sum(datasets.load(str(root)).sizes.values()) == 20


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP"])
def test_a_picture_that_is_cut_short_is_named(root: Path, form: str) -> None:
    data = encoded(noise(5, (60, 60)), form)
    (root / "dog" / "cut.png").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(DatasetError, match=r"1 damaged or cut short: .*dog/cut\.png"):
        datasets.load(str(root))
    assert not (preparing.data_folder() / "folder").exists()


def test_every_file_that_cannot_be_used_is_told_in_one_round_by_kind(root: Path) -> None:
    whole = encoded(noise(5, (60, 60)), "PNG")
    for number in range(3):
        (root / "dog" / f"empty{number}.jpg").write_bytes(b"")  # copies of each other: each is told
        (root / "cat" / f"page{number}.jpg").write_text(f"<html>{number}")
        (root / "cat" / f"cut{number}.png").write_bytes(whole[: 3000 + number])
    with pytest.raises(DatasetError) as error:
        datasets.load(str(root))
    first, *kinds, way_out = str(error.value).splitlines()
    assert "--skip-broken" in way_out
    assert first.startswith(f"{root}: 9 of its files cannot be used")
    assert [line.split(":")[0].strip() for line in kinds] == [
        "3 damaged or cut short", "3 empty", "3 no picture inside",
    ]  # fmt: skip
    assert not (preparing.data_folder() / "folder").exists()
    assert list(preparing.data_folder().glob(".viewed*")) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_what_is_no_file_is_told_with_the_broken_files_and_is_not_waited_for(root: Path) -> None:
    (root / "cat" / "gone.png").symlink_to("nothing")
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "dog" / "page.jpg").write_text("<html>")
    with pytest.raises(BrokenFilesError) as error:
        datasets.load(str(root))
    assert {kind: [path.name for path in paths] for kind, paths in error.value.files.items()} == {
        "a link to nothing": ["gone.png"], "no file": ["pipe.png"], "no picture inside": ["page.jpg"],
    }  # fmt: skip
    for _ in range(2):
        data = datasets.load(str(root), preparation=Preparation(skip_broken=True))
        assert sum(data.sizes.values()) == 20
        assert data.notes == ("broken files are left out: 2 of cat, 1 of dog",)


def test_what_is_inside_a_file_decides_and_all_is_told_in_one_round(root: Path) -> None:
    (root / "cat" / "no ending").write_bytes(encoded(noise(500), "JPEG"))
    (root / "cat" / "photo.data").write_bytes(encoded(noise(501), "PNG"))
    assert sum(datasets.load(str(root)).sizes.values()) == 22
    (root / "dog" / "drawing.svg").write_text("<svg/>")
    (root / "dog" / "page.jpg").write_text("<html>")
    (root / "owl").mkdir()
    with pytest.raises(BrokenFilesError) as error:
        datasets.load(str(root))
    first, second, third, _ = str(error.value).splitlines()
    assert first.startswith(f"{root}/owl: a class without pictures")
    assert second == f"{root}: 2 of its files cannot be used."
    assert third.startswith("  2 no picture inside: ")
    with pytest.raises(DatasetError, match=r"^[^\n]*a class without pictures[^\n]*$"):
        datasets.load(str(root), preparation=Preparation(skip_broken=True))
    (root / "owl").rmdir()
    assert sum(datasets.load(str(root), preparation=Preparation(skip_broken=True)).sizes.values()) == 22


def test_a_class_too_small_to_be_split_is_named(root: Path) -> None:
    fill(root / "owl", [1, 2])
    shutil.copy(root / "owl/1.png", root / "owl/copy.png")
    with pytest.raises(
        DatasetError,
        match=r"'owl' is too small to be split: it needs at least 3 different pictures, and has 2 in 3 files",
    ):
        datasets.load(str(root))


def test_a_class_of_nothing_but_copies_is_named(tmp_path: Path) -> None:
    for part, start in (("train", 0), ("val", 50), ("test", 80)):
        fill(tmp_path / "set" / part / "a", range(start, start + 4))
        fill(tmp_path / "set" / part / "b", range(7000, 7004) if part != "val" else range(8000, 8004))
    with pytest.raises(DatasetError, match=r"'b' has no picture of its own in test: .*keep_copies"):
        datasets.load(str(tmp_path / "set"))


def test_pictures_of_different_sizes_need_a_shape_in_the_study(root: Path) -> None:
    noise(3, (20, 20)).save(root / "cat" / "large.png")
    with pytest.raises(DatasetError, match=r"differ in size.* image = \[224, 224, 3\]"):
        datasets.load(str(root))
    assert datasets.load(str(root), (16, 16, 1)).task.image == (16, 16, 1)


def test_a_shape_that_no_picture_has_is_refused(root: Path) -> None:
    for image in ((0, 16, 3), (16, 16, 4)):
        with pytest.raises(DatasetError, match="give sides above 0, and 1"):
            datasets.load(str(root), image)


def test_a_preparation_that_was_interrupted_is_done_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self, pictures):
        yield from list(original(self, pictures))[:1]
        raise KeyboardInterrupt

    original = folder.Pictures._generate_examples
    with monkeypatch.context() as patch:
        patch.setattr(folder.Pictures, "_generate_examples", broken)
        with pytest.raises(KeyboardInterrupt):
            datasets.load(str(root))
    assert datasets.load(str(root)).sizes == {"train": 16, "validation": 2, "test": 2}


# published datasets


@pytest.mark.parametrize(("config", "splits"), [
    ("all", {"train": "train[:90%]", "validation": "train[90%:]", "test": "validation"}),
    ("validation", {"train": "train[:90%]", "validation": "train[90%:]", "test": "validation"}),
    ("test", {"train": "train[:80%]", "validation": "train[80%:90%]", "test": "train[90%:]"}),
    ("train", {"train": "train[:80%]", "validation": "train[80%:90%]", "test": "train[90%:]"}),
])  # fmt: skip
def test_labels_of_minus_one_make_no_test_split(config: str, splits: dict[str, str]) -> None:
    dataset = datasets.load(f"unlabelled/{config}")
    assert dataset.reader.source.splits == splits
    assert dataset.classes == ("a", "b")
    assert dataset.task.image == (40, 36, 3)
    parts = [set(contents(dataset, part)) for part in SPLITS]
    assert [len(part) for part in parts] == [dataset.sizes[part] for part in SPLITS]
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_a_dataset_without_a_train_split_is_refused() -> None:
    with pytest.raises(DatasetError, match="has no split 'train', only left, right"):
        datasets.load("unlabelled/odd")


def test_a_dataset_without_pictures_is_refused_before_it_is_downloaded() -> None:
    with pytest.raises(DatasetError, match="'sentences': needs pictures of 8 bits with one class each, has text"):
        datasets.load("sentences")


def test_an_unknown_name_gets_a_suggestion() -> None:
    for name in ("cifr10", "cifr10:3.0.2"):
        with pytest.raises(DatasetError, match=r"no dataset 'cifr10.*Did you mean 'cifar10'\?"):
            datasets.check(name)
    with pytest.raises(DatasetError, match=r"Did you mean 'digits'\?"):
        datasets.load("digit")
    with pytest.raises(DatasetError, match="cannot be opened: BuilderConfig nope not found"):
        datasets.load("unlabelled/nope")


def test_without_a_network_the_way_out_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror("no network")

    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(DatasetError, match=r"'cifar10' .*no connection to .*toronto.*cifar10, or set TFDS_DATA"):
        datasets.load("cifar10")


def test_a_dataset_wins_over_a_folder_of_its_name_unless_that_is_written_as_a_path(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.rename(root.parent / "digits")
    monkeypatch.chdir(root.parent)
    assert datasets.load("digits").sizes["train"] == 1085
    assert datasets.load("./digits").classes == ("cat", "dog")


# pictures


@pytest.mark.parametrize(("mode", "form", "channels"), [
    ("RGB", "PNG", 3), ("RGBA", "PNG", 4), ("L", "PNG", 1), ("LA", "PNG", 2), ("P", "PNG", 3), ("1", "PNG", 1),
    ("RGB", "BMP", 3), ("RGB", "JPEG", 3), ("L", "JPEG", 1), ("CMYK", "JPEG", 3), ("P", "GIF", 3),
])  # fmt: skip
def test_pictures_of_every_kind_are_decoded_as_pillow_decodes_them(mode: str, form: str, channels: int) -> None:
    data = encoded(noise(7, (13, 9), mode), form)
    ours = pictures.decoded(tf.constant(data)).numpy()
    assert ours.dtype == np.uint8
    assert ours.shape == (9, 13, channels)
    with Image.open(io.BytesIO(data)) as opened:
        theirs = np.asarray(opened.convert(("L", "LA", "RGB", "RGBA")[channels - 1])).reshape(ours.shape)
    assert np.abs(ours.astype(int) - theirs).max() <= (4 if form == "JPEG" else 0)  # two decoders may round apart


def test_sixteen_bits_become_their_upper_eight() -> None:
    picture = noise(7, (13, 9), "I;16")
    assert np.array_equal(pictures.decoded(encoded(picture, "PNG")).numpy()[..., 0], np.asarray(picture) >> 8)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    first = noise(1, mode="P")
    first.save(tmp_path / "a.gif", save_all=True, append_images=[noise(2, mode="P")])
    ours = pictures.decoded((tmp_path / "a.gif").read_bytes())
    assert np.array_equal(ours, np.asarray(first.convert("RGB")))


def test_a_picture_of_the_right_shape_keeps_its_values_exactly() -> None:
    for mode, channels in (("RGB", 3), ("L", 1)):
        pixels = np.asarray(noise(3, (24, 20), mode)).reshape(20, 24, channels)
        values = pictures.prepared(pixels, (20, 24, channels)).numpy()
        assert np.array_equal(np.rint((values + 1) * 127.5), pixels)
        assert values.min() >= -1
        assert values.max() <= 1


def test_grey_and_colour_are_turned_into_each_other() -> None:
    grey = np.asarray(noise(3, (24, 20), "L"))[..., None]
    colour = np.asarray(noise(3, (24, 20)))
    plain = pictures.prepared(grey, (20, 24, 1)).numpy()
    assert np.array_equal(pictures.prepared(grey, (20, 24, 3)), np.repeat(plain, 3, -1))
    pillow = np.asarray(noise(3, (24, 20)).convert("L"))[..., None] / 127.5 - 1  # Pillow rounds to whole numbers
    assert np.abs(pictures.prepared(colour, (20, 24, 1)) - pillow).max() < 1 / 127.5


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (255, 128, 0)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_transparency_is_laid_on_the_background(mode: str, background: tuple[int, int, int]) -> None:
    kept = np.asarray(noise(3, (24, 20), mode)).reshape(20, 24, -1)
    clear = np.asarray(noise(4, (24, 20), "L"))[..., None]
    share = clear / 255
    laid = kept * share + np.array(background) * (1 - share)  # as Porter and Duff say: over
    luma = laid @ [0.299, 0.587, 0.114]
    seen = np.concatenate([kept, clear], -1)
    ours = [(pictures.prepared(seen, (20, 24, channels), background).numpy() + 1) * 127.5 for channels in (3, 1)]
    for seen_as, exact in ((ours[0], laid), (ours[1][..., 0], luma)):
        assert np.abs(seen_as - exact).max() < 0.5 + 1e-3  # to whole numbers
        assert np.abs(seen_as - np.rint(seen_as)).max() < 1e-3
    opaque = np.concatenate([kept, np.full_like(clear, 255)], -1)
    alike = [pictures.prepared(one, (20, 24, 3), background).numpy() for one in (opaque, kept)]
    assert np.array_equal(*alike)


@pytest.mark.parametrize("size", [(7, 11), (30, 45)])
def test_pictures_are_resized_as_pillow_resizes_them(size: tuple[int, int]) -> None:
    picture = noise(4, (24, 20))
    ours = (pictures.prepared(np.asarray(picture), (*size[::-1], 3)).numpy() + 1) * 127.5
    theirs = np.asarray(picture.resize(size, Image.Resampling.BILINEAR), float)  # antialiased, rounded to whole numbers
    assert np.abs(ours - theirs).max() < 1.1


@given(
    shape=st.tuples(*[st.integers(1, 60)] * 2, st.sampled_from([1, 3])),
    size=st.tuples(*[st.integers(1, 60)] * 2),
    interpolation=st.sampled_from(["bilinear", "bicubic"]),
    antialias=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_pictures_are_resized_as_tensorflow_resizes_them_to_the_nearest_whole_numbers(
    shape: tuple[int, int, int], size: tuple[int, int], interpolation: str, antialias: bool
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    how = Geometry(interpolation=interpolation, antialias=antialias)
    theirs = tf.image.resize(pixels, size, interpolation, antialias=antialias)
    wanted = np.rint(np.clip(theirs, 0, 255))
    assert np.array_equal(pictures.framed(pixels, (*size, shape[-1]), geometry=how), wanted)
    assert np.array_equal(pictures.framed(pixels[None], (*size, shape[-1]), geometry=how)[0], wanted)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_graph_prepares_pictures_of_any_size_and_channels_as_training_does(channels: int) -> None:
    image = (16, 18, channels)
    graph = tf.function(
        lambda data: pictures.prepared(pictures.decoded(data), image), input_signature=[tf.TensorSpec([], tf.string)]
    )
    batched = tf.function(
        lambda images: pictures.prepared(images, image),
        input_signature=[tf.TensorSpec([None, None, None, None], tf.uint8)],
    )
    assert graph.get_concrete_function().structured_outputs.shape == image
    for seed, mode in enumerate(("RGB", "RGBA", "L", "LA")):
        data = encoded(noise(seed, (21, 13 + seed), mode), "PNG")
        eager = pictures.prepared(pictures.decoded(data), image)
        assert np.array_equal(graph(data), eager)
        assert np.array_equal(batched(pictures.decoded(data)[None])[0], eager)


# reading


@pytest.fixture(params=["memory", "disk", "nowhere"])
def dataset(request: pytest.FixtureRequest, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Twenty pictures of 12 x 10 at 32 x 32: kept in memory, on disk, or read anew each time."""
    return kept(request.param, root, tmp_path, monkeypatch)


def kept(where: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SUITE_PICTURES", "0" if where == "nowhere" else "1")
    with monkeypatch.context() as patch:
        if where != "memory":
            patch.setattr(reading, "free_memory", lambda: 1000)
        loaded = datasets.load(str(root))
    assert loaded.reader.fits == (where == "memory")
    return loaded


def on_disk() -> list[Path]:
    """Return what is kept on disk, once the disk has it."""
    for thread in threading.enumerate():
        if thread.name == "pictures":
            thread.join()
    return [file for file in disk.PICTURES.folder.glob("*") if file.is_file()]


def test_training_sees_the_numbers_that_an_export_would_see(dataset: Dataset) -> None:
    for part, batches in (
        ("train", dataset.train(batch_size=5, seed=0)),
        ("validation", dataset.validation()),
        ("test", dataset.test(batch_size=1)),
    ):
        images, labels = read(batches)
        assert images.dtype == np.float32
        assert labels.dtype == np.int64
        seen = {(image.tobytes(), label) for image, label in zip(images, labels, strict=True)}
        assert seen == {
            (pictures.prepared(image, dataset.task.image).numpy().tobytes(), label)
            for image, label in dataset.samples(part, 99)
        }


def test_pictures_that_have_the_shape_already_are_kept_as_bytes_and_read_exactly(tmp_path: Path) -> None:
    fill(tmp_path / "set" / "a", range(5), size=(40, 33))
    fill(tmp_path / "set" / "b", range(10, 15), size=(40, 33))
    dataset = datasets.load(str(tmp_path / "set"))
    images, _ = read(dataset.validation())
    assert dataset.reader.memory.of(dataset.reader.frame)["validation"].images.dtype == tf.uint8
    for ours, (image, _) in zip(images, dataset.samples("validation", 99), strict=True):
        assert np.array_equal(ours, pictures.prepared(image, (33, 40, 3)))


def test_nobody_who_has_read_pictures_waits_for_tensorflows_tuner(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lets go of a pipeline that is tuned waits for seconds, until the tuner wakes."""
    tuned = []
    begin = tf.data.Dataset.__iter__

    def watched(pipeline: tf.data.Dataset) -> object:
        tuned.append(pipeline.options().autotune.enabled is not False)
        return begin(pipeline)

    monkeypatch.setattr(tf.data.Dataset, "__iter__", watched)
    data = kept("nowhere", root, tmp_path, monkeypatch)
    for each in (data, data.redrawn(1)):
        read(each.train(batch_size=5, seed=0, augmentation=MOVED))
        read(each.validation())
        each.tally("train")
        each.samples("test", 1)
        each.framed("test", 1)
        each.encoded("test", [0])
    read(exercise.noise((4, 4, 3), 5).repeat(2))
    assert len(tuned) > 10
    assert not any(tuned)


def test_an_epoch_has_every_picture_once_in_a_new_order(dataset: Dataset) -> None:
    ways = {"batch_size": 6, "seed": 3}
    assert dataset.train(**ways).cardinality() == 3
    epochs = [[image.tobytes() for image in read(dataset.train(**ways, first_epoch=n))[0]] for n in (1, 2, 3)]
    assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert len(set(epochs[0])) == dataset.sizes["train"]


def test_the_seed_decides_every_epoch(dataset: Dataset) -> None:
    def epochs(seed: int) -> np.ndarray:
        images, _ = read(dataset.train(batch_size=6, seed=seed, augmentation=MOVED, epochs=2))
        return np.stack(np.split(images, 2))

    first = epochs(1)
    assert not np.array_equal(first[0], first[1])
    assert np.array_equal(first, epochs(1))
    assert not np.array_equal(first, epochs(2))


def test_an_epoch_is_the_same_whether_or_not_those_before_it_were_read(dataset: Dataset) -> None:
    """And whatever seed the program has set for itself."""
    tf.random.set_seed(0)
    three = read(dataset.train(batch_size=6, seed=3, augmentation=MOVED, epochs=3))
    epochs = list(zip(*(np.split(part, 3) for part in three), strict=True))
    for seed, first in ((5, 2), (0, 3)):
        tf.random.set_seed(seed)
        later = read(dataset.train(batch_size=6, seed=3, augmentation=MOVED, first_epoch=first))
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(later, epochs[first - 1], strict=True))


def test_pictures_and_their_order_are_the_same_wherever_they_are_kept(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a study gives the same trials on a machine with another memory."""

    def seen(where: str) -> list[np.ndarray]:
        dataset = kept(where, root, tmp_path, monkeypatch)
        training = dataset.train(batch_size=6, seed=3, augmentation=MOVED, epochs=2)
        found = [*read(training), *read(dataset.validation())]
        assert len(on_disk()) == (2 if where == "disk" else 0)
        return found

    wanted = seen("memory")
    for where in ("nowhere", "disk"):
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(seen(where), wanted, strict=True))


def test_pictures_on_disk_are_decoded_once_for_all_studies(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(kept("disk", root, tmp_path, monkeypatch).validation())
    again = kept("disk", root, tmp_path, monkeypatch)
    monkeypatch.setattr(reading.Reader, "_seen", None)  # decodes
    assert np.array_equal(read(again.validation())[0], first[0])
    with pytest.raises(TypeError):
        again.seen(36).validation()


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_batches_are_handed_out_while_pictures_are_kept_and_each_is_decoded_once(
    where: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    counted = reading.decoded

    def counting(data: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([tf.py_function(lambda one: decoded.append(one.numpy()), [data], [])]):
            return counted(tf.identity(data))

    monkeypatch.setattr(reading, "decoded", counting)
    monkeypatch.setattr(reading, "AUTO", 1)
    dataset = kept(where, root, tmp_path, monkeypatch)
    size = dataset.sizes["train"]
    next(iter(dataset.train(batch_size=1, seed=0)))  # and no more
    assert not decoded or len(decoded) < size
    decoded.clear()
    epochs = [read(dataset.train(batch_size=4, seed=0, epochs=2))[1], read(dataset.train(batch_size=4, seed=1))[1]]
    assert [len(labels) for labels in epochs] == [2 * size, size]
    assert len(decoded) == len(set(decoded)) == size


def test_pictures_of_an_epoch_that_was_broken_off_are_completed_by_the_next(dataset: Dataset) -> None:
    wanted = {image.tobytes() for image in read(dataset.train(batch_size=4, seed=0))[0]}
    other = dataset.seen(20)
    other.train(batch_size=4, seed=0).take(1).get_single_element()
    for seed in (1, 2):
        images, _ = read(other.train(batch_size=4, seed=seed))
        assert len({image.tobytes() for image in images}) == len(wanted)


@pytest.mark.parametrize("fails_at_once", [True, False])
def test_a_disk_that_becomes_full_meanwhile_costs_no_picture_and_that_is_said(
    fails_at_once: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It may fail while the batch that completed the pictures is on its way, or after other batches."""
    ways = {"batch_size": 6, "seed": 3, "epochs": 3}
    wanted = read(kept("memory", root, tmp_path, monkeypatch).train(**ways))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def joined(filling: disk._Filling, *batch: np.ndarray) -> object:
        told = write(filling, *batch)
        on_disk()
        return told

    write = disk._Filling._write
    monkeypatch.setattr(shelf.Draft, "finish", full)
    if fails_at_once:
        monkeypatch.setattr(disk._Filling, "_write", joined)
    dataset = kept("disk", root, tmp_path, monkeypatch)
    for _ in range(2):
        found = read(dataset.train(**ways))
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found, wanted, strict=True))
    assert not on_disk()
    assert [line for line in caplog.messages if "kept on disk" in line] == [
        "pictures are not kept on disk: No space left on device. Each epoch decodes them anew."
    ]


def test_two_that_read_the_same_pictures_at_once_see_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second does not wait until the first has kept them all."""
    first, second = (kept("disk", root, tmp_path, monkeypatch) for _ in range(2))
    batches = iter(first.validation(batch_size=1))
    next(batches)
    wanted = read(second.validation())
    for _ in batches:
        pass
    assert len(on_disk()) == 1
    assert all(np.array_equal(*pair) for pair in zip(wanted, read(first.validation()), strict=True))


def test_where_records_are_shuffled_in_parts_what_is_kept_has_one_order(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.Reader, "_room", 4)
    first, again = (read(kept("disk", root, tmp_path, monkeypatch).train(batch_size=6, seed=3)) for _ in range(2))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(first, again, strict=True))


@pytest.mark.parametrize("why", ["a smaller budget", "a full disk", "a folder that is none"])
def test_pictures_that_nothing_can_keep_are_decoded_anew_and_that_is_said_once(
    why: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = read(kept("memory", root, tmp_path, monkeypatch).validation())
    dataset = kept("disk", root, tmp_path, monkeypatch)
    size = 32 * 32 * 3 * dataset.sizes["validation"]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if why == "a smaller budget":
        monkeypatch.setenv("SUITE_PICTURES", str(size / 1e9))
    elif why == "a full disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))  # writing beyond it is an OSError too
    else:
        (tmp_path / "cache").mkdir()
        disk.PICTURES.folder.write_text("")
    try:
        found = [read(dataset.validation()) for _ in range(2)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert all(np.array_equal(ours, theirs) for one in found for ours, theirs in zip(one, wanted, strict=True))
    assert [line for line in caplog.messages if "decodes them anew" in line] == [
        "the pictures take 6.14e-05 GB at 32x32x3, for which neither the memory nor the disk has room: each epoch "
        f"decodes them anew. SUITE_PICTURES sets how many GB are kept on disk (now {disk.PICTURES.budget / 1e9:.3g})."
    ]
    assert not on_disk()


def test_a_file_of_pictures_that_is_cut_short_is_made_anew(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = read(kept("disk", root, tmp_path, monkeypatch).validation())
    (file,) = on_disk()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    again = read(kept("disk", root, tmp_path, monkeypatch).validation())
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(again, wanted, strict=True))
    assert [file.read_bytes() for file in on_disk()] == [whole]


def test_a_budget_of_pictures_that_is_no_number_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUITE_PICTURES", "all")
    with pytest.raises(SuiteError, match="SUITE_PICTURES=all: needs a number of GB, 0 or more, for pictures that are"):
        datasets.load(str(root))


def test_the_files_of_a_large_dataset_are_read_in_an_order_that_the_epoch_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUITE_PICTURES", "0")
    monkeypatch.setattr(reading, "whole_memory", lambda: 1)
    builder = Unlabelled(config="all", data_dir=tmp_path)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=10))
    streamed = reading.Reader(
        source=source.source("unlabelled", builder),
        image=(40, 36, 3),
        background=(255, 255, 255),
        memory=Memory(room=0),
    )
    ways = {"batch_size": 8, "seed": 1, "augmentation": Augmentation()}
    epochs = np.split(read(streamed.train(**ways, first_epoch=1, epochs=3))[0], 3)
    assert len({epoch.tobytes() for epoch in epochs}) == 3
    assert np.array_equal(read(streamed.train(**ways, first_epoch=3, epochs=1))[0], epochs[2])


@pytest.mark.parametrize("shards", [1, 10])
def test_records_are_those_of_tensorflow_datasets_in_its_order(shards: int, tmp_path: Path) -> None:
    builder = Unlabelled(config="all", data_dir=tmp_path)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=shards))
    for part in ("train", "train[:80%]", "train[80%:90%]", "validation[3:]", "test"):
        for seed in (None, 5):
            ours = list(source._records(builder, ("image", "label"), part, seed).as_numpy_iterator())
            theirs = list(source._of_any_format(builder, ("image", "label"), part, seed).as_numpy_iterator())
            assert ours == theirs
            assert len(ours) == builder.info.splits[part].num_examples


def test_pictures_that_the_disk_does_not_have_yet_are_read_all_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may take longer than an epoch. The next ones do not wait for it, nor decode anything anew."""
    goes_on, finish = threading.Event(), shelf.Draft.finish

    def slowly(draft: shelf.Draft) -> None:
        goes_on.wait()
        finish(draft)

    monkeypatch.setattr(shelf.Draft, "finish", slowly)
    dataset = kept("disk", root, tmp_path, monkeypatch)
    first = read(dataset.train(batch_size=6, seed=3))
    monkeypatch.setattr(reading.Reader, "_seen", lambda *_: pytest.fail("it is kept"))
    again = read(dataset.train(batch_size=6, seed=3))
    goes_on.set()
    assert len(on_disk()) == 1
    third = read(dataset.train(batch_size=6, seed=3))
    assert all(np.array_equal(*pair) for other in (again, third) for pair in zip(first, other, strict=True))


def test_validation_is_in_the_same_order_whenever_it_is_read(dataset: Dataset) -> None:
    batches = dataset.validation(batch_size=1)
    once, again = read(batches), read(batches)
    other = read(dataset.validation())
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(once, again, other, strict=True))


def test_pictures_in_memory_are_decoded_once_for_all_trials(root: Path) -> None:
    dataset = datasets.load(str(root))
    first = read(dataset.validation())
    shutil.rmtree(preparing.data_folder())
    assert np.array_equal(first[0], read(dataset.validation())[0])


# augmentation


def test_a_shift_moves_a_picture_by_whole_pixels_and_reflects_at_the_border() -> None:
    picture = np.arange(20, dtype=np.float32).reshape(4, 5, 1)
    many = augment.augmented(
        tf.constant(np.repeat(picture[None], 200, 0)), tf.constant([1, 2], tf.int64), Augmentation(shift=0.5)
    )
    padded = np.pad(picture, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    possible = {padded[y : y + 4, x : x + 5].tobytes() for y in range(5) for x in range(5)}
    assert {image.tobytes() for image in many.numpy()} == possible


def test_a_shift_may_be_as_large_as_the_picture() -> None:
    picture = np.arange(20, dtype=np.float32).reshape(4, 5, 1)
    many = augment.augmented(
        tf.constant(np.repeat(picture[None], 200, 0)), tf.constant([1, 2], tf.int64), Augmentation(shift=1.0)
    )
    padded = np.pad(picture, ((3, 3), (4, 4), (0, 0)), mode="reflect")
    possible = {padded[y : y + 4, x : x + 5].tobytes() for y in range(7) for x in range(9)}
    assert {image.tobytes() for image in many.numpy()} <= possible


def test_half_of_the_pictures_are_mirrored() -> None:
    picture = np.arange(20, dtype=np.float32).reshape(4, 5, 1)
    many = augment.augmented(
        tf.constant(np.repeat(picture[None], 400, 0)), tf.constant([1, 2], tf.int64), Augmentation(flip=True)
    )
    mirrored = [np.array_equal(image, picture[:, ::-1]) for image in many.numpy()]
    assert all(m or np.array_equal(image, picture) for m, image in zip(mirrored, many.numpy(), strict=True))
    assert 140 < sum(mirrored) < 260  # six standard deviations of a fair coin
