"""Is what must survive on the disk before its name stands for it?"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from suite import studyfile
from suite.core import cells, files
from suite.core.cells import Cell, Table
from tests import studies


class Disk:
    """What the system was asked to bring to the disk, and to rename, in this order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, str]] = []
        self._fsync, self._replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "replace", self.replace)

    def fsync(self, descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        self.done.append((kind, str(os.fstat(descriptor).st_ino)))
        self._fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self.done.append(("name", str(Path(source).stat().st_ino)))
        self._replace(source, target)


def checkpoint(file: Path) -> None:
    from suite.training.checkpoint import _write

    _write(file, {"header": "x"})


def network(file: Path) -> None:
    import keras

    from suite.search import trained

    trained.write(keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)]), file)


def cell(file: Path) -> None:
    row = Cell(
        model="resnet/50", batch=1, path="onnx", precision="float32", image="224x224x3",
        state="failed",
    )  # fmt: skip
    cells.write(Table(surroundings={}, cells=(row,)), file)


WRITERS: dict[str, Callable[[Path], None]] = {
    "study.toml": lambda file: studyfile.write(studies.study(), file),
    "storage.url": lambda file: files.write(file, "sqlite:///x.db", private=True),
    "7.keras": network,
    "7.npz": checkpoint,
    "table.csv": cell,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_after(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "new"
    disk = Disk(monkeypatch)
    WRITERS[name](place / name)
    file, home, above = (str(path.stat().st_ino) for path in (place / name, place, tmp_path))
    assert disk.done == [("folder", above), ("file", file), ("name", file), ("folder", home)]
    assert [path.name for path in place.iterdir()] == [name]


def test_an_exported_model_is_on_the_disk_with_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("saved/assets.extra/card.json", "saved/saved_model.pb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    inside = {str(path.stat().st_ino) for path in [tmp_path / "saved", *(tmp_path / "saved").rglob("*")]}
    disk = Disk(monkeypatch)
    files.move(tmp_path / "saved", tmp_path / "1")
    *before, named, after = disk.done
    assert {number for _, number in before} == inside
    assert named[0] == "name"
    assert after == ("folder", str(tmp_path.stat().st_ino))


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    files.write(tmp_path / "file", "old")
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "file") as draft:
        draft.write_text("half of the n")
        raise RuntimeError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]
