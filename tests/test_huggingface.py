"""Sets of images of Hugging Face's `datasets`, as they lie on a disk and as the hub is asked for them."""

from __future__ import annotations

import socket
from pathlib import Path

import datasets as library
import numpy as np
import pytest

from suite import datasets
from suite.core.errors import DatasetError, MissingExtraError
from suite.datasets import huggingface
from tests.pictures import fill, noise

NAMES = ["cat", "dog"]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def images(start: int, count: int, **columns: object) -> library.Dataset:
    """A set of noise with the column `label`, unless it is given others."""
    known = columns or {"label": library.ClassLabel(names=NAMES)}
    data = {"image": [noise(start + number) for number in range(count)],
            **{name: [number % 2 for number in range(count)] for name in known}}  # fmt: skip
    return library.Dataset.from_dict(data, features=library.Features({"image": library.Image(), **known}))


def test_a_set_that_was_saved_is_loaded_with_its_splits_and_classes(tmp_path: Path) -> None:
    parts = {"train": images(0, 12), "valid": images(50, 4), "test": images(80, 6), "extra": images(99, 2)}
    library.DatasetDict(parts).save_to_disk(str(tmp_path / "set"))
    data = datasets.load(f"hf:{tmp_path / 'set'}")
    assert data.sizes == {"train": 12, "validation": 4, "test": 6}
    assert data.classes == ("cat", "dog")
    assert data.notes == ("splits left out: extra",)
    seen = {picture.tobytes(): label for picture, label in data.samples("train", 99)}
    assert seen == {np.asarray(noise(number)).tobytes(): number % 2 for number in range(12)}


def test_one_split_is_split_as_a_folder_is_and_its_second_opening_reads_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images(0, 40).save_to_disk(str(tmp_path / "set"))
    for number in range(40):
        fill(tmp_path / "folder" / NAMES[number % 2], [number])
    first = datasets.load(f"hf:{tmp_path / 'set'}")
    assert first.sizes == datasets.load(str(tmp_path / "folder")).sizes == {"train": 32, "validation": 4, "test": 4}
    monkeypatch.setattr(huggingface.Images, "layout", lambda *_: pytest.fail("read again"))
    assert datasets.load(f"hf:{tmp_path / 'set'}").digest == first.digest


def test_folders_that_the_library_knows_are_opened_by_it(tmp_path: Path) -> None:
    (tmp_path / "parquet").mkdir()
    images(0, 20).to_parquet(str(tmp_path / "parquet" / "train.parquet"))
    for number in range(20):
        fill(tmp_path / "folders" / NAMES[number % 2], [number])
    for kind in ("parquet", "folders"):
        data = datasets.look(f"hf:{tmp_path / kind}")
        assert data is not None
        assert (data.classes, sum(data.sizes.values())) == (("cat", "dog"), 20)


def test_pictures_without_a_class_are_left_out_and_said(tmp_path: Path) -> None:
    label = library.ClassLabel(names=NAMES)
    hidden = library.Dataset.from_dict(
        {"image": [noise(number) for number in range(90, 96)], "label": [-1] * 6},
        features=library.Features({"image": library.Image(), "label": label}),
    )
    library.DatasetDict(train=images(0, 20), test=hidden).save_to_disk(str(tmp_path / "set"))
    data = datasets.load(f"hf:{tmp_path / 'set'}")
    assert sum(data.sizes.values()) == 20
    assert data.notes == ("6 test pictures without a class: left out",)


def test_a_column_of_classes_is_chosen_by_its_name(tmp_path: Path) -> None:
    fine, coarse = (library.ClassLabel(names=names) for names in (["tabby", "collie"], NAMES))
    images(0, 20, fine=fine, coarse=coarse).save_to_disk(str(tmp_path / "set"))
    with pytest.raises(DatasetError, match=r"several columns of classes, fine, coarse: choose one, such as .*set@fine"):
        datasets.load(f"hf:{tmp_path / 'set'}")
    assert datasets.load(f"hf:{tmp_path / 'set'}@fine").classes == ("collie", "tabby")
    with pytest.raises(DatasetError, match="has image, fine, coarse: name the column"):
        datasets.load(f"hf:{tmp_path / 'set'}@size")


def test_words_may_be_classes(tmp_path: Path) -> None:
    words = library.Dataset.from_dict(
        {"img": [noise(n) for n in range(20)], "label": [NAMES[n % 2] for n in range(20)]}
    )
    words.cast_column("img", library.Image()).save_to_disk(str(tmp_path / "set"))
    assert datasets.load(f"hf:{tmp_path / 'set'}").counts == {"cat": 10, "dog": 10}


@pytest.mark.parametrize(("name", "said"), [
    ("hf:./nothing", "no such folder"), ("hf:", "write hf:NAME"), ("hf:{empty}", "cannot be opened by the library"),
    ("hf:{words}", "needs a column of images and one of classes, has text: name"),
])  # fmt: skip
def test_what_is_no_set_of_images_is_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    library.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(str(tmp_path / "words"))
    with pytest.raises(DatasetError, match=said) as error:
        datasets.load(name.format(empty=tmp_path / "empty", words=tmp_path / "words"))
    assert "\n" not in str(error.value)


def test_without_a_network_it_is_said_at_once(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror("no network")

    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("tries again"))
    assert datasets.look("hf:nobody/nothing") is None
    with pytest.raises(DatasetError, match="'hf:nobody/nothing' cannot be opened by the library `datasets`"):
        datasets.load("hf:nobody/nothing")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'keras-comparison-suite\[hf\]'"):
        datasets.load("hf:cifar10")
